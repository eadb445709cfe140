"""What CloudTrail tells EventBridge of calls to Secrets Manager, and of what it does by itself."""
import json
import unittest
import uuid

import cloud

store = cloud.client("secretsmanager")
ALL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
CALLS = {"source": ["aws.secretsmanager"], "detail-type": ["AWS API Call via CloudTrail"]}
SERVICE = {"source": ["aws.secretsmanager"], "detail-type": ["AWS Service Event via CloudTrail"]}


def heard(take, condition, seconds=10.0):
    """The details of everything taken until the condition on them holds."""
    came = []
    cloud.until("the events come", lambda: came.extend(e["detail"] for e in take()) or condition(came), seconds)
    return came


def names(details, secret):
    return [d["eventName"] for d in details if (d.get("additionalEventData") or {}).get("SecretId") == secret]


class Calls(unittest.TestCase):
    def test_reads_reach_only_rules_that_ask_for_all_management_events(self):
        pattern = {"source": ["aws.secretsmanager"], "detail": {"eventName": ["GetSecretValue", "TagResource"]}}
        everything, writes = cloud.listen(pattern, ALL_EVENTS), cloud.listen(pattern)
        secret = cloud.new_secret()
        store.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
        store.tag_resource(SecretId=secret, Tags=[{"Key": "a", "Value": "b"}])

        def about(details):
            return [d for d in details if d["requestParameters"].get("secretId") == secret]
        read, write = about(heard(everything, lambda c: len(about(c)) == 2))
        self.assertEqual((read["eventName"], read["readOnly"], read["responseElements"]), ("GetSecretValue", True, None))
        self.assertEqual(read["requestParameters"], {"secretId": secret, "versionStage": "AWSCURRENT"})
        self.assertEqual((write["eventName"], write["readOnly"]), ("TagResource", False))
        self.assertEqual([d["eventName"] for d in about([e["detail"] for e in writes()])], ["TagResource"])

    def test_every_write_is_recorded_with_the_arn_and_without_the_value(self):
        take, name, value = cloud.listen(CALLS), f"checks/{uuid.uuid4().hex[:8]}", f"value-{uuid.uuid4().hex}"
        secret = store.create_secret(Name=name, SecretString=value)["ARN"]
        version = store.put_secret_value(SecretId=name, SecretString=value + "2")["VersionId"]
        store.update_secret(SecretId=secret, SecretString=value + "3")
        store.update_secret_version_stage(SecretId=secret, VersionStage="mine", MoveToVersionId=version)
        store.tag_resource(SecretId=secret, Tags=[{"Key": "a", "Value": "b"}])
        store.untag_resource(SecretId=secret, TagKeys=["a"])
        cloud.rotate(secret)
        cloud.until("rotated", lambda: cloud.described(secret).get("LastRotatedDate"))
        store.cancel_rotate_secret(SecretId=secret)
        store.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
        store.restore_secret(SecretId=secret)
        came = [e["detail"] for e in take()]
        self.assertNotIn(value, json.dumps(came))
        self.assertNotIn("otationToken", json.dumps(came))
        mine = {d["eventName"]: d for d in came if d["userIdentity"]["type"] == "Root" and secret[:-7] in json.dumps(d)
                or d["eventName"] == "CreateSecret" and d["requestParameters"]["name"] == name}
        self.assertEqual(set(mine), {"CreateSecret", "PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage",
                                     "TagResource", "UntagResource", "RotateSecret", "CancelRotateSecret",
                                     "DeleteSecret", "RestoreSecret"})
        self.assertIsNone(mine["CreateSecret"]["responseElements"])
        self.assertEqual(mine["PutSecretValue"]["requestParameters"], {"secretId": name, "clientRequestToken": version})
        for action in set(mine) - {"CreateSecret", "DeleteSecret"}:
            self.assertEqual(mine[action]["responseElements"], {"arn": secret}, action)
        deleted = mine["DeleteSecret"]["responseElements"]
        self.assertEqual((deleted["name"], deleted["arn"]), (name, secret))
        self.assertRegex(deleted["deletionDate"], r"^[A-Z][a-z]{2} \d{1,2}, 20\d\d \d{1,2}:\d\d:\d\d [AP]M$")
        self.assertEqual({(d["eventType"], d["eventCategory"], d["managementEvent"]) for d in mine.values()},
                         {("AwsApiCall", "Management", True)})

    def test_a_record_names_the_role_and_its_path_behind_a_function(self):
        take, secret = cloud.listen(CALLS), cloud.new_secret()
        cloud.rotate(secret)

        def puts(details):
            return [d for d in details if d["eventName"] == "PutSecretValue" and d["requestParameters"]["secretId"] == secret]
        detail, = puts(heard(take, puts))
        identity, role = detail["userIdentity"], cloud.stack()["RoleName"]
        self.assertEqual(identity["type"], "AssumedRole")
        self.assertTrue(identity["arn"].startswith(f"arn:aws:sts::123456789012:assumed-role/{role}/"))
        issuer = identity["sessionContext"]["sessionIssuer"]
        self.assertEqual((issuer["type"], issuer["arn"], issuer["userName"]),
                         ("Role", f"arn:aws:iam::123456789012:role/checks/{role}", role))
        self.assertTrue(identity["principalId"].startswith(issuer["principalId"] + ":"))
        self.assertTrue(identity["accessKeyId"].startswith("ASIA"))

    def test_a_record_names_the_user_the_request_and_where_it_came_from(self):
        take, secret = cloud.listen(CALLS), cloud.new_secret()
        name, key = cloud.user({"Action": "secretsmanager:*"})
        answer = cloud.connect(cloud.endpoint(), "secretsmanager", *key).tag_resource(
            SecretId=secret, Tags=[{"Key": "a", "Value": "b"}])
        detail, = (d for d in (e["detail"] for e in take()) if d["requestParameters"].get("secretId") == secret
                   and d["eventName"] == "TagResource")
        identity = detail["userIdentity"]
        self.assertEqual((identity["type"], identity["userName"], identity["arn"], identity["accessKeyId"]),
                         ("IAMUser", name, f"arn:aws:iam::123456789012:user/{name}", key[0]))
        self.assertEqual(detail["requestID"], answer["ResponseMetadata"]["RequestId"])
        self.assertEqual(detail["sourceIPAddress"], "127.0.0.1")
        self.assertIn("Boto3", detail["userAgent"])

    def test_a_refused_call_is_recorded_with_its_error(self):
        take, secret = cloud.listen(CALLS, ALL_EVENTS), cloud.new_secret()
        _, key = cloud.user({"Action": "secretsmanager:DescribeSecret"})
        denied = cloud.connect(cloud.endpoint(), "secretsmanager", *key)
        self.assertEqual(cloud.failed_to(denied.get_secret_value, SecretId=secret), "AccessDeniedException")
        self.assertEqual(cloud.failed_to(store.put_secret_value, SecretId=secret + "x", SecretString="s"),
                         "ResourceNotFoundException")
        came = [e["detail"] for e in take()]
        read, put = (next(d for d in came if d["eventName"] == action and "errorCode" in d
                          and secret in d["requestParameters"].get("secretId", ""))
                     for action in ("GetSecretValue", "PutSecretValue"))
        self.assertEqual((read["errorCode"], read["readOnly"], read["userIdentity"]["type"]),
                         ("AccessDenied", True, "IAMUser"))
        self.assertEqual((put["errorCode"], put["responseElements"]), ("ResourceNotFoundException", None))

    def test_a_batch_of_reads_is_recorded_secret_by_secret(self):
        take, secrets = cloud.listen(CALLS, ALL_EVENTS), [cloud.new_secret(), cloud.new_secret()]
        store.batch_get_secret_value(SecretIdList=secrets)
        came = [e["detail"] for e in take()]
        self.assertIn("BatchGetSecretValue", [d["eventName"] for d in came])
        self.assertEqual({d["requestParameters"]["secretId"] for d in came if d["eventName"] == "GetSecretValue"
                          and d["requestParameters"]["secretId"] in secrets}, set(secrets))

    def test_what_a_stack_does_is_recorded_too(self):
        take = cloud.listen({**CALLS, "detail": {"eventName": ["CreateSecret", "DeleteSecret"]}})
        name = f"checks/{uuid.uuid4().hex[:8]}"
        cloud.deploy_text("recorded", f"Resources: {{S: {{Type: AWS::SecretsManager::Secret, Properties: {{Name: {name}}}}}}}")
        self.assertEqual(cloud.deploy(cloud.endpoint(), "--stack", "recorded", "--delete").returncode, 0)
        made, gone = (d for d in (e["detail"] for e in take())
                      if d["userIdentity"].get("invokedBy") == "cloudformation.amazonaws.com")
        self.assertEqual((made["eventName"], made["requestParameters"]["name"]), ("CreateSecret", name))
        self.assertEqual((gone["eventName"], gone["responseElements"]["name"]), ("DeleteSecret", name))


