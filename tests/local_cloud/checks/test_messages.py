"""SQS as functions and people use it: delays, attributes, receipts, and who may do what, with --iam."""
import json
import time
import unittest
import uuid

import cloud
from cloud import failed_to

sqs = cloud.client("sqs")
CLASS = {"Class": {"DataType": "String", "StringValue": "invalid_request"},
         "ParkedAt": {"DataType": "Number", "StringValue": "1700000000"},
         "Raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}}


def receive(url, to=sqs, **more):
    return to.receive_message(QueueUrl=url, **more).get("Messages", [])


def counts(url):
    """Messages that are visible, in flight and delayed."""
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return tuple(int(found[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed"))


class Sending(unittest.TestCase):
    def test_a_delayed_message_comes_later_on_the_faster_clock(self):
        url, _ = cloud.queue()
        sent, delay = time.time(), 0.6
        sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=int(delay * cloud.REDELIVERY_SCALE))
        sqs.send_message(QueueUrl=url, MessageBody="at once")
        self.assertEqual([m["Body"] for m in receive(url, MaxNumberOfMessages=10)], ["at once"])
        self.assertEqual(counts(url), (0, 1, 1))
        message, = receive(url, WaitTimeSeconds=3, AttributeNames=["All"])
        self.assertEqual(message["Body"], "later")
        self.assertGreaterEqual(time.time() - sent, delay)
        self.assertLess(time.time() - sent, delay + 0.5)
        self.assertLess(abs(int(message["Attributes"]["SentTimestamp"]) / 1000 - sent), 0.3)  # the sending, not the showing

    def test_a_delayed_message_of_a_batch_too(self):
        url, _ = cloud.queue()
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "a", "DelaySeconds": 900},
                                                      {"Id": "b", "MessageBody": "b", "DelaySeconds": 20}])
        self.assertEqual(counts(url), (0, 0, 2))
        cloud.until("the shorter is over", lambda: counts(url) == (1, 0, 1), seconds=2)

    def test_delays_and_time_outs_out_of_range_are_refused(self):
        url, _ = cloud.queue()
        for seconds in (-1, 901):
            self.assertEqual(failed_to(sqs.send_message, QueueUrl=url, MessageBody="x", DelaySeconds=seconds),
                             "InvalidParameterValue")
        answer = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "a", "DelaySeconds": 901}])
        self.assertEqual(answer["Failed"][0]["Code"], "InvalidParameterValue")
        for parameters in ({"VisibilityTimeout": 43201}, {"MaxNumberOfMessages": 11}, {"MaxNumberOfMessages": 0}):
            self.assertEqual(failed_to(sqs.receive_message, QueueUrl=url, **parameters), "InvalidParameterValue")

    def test_the_function_gets_a_delayed_message_when_its_delay_is_over_and_with_its_attributes(self):
        url, body = cloud.jobs()["StrictUrl"], {"n": uuid.uuid4().hex}

        def given():
            return [record for event in cloud.events_given() for record in event.get("Records", [])
                    if record["body"] == json.dumps(body)]
        sent = time.time()
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body), DelaySeconds=int(0.8 * cloud.REDELIVERY_SCALE),
                         MessageAttributes={"Class": CLASS["Class"]})
        time.sleep(0.4)
        self.assertEqual(given(), [])
        record, = cloud.until("it is given", given)
        self.assertLess(time.time() - sent, 1.5)
        self.assertEqual(record["messageAttributes"]["Class"]["stringValue"], "invalid_request")
        self.assertEqual(record["messageAttributes"]["Class"]["dataType"], "String")
        self.assertEqual(record["attributes"]["ApproximateReceiveCount"], "1")

    def test_attributes_come_back_as_they_were_asked_for(self):
        url, _ = cloud.queue()
        sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=CLASS)
        for names, expected in ((["All"], CLASS), ([".*"], CLASS), (["Class"], {"Class": CLASS["Class"]}), ([], None),
                                (["Parked*"], None), (["Pa.*"], {"ParkedAt": CLASS["ParkedAt"]}), (["absent"], None)):
            message, = receive(url, MessageAttributeNames=names, VisibilityTimeout=0)
            with self.subTest(names):
                self.assertEqual(message.get("MessageAttributes"), expected)

    def test_attributes_that_are_not_valid_are_refused(self):
        url, _ = cloud.queue()
        text = {"DataType": "String", "StringValue": "x"}
        for attributes in ({"a": {"DataType": "String", "StringValue": ""}}, {"a": {"StringValue": "x"}}, {"AWS.a": text},
                           {"a..b": text}, {"a b": text}, {"a": {"DataType": "Text", "StringValue": "x"}},
                           {"a": {"DataType": "Binary", "StringValue": "x"}}, {f"a{n}": text for n in range(11)}):
            with self.subTest(attributes):
                self.assertEqual(failed_to(sqs.send_message, QueueUrl=url, MessageBody="x", MessageAttributes=attributes),
                                 "InvalidParameterValue")
        sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes={f"a{n}": text for n in range(10)})


