"""RotateSecret: the four steps, what happens when one fails, and the native schedule."""
import json
import pathlib
import tempfile
import time
import unittest
import uuid

import cloud
from cloud import failed_to

store = cloud.client("secretsmanager")
ALL = ["createSecret", "setSecret", "testSecret", "finishSecret"]


def rotated(secret):
    return cloud.until("the rotation ends", lambda: cloud.described(secret).get("LastRotatedDate"))


class Rotation(unittest.TestCase):
    def test_the_four_steps_are_called_in_order_with_one_token(self):
        secret, token = cloud.new_secret(), str(uuid.uuid4())
        first = cloud.labels(secret)["AWSCURRENT"]
        self.assertEqual(cloud.rotate(secret, ClientRequestToken=token), token)
        rotated(secret)
        self.assertEqual(cloud.steps(secret), [(step, token) for step in ALL])
        labels = cloud.labels(secret)
        self.assertEqual((labels["AWSCURRENT"], labels["AWSPREVIOUS"]), (token, first))

    def test_the_same_token_again_while_it_is_open_rotates_once(self):
        secret, token = cloud.new_secret(), str(uuid.uuid4())
        cloud.control(secret, sleep={"createSecret": 0.5})
        for _ in range(3):
            self.assertEqual(cloud.rotate(secret, ClientRequestToken=token), token)
        self.assertEqual(cloud.labels(secret)["AWSPENDING"], token)
        rotated(secret)
        self.assertEqual(len(cloud.steps(secret)), 4)

    def test_the_same_token_again_once_it_is_current_changes_nothing(self):
        secret, token = cloud.new_secret(), str(uuid.uuid4())
        cloud.rotate(secret, ClientRequestToken=token)
        rotated(secret)
        self.assertEqual(cloud.rotate(secret, ClientRequestToken=token), token)
        time.sleep(0.3)
        self.assertEqual(len(cloud.steps(secret)), 4)

    def test_the_token_of_an_older_version_is_refused_and_the_version_kept(self):
        secret, token = cloud.new_secret(), str(uuid.uuid4())
        first = cloud.labels(secret)["AWSCURRENT"]
        cloud.rotate(secret, ClientRequestToken=token)
        rotated(secret)
        self.assertEqual(failed_to(store.rotate_secret, SecretId=secret, ClientRequestToken=first), "InvalidRequestException")
        self.assertEqual(store.get_secret_value(SecretId=secret, VersionId=first)["SecretString"], "first")
        self.assertEqual(cloud.labels(secret)["AWSPREVIOUS"], first)

    def test_a_token_given_while_another_is_open_stays_unused(self):
        secret, token, other = cloud.new_secret(), str(uuid.uuid4()), str(uuid.uuid4())
        cloud.control(secret, fail={"setSecret": 3})
        cloud.rotate(secret, ClientRequestToken=token)
        cloud.until("three attempts", lambda: len(cloud.steps(secret)) == 6)
        time.sleep(0.3)
        self.assertEqual(failed_to(store.rotate_secret, SecretId=secret, ClientRequestToken=other), "InvalidRequestException")
        rotated(secret)
        self.assertEqual({t for _, t in cloud.steps(secret)}, {token})
        self.assertNotIn(other, cloud.described(secret)["VersionIdsToStages"])
        self.assertEqual(cloud.rotate(secret, ClientRequestToken=other), other)  # it can be used then
        cloud.until("the other one too", lambda: cloud.labels(secret)["AWSCURRENT"] == other)

    def test_a_token_of_the_wrong_length_is_refused(self):
        secret = cloud.new_secret()
        for token in ("x" * 31, "x" * 65):
            self.assertEqual(failed_to(cloud.rotate, secret=secret, ClientRequestToken=token), "InvalidParameterException")

    def test_a_failed_rotation_begins_again_at_create_with_the_same_token(self):
        secret = cloud.new_secret()
        cloud.control(secret, fail={"setSecret": 1, "testSecret": 1})
        token = cloud.rotate(secret)
        rotated(secret)
        self.assertEqual(cloud.steps(secret), [(step, token) for step in [*ALL[:2], *ALL[:3], *ALL]])

    def test_after_the_last_attempt_the_version_stays_open_and_blocks_the_next(self):
        secret = cloud.new_secret()
        cloud.control(secret, fail={"setSecret": 3})
        token = cloud.rotate(secret)
        cloud.until("three attempts", lambda: len(cloud.steps(secret)) == 6)
        time.sleep(0.3)
        self.assertEqual(len(cloud.steps(secret)), 6)
        self.assertEqual(cloud.labels(secret)["AWSPENDING"], token)
        self.assertEqual(failed_to(store.rotate_secret, SecretId=secret), "InvalidRequestException")
        rotated(secret)  # the old one was reattempted
        self.assertEqual(cloud.labels(secret)["AWSCURRENT"], token)
        self.assertEqual({t for _, t in cloud.steps(secret)}, {token})

    def test_a_rotation_that_does_not_promote_has_failed(self):
        secret = cloud.new_secret()
        cloud.control(secret, skip=["finishSecret"])
        cloud.rotate(secret)
        cloud.until("three attempts", lambda: len(cloud.steps(secret)) == 12)
        time.sleep(0.2)
        self.assertNotIn("LastRotatedDate", cloud.described(secret))

    def test_a_value_written_by_hand_abandons_the_rotation(self):
        secret = cloud.new_secret()
        cloud.control(secret, fail={"setSecret": 99})
        cloud.rotate(secret)
        cloud.until("one attempt", lambda: len(cloud.steps(secret)) >= 2)
        by_hand = store.put_secret_value(SecretId=secret, SecretString="by hand")["VersionId"]
        self.assertEqual(cloud.labels(secret)["AWSCURRENT"], by_hand)
        self.assertNotIn("AWSPENDING", cloud.labels(secret))
        cloud.control(secret)
        cloud.until("the next rotation is taken", lambda: cloud.rotate(secret) if not _running(secret) else None)
        rotated(secret)

    def test_not_at_once_means_test_secret_on_a_version_that_goes_away(self):
        secret = cloud.new_secret()
        first = cloud.labels(secret)
        cloud.rotate(secret, RotateImmediately=False)
        cloud.until("the trial", lambda: cloud.steps(secret) and "AWSPENDING" not in cloud.labels(secret))
        trial, = (e for e in cloud.events_given() if e.get("SecretId") == secret)
        self.assertEqual((trial["Step"], trial["Readable"]), ("testSecret", False))
        self.assertEqual(cloud.labels(secret), first)
        self.assertTrue(cloud.described(secret)["RotationEnabled"])
        self.assertNotIn("LastRotatedDate", cloud.described(secret))

    def test_each_attempt_carries_a_rotation_token_that_put_takes(self):
        secret = cloud.new_secret()
        cloud.rotate(secret)
        rotated(secret)
        tokens = {e["RotationToken"] for e in cloud.events_given() if e.get("SecretId") == secret}
        self.assertEqual(len(tokens), 1)
        self.assertEqual(failed_to(store.put_secret_value, SecretId=secret, SecretString="x", RotationToken="!" * 40),
                         "InvalidParameterException")

    def test_a_function_that_may_not_be_invoked_is_refused(self):
        secret = cloud.new_secret()
        other = cloud.stack()["FunctionArn"] + "-that-is-not-there"
        self.assertEqual(failed_to(cloud.rotate, secret=secret, RotationLambdaARN=other), "AccessDeniedException")
        self.assertFalse(cloud.described(secret).get("RotationEnabled"))

    def test_schedules_that_aws_refuses_are_refused(self):
        secret = cloud.new_secret()
        for rules in ({"ScheduleExpression": "rate(3 hours)"}, {"ScheduleExpression": "rate(x)"},
                      {"ScheduleExpression": "rate(4 hours)", "Duration": "5h"},
                      {"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(4 hours)"}):
            self.assertEqual(failed_to(cloud.rotate, secret=secret, RotationRules=rules), "InvalidParameterException")


