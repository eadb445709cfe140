"""Rules and schedules that fire by the clock, here a hundred and twenty times as fast."""
import json
import time
import unittest
from datetime import datetime

import cloud


def given(by):
    return [event for event in cloud.events_given() if event.get("by") == by]


class Recurring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.deploy()

    @classmethod
    def tearDownClass(cls):
        cloud.deploy(cloud.endpoint(), "--stack", "recurring", "--delete")

    @classmethod
    def deploy(cls, state="ENABLED"):
        return cloud.deployed("recurring", "recurring", "--parameter", f"State={state}",
                              "--parameter", f"FunctionArn={cloud.jobs()['FunctionArn']}")

    def test_a_rule_with_a_rate_fires_again_and_again_with_its_input(self):
        before, since = len(given("rule")), time.time()
        cloud.until("it fires three times", lambda: len(given("rule")) >= before + 3)
        self.assertGreater(time.time() - since, 0.5)
        self.assertEqual(given("rule")[-1], {"by": "rule"})

    def test_a_schedule_with_a_rate_fires_with_its_context_attributes(self):
        cloud.until("it fires twice", lambda: len(given("schedule")) >= 2)
        first, second = (datetime.fromisoformat(event["at"]).timestamp() for event in given("schedule")[-2:])
        self.assertLess(second - first, 3)
        self.assertLess(abs(time.time() - second), 5)

    def test_a_schedule_whose_target_is_gone_parks_its_input(self):
        messages = cloud.until("it is parked", lambda: cloud.messages(self.stack["DeadUrl"]))
        self.assertEqual(json.loads(messages[0]["Body"]), {"by": "cron"})
        self.assertEqual(messages[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"], "AccessDeniedException")

    def test_a_schedule_whose_role_may_not_invoke_does_not(self):
        iam, role = cloud.client("iam"), self.stack["RoleName"]
        kept = iam.get_role_policy(RoleName=role, PolicyName="invoke")["PolicyDocument"]
        less = {"Version": "2012-10-17", "Statement": kept["Statement"][1:]}
        iam.put_role_policy(RoleName=role, PolicyName="invoke", PolicyDocument=json.dumps(less))
        try:
            cloud.until("it is parked", lambda: [
                m for m in cloud.messages(self.stack["DeadUrl"]) if json.loads(m["Body"])["by"] == "schedule"])
        finally:
            iam.put_role_policy(RoleName=role, PolicyName="invoke", PolicyDocument=json.dumps(kept))

    def test_what_is_disabled_does_not_fire(self):
        self.addCleanup(self.deploy)
        self.deploy("DISABLED")
        time.sleep(0.3)
        before = len(given("rule")), len(given("schedule"))
        time.sleep(1)
        self.assertEqual((len(given("rule")), len(given("schedule"))), before)


class Timetable(unittest.TestCase):
    def test_on_a_fast_clock_the_hours_come_in_their_order(self):
        fires = cloud.ours("""
import json, sys, timetable
timetable._origin, moment, fires = 1_800_000_000.0, 1_800_000_000.0, []  # 2027-01-15T08:00:00Z
for expression in json.load(sys.stdin):
    moment, found = 1_800_000_000.0, []
    for _ in range(3):
        moment = timetable.next_fire(expression, moment, 3600)
        found.append(round(moment - 1_800_000_000, 3))
    fires.append(found)
print(json.dumps(fires))""", ["rate(2 hours)", "cron(30 * * * ? *)", "cron(0 6 * * ? *)"])
        self.assertEqual(fires, [[2, 4, 6], [0.5, 1.5, 2.5], [22, 46, 70]])


if __name__ == "__main__":
    unittest.main()
