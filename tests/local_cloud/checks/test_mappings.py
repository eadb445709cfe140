"""Event source mappings from SQS: what a batch is, and which messages come again."""
import json
import time
import unittest
import uuid

import cloud

sqs, lam = cloud.client("sqs"), cloud.client("lambda")


def send(queue, *bodies):
    """Send messages to a queue of the stack; their ids in the same order."""
    entries = [{"Id": str(n), "MessageBody": json.dumps({"n": uuid.uuid4().hex, **body})} for n, body in enumerate(bodies)]
    sent = sqs.send_message_batch(QueueUrl=cloud.jobs()[queue], Entries=entries)["Successful"]
    return [done["MessageId"] for done in sorted(sent, key=lambda done: int(done["Id"]))]


def received(*ids):
    """How often each of these messages was given to the function."""
    given = [record["messageId"] for event in cloud.events_given() for record in event.get("Records", [])]
    return [given.count(id) for id in ids]


def left(url):
    """How many messages a queue holds, seen or not."""
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])


def dead(*ids):
    """The messages with these ids, once they are in the dead-letter queue."""
    found = []

    def all_dead():
        found.extend(m for m in cloud.messages(cloud.jobs()["DeadUrl"]) if m["MessageId"] in ids)
        return len(found) == len(ids)
    cloud.until("the messages are dead", all_dead)
    return found


class Batches(unittest.TestCase):
    def test_a_message_reaches_the_function_at_once_and_is_gone_when_it_succeeds(self):
        send("StrictUrl", {})
        cloud.until("the function is warm", lambda: not left(cloud.jobs()["StrictUrl"]))
        sent = time.time()
        id, = send("StrictUrl", {})
        cloud.until("it is received", lambda: received(id) == [1])
        self.assertLess(time.time() - sent, 0.5)
        cloud.until("the queue is empty", lambda: not left(cloud.jobs()["StrictUrl"]))
        self.assertEqual(received(id), [1])

    def test_the_function_is_given_records_of_the_documented_shape(self):
        id, = send("StrictUrl", {})
        cloud.until("it is received", lambda: received(id) == [1])
        record, = (r for event in cloud.events_given() for r in event.get("Records", []) if r["messageId"] == id)
        self.assertEqual({"messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody",
                          "eventSource", "eventSourceARN", "awsRegion"}, set(record))
        self.assertEqual((record["eventSource"], record["awsRegion"]), ("aws:sqs", "eu-west-1"))
        self.assertEqual(record["attributes"]["ApproximateReceiveCount"], "1")

    def test_what_comes_within_the_batching_window_is_one_batch(self):
        ids = send("JobsUrl", {}, {})
        later = send("JobsUrl", {})
        cloud.until("all are received", lambda: received(*ids, *later) == [1, 1, 1])
        batch = next(event for event in cloud.events_given() if ids[0] in [r["messageId"] for r in event.get("Records", [])])
        self.assertEqual({r["messageId"] for r in batch["Records"]}, {*ids, *later})

    def test_a_message_that_is_sent_while_another_is_deleted_is_not_lost(self):
        left = cloud.ours("""
import json, sys, threading
from ministack.services import sqs
import queues
left = []
for mended in json.load(sys.stdin):
    if mended:
        queues.install()
    send, name = sqs._HANDLERS["SendMessage"], f"queue-{mended}"
    url = sqs._act_create_queue({"QueueName": name}, "")["QueueUrl"]
    send({"QueueUrl": url, "MessageBody": "first"}, url)
    second = threading.Thread(target=send, args=({"QueueUrl": url, "MessageBody": "second"}, url))

    class Slow(dict):
        def __setitem__(self, *given):  # what is left is put in place of what was there
            second.start()
            second.join(0.2)
            super().__setitem__(*given)
    queue = sqs._queues[url] = Slow(sqs._queues[url])
    handle = sqs._collect_msgs(queue, 1, 30)[0]["receipt_handle"]
    sqs._delete_messages_for_esm(url, {handle})
    second.join()
    left.append([message["body"] for message in queue["messages"]])
print(json.dumps(left))""", [False, True])
        self.assertEqual(left, [[], ["second"]])  # as it is in MiniStack, and as it is here