class Receipts(unittest.TestCase):
    def setUp(self):
        self.url, _ = cloud.queue()
        sqs.send_message(QueueUrl=self.url, MessageBody="x")

    def handle(self, **more):
        message, = receive(self.url, AttributeNames=["ApproximateReceiveCount"], **more)
        return message["ReceiptHandle"]

    def show(self, handle, seconds):
        sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=seconds)

    def test_a_message_is_hidden_for_as_long_as_was_said_last(self):
        handle = self.handle(VisibilityTimeout=30)
        self.assertEqual(receive(self.url), [])
        self.show(handle, 1)
        self.assertEqual(len(receive(self.url, WaitTimeSeconds=2, VisibilityTimeout=0)), 1)

    def test_a_message_that_is_shown_again_can_be_taken_at_once(self):
        self.show(self.handle(), 0)
        self.assertEqual(counts(self.url), (1, 0, 0))

    def test_only_a_message_in_flight_can_be_hidden(self):
        handle = self.handle(VisibilityTimeout=0)
        self.assertEqual(failed_to(self.show, handle=handle, seconds=10),
                         "AWS.SimpleQueueService.MessageNotInflight")
        self.assertEqual(failed_to(self.show, handle="nonsense", seconds=10), "ReceiptHandleIsInvalid")
        handle = self.handle()
        self.assertEqual(failed_to(self.show, handle=handle, seconds=43201), "InvalidParameterValue")

    def test_a_handle_of_an_earlier_receipt_deletes_nothing_and_says_so_to_nobody(self):
        first, second = self.handle(VisibilityTimeout=0), self.handle()
        sqs.delete_message(QueueUrl=self.url, ReceiptHandle=first)
        answer = sqs.delete_message_batch(QueueUrl=self.url, Entries=[
            {"Id": "old", "ReceiptHandle": first}, {"Id": "nonsense", "ReceiptHandle": "nonsense"}])
        self.assertEqual(([e["Id"] for e in answer["Successful"]], [e["Id"] for e in answer["Failed"]]),
                         (["old"], ["nonsense"]))
        self.assertEqual(counts(self.url), (0, 1, 0))
        for _ in range(2):  # the second time, too
            sqs.delete_message(QueueUrl=self.url, ReceiptHandle=second)
        self.assertEqual(counts(self.url), (0, 0, 0))
        self.assertEqual(failed_to(sqs.delete_message, QueueUrl=self.url, ReceiptHandle="nonsense"), "ReceiptHandleIsInvalid")