class Schedule(unittest.TestCase):
    def test_a_native_schedule_rotates_again_and_again_until_it_is_cancelled(self):
        secret = cloud.new_secret()
        cloud.rotate(secret, RotationRules={"ScheduleExpression": "rate(4 hours)"}, RotateImmediately=False)
        asked = time.time()
        due = cloud.described(secret)["NextRotationDate"].timestamp()
        self.assertAlmostEqual(due - asked, 4 * 3600 / cloud.CLOCK_SCALE, delta=0.5)
        first = rotated(secret)
        self.assertGreaterEqual(first.timestamp(), due)
        second = cloud.until("a second one", lambda: (d := cloud.described(secret))["LastRotatedDate"] > first and d)
        self.assertGreater(second["NextRotationDate"], second["LastRotatedDate"])
        store.cancel_rotate_secret(SecretId=secret)
        described = cloud.described(secret)
        self.assertFalse(described["RotationEnabled"])
        self.assertNotIn("NextRotationDate", described)
        cloud.until("nothing runs", lambda: not _running(secret))
        steps = len(cloud.steps(secret))
        time.sleep(1.2 * 4 * 3600 / cloud.CLOCK_SCALE)
        self.assertEqual(len(cloud.steps(secret)), steps)

    def test_the_schedule_reattempts_what_was_left_open(self):
        secret = cloud.new_secret()
        cloud.control(secret, fail={"setSecret": 3})
        token = cloud.rotate(secret, RotationRules={"ScheduleExpression": "rate(4 hours)"})
        rotated(secret)
        self.assertEqual(next(t for step, t in cloud.steps(secret) if step == "finishSecret"), token)
        store.cancel_rotate_secret(SecretId=secret)


