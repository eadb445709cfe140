"""DynamoDB: tables from a template, conditions, transactions, queries, what they cost, and who may use them."""
import functools
import json
import unittest
import uuid

import cloud
from cloud import failed_to

db = cloud.client("dynamodb")


@functools.cache
def table():
    return cloud.deployed("table", "registry")["Name"]


def key(pk, sk="META"):
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def put(pk, sk="META", size=0, **attributes):
    """Keep an item; with `size` it is exactly that many bytes big, by DynamoDB's count."""
    item = {**key(pk, sk), **attributes}
    if size:
        item["fill"] = {"S": "x" * (size - len(f"pk{pk}sk{sk}fill"))}
    db.put_item(TableName=table(), Item=item)
    return item


def got(pk, sk="META", **more):
    return db.get_item(TableName=table(), Key=key(pk, sk), **more).get("Item")


def cost(call, **request):
    """What a call says it has consumed, added up."""
    consumed = call(ReturnConsumedCapacity="TOTAL", **request)["ConsumedCapacity"]
    return sum(one["CapacityUnits"] for one in (consumed if isinstance(consumed, list) else [consumed]))


def unique():
    return f"SECRET#{uuid.uuid4().hex}"


class Templates(unittest.TestCase):
    def test_a_table_has_what_its_template_declares(self):
        described = db.describe_table(TableName=table())["Table"]
        self.assertEqual((described["TableStatus"], described["BillingModeSummary"]["BillingMode"],
                          described["DeletionProtectionEnabled"], described["SSEDescription"]["Status"]),
                         ("ACTIVE", "PAY_PER_REQUEST", True, "ENABLED"))
        ttl = db.describe_time_to_live(TableName=table())["TimeToLiveDescription"]
        self.assertEqual(ttl, {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"})
        backups = db.describe_continuous_backups(TableName=table())["ContinuousBackupsDescription"]
        self.assertEqual(backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "ENABLED")

    def test_a_protected_table_outlives_its_stack_until_the_protection_is_taken_away(self):
        def deployed(protected, policy="a"):
            return cloud.deployed("table", "protected", "--parameter", f"Protected={protected}",
                                  "--parameter", f"Policy={policy}")["Name"]
        name = deployed("true")
        deployed("true", "b")  # an update keeps it
        self.assertEqual(failed_to(db.delete_table, TableName=name), "ValidationException")
        self.assertEqual(cloud.deploy(cloud.endpoint(), "--stack", "protected", "--delete").returncode, 1)
        self.assertTrue(db.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"])
        db.update_table(TableName=name, DeletionProtectionEnabled=False)
        self.assertEqual(cloud.deploy(cloud.endpoint(), "--stack", "protected", "--delete").returncode, 0)
        self.assertEqual(failed_to(db.describe_table, TableName=name), "ResourceNotFoundException")


class Updates(unittest.TestCase):
    def update(self, pk, **more):
        names = {"#k": "retire"} if "#k" in json.dumps(more) else {}
        return db.update_item(TableName=table(), Key=key(pk), **more,
                              **({"ExpressionAttributeNames": names} if names else {}))

    def test_an_entry_of_a_map_is_set_and_removed_on_conditions(self):
        pk = unique()
        put(pk, deadlines={"M": {}})
        at = {":t": {"N": "1800000000"}}
        self.update(pk, UpdateExpression="SET deadlines.#k = :t", ExpressionAttributeValues=at,
                    ConditionExpression="attribute_not_exists(deadlines.#k)")
        self.assertEqual(got(pk)["deadlines"], {"M": {"retire": at[":t"]}})
        for refused in ({"UpdateExpression": "SET deadlines.#k = :t", "ExpressionAttributeValues": at,
                         "ConditionExpression": "attribute_not_exists(deadlines.#k)"},
                        {"UpdateExpression": "REMOVE deadlines.#k", "ExpressionAttributeValues": {":t": {"N": "1"}},
                         "ConditionExpression": "deadlines.#k = :t"}):
            self.assertEqual(failed_to(self.update, pk=pk, **refused), "ConditionalCheckFailedException")
        self.update(pk, UpdateExpression="REMOVE deadlines.#k", ExpressionAttributeValues=at,
                    ConditionExpression="deadlines.#k = :t")
        self.assertEqual(got(pk)["deadlines"], {"M": {}})
        self.update(pk, UpdateExpression="REMOVE deadlines.#k")  # what is not there is removed without a complaint

    def test_an_entry_of_a_map_that_is_not_there_cannot_be_set(self):
        pk = unique()
        put(pk)
        self.assertEqual(failed_to(self.update, pk=pk, UpdateExpression="SET deadlines.#k = :t",
                                   ExpressionAttributeValues={":t": {"N": "1"}}), "ValidationException")

    def test_a_failed_condition_can_say_what_is_there(self):
        pk = unique()
        item = put(pk, version={"N": "3"})
        with self.assertRaises(db.exceptions.ConditionalCheckFailedException) as failed:
            db.put_item(TableName=table(), Item=key(pk), ConditionExpression="attribute_not_exists(pk)",
                        ReturnValuesOnConditionCheckFailure="ALL_OLD")
        self.assertEqual(failed.exception.response["Item"], item)


class Transactions(unittest.TestCase):
    def operations(self, pk):
        return [
            {"ConditionCheck": {"TableName": table(), "Key": key(pk), "ConditionExpression": "version = :v",
                                "ExpressionAttributeValues": {":v": {"N": "1"}}}},
            {"Put": {"TableName": table(), "Item": key(pk, "NEW"), "ConditionExpression": "attribute_not_exists(pk)"}},
            {"Update": {"TableName": table(), "Key": key(pk, "COUNT"), "UpdateExpression": "ADD n :one",
                        "ConditionExpression": "n < :max",
                        "ExpressionAttributeValues": {":one": {"N": "1"}, ":max": {"N": "5"}}}},
            {"Delete": {"TableName": table(), "Key": key(pk, "OLD"), "ConditionExpression": "attribute_exists(pk)"}}]

    def test_all_conditions_hold_or_nothing_happens(self):
        pk = unique()
        put(pk, version={"N": "1"})
        put(pk, "COUNT", n={"N": "4"})
        put(pk, "OLD")
        db.transact_write_items(TransactItems=self.operations(pk))
        self.assertIsNotNone(got(pk, "NEW"))
        self.assertIsNone(got(pk, "OLD"))
        self.assertEqual(got(pk, "COUNT")["n"], {"N": "5"})
        with self.assertRaises(db.exceptions.TransactionCanceledException) as cancelled:
            db.transact_write_items(TransactItems=self.operations(pk))
        self.assertEqual([reason["Code"] for reason in cancelled.exception.response["CancellationReasons"]],
                         ["None"] + ["ConditionalCheckFailed"] * 3)
        self.assertIn("[None, ConditionalCheckFailed, ConditionalCheckFailed, ConditionalCheckFailed]",
                      cancelled.exception.response["Error"]["Message"])
        self.assertEqual(got(pk, "COUNT")["n"], {"N": "5"})

    def test_a_reason_can_hold_the_item_that_stood_in_the_way(self):
        pk = unique()
        item = put(pk, version={"N": "2"})
        check = self.operations(pk)[0]
        check["ConditionCheck"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        with self.assertRaises(db.exceptions.TransactionCanceledException) as cancelled:
            db.transact_write_items(TransactItems=[check])
        self.assertEqual(cancelled.exception.response["CancellationReasons"][0]["Item"], item)

    def test_an_item_is_in_a_transaction_once(self):
        pk = unique()
        twice = [{"Put": {"TableName": table(), "Item": key(pk)}}, {"Delete": {"TableName": table(), "Key": key(pk)}}]
        self.assertEqual(failed_to(db.transact_write_items, TransactItems=twice), "ValidationException")
        self.assertEqual(failed_to(db.transact_write_items, TransactItems=[
            {"Put": {"TableName": table(), "Item": key(pk, str(n))}} for n in range(101)]), "ValidationException")

    def test_the_same_token_again_changes_nothing(self):
        pk, token = unique(), str(uuid.uuid4())
        put(pk, "COUNT", n={"N": "0"})
        for _ in range(2):
            db.transact_write_items(TransactItems=[self.operations(pk)[2]], ClientRequestToken=token)
        self.assertEqual(got(pk, "COUNT")["n"], {"N": "1"})


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pk = unique()
        for n in range(9):
            put(cls.pk, f"VERSION#{n}", n={"N": str(n)}, map={"M": {"a": {"S": "x"}, "b": {"S": "y"}}})
        put(cls.pk)

    def query(self, condition, values=None, **more):
        return db.query(TableName=table(), KeyConditionExpression=f"pk = :pk{condition}", **more,
                        ExpressionAttributeValues={":pk": {"S": self.pk}, **{k: {"S": v} for k, v in (values or {}).items()}})

    def keys(self, answer):
        return [item["sk"]["S"] for item in answer["Items"]]

    def test_the_sort_key_is_matched_by_prefix_and_by_range(self):
        self.assertEqual(self.keys(self.query("")), ["META"] + [f"VERSION#{n}" for n in range(9)])
        self.assertEqual(len(self.keys(self.query(" AND begins_with(sk, :p)", {":p": "VERSION#"}))), 9)
        between = self.query(" AND sk BETWEEN :a AND :b", {":a": "VERSION#2", ":b": "VERSION#4"}, ScanIndexForward=False)
        self.assertEqual(self.keys(between), ["VERSION#4", "VERSION#3", "VERSION#2"])

    def test_pages_end_at_the_limit_and_hold_everything_once(self):
        found, more = [], {}
        while True:
            page = self.query(" AND begins_with(sk, :p)", {":p": "VERSION#"}, Limit=3, **more)
            found += self.keys(page)
            if "LastEvaluatedKey" not in page:
                break
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        self.assertEqual(found, [f"VERSION#{n}" for n in range(9)])
        self.assertEqual(page["Items"], [])  # the limit was met exactly, and DynamoDB does not look ahead

    def test_a_filter_leaves_out_after_the_limit_has_counted(self):
        page = db.query(TableName=table(), KeyConditionExpression="pk = :pk", FilterExpression="n > :n", Limit=4,
                        ExpressionAttributeValues={":pk": {"S": self.pk}, ":n": {"N": "1"}})
        self.assertEqual((page["Count"], page["ScannedCount"]), (1, 4))

    def test_a_projection_shows_what_it_names(self):
        item = self.query(" AND sk = :sk", {":sk": "VERSION#0"}, ProjectionExpression="sk, #m.a",
                          ExpressionAttributeNames={"#m": "map"})["Items"][0]
        self.assertEqual(item, {"sk": {"S": "VERSION#0"}, "map": {"M": {"a": {"S": "x"}}}})

    def test_a_batch_of_reads_finds_what_is_there(self):
        asked = {table(): {"Keys": [key(self.pk), key(self.pk, "gone"), key(self.pk, "VERSION#0")], "ConsistentRead": True}}
        found = db.batch_get_item(RequestItems=asked)
        self.assertEqual({item["sk"]["S"] for item in found["Responses"][table()]}, {"META", "VERSION#0"})
        self.assertEqual(found["UnprocessedKeys"], {})
        self.assertEqual(failed_to(db.batch_get_item, RequestItems={"gone": {"Keys": [key("a")]}}),
                         "ResourceNotFoundException")
        self.assertEqual(failed_to(db.batch_get_item, RequestItems={table(): {"Keys": [key("a"), key("a")]}}),
                         "ValidationException")


class Cost(unittest.TestCase):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html"""

    def read(self, call=db.get_item, **more):
        return cost(call, TableName=table(), **more)

    def test_an_item_is_read_in_blocks_of_4_kb(self):
        pk = unique()
        for sk, size, units in (("a", 0, 1), ("b", 4096, 1), ("c", 4097, 2), ("d", 20_000, 5)):
            put(pk, sk, size)
            self.assertEqual(self.read(Key=key(pk, sk), ConsistentRead=True), units)
            self.assertEqual(self.read(Key=key(pk, sk)), units / 2)
            self.assertEqual(self.read(Key=key(pk, sk), ProjectionExpression="sk"), units / 2)
            self.assertEqual(cost(db.transact_get_items, TransactItems=[
                {"Get": {"TableName": table(), "Key": key(pk, sk)}}]), units * 2)
        self.assertEqual(self.read(Key=key(pk, "gone")), 0.5)
        both = {table(): {"Keys": [key(pk, "c"), key(pk, "d")]}}
        self.assertEqual(cost(db.batch_get_item, RequestItems=both), 3.5)  # each item by itself

    def test_a_query_adds_up_what_it_looks_at_before_it_rounds(self):
        pk = unique()
        ask = {"call": db.query, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": pk}}}
        self.assertEqual(self.read(**ask), 0.5)
        for n in range(10):
            put(pk, str(n), 1000)
        self.assertEqual(self.read(**ask), 1.5)  # 10,000 bytes
        self.assertEqual(self.read(**ask, ConsistentRead=True), 3)
        self.assertEqual(self.read(**ask, Limit=4), 0.5)
        self.assertEqual(self.read(**ask, Select="COUNT"), 1.5)
        filtered = {**ask, "FilterExpression": "sk2 = :sk", "ExpressionAttributeValues": {":pk": {"S": pk}, ":sk": {"S": ""}}}
        self.assertEqual(self.read(**filtered), 1.5)

    def test_a_write_costs_a_unit_a_kb_of_the_larger_item_and_twice_in_a_transaction(self):
        pk = unique()
        item = put(pk, size=2500)
        self.assertEqual(cost(db.put_item, TableName=table(), Item=item), 3)
        self.assertEqual(cost(db.put_item, TableName=table(), Item=key(pk)), 3)  # what was there counts
        self.assertEqual(cost(db.put_item, TableName=table(), Item=key(pk)), 1)
        self.assertEqual(cost(db.delete_item, TableName=table(), Key=key(pk)), 1)
        self.assertEqual(cost(db.transact_write_items, TransactItems=[
            {"Put": {"TableName": table(), "Item": item}}, {"Put": {"TableName": table(), "Item": key(pk, "2")}}]), 8)


class Permissions(unittest.TestCase):
    def test_a_policy_on_one_table_allows_that_table(self):
        arn = cloud.deployed("table", "registry")["Arn"]
        _, user = cloud.user({"Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:BatchGetItem"], "Resource": arn})
        mine = cloud.connect(cloud.endpoint(), "dynamodb", *user)
        mine.put_item(TableName=table(), Item=key("mine"))
        self.assertTrue(mine.get_item(TableName=table(), Key=key("mine"))["Item"])
        other = f"other-{uuid.uuid4().hex[:8]}"
        db.create_table(TableName=other, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
        for call, request in ((mine.get_item, {"TableName": other, "Key": {"pk": {"S": "a"}}}),
                              (mine.query, {"TableName": table(), "KeyConditionExpression": "pk = :p",
                                            "ExpressionAttributeValues": {":p": {"S": "a"}}}),
                              (mine.batch_get_item, {"RequestItems": {table(): {"Keys": [key("a")]},
                                                                      other: {"Keys": [{"pk": {"S": "a"}}]}}}),
                              (mine.transact_write_items, {"TransactItems": [
                                  {"Put": {"TableName": table(), "Item": key("a")}},
                                  {"Delete": {"TableName": table(), "Key": key("b")}}]})):
            self.assertEqual(failed_to(call, **request), "AccessDeniedException")

    def test_each_action_of_a_transaction_needs_its_own_permission(self):
        check = {"ConditionCheck": {"TableName": table(), "Key": key("a"), "ConditionExpression": "attribute_not_exists(x)"}}
        write = {"Update": {"TableName": table(), "Key": key("b"), "UpdateExpression": "SET x = :x",
                            "ExpressionAttributeValues": {":x": {"S": "x"}}}}
        for actions, allowed in ((["dynamodb:UpdateItem"], False),
                                 (["dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"], True)):
            mine = cloud.connect(cloud.endpoint(), "dynamodb", *cloud.user({"Action": actions})[1])
            if allowed:
                mine.transact_write_items(TransactItems=[check, write])
            else:
                self.assertEqual(failed_to(mine.transact_write_items, TransactItems=[check, write]), "AccessDeniedException")


if __name__ == "__main__":
    unittest.main()
