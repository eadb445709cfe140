"""Deploying: the tool, nested stacks, and the resource types that were added."""
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import uuid
import zipfile

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

    def test_what_is_retained_outlives_the_nested_stack_it_is_in(self):
        room, s3 = self.room(root=ROOT + "Outputs: {Names: {Value: !GetAtt Inner.Outputs.Names}}\n", inner="""
Resources:
  Kept: {Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate}
  Gone: {Type: AWS::S3::Bucket}
Outputs: {Names: {Value: !Sub "${Kept} ${Gone}"}}
"""), cloud.client("s3")
        out = json.loads(self.deploy(str(room / "root.yaml"), "--stack", "retaining", "--json").stdout)
        kept, gone = out["Names"].split()
        self.deploy("--stack", "retaining", "--delete")
        names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        self.assertEqual((kept in names, gone in names), (True, False))

    def test_what_is_retained_but_not_on_creation_goes_when_the_creation_fails(self):
        failing = FAILING.replace("{Type: AWS::SQS::Queue,", "{Type: AWS::SQS::Queue, DeletionPolicy: RetainExceptOnCreate,")
        self.deploy(str(self.room(root=ROOT, inner=failing) / "root.yaml"), "--stack", "failed", code=1)
        self.assertFalse(cloud.client("sqs").list_queues(QueueNamePrefix="left-behind").get("QueueUrls"))

    def test_a_nested_template_and_code_are_taken_from_where_sam_cli_puts_them(self):
        s3, bucket = cloud.client("s3"), f"packed-{uuid.uuid4().hex[:8]}"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, cloud.bootstrap("worker").read_bytes())
        s3.put_object(Bucket=bucket, Key="code", Body=buffer.getvalue())
        s3.put_object(Bucket=bucket, Key="inner.template", Body=json.dumps({
            "Transform": "AWS::Serverless-2016-10-31", "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["F", "Arn"]}}},
            "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {
                "CodeUri": {"Bucket": bucket, "Key": "code"}, "Handler": "bootstrap", "Runtime": "provided.al2023",
                "Environment": {"Variables": {"CHECK_ROOM": str(cloud.room())}}}}}}))
        out = cloud.deploy_text(f"packed-{uuid.uuid4().hex[:8]}", ROOT.replace(
            "inner.yaml", f"https://s3.eu-west-1.amazonaws.com/{bucket}/inner.template")
            + "Outputs: {Arn: {Value: !GetAtt Inner.Outputs.Arn}}\n")
        answer = cloud.client("lambda").invoke(FunctionName=out["Arn"], Payload=b'{"n": 1}')
        self.assertEqual(json.loads(answer["Payload"].read()), {"n": 1})

    def test_conditions_compare_what_functions_make_of_parameters(self):
        room = self.room(conditions="""
Parameters:
  None: {Type: CommaDelimitedList, Default: ""}
  Two: {Type: CommaDelimitedList, Default: "a,b"}
Mappings: {Sizes: {eu-west-1: {Size: large}}}
Conditions:
  Absent: !Equals [!Join ["", !Ref None], ""]
  Joined: !Equals [!Join ["-", !Ref Two], a-b]
  Selected: !Not [!Equals [!Select [1, !Ref Two], a]]
  Substituted: !And [!Equals [!Sub "${AWS::Region}/x", eu-west-1/x], !Condition Absent]
  Mapped: !Equals [!FindInMap [Sizes, !Ref AWS::Region, Size], large]
Resources:
  Queue: {Type: AWS::SQS::Queue}
Outputs:
  Absent: {Value: !If [Absent, "yes", "no"]}
  Joined: {Value: !If [Joined, "yes", "no"]}
  Selected: {Value: !If [Selected, "yes", "no"]}
  Substituted: {Value: !If [Substituted, "yes", "no"]}
  Mapped: {Value: !If [Mapped, "yes", "no"]}
""")
        deploy = (str(room / "conditions.yaml"), "--stack", "conditions", "--json")
        self.assertEqual(set(json.loads(self.deploy(*deploy).stdout).values()), {"yes"})
        other = json.loads(self.deploy(*deploy, "--parameter", "None=x", "--parameter", "Two=a,a").stdout)
        self.assertEqual(other, {"Absent": "no", "Joined": "no", "Selected": "no", "Substituted": "no", "Mapped": "yes"})

    def test_alarms_on_metrics_on_queues_and_on_expressions_deploy(self):
        cloud.deploy_text("alarms", """
Resources:
  Dead: {Type: AWS::SQS::Queue}
  Waiting:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/SQS
      MetricName: ApproximateNumberOfMessagesVisible
      Dimensions: [{Name: QueueName, Value: !GetAtt Dead.QueueName}]
      Statistic: Maximum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 0
      ComparisonOperator: GreaterThanThreshold
  Ratio:
    Type: AWS::CloudWatch::Alarm
    Properties:
      EvaluationPeriods: 1
      Threshold: 0
      ComparisonOperator: GreaterThanThreshold
      Metrics:
        - {Id: a, ReturnData: false, MetricStat: {Metric: {Namespace: Rekey, MetricName: A}, Period: 60, Stat: Sum}}
        - {Id: e, Expression: a * 2, ReturnData: true}
""")
        names = [alarm["AlarmName"] for alarm in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]]
        for name in ("Waiting", "Ratio"):
            self.assertTrue(any(name in found for found in names), names)

    def test_a_bucket_under_object_lock_keeps_what_is_in_it(self):
        bucket = cloud.deploy_text("locked", """
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      ObjectLockEnabled: true
      ObjectLockConfiguration: {ObjectLockEnabled: Enabled, Rule: {DefaultRetention: {Mode: COMPLIANCE, Days: 30}}}
Outputs: {Name: {Value: !Ref Bucket}}
""")["Name"]
        s3 = cloud.client("s3")
        version = s3.put_object(Bucket=bucket, Key="head", Body=b"1")["VersionId"]
        self.assertEqual(cloud.failed_to(s3.delete_object, Bucket=bucket, Key="head", VersionId=version), "AccessDenied")
        s3.delete_object(Bucket=bucket, Key="head")  # only hides it
        self.assertEqual(s3.get_object(Bucket=bucket, Key="head", VersionId=version)["Body"].read(), b"1")
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([sys.executable, str(cloud.ROOM / "dump.py"), directory], check=True, env={
                "AWS_ENDPOINT_URL": cloud.endpoint(), "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test"})
            kept = json.loads((pathlib.Path(directory) / f"bucket_{bucket}.json").read_text())
        self.assertEqual(kept, {f"head {version}": "1"})

    def test_a_template_over_the_limit_of_a_request_is_uploaded(self):
        self.deploy(str(self.room(large=f"""
Description: large
Metadata: {{Note: {"x" * 60_000}}}
Resources: {{Queue: {{Type: AWS::SQS::Queue}}}}
""") / "large.yaml"), "--stack", "large")

    def test_what_cannot_be_deployed_is_said_in_a_line(self):
        root = str(cloud.HERE / "templates/root.yaml")
        self.assertIn("needs --binary rotator=PATH", self.deploy(root, "--stack", "x", code=1).stderr)
        missing = self.deploy(root, "--stack", "x", "--binary", "rotator=/no/such/file", code=1)
        self.assertIn("/no/such/file: No such file", missing.stderr)
        self.assertIn("is not NAME=VALUE", self.deploy(root, "--stack", "x", "--parameter", "Room", code=2).stderr)
        self.assertIn("No such file", self.deploy("/no/template.yaml", "--stack", "x", code=1).stderr)
        done = subprocess.run([sys.executable, str(cloud.ROOM / "deploy.py"), "--endpoint", cloud.endpoint(), "--stack", "x",
                               "/no/template.yaml"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""))


if __name__ == "__main__":
    unittest.main()