class Pace(unittest.TestCase):
    def test_rotations_above_the_rate_are_throttled_until_the_second_is_over(self):
        """https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html"""
        process, endpoint = cloud.start("--rotations-per-second", "5")
        self.addCleanup(cloud.stop, process)
        client = cloud.connect(endpoint, "secretsmanager")
        secret = client.create_secret(Name="paced", SecretString="x")["ARN"]

        def codes(call, times, **parameters):
            return [failed_to(call, SecretId=secret, **parameters) for _ in range(times)]
        began = time.monotonic()
        found = codes(client.rotate_secret, 4)  # which have no function, but were let in
        client.cancel_rotate_secret(SecretId=secret)
        found += codes(client.rotate_secret, 3) + codes(client.cancel_rotate_secret, 1)
        self.assertLess(time.monotonic() - began, 0.9)
        self.assertEqual(found, ["InvalidRequestException"] * 4 + ["ThrottlingException"] * 4)
        self.assertEqual(client.describe_secret(SecretId=secret)["ARN"], secret)  # has a rate of its own
        time.sleep(1)
        self.assertEqual(codes(client.rotate_secret, 6), ["InvalidRequestException"] * 5 + ["ThrottlingException"])


class OpenToAnswers(unittest.TestCase):
    """What AWS leaves open, and an option decides."""

    def elsewhere(self, *options):
        """A local cloud with these options, and the rotation function and an example secret in it."""
        process, endpoint = cloud.start(*options)
        self.addCleanup(cloud.stop, process)
        room = tempfile.TemporaryDirectory()
        self.addCleanup(room.cleanup)
        done = cloud.deploy(endpoint, str(cloud.HERE / "templates/root.yaml"), "--stack", "checks", "--json",
                            "--binary", f"rotator={cloud.bootstrap('rotator')}", "--parameter", f"Room={room.name}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return endpoint, json.loads(done.stdout), pathlib.Path(room.name)

    def test_the_token_of_an_open_rotation_can_be_refused(self):
        """API_RotateSecret: while AWSPENDING is open, "any later invocation of RotateSecret" returns an error."""
        endpoint, stack, _ = self.elsewhere("--same-token", "refused", "--rotation-attempts", "1")
        client, token = cloud.connect(endpoint, "secretsmanager"), str(uuid.uuid4())
        secret = client.create_secret(Name="open", SecretString="x")["ARN"]
        rotate = {"SecretId": secret, "RotationLambdaARN": stack["FunctionArn"], "ClientRequestToken": token,
                  "RotationRules": {"AutomaticallyAfterDays": 30}}
        client.rotate_secret(**rotate)
        self.assertEqual(failed_to(client.rotate_secret, **rotate), "InvalidRequestException")
        cloud.until("it is current", lambda: "AWSCURRENT" in client.describe_secret(
            SecretId=secret)["VersionIdsToStages"].get(token, []) and client.describe_secret(
                SecretId=secret).get("LastRotatedDate"))
        self.assertEqual(client.rotate_secret(**rotate)["VersionId"], token)

    def test_the_version_of_a_trial_can_hold_the_current_value(self):
        room = self.elsewhere("--trial-version", "current")[2]  # whose schedule does not rotate at once
        log = room / "events.jsonl"
        cloud.until("the trial", log.exists)
        self.assertEqual([(e["Step"], e["Readable"]) for e in map(json.loads, log.read_text().splitlines())],
                         [("testSecret", True)])


def _running(secret):
    """Whether steps still come in for a secret."""
    before = len(cloud.steps(secret))
    time.sleep(0.5)
    return len(cloud.steps(secret)) != before


if __name__ == "__main__":
    unittest.main()
