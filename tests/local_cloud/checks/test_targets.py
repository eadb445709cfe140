"""How an event reaches the targets of a rule, and where it ends when it does not."""
import json
import unittest
import uuid

import cloud

events, lam = cloud.client("events"), cloud.client("lambda")


def rule(target, dead_letters=None):
    """A rule on the default bus for a source of its own; returns what publishes an event to it."""
    name = f"rule-{uuid.uuid4().hex[:8]}"
    arn = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    parked = {"DeadLetterConfig": {"Arn": dead_letters}} if dead_letters else {}
    events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": target, **parked}])

    def publish(**detail):
        events.put_events(Entries=[{"Source": name, "DetailType": name, "Detail": json.dumps(detail)}])
        return name
    publish.name, publish.arn = name, arn
    return publish


def parked(url):
    message, = cloud.until("the event is parked", lambda: cloud.messages(url))
    return json.loads(message["Body"]), {name: a["StringValue"] for name, a in message.get("MessageAttributes", {}).items()}


class Targets(unittest.TestCase):
    def test_events_of_our_own_bus_reach_its_log_group(self):
        secret = cloud.new_secret()
        token = cloud.rotate(secret)
        group = cloud.stack()["EventsLogGroup"]

        def logged():
            found = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
            return [m for m in (json.loads(e["message"]) for e in found) if m["detail"].get("version") == token]
        self.assertEqual(cloud.until("the event is logged", logged)[0]["detail-type"], "rekey.rotation.intended")

    def test_an_archive_keeps_what_was_put(self):
        secret = cloud.new_secret()
        archive = next(a["ArchiveName"] for a in cloud.client("events").list_archives()["Archives"])
        before = cloud.client("events").describe_archive(ArchiveName=archive)["EventCount"]
        cloud.rotate(secret)
        cloud.until("the event is archived", lambda: cloud.client("events").describe_archive(
            ArchiveName=archive)["EventCount"] > before)

    def test_a_target_that_does_not_exist_parks_the_event(self):
        url, queue = cloud.queue("events")
        gone = cloud.stack()["FunctionArn"] + "-gone"
        publish = rule(gone, queue)
        publish(n=1)
        event, attributes = parked(url)
        self.assertEqual(event["detail"], {"n": 1})
        self.assertEqual({**attributes, "ERROR_MESSAGE": ""}, {
            "RULE_ARN": publish.arn, "TARGET_ARN": gone, "ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": "",
            "RETRY_ATTEMPTS": "0"})

    def test_a_function_whose_policy_lets_no_rule_in_is_not_invoked(self):
        url, queue = cloud.queue("events")
        function = cloud.jobs()["FunctionArn"]
        publish = rule(function, queue)
        publish(n=1)
        self.assertEqual(parked(url)[1]["ERROR_CODE"], "NO_PERMISSIONS")
        lam.add_permission(FunctionName=function, StatementId=publish.name, Action="lambda:InvokeFunction",
                           Principal="events.amazonaws.com", SourceArn=publish.arn)
        publish(n=2)
        cloud.until("it is invoked", lambda: [e for e in cloud.events_given() if e.get("detail-type") == publish.name])
        self.assertFalse(cloud.messages(url))

    def test_a_queue_takes_only_from_rules_that_its_policy_lets_in(self):
        (url, queue), (closed, other), (dead, letters) = cloud.queue("events"), cloud.queue("scheduler"), cloud.queue("events")
        rule(queue)(n=1)
        rule(other, letters)(n=2)
        message, = cloud.until("it comes", lambda: cloud.messages(url))
        self.assertEqual(json.loads(message["Body"])["detail"], {"n": 1})
        event, attributes = parked(dead)
        self.assertEqual((event["detail"], attributes["ERROR_CODE"]), ({"n": 2}, "NO_PERMISSIONS"))
        self.assertFalse(cloud.messages(closed))

    def test_an_event_from_a_queue_reaches_the_function_of_its_mapping(self):
        url = cloud.jobs()["StrictUrl"]
        arn = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        publish = rule(arn)
        cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
             "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": publish.arn}}}]})})
        publish(n=1)

        def came():
            return [r for e in cloud.events_given() for r in e.get("Records", []) if publish.name in r["body"]]
        self.assertEqual(json.loads(cloud.until("it comes", came)[0]["body"])["detail"], {"n": 1})


class Asynchronous(unittest.TestCase):
    def test_a_function_that_fails_on_an_event_is_tried_three_times_then_the_event_is_parked(self):
        publish = rule(cloud.stack()["FunctionArn"])
        cloud.control(publish.name, fail={"event": 99})
        publish(n=1)
        event, attributes = parked(cloud.stack()["DeadLetters"])
        self.assertEqual(sum(e.get("detail-type") == publish.name for e in cloud.events_given()), 3)
        self.assertEqual((event["detail-type"], event["detail"]), (publish.name, {"n": 1}))  # the event, nothing around it
        self.assertEqual((attributes["ErrorCode"], attributes["ErrorMessage"]), ("200", "event was told to fail"))
        self.assertIn("RequestID", attributes)

    def test_an_on_failure_destination_is_told_what_failed_and_how(self):
        function = cloud.jobs()["FunctionArn"]
        lam.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps({"throw": True}))
        record, _ = parked(cloud.jobs()["FailedUrl"])
        self.assertEqual(record["requestPayload"], {"throw": True})
        self.assertEqual(record["responsePayload"], {"errorMessage": "told to throw", "errorType": "RuntimeError"})
        context = record["requestContext"]
        self.assertEqual((context["functionArn"], context["condition"], context["approximateInvokeCount"]),
                         (f"{function}:$LATEST", "RetriesExhausted", 2))  # its template allows one retry

    def test_a_role_that_may_not_send_parks_nothing(self):
        iam, role = cloud.client("iam"), cloud.jobs()["RoleArn"].rpartition("/")[2]
        kept = iam.get_role_policy(RoleName=role, PolicyName="work")["PolicyDocument"]
        iam.put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": kept["Statement"][:1]}))
        before = len(cloud.events_given())
        try:
            lam.invoke(FunctionName=cloud.jobs()["FunctionArn"], InvocationType="Event", Payload=b'{"throw": "denied"}')
            cloud.until("two attempts", lambda: sum(
                e.get("throw") == "denied" for e in cloud.events_given()[before:]) == 2)
            with self.assertRaises(AssertionError):
                cloud.until("it is parked", lambda: cloud.messages(cloud.jobs()["FailedUrl"]), 0.5)
        finally:
            iam.put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=json.dumps(kept))


if __name__ == "__main__":
    unittest.main()