class ServiceEvents(unittest.TestCase):
    def test_a_rotation_that_fails_once_leaves_its_trail(self):
        take, secret = cloud.listen(SERVICE), cloud.new_secret()
        cloud.control(secret, fail={"setSecret": 1})
        cloud.rotate(secret)
        came = heard(take, lambda c: "RotationSucceeded" in names(c, secret))
        self.assertEqual(names(came, secret), ["RotationStarted", "RotationFailed", "RotationStarted", "RotationSucceeded"])
        detail = next(d for d in came if d["additionalEventData"]["SecretId"] == secret)
        self.assertEqual(detail["userIdentity"], {"accountId": "123456789012", "invokedBy": "secretsmanager.amazonaws.com"})
        self.assertEqual((detail["sourceIPAddress"], detail["requestParameters"], detail["responseElements"]),
                         ("secretsmanager.amazonaws.com", None, None))

    def test_after_the_last_attempt_there_is_nothing_but_the_failures(self):
        take, secret = cloud.listen(SERVICE), cloud.new_secret()
        cloud.control(secret, fail={"setSecret": 3})
        cloud.rotate(secret)
        came = heard(take, lambda c: names(c, secret).count("RotationFailed") == 3)
        self.assertEqual(names(came, secret), ["RotationStarted", "RotationFailed"] * 3)
        self.assertIn("AWSPENDING", cloud.labels(secret))

    def test_a_value_written_by_hand_abandons_the_rotation_and_says_so(self):
        take, secret = cloud.listen(SERVICE), cloud.new_secret()
        cloud.control(secret, fail={"setSecret": 3})
        cloud.rotate(secret)
        came = heard(take, lambda c: names(c, secret).count("RotationFailed") == 3)
        store.put_secret_value(SecretId=secret, SecretString="by hand")
        self.assertEqual(names([e["detail"] for e in take()], secret), ["RotationAbandoned"])

    def test_a_trial_leaves_a_trail_of_its_own(self):
        for fail, end in ((0, "TestRotationSucceeded"), (1, "TestRotationFailed")):
            take, secret = cloud.listen(SERVICE), cloud.new_secret()
            cloud.control(secret, fail={"testSecret": fail})
            cloud.rotate(secret, RotateImmediately=False)
            came = heard(take, lambda c: end in names(c, secret))
            self.assertEqual(names(came, secret), ["TestRotationStarted", end])


