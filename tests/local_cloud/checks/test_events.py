"""What EventBridge hears of Secrets Manager, and how it reaches its targets."""
import json
import time
import unittest
import uuid

import cloud

store = cloud.client("secretsmanager")
ALL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
LABEL = "Secret Label Updated"


def heard(take, condition, seconds=10.0):
    """Everything taken until the condition on it holds."""
    came = []
    cloud.until("the events come", lambda: came.extend(take()) or condition(came), seconds)
    return came


class LabelUpdated(unittest.TestCase):
    def test_a_moved_label_is_announced_with_name_label_and_version(self):
        take = cloud.listen({"source": ["aws.secretsmanager"], "detail-type": [LABEL]})
        secret = cloud.new_secret()
        version = store.put_secret_value(SecretId=secret, SecretString="2",
                                         VersionStages=["AWSCURRENT", "mine"])["VersionId"]
        name = cloud.described(secret)["Name"]
        came = [e for e in heard(take, lambda c: sum(e["resources"] == [secret] for e in c) >= 2)
                if e["resources"] == [secret]]
        self.assertEqual(sorted((e["detail"] for e in came), key=lambda d: d["labelUpdated"]),
                         [{"name": name, "labelUpdated": label, "versionId": version} for label in ("AWSCURRENT", "mine")])
        self.assertEqual({(e["source"], e["account"], e["region"]) for e in came},
                         {("aws.secretsmanager", "123456789012", "eu-west-1")})

    def test_pending_previous_and_metadata_are_not_announced(self):
        take = cloud.listen({"source": ["aws.secretsmanager"], "detail-type": [LABEL]})
        secret = cloud.new_secret()
        store.put_secret_value(SecretId=secret, SecretString="2", VersionStages=["AWSPENDING"])
        store.tag_resource(SecretId=secret, Tags=[{"Key": "a", "Value": "b"}])
        store.update_secret(SecretId=secret, Description="changed")
        last = store.put_secret_value(SecretId=secret, SecretString="3")["VersionId"]
        came = heard(take, lambda c: any(e["detail"]["versionId"] == last for e in c))
        self.assertEqual([e["detail"]["labelUpdated"] for e in came if e["resources"] == [secret]], ["AWSCURRENT"])

    def test_a_rotation_is_announced_once(self):
        take = cloud.listen({"source": ["aws.secretsmanager"], "detail-type": [LABEL]})
        secret = cloud.new_secret()
        token = cloud.rotate(secret)
        cloud.until("rotated", lambda: cloud.described(secret).get("LastRotatedDate"))
        came = [e["detail"] for e in take() if e["resources"] == [secret]]
        self.assertEqual([(d["labelUpdated"], d["versionId"]) for d in came], [("AWSCURRENT", token)])


