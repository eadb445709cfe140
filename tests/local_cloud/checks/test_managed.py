"""Secrets that another service manages."""
import json
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
import uuid

import cloud
from cloud import failed_to

store = cloud.client("secretsmanager")
VALUE = json.dumps({"username": "admin", "password": "first"})


def plant(**fields):
    request = urllib.request.Request(f"{cloud.endpoint()}/_local_cloud/managed-secret", json.dumps(fields).encode())
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())["ARN"]


def planted():
    return plant(Name=f"rds!db-{uuid.uuid4()}", OwningService="rds", SecretString=VALUE)


class Managed(unittest.TestCase):
    def test_only_a_service_can_make_one(self):
        self.assertEqual(failed_to(store.create_secret, Name="rds!db-1", SecretString="x"), "ValidationException")
        with self.assertRaises(urllib.error.HTTPError) as refusal:
            plant(Name="rds!db-1")
        self.assertEqual(refusal.exception.code, 400)
        refusal.exception.close()

    def test_the_tool_makes_one(self):
        name = f"rds!cluster-{uuid.uuid4()}"
        done = subprocess.run([sys.executable, str(cloud.ROOM / "plant.py"), name], input=VALUE, capture_output=True,
                              text=True, env={"AWS_ENDPOINT_URL": cloud.endpoint()})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(cloud.described(done.stdout.strip())["Name"], name)

    def test_it_says_whose_it_is(self):
        secret = planted()
        described = cloud.described(secret)
        self.assertTrue(described["Name"].startswith("rds!db-"))
        self.assertEqual((described["OwningService"], described["RotationEnabled"], described["RotationRules"]),
                         ("rds", True, {"AutomaticallyAfterDays": 7}))
        self.assertNotIn("RotationLambdaARN", described)
        entries = store.list_secrets(Filters=[{"Key": "owning-service", "Values": ["rds"]}])["SecretList"]
        self.assertIn(secret, [entry["ARN"] for entry in entries])

    def test_nobody_else_changes_it(self):
        secret = planted()
        current = cloud.labels(secret)["AWSCURRENT"]
        for call, more in ((store.put_secret_value, {"SecretString": "x"}), (store.update_secret, {"Description": "x"}),
                           (store.update_secret, {"SecretString": "x"}), (store.delete_secret, {}),
                           (store.update_secret_version_stage, {"VersionStage": "mine", "MoveToVersionId": current}),
                           (store.cancel_rotate_secret, {}),
                           (store.rotate_secret, {"RotationLambdaARN": cloud.stack()["FunctionArn"]})):
            self.assertEqual(failed_to(call, SecretId=secret, **more), "InvalidRequestException")
        self.assertEqual(json.loads(store.get_secret_value(SecretId=secret)["SecretString"])["password"], "first")

    def test_its_rotation_needs_no_function_and_is_announced_like_any_other(self):
        take, secret = cloud.listen({"source": ["aws.secretsmanager"]}), planted()
        version = store.rotate_secret(SecretId=secret)["VersionId"]
        self.assertEqual(cloud.labels(secret)["AWSCURRENT"], version)
        self.assertNotEqual(json.loads(store.get_secret_value(SecretId=secret)["SecretString"])["password"], "first")
        said = [(e["detail-type"], e["detail"].get("eventName") or e["detail"]["labelUpdated"]) for e in take()
                if secret in json.dumps(e)]
        self.assertEqual(said, [("AWS Service Event via CloudTrail", "RotationStarted"),
                                ("Secret Label Updated", "AWSCURRENT"),
                                ("AWS Service Event via CloudTrail", "RotationSucceeded"),
                                ("AWS API Call via CloudTrail", "RotateSecret")])


if __name__ == "__main__":
    unittest.main()
