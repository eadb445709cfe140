"""Deploying: the tool, nested stacks, and the resource types that were added."""
import json
import pathlib
import tempfile
import unittest

import cloud

FAILING = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: left-behind}}
  Secret:
    Type: AWS::SecretsManager::Secret
    DependsOn: Queue
    Properties: {Name: failing/db, SecretString: x}
  Schedule:
    Type: AWS::SecretsManager::RotationSchedule
    Properties:
      SecretId: !Ref Secret
      RotationLambdaARN: arn:aws:lambda:eu-west-1:123456789012:function:nobody
      RotationRules: {AutomaticallyAfterDays: 30}
"""
ROOT = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Inner: {Type: AWS::Serverless::Application, Properties: {Location: inner.yaml}}
"""


class Deploying(unittest.TestCase):
    def deploy(self, *options, code=0):
        done = cloud.deploy(cloud.endpoint(), *options)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def room(self, **files):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        for name, text in files.items():
            (pathlib.Path(directory.name) / f"{name}.yaml").write_text(text)
        return pathlib.Path(directory.name)

    def test_a_nested_secret_is_put_on_its_schedule(self):
        arn = cloud.stack()["SecretArn"]
        self.assertTrue(arn.startswith("arn:aws:secretsmanager:"))  # Ref of a secret
        described = cloud.described(arn)
        self.assertEqual(described["RotationRules"], {"ScheduleExpression": "rate(4 hours)", "Duration": "1h"})
        self.assertEqual(described["RotationLambdaARN"], cloud.stack()["FunctionArn"])

    def test_a_generated_value_keeps_to_what_was_asked(self):
        room = self.room(secret="""
Resources:
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties:
      GenerateSecretString:
        {PasswordLength: 50, ExcludePunctuation: true, SecretStringTemplate: '{"username": "app"}', GenerateStringKey: password}
  Empty: {Type: AWS::SecretsManager::Secret, Properties: {Description: no value}}
Outputs:
  Arn: {Value: !Ref Secret}
  Empty: {Value: !Ref Empty}
""")
        out = json.loads(self.deploy(str(room / "secret.yaml"), "--stack", "generated", "--json").stdout)
        value = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=out["Arn"])["SecretString"])
        self.assertEqual(value["username"], "app")
        self.assertRegex(value["password"], r"^[A-Za-z0-9]{50}$")
        self.assertEqual(cloud.labels(out["Empty"]), {})

    def test_an_update_changes_what_changed_and_keeps_the_rest(self):
        template = "Resources:\n  S: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: v, Description: %s}}\n" \
                   "Outputs: {Arn: {Value: !Ref S}}\n"
        room = self.room(root=ROOT + "Outputs: {Arn: {Value: !GetAtt Inner.Outputs.Arn}}\n", inner=template % "one")
        options = (str(room / "root.yaml"), "--stack", "updated", "--json")
        arn = json.loads(self.deploy(*options).stdout)["Arn"]
        self.assertEqual(json.loads(self.deploy(*options).stdout)["Arn"], arn)  # nothing to do is no error
        labels = cloud.labels(arn)
        (room / "inner.yaml").write_text(template % "two")
        self.assertEqual(json.loads(self.deploy(*options).stdout)["Arn"], arn)
        self.assertEqual(cloud.described(arn)["Description"], "two")
        self.assertEqual(cloud.labels(arn), labels)

    def test_a_failure_inside_a_nested_stack_says_why_and_leaves_nothing(self):
        room = self.room(root=ROOT, inner=FAILING)
        done = self.deploy(str(room / "root.yaml"), "--stack", "failing", code=1)
        self.assertIn("Schedule", done.stderr)
        self.assertIn("cannot invoke the specified Lambda function", done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(cloud.failed_to(cloud.described, secret="failing/db"), "ResourceNotFoundException")
        self.assertFalse(cloud.client("sqs").list_queues(QueueNamePrefix="left-behind").get("QueueUrls"))

    def test_a_deleted_stack_is_gone(self):
        room = self.room(root=ROOT, inner="Resources: {S: {Type: AWS::SecretsManager::Secret, Properties: {Name: gone/s}}}")
        self.deploy(str(room / "root.yaml"), "--stack", "deleted")
        cloud.described("gone/s")
        self.deploy("--stack", "deleted", "--delete")
        self.assertEqual(cloud.failed_to(cloud.described, secret="gone/s"), "ResourceNotFoundException")

    def test_what_cannot_be_deployed_is_said_in_a_line(self):
        root = str(cloud.HERE / "templates/root.yaml")
        self.assertIn("needs --binary rotator=PATH", self.deploy(root, "--stack", "x", code=1).stderr)
        missing = self.deploy(root, "--stack", "x", "--binary", "rotator=/no/such/file", code=1)
        self.assertIn("/no/such/file: No such file", missing.stderr)
        self.assertIn("is not NAME=VALUE", self.deploy(root, "--stack", "x", "--parameter", "Room", code=2).stderr)
        self.assertIn("No such file", self.deploy("/no/template.yaml", "--stack", "x", code=1).stderr)


if __name__ == "__main__":
    unittest.main()