class Trail(unittest.TestCase):
    def test_reads_reach_only_rules_that_ask_for_all_management_events(self):
        pattern = {"source": ["aws.secretsmanager"], "detail": {"eventName": ["GetSecretValue", "TagResource"]}}
        everything, writes = cloud.listen(pattern, ALL_EVENTS), cloud.listen(pattern)
        secret = cloud.new_secret()
        store.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
        store.tag_resource(SecretId=secret, Tags=[{"Key": "a", "Value": "b"}])

        def about(events):
            return [e["detail"] for e in events if e["detail"]["requestParameters"].get("secretId") == secret]
        read, write = about(heard(everything, lambda c: len(about(c)) == 2))
        self.assertEqual((read["eventName"], read["readOnly"], read["responseElements"]), ("GetSecretValue", True, None))
        self.assertEqual(read["requestParameters"], {"secretId": secret, "versionStage": "AWSCURRENT"})
        self.assertEqual((write["eventName"], write["readOnly"]), ("TagResource", False))
        self.assertEqual([d["eventName"] for d in about(writes())], ["TagResource"])

    def test_calls_are_recorded_with_their_caller_and_without_the_value(self):
        take = cloud.listen({"source": ["aws.secretsmanager"], "detail-type": ["AWS API Call via CloudTrail"]})
        secret, value = cloud.new_secret(), f"value-{uuid.uuid4().hex}"
        store.put_secret_value(SecretId=secret, SecretString=value)
        cloud.rotate(secret)
        cloud.until("rotated", lambda: cloud.described(secret).get("LastRotatedDate"))
        came = [e for e in take() if secret in json.dumps(e)]
        callers = {e["detail"]["userIdentity"]["type"] for e in came if e["detail"]["eventName"] == "PutSecretValue"}
        self.assertEqual(callers, {"Root", "AssumedRole"})
        self.assertNotIn(value, json.dumps(came))
        self.assertNotIn("otationToken", json.dumps(came))

    def test_a_rotation_that_fails_once_leaves_its_trail(self):
        take = cloud.listen({"source": ["aws.secretsmanager"], "detail-type": ["AWS Service Event via CloudTrail"]})
        secret = cloud.new_secret()
        cloud.control(secret, fail={"setSecret": 1})
        cloud.rotate(secret)

        def names(events):
            return [e["detail"]["eventName"] for e in events if e["detail"]["additionalEventData"]["SecretId"] == secret]
        came = heard(take, lambda c: "RotationSucceeded" in names(c))
        self.assertEqual(names(came), ["RotationStarted", "RotationFailed", "RotationStarted", "RotationSucceeded"])


class Targets(unittest.TestCase):
    def test_events_of_our_own_bus_reach_its_log_group(self):
        secret = cloud.new_secret()
        token = cloud.rotate(secret)
        group = cloud.stack()["EventsLogGroup"]

        def logged():
            found = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
            return [m for m in (json.loads(e["message"]) for e in found) if m["detail"].get("version") == token]
        self.assertEqual(cloud.until("the event is logged", logged)[0]["detail-type"], "rekey.rotation.intended")

    def test_a_target_that_does_not_exist_parks_the_event(self):
        events, sqs, name = cloud.client("events"), cloud.client("sqs"), f"gone-{uuid.uuid4().hex[:8]}"
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
        events.put_targets(Rule=name, Targets=[{"Id": "gone", "DeadLetterConfig": {"Arn": queue},
                                                "Arn": cloud.stack()["FunctionArn"] + "-gone"}])
        events.put_events(Entries=[{"Source": name, "DetailType": "test", "Detail": json.dumps({"n": 1})}])
        message, = cloud.until("the event is parked", lambda: sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=["All"]).get("Messages"))
        self.assertEqual(json.loads(message["Body"])["detail"], {"n": 1})
        self.assertEqual(message["MessageAttributes"]["ERROR_CODE"]["StringValue"], "SDK_CLIENT_ERROR")

    def test_a_function_that_fails_on_an_event_is_tried_three_times_then_the_event_is_parked(self):
        events, sqs, name = cloud.client("events"), cloud.client("sqs"), f"fails-{uuid.uuid4().hex[:8]}"
        events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
        events.put_targets(Rule=name, Targets=[{"Id": "function", "Arn": cloud.stack()["FunctionArn"]}])
        cloud.control(name, fail={"event": 99})
        events.put_events(Entries=[{"Source": name, "DetailType": name, "Detail": "{}"}])
        message, = cloud.until("the event is parked", lambda: sqs.receive_message(
            QueueUrl=cloud.stack()["DeadLetters"]).get("Messages"))
        self.assertEqual(sum(e.get("detail-type") == name for e in cloud.events_given()), 3)
        self.assertIn(name, message["Body"])

    def test_an_archive_keeps_what_was_put(self):
        secret = cloud.new_secret()
        archive = next(a["ArchiveName"] for a in cloud.client("events").list_archives()["Archives"])
        before = cloud.client("events").describe_archive(ArchiveName=archive)["EventCount"]
        cloud.rotate(secret)
        cloud.until("the event is archived", lambda: cloud.client("events").describe_archive(
            ArchiveName=archive)["EventCount"] > before)


if __name__ == "__main__":
    unittest.main()
