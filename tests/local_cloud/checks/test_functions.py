"""What a function sees, and what is made of what it says."""
import json
import unittest
from datetime import datetime, timedelta, timezone

import cloud


class Functions(unittest.TestCase):
    def test_a_function_sees_its_own_environment_and_not_the_launchers(self):
        answer = cloud.client("lambda").invoke(FunctionName=cloud.stack()["FunctionArn"], Payload=b"{}")
        seen = json.loads(answer["Payload"].read())["environment"]
        for leaked in ("LEAK", "AWS_PROFILE", "HTTPS_PROXY", "HOME", "GATEWAY_PORT", "AUTH", "STATE_DIR"):
            self.assertNotIn(leaked, seen)
        self.assertEqual(seen["AWS_ENDPOINT_URL"], cloud.endpoint())
        self.assertEqual(seen["AWS_REGION"], "eu-west-1")
        self.assertEqual(seen["CHECK_ROOM"], cloud.stack()["Room"])
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


if __name__ == "__main__":
    unittest.main()