class Failures(unittest.TestCase):
    def test_only_the_messages_that_are_reported_come_again(self):
        good, bad, other = send("JobsUrl", {}, {"fail": 1}, {})
        cloud.until("the failed one came again", lambda: received(bad) == [2])
        cloud.until("the queue is empty", lambda: not left(cloud.jobs()["JobsUrl"]))
        self.assertEqual(received(good, bad, other), [1, 2, 1])

    def test_a_function_that_fails_gets_the_whole_batch_again(self):
        for queue in ("JobsUrl", "StrictUrl"):
            ids = send(queue, {"throw": 1}, {"throw": 1})
            cloud.until("both came again", lambda: received(*ids) == [2, 2])

    def test_without_report_batch_item_failures_the_answer_does_not_count(self):
        id, = send("StrictUrl", {"fail": 9})
        cloud.until("the queue is empty", lambda: received(id) == [1] and not left(cloud.jobs()["StrictUrl"]))
        self.assertEqual(received(id), [1])

    def test_after_max_receive_count_a_message_is_dead(self):
        for queue, body in (("JobsUrl", {"fail": 9}), ("StrictUrl", {"throw": 9})):
            id, = send(queue, body)
            message, = dead(id)
            self.assertEqual(received(id), [3])
            self.assertTrue(message["Attributes"]["DeadLetterQueueSourceArn"])

    def test_an_absent_answer_is_a_success(self):
        for answer in ({"answer": None}, {"raw": ""}, {"answer": {}}, {"answer": {"batchItemFailures": None}}):
            id, = send("JobsUrl", answer)
            cloud.until("the queue is empty", lambda: received(id) == [1] and not left(cloud.jobs()["JobsUrl"]))
            self.assertEqual(received(id), [1])

    def test_an_answer_that_cannot_be_read_fails_the_whole_batch(self):
        ids = send("JobsUrl", {"raw": "{not json"}, {})
        self.assertEqual({m["MessageId"] for m in dead(*ids)}, set(ids))
        self.assertEqual(received(*ids), [3, 3])

    def test_which_answers_fail_which_messages(self):
        done = cloud.ours("from mappings import failed_items; import json, sys\n"
                          "print(json.dumps([sorted(failed_items(a, {'a', 'b'})) for a in json.load(sys.stdin)]))",
                          [None, "", {}, {"batchItemFailures": []}, {"batchItemFailures": [{"itemIdentifier": "a"}]},
                           "text", [], 7, {"batchItemFailures": "a"}, {"batchItemFailures": ["a"]},
                           {"batchItemFailures": [{"itemIdentifier": ""}]}, {"batchItemFailures": [{"id": "a"}]},
                           {"batchItemFailures": [{"itemIdentifier": None}]},
                           {"batchItemFailures": [{"itemIdentifier": "unknown"}]}])
        self.assertEqual(done, [[], [], [], [], ["a"], *[["a", "b"]] * 9])


class Making(unittest.TestCase):
    def refused(self, **more):
        arn = more.pop("EventSourceArn", None) or cloud.queue()[1]
        with self.assertRaises(lam.exceptions.InvalidParameterValueException) as refusal:
            lam.create_event_source_mapping(EventSourceArn=arn, FunctionName=cloud.jobs()["FunctionArn"], **more)
        return refusal.exception.response["Error"]["Message"]

    def test_a_role_that_may_not_read_the_queue_is_refused(self):
        self.assertIn("execution role does not have permissions to call ReceiveMessage on SQS", self.refused())

    def test_a_visibility_timeout_below_the_functions_is_refused(self):
        self.assertIn("visibility timeout: 9 seconds is less than Function timeout: 10",
                      self.refused(EventSourceArn=cloud.queue(VisibilityTimeout="9")[1]))

    def test_a_batch_over_ten_needs_a_window(self):
        self.assertIn("batch window", self.refused(BatchSize=11))

    def test_a_role_that_lost_its_permission_reads_nothing(self):
        iam, role = cloud.client("iam"), cloud.jobs()["RoleArn"].rpartition("/")[2]
        kept = iam.get_role_policy(RoleName=role, PolicyName="work")["PolicyDocument"]
        less = json.loads(json.dumps(kept))
        less["Statement"][0]["Action"].remove("sqs:DeleteMessage")
        iam.put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=json.dumps(less))
        try:
            id, = send("StrictUrl", {})
            time.sleep(0.5)
            self.assertEqual(received(id), [0])
        finally:
            iam.put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=json.dumps(kept))
        cloud.until("it is received", lambda: received(id) == [1])

    def test_a_template_declares_the_mapping_it_gets(self):
        found = lam.list_event_source_mappings(FunctionName=cloud.jobs()["FunctionArn"])["EventSourceMappings"]
        mapping, = (m for m in found if m.get("FunctionResponseTypes"))
        self.assertEqual((mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"], mapping["ScalingConfig"],
                          mapping["FunctionResponseTypes"], mapping["State"]),
                         (10, 12, {"MaximumConcurrency": 2}, ["ReportBatchItemFailures"], "Enabled"))


if __name__ == "__main__":
    unittest.main()
