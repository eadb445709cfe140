"""Permissions, with --iam: what a policy does not allow is refused."""
import json
import unittest
import uuid

import cloud
from cloud import as_user, failed_to


class Permissions(unittest.TestCase):
    def test_what_is_not_allowed_is_denied(self):
        secret = cloud.new_secret()
        store = as_user("secretsmanager", {"Action": "secretsmanager:DescribeSecret"})
        self.assertEqual(store.describe_secret(SecretId=secret)["ARN"], secret)
        self.assertEqual(failed_to(store.get_secret_value, SecretId=secret), "AccessDeniedException")

    def test_an_unknown_key_is_nobody(self):
        store = cloud.connect(cloud.endpoint(), "secretsmanager", "AKIAIOSFODNN7EXAMPLE", "secret")
        self.assertEqual(failed_to(store.list_secrets), "UnrecognizedClientException")

    def test_a_rotation_needs_every_permission_of_its_function(self):
        iam, role = cloud.client("iam"), cloud.stack()["RoleName"]
        kept = iam.get_role_policy(RoleName=role, PolicyName="rotate")["PolicyDocument"]
        less = json.loads(json.dumps(kept))
        less["Statement"][0]["Action"].remove("secretsmanager:PutSecretValue")
        secret = cloud.new_secret()
        iam.put_role_policy(RoleName=role, PolicyName="rotate", PolicyDocument=json.dumps(less))
        try:
            cloud.rotate(secret)
            cloud.until("three attempts", lambda: len(cloud.steps(secret)) == 3)
        finally:
            iam.put_role_policy(RoleName=role, PolicyName="rotate", PolicyDocument=json.dumps(kept))
        self.assertEqual({step for step, _ in cloud.steps(secret)}, {"createSecret"})

    def test_a_function_reaches_only_secrets_that_name_it(self):
        secret = cloud.new_secret()
        cloud.rotate(secret)
        cloud.until("rotated", lambda: cloud.described(secret).get("LastRotatedDate"))
        other = cloud.new_secret()
        event = {"Step": "createSecret", "SecretId": other, "ClientRequestToken": str(uuid.uuid4()),
                 "RotationToken": "0" * 36}
        answer = cloud.client("lambda").invoke(FunctionName=cloud.stack()["FunctionArn"], Payload=json.dumps(event))
        self.assertIn("FunctionError", answer)
        self.assertIn("AccessDenied", answer["Payload"].read().decode())

    def test_rotating_needs_permission_to_invoke_the_function(self):
        function, secret = cloud.stack()["FunctionArn"], cloud.new_secret()
        rotate = {"SecretId": secret, "RotationLambdaARN": function, "RotationRules": {"AutomaticallyAfterDays": 30}}
        may_rotate = {"Action": "secretsmanager:RotateSecret"}
        store = as_user("secretsmanager", may_rotate)
        self.assertEqual(failed_to(store.rotate_secret, **rotate), "AccessDeniedException")
        store = as_user("secretsmanager", may_rotate, {"Action": "lambda:InvokeFunction", "Resource": function})
        self.assertEqual(store.rotate_secret(**rotate)["ARN"], secret)

    def test_conditions_on_the_request_and_on_the_secret_are_looked_at(self):
        tagged = cloud.new_secret(Tags=[{"Key": "rekey:superuser", "Value": "true"}])
        plain = cloud.new_secret()
        read = {"Action": "secretsmanager:GetSecretValue"}
        for key in ("aws:ResourceTag/rekey:superuser", "secretsmanager:ResourceTag/rekey:superuser"):
            store = as_user("secretsmanager", {**read, "Condition": {"StringEquals": {key: "true"}}})
            self.assertEqual(store.get_secret_value(SecretId=tagged)["ARN"], tagged)
            self.assertEqual(failed_to(store.get_secret_value, SecretId=plain), "AccessDeniedException")
        store = as_user("secretsmanager",
                        {**read, "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}})
        self.assertEqual(store.get_secret_value(SecretId=plain, VersionStage="AWSCURRENT")["ARN"], plain)
        self.assertEqual(failed_to(store.get_secret_value, SecretId=plain, VersionStage="AWSPENDING"),
                         "AccessDeniedException")

    def test_a_source_that_is_not_the_callers_own_is_denied(self):
        entry = {"DetailType": "test", "Detail": "{}"}
        for operator in ("StringEquals", "ForAllValues:StringEquals"):
            bus = as_user("events", {"Action": "events:PutEvents", "Condition": {operator: {"events:source": "mine"}}})
            self.assertEqual(bus.put_events(Entries=[{**entry, "Source": "mine"}])["FailedEntryCount"], 0)
            for sources in (["other"], ["mine", "other"]):
                self.assertEqual(failed_to(bus.put_events, Entries=[{**entry, "Source": s} for s in sources]),
                                 "AccessDeniedException")

    def test_a_bus_policy_denies_whom_identity_policies_allow(self):
        bus = as_user("events", {"Action": "events:PutEvents"})
        entry = {"DetailType": "test", "Detail": "{}", "Source": "rekey.rotate"}
        self.assertEqual(bus.put_events(Entries=[entry])["FailedEntryCount"], 0)
        entry["EventBusName"] = cloud.stack()["BusName"]
        self.assertEqual(failed_to(bus.put_events, Entries=[entry]), "AccessDeniedException")


if __name__ == "__main__":
    unittest.main()