class Deletion(unittest.TestCase):
    def test_each_version_is_announced_when_it_is_to_go_and_when_it_stays(self):
        take, secret = cloud.listen(SERVICE), cloud.new_secret()
        store.put_secret_value(SecretId=secret, SecretString="2")
        store.delete_secret(SecretId=secret)
        store.restore_secret(SecretId=secret)
        came = [e["detail"] for e in take()]
        self.assertEqual(names(came, secret), ["StartSecretVersionDelete"] * 2 + ["CancelSecretVersionDelete"] * 2)

    def test_a_secret_that_is_deleted_at_once_is_gone_with_its_versions(self):
        take, secret = cloud.listen(SERVICE), cloud.new_secret()
        store.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
        self.assertEqual(cloud.failed_to(cloud.described, secret=secret), "ResourceNotFoundException")
        self.assertEqual(names([e["detail"] for e in take()], secret), ["StartSecretVersionDelete", "EndSecretVersionDelete"])

    def test_after_its_recovery_window_a_secret_is_gone(self):
        process, endpoint = cloud.start("--clock-scale", str(7 * 24 * 3600))  # a week in a second
        self.addCleanup(cloud.stop, process)
        there = cloud.connect(endpoint, "secretsmanager")
        there.create_secret(Name="s", SecretString="1")
        date = there.delete_secret(SecretId="s", RecoveryWindowInDays=7)["DeletionDate"]
        self.assertEqual(there.describe_secret(SecretId="s")["DeletedDate"], date)
        self.assertEqual(cloud.failed_to(there.get_secret_value, SecretId="s"), "InvalidRequestException")
        cloud.until("it is gone", lambda: not there.list_secrets(IncludePlannedDeletion=True)["SecretList"], 4)


if __name__ == "__main__":
    unittest.main()
