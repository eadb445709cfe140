"""What a function sees, and what is made of what it says."""
import json
import time
import unittest
import uuid
from datetime import datetime, timedelta, timezone

import boto3

import cloud


class Functions(unittest.TestCase):
    def test_a_function_sees_its_own_environment_and_not_the_launchers(self):
        answer = cloud.client("lambda").invoke(FunctionName=cloud.stack()["FunctionArn"], Payload=b"{}")
        seen = json.loads(answer["Payload"].read())["environment"]
        for leaked in ("LEAK", "AWS_PROFILE", "HTTPS_PROXY", "HOME", "GATEWAY_PORT", "AUTH", "STATE_DIR"):
            self.assertNotIn(leaked, seen)
        self.assertEqual(seen["AWS_ENDPOINT_URL"], cloud.endpoint())
        self.assertEqual(seen["AWS_REGION"], "eu-west-1")
        self.assertEqual(seen["CHECK_ROOM"], str(cloud.room()))
        self.assertEqual(seen["AWS_LAMBDA_LOG_FORMAT"], "JSON")
        self.assertEqual(seen["AWS_LAMBDA_LOG_GROUP_NAME"], cloud.stack()["LogGroup"])
        self.assertTrue(seen["AWS_ACCESS_KEY_ID"].startswith("ASIA"))  # its role's session
        self.assertTrue(seen["AWS_SESSION_TOKEN"])

    def test_a_metric_in_a_log_line_becomes_a_metric(self):
        secret = cloud.new_secret()
        cloud.rotate(secret)
        cloud.until("rotated", lambda: cloud.described(secret).get("LastRotatedDate"))
        now = datetime.now(timezone.utc)
        point, = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="Checks", MetricName="StepDuration", Dimensions=[{"Name": "Step", "Value": "finishSecret"}],
            StartTime=now - timedelta(minutes=10), EndTime=now + timedelta(minutes=10), Period=3600,
            Statistics=["Maximum", "SampleCount"])["Datapoints"]
        self.assertEqual(point["Maximum"], 7)
        self.assertGreaterEqual(point["SampleCount"], 1)


class Invoking(unittest.TestCase):
    def caller(self, *statements):
        return cloud.connect(cloud.endpoint(), "lambda", *cloud.user(*statements)[1])

    def test_a_caller_needs_permission_on_the_function(self):
        function = cloud.jobs()["FunctionArn"]
        allowed = self.caller({"Action": "lambda:InvokeFunction", "Resource": function})
        for name in (function, function.rpartition(":")[2]):
            answer = allowed.invoke(FunctionName=name, Payload=b'{"n": 1}')
            self.assertEqual((answer["StatusCode"], json.loads(answer["Payload"].read())), (200, {"n": 1}))
            self.assertNotIn("FunctionError", answer)
        self.assertEqual(cloud.failed_to(allowed.invoke, FunctionName=cloud.stack()["FunctionArn"]), "AccessDeniedException")
        other = self.caller({"Action": "lambda:GetFunction"})
        self.assertEqual(cloud.failed_to(other.invoke, FunctionName=function), "AccessDeniedException")

    def test_a_role_that_was_assumed_has_its_own_permissions(self):
        iam, role, function = cloud.client("iam"), f"caller-{uuid.uuid4().hex[:8]}", cloud.jobs()["FunctionArn"]
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}]}))
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function}]}))
        session = cloud.client("sts").assume_role(RoleArn=f"arn:aws:iam::123456789012:role/{role}", RoleSessionName="me")
        key = session["Credentials"]
        lam = boto3.client("lambda", endpoint_url=cloud.endpoint(), region_name="eu-west-1", aws_session_token=key["SessionToken"],
                           aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
        self.assertEqual(lam.invoke(FunctionName=function, Payload=b"{}")["StatusCode"], 200)
        self.assertEqual(cloud.failed_to(lam.invoke, FunctionName=cloud.stack()["FunctionArn"]), "AccessDeniedException")

    def printing(self, lines, about):
        """Invoke the function and have it print; its own failure, if any."""
        asked = json.dumps({"print": lines, "about": about})
        return cloud.client("lambda").invoke(FunctionName=cloud.jobs()["FunctionArn"], Payload=asked).get("FunctionError")

    def test_what_was_printed_before_the_answer_is_in_the_log_with_it(self):
        about, function = uuid.uuid4().hex, cloud.jobs()["FunctionArn"].rpartition(":")[2]
        for lines in (1, 9_000, 0, 3):
            self.assertIsNone(self.printing(lines, about))
        pages = cloud.client("logs").get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{function}", filterPattern=about)
        found = [line for page in pages for event in page["events"] for line in event["message"].splitlines() if about in line]
        self.assertEqual(found, [f"line {n} {about}" for n in (0, *range(9_000), *range(3))])

    def test_a_function_that_prints_more_than_is_kept_answers_all_the_same(self):
        self.assertIsNone(self.printing(30_000, uuid.uuid4().hex))

    def test_a_function_that_prints_nothing_is_not_waited_for(self):
        lam, function = cloud.client("lambda"), cloud.jobs()["FunctionArn"]

        def seconds():
            began = time.monotonic()
            lam.invoke(FunctionName=function, Payload=b"{}")
            return time.monotonic() - began
        self.assertLess(min(seconds() for _ in range(20)), 0.04)  # MiniStack waits 0.05

    def test_a_function_that_fails_says_so_in_a_header_and_why_in_its_answer(self):
        answer = cloud.client("lambda").invoke(FunctionName=cloud.jobs()["FunctionArn"], Payload=b'{"throw": true}')
        self.assertEqual((answer["StatusCode"], answer["FunctionError"]), (200, "Unhandled"))
        self.assertEqual(json.loads(answer["Payload"].read()), {"errorMessage": "told to throw", "errorType": "RuntimeError"})

    def test_a_function_that_is_not_there_is_an_error_of_the_call(self):
        self.assertEqual(cloud.failed_to(cloud.client("lambda").invoke, FunctionName="nobody"), "ResourceNotFoundException")

    def test_more_at_once_than_is_reserved_is_throttled(self):
        lam, function = cloud.client("lambda"), cloud.jobs()["FunctionArn"]
        lam.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        self.addCleanup(lam.delete_function_concurrency, FunctionName=function)
        self.assertEqual(cloud.failed_to(lam.invoke, FunctionName=function), "TooManyRequestsException")


if __name__ == "__main__":
    unittest.main()