class Permissions(unittest.TestCase):
    def setUp(self):
        self.url, self.arn = cloud.queue()

    def caller(self, *actions, resource=None):
        """A user's name, and a client of his who may do this with the queue."""
        statements = [{"Action": [f"sqs:{action}" for action in actions], "Resource": resource or self.arn}] if actions else []
        name, key = cloud.user(*statements or [{"Action": "sqs:ListQueues"}])
        return name, cloud.connect(cloud.endpoint(), "sqs", *key)

    def policy(self, *statements):
        """Set the queue's own policy. As the root key, whom it then may deny too."""
        sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
            {"Action": "sqs:SendMessage", "Resource": self.arn, "Effect": "Allow", "Principal": "*", **s} for s in statements]})})

    def outcomes(self, client):
        """Which of the calls a client may make."""
        sqs.send_message(QueueUrl=self.url, MessageBody="x")
        handle = receive(self.url, VisibilityTimeout=30)[0]["ReceiptHandle"]
        calls = {"SendMessage": lambda: client.send_message(QueueUrl=self.url, MessageBody="x"),
                 "SendMessageBatch": lambda: client.send_message_batch(
                     QueueUrl=self.url, Entries=[{"Id": "a", "MessageBody": "x"}]),
                 "ReceiveMessage": lambda: client.receive_message(QueueUrl=self.url),
                 "ChangeMessageVisibility": lambda: client.change_message_visibility(
                     QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=30),
                 "DeleteMessage": lambda: client.delete_message(QueueUrl=self.url, ReceiptHandle=handle),
                 "DeleteMessageBatch": lambda: client.delete_message_batch(
                     QueueUrl=self.url, Entries=[{"Id": "a", "ReceiptHandle": handle}]),
                 "GetQueueAttributes": lambda: client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])}
        allowed = set()
        for name, call in calls.items():
            try:
                call()
                allowed.add(name)
            except client.exceptions.ClientError as problem:
                self.assertIn("AccessDenied", problem.response["Error"]["Code"])
        return allowed

    def test_each_call_needs_its_own_permission_and_a_batch_that_of_the_single_call(self):
        batches = {"SendMessage": {"SendMessageBatch"}, "DeleteMessage": {"DeleteMessageBatch"}}
        for action in ("SendMessage", "ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes"):
            with self.subTest(action):
                self.assertEqual(self.outcomes(self.caller(action)[1]), {action} | batches.get(action, set()))
        self.assertEqual(self.outcomes(self.caller("SendMessageBatch")[1]), set())
        self.assertEqual(self.outcomes(self.caller()[1]), set())

    def test_another_queues_permission_is_none(self):
        self.assertEqual(self.outcomes(self.caller("*", resource=f"{self.arn}-other")[1]), set())

    def test_the_queues_own_policy_allows(self):
        name, client = self.caller()
        self.policy({"Principal": {"AWS": f"arn:aws:iam::123456789012:user/{name}"}})
        self.assertEqual(self.outcomes(client), {"SendMessage", "SendMessageBatch"})
        self.assertEqual(self.outcomes(self.caller()[1]), set())

    def test_the_queues_own_policy_denies_all_but_one_singly_and_in_batches(self):
        (name, one), (_, other) = self.caller("SendMessage"), self.caller("SendMessage")
        deny = {"Effect": "Deny", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [
            f"arn:aws:iam::123456789012:user/{name}", "arn:aws:iam::123456789012:root"]}}}
        self.policy(deny)
        self.assertEqual(self.outcomes(one), {"SendMessage", "SendMessageBatch"})
        self.assertEqual(self.outcomes(other), set())

    def test_such_a_policy_does_not_spare_the_root_key(self):
        self.policy({"Effect": "Deny", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/r"}}})
        self.assertEqual(failed_to(sqs.send_message, QueueUrl=self.url, MessageBody="x"), "AccessDenied")
        self.assertEqual(receive(self.url), [])  # which it says nothing about

    def test_only_over_tls_is_no_hindrance_here(self):
        self.policy({"Effect": "Deny", "Action": "sqs:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
        self.assertEqual(self.outcomes(self.caller("SendMessage")[1]), {"SendMessage", "SendMessageBatch"})


if __name__ == "__main__":
    unittest.main()
