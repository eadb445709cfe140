"""dynamodb:LeadingKeys, with --iam: a policy that is limited to some partition keys of a table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""
import unittest
import uuid

import cloud
from cloud import failed_to

DENIED = "AccessDeniedException"
ACTIONS = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "BatchGetItem", "BatchWriteItem",
           "ConditionCheckItem", "Scan")


def key(pk, sk="META"):
    return {"pk": {"S": pk}, "sk": {"S": sk}}


class LeadingKeys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table = f"checks-{uuid.uuid4().hex[:8]}"
        root = cloud.client("dynamodb")
        root.create_table(
            TableName=cls.table, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "list")],
            GlobalSecondaryIndexes=[{"IndexName": "by-list", "Projection": {"ProjectionType": "ALL"},
                                     "KeySchema": [{"AttributeName": "list", "KeyType": "HASH"}]}])
        root.put_item(TableName=cls.table, Item={**key("ACTOR#a"), "list": {"S": "ACTORS"}})
        root.put_item(TableName=cls.table, Item={**key("SECRET#s"), "list": {"S": "SECRETS"}})
        arn = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{cls.table}"
        statement = {"Action": [f"dynamodb:{action}" for action in ACTIONS], "Resource": [arn, f"{arn}/index/*"],
                     "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["ACTOR#*", "ACTORS"]}}}
        cls.limited = cloud.connect(cloud.endpoint(), "dynamodb", *cloud.user(statement)[1])

    def call(self, operation, **parameters):
        return getattr(self.limited, operation)(TableName=self.table, **parameters)

    def both(self, operation, **parameters):
        """Call for an actor, which is allowed, and for a secret, which is not; `parameters` make the rest of a key."""
        self.call(operation, **{name: make("ACTOR#a") for name, make in parameters.items()})
        self.assertEqual(failed_to(self.call, operation=operation,
                                   **{name: make("SECRET#s") for name, make in parameters.items()}), DENIED)

    def test_an_item_is_reached_by_its_partition_key(self):
        self.both("get_item", Key=key)
        self.both("put_item", Item=lambda pk: {**key(pk), "list": {"S": "ACTORS"}})
        self.both("update_item", Key=key)
        self.both("delete_item", Key=lambda pk: key(pk, "OTHER"))

    def test_a_query_is_held_to_the_partition_key_it_asks_for(self):
        for expression in ("pk = :pk", "#p=:pk AND begins_with(sk, :sk)", "(#p = :pk) and (sk = :sk)"):
            names = {"ExpressionAttributeNames": lambda pk: {"#p": "pk"}} if "#p" in expression else {}
            with self.subTest(expression):
                self.both("query", KeyConditionExpression=lambda pk: expression, **names,
                          ExpressionAttributeValues=lambda pk: {":pk": {"S": pk}, **(
                              {":sk": {"S": "META"}} if ":sk" in expression else {})})
        self.both("query", KeyConditions=lambda pk: {
            "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": pk}]}})

    def test_a_query_of_an_index_is_held_to_the_index_own_partition_key(self):
        def query(value):
            return self.call("query", IndexName="by-list", KeyConditionExpression="#l = :l",
                             ExpressionAttributeNames={"#l": "list"}, ExpressionAttributeValues={":l": {"S": value}})
        self.assertEqual([item["pk"]["S"] for item in query("ACTORS")["Items"]], ["ACTOR#a"])
        self.assertEqual(failed_to(query, value="SECRETS"), DENIED)

    def test_every_item_of_a_batch_counts(self):
        def get(*keys):
            return self.limited.batch_get_item(RequestItems={self.table: {"Keys": [key(pk) for pk in keys]}})

        def write(*keys):
            return self.limited.batch_write_item(RequestItems={self.table: [
                {"PutRequest": {"Item": key(keys[0], "BATCH")}}, *({"DeleteRequest": {"Key": key(pk, "BATCH")}}
                                                                   for pk in keys[1:])]})
        for call in (get, write):
            call("ACTOR#a", "ACTOR#b")
            for keys in (("ACTOR#a", "SECRET#s"), ("SECRET#s", "ACTOR#a")):
                with self.assertRaises(self.limited.exceptions.ClientError) as refusal:
                    call(*keys)
                self.assertEqual(refusal.exception.response["Error"]["Code"], DENIED)

    def test_every_item_of_a_transaction_counts(self):
        def transact(*items):
            return self.limited.transact_write_items(TransactItems=[
                {kind: {"TableName": self.table, **what}} for kind, what in items])

        def put(pk):
            return "Put", {"Item": key(pk, "T")}
        there = {"ConditionExpression": "attribute_exists(pk)"}
        transact(put("ACTOR#t"), ("ConditionCheck", {"Key": key("ACTOR#a"), **there}), ("Delete", {"Key": key("ACTOR#u")}))
        secret = key("SECRET#s")
        update = {"Key": secret, "UpdateExpression": "SET x = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}
        for foreign in (put("SECRET#s"), ("Update", update), ("Delete", {"Key": secret}),
                        ("ConditionCheck", {"Key": secret, **there})):
            for items in ((put("ACTOR#t"), foreign), (foreign, put("ACTOR#t"))):
                with self.assertRaises(self.limited.exceptions.ClientError) as refusal:
                    transact(*items)
                self.assertEqual(refusal.exception.response["Error"]["Code"], DENIED)
        self.assertNotIn("x", cloud.client("dynamodb").get_item(TableName=self.table, Key=secret)["Item"])

    def test_any_value_is_asked_of_each_item_of_a_transaction(self):
        statement = {"Action": "dynamodb:PutItem",
                     "Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": "ACTOR#*"}}}
        limited = cloud.connect(cloud.endpoint(), "dynamodb", *cloud.user(statement)[1])
        items = [{"Put": {"TableName": self.table, "Item": key(pk, "ANY")}} for pk in ("ACTOR#a", "SECRET#s")]
        limited.transact_write_items(TransactItems=items[:1])
        self.assertEqual(failed_to(limited.transact_write_items, TransactItems=items), DENIED)

    def test_a_scan_names_no_key_so_for_all_values_does_not_hold_it(self):
        self.assertTrue(self.call("scan")["Items"])


if __name__ == "__main__":
    unittest.main()
