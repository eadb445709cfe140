"""Who may send which events to which bus, with --iam.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""
import json
import unittest
import uuid

import cloud

ASKED, OTHER = "greentic.secrets.rotate.requested", "something.else"
DENIED = "AccessDeniedException"


def entry(source="rekey.requester.billing", detail_type=ASKED, bus=None, detail="{}"):
    found = {"Source": source, "DetailType": detail_type, "Detail": detail, "EventBusName": bus}
    return {field: value for field, value in found.items() if value is not None}


def sent(events, *entries):
    """The code with which a call ends, or how many entries it refused."""
    try:
        return events.put_events(Entries=list(entries))["FailedEntryCount"]
    except events.exceptions.ClientError as problem:
        return problem.response["Error"]["Code"]


def caller(*conditions, effect="Allow"):
    """A client of a user who may put events under each of these conditions (all of them, without any)."""
    statements = [{"Action": "events:PutEvents", "Condition": condition} for condition in conditions]
    if effect == "Deny" or not statements:
        statements = [{"Action": "events:PutEvents"}] + [{**s, "Effect": "Deny"} for s in statements]
    return cloud.connect(cloud.endpoint(), "events", *cloud.user(*statements)[1])


def role(name, path):
    """A client under a role that may put events."""
    iam = cloud.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(
        {"Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}]}))
    key = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="check")["Credentials"]
    return cloud.connect(cloud.endpoint(), "events", key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])


class Identities(unittest.TestCase):
    def test_a_source_and_a_type_can_be_pinned_together(self):
        events = caller({"StringEquals": {"events:source": "rekey.requester.billing", "events:detail-type": ASKED}})
        self.assertEqual(sent(events, entry()), 0)
        self.assertEqual(sent(events, *[entry()] * 10), 0)  # ten that agree are one value
        self.assertEqual(sent(events, entry(source="rekey.requester.other")), DENIED)
        self.assertEqual(sent(events, entry(detail_type=OTHER)), DENIED)

    def test_one_foreign_entry_among_ten_denies_the_call(self):
        for operator in ("StringEquals", "StringLike", "ForAllValues:StringEquals", "ForAllValues:StringLike"):
            events = caller({operator: {"events:source": "rekey.requester.billing", "events:detail-type": ASKED}})
            with self.subTest(operator):
                self.assertEqual(sent(events, *[entry()] * 9, entry(source="rekey.requester.other")), DENIED)
                self.assertEqual(sent(events, *[entry()] * 9, entry(detail_type=OTHER)), DENIED)

    def test_all_values_may_differ_when_each_is_allowed_and_any_needs_one(self):
        mixed = entry(), entry(source="rekey.requester.other")
        several = ["rekey.requester.billing", "rekey.requester.other"]
        self.assertEqual(sent(caller({"ForAllValues:StringEquals": {"events:source": several}}), *mixed), 0)
        self.assertEqual(sent(caller({"StringEquals": {"events:source": several}}), *mixed), DENIED)
        self.assertEqual(sent(caller({"ForAnyValue:StringEquals": {"events:source": several[0]}}), *mixed), 0)
        self.assertEqual(sent(caller({"ForAnyValue:StringEquals": {"events:source": "else"}}), *mixed), DENIED)

    def test_a_deny_for_any_value_hits_one_entry_among_others(self):
        events = caller({"ForAnyValue:StringNotLike": {"events:source": "rekey.requester.*"}}, effect="Deny")
        self.assertEqual(sent(events, entry(), entry(source="rekey.requester.other")), 0)
        self.assertEqual(sent(events, entry(), entry(source="rekey.rotate")), DENIED)
        events = caller({"ForAnyValue:StringEquals": {"events:source": "rekey.requester.schedule"}}, effect="Deny")
        self.assertEqual(sent(events, entry()), 0)
        self.assertEqual(sent(events, entry(), entry(source="rekey.requester.schedule")), DENIED)

    def test_a_plain_deny_misses_one_entry_among_others(self):
        events = caller({"StringEquals": {"events:source": "rekey.requester.schedule"}}, effect="Deny")
        self.assertEqual(sent(events, entry(source="rekey.requester.schedule")), DENIED)
        self.assertEqual(sent(events, entry(), entry(source="rekey.requester.schedule")), 0)

    def test_a_key_that_is_absent_is_null(self):
        self.assertEqual(sent(caller({"Null": {"events:source": "false"}}), entry()), 0)
        self.assertEqual(sent(caller({"Null": {"events:source": "true"}}), entry()), DENIED)


class Buses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A bus for requests alone, with a schedule that only one role may speak for."""
        cls.name = f"requests-{uuid.uuid4().hex[:8]}"
        cls.sweep = f"{cls.name}-sweep"
        arn = f"arn:aws:iam::123456789012:role/rekey/{cls.sweep}"
        deny = "{Effect: Deny, Principal: '*', Action: events:PutEvents, Resource: !GetAtt Bus.Arn, Condition: %s}"
        conditions = {"OnlyRequests": {"ForAnyValue:StringNotEquals": {"events:detail-type": ASKED}},
                      "OnlyRequesters": {"ForAnyValue:StringNotLike": {"events:source": "rekey.requester.*"}},
                      "OnlySweep": {"ForAnyValue:StringEquals": {"events:source": "rekey.requester.schedule"},
                                    "ArnNotEquals": {"aws:PrincipalArn": arn}}}
        cloud.deploy_text(cls.name, f"Resources:\n  Bus: {{Type: AWS::Events::EventBus, Properties: {{Name: {cls.name}}}}}\n"
                          + "".join(f"  {id}: {{Type: AWS::Events::EventBusPolicy, Properties: {{EventBusName: !Ref Bus, "
                                    f"StatementId: {id}, Statement: {deny % json.dumps(condition)}}}}}\n"
                                    for id, condition in conditions.items()))

    def test_the_bus_takes_its_own_type_from_its_own_sources_alone(self):
        events = caller()
        self.assertEqual(sent(events, entry(bus=self.name)), 0)
        self.assertEqual(sent(events, entry(bus=self.name, detail_type=OTHER)), DENIED)
        self.assertEqual(sent(events, entry(bus=self.name, source="rekey.rotate")), DENIED)
        self.assertEqual(sent(events, entry(bus=self.name), entry(bus=self.name, detail_type=OTHER)), DENIED)

    def test_an_entry_for_another_bus_before_it_hides_nothing(self):
        events = caller()
        arn = f"arn:aws:events:eu-west-1:123456789012:event-bus/{self.name}"
        for bus in (self.name, arn):
            self.assertEqual(sent(events, entry(), entry(bus=bus)), 0)
            self.assertEqual(sent(events, entry(), entry(bus=bus, source="rekey.rotate")), DENIED)
            self.assertEqual(sent(events, entry(source="rekey.rotate"), entry(bus=bus)), 0)

    def test_an_identity_is_held_to_its_source_on_each_bus(self):
        events = caller({"ForAllValues:StringEquals": {"events:source": "rekey.requester.billing"}})
        self.assertEqual(sent(events, entry(), entry(bus=self.name)), 0)
        self.assertEqual(sent(events, entry(), entry(bus=self.name, source="rekey.requester.other")), DENIED)

    def test_only_one_role_speaks_for_the_schedule(self):
        ticket = entry(source="rekey.requester.schedule", bus=self.name)
        self.assertEqual(sent(caller(), ticket), DENIED)
        self.assertEqual(sent(role(f"{self.name}-other", "/rekey/"), ticket), DENIED)
        self.assertEqual(sent(role(self.sweep, "/rekey/"), ticket), 0)

    def test_a_role_of_the_same_name_below_another_path_is_another_role(self):
        name = f"{self.name}-path"
        arn = f"arn:aws:iam::123456789012:role/right/{name}"
        events = role(name, "/wrong/")
        cloud.client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Statement": [
            {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*",
             "Condition": {"ArnEquals": {"aws:PrincipalArn": arn}}}]}))
        self.assertEqual(sent(events, entry()), DENIED)


class Entries(unittest.TestCase):
    def test_an_entry_that_is_not_whole_fails_alone(self):
        """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html"""
        answer = cloud.client("events").put_events(Entries=[
            entry(), entry(source=None), entry(detail_type=None), entry(detail=None), entry(detail="{no json"),
            entry(detail="7"), entry(source="aws.own"), entry()])
        self.assertEqual(answer["FailedEntryCount"], 6)
        self.assertEqual([found.get("ErrorCode") for found in answer["Entries"]],
                         [None, *["InvalidArgument"] * 3, "MalformedDetail", "MalformedDetail",
                          "NotAuthorizedForSourceException", None])
        self.assertTrue(answer["Entries"][0]["EventId"] and answer["Entries"][7]["EventId"])

    def test_more_than_ten_entries_are_refused_whole(self):
        self.assertEqual(sent(cloud.client("events"), *[entry()] * 11), "ValidationException")
        self.assertEqual(sent(cloud.client("events"), *[entry()] * 10, entry(detail="{no json")), "ValidationException")


if __name__ == "__main__":
    unittest.main()
