"""IAM: dynamodb:LeadingKeys, the partition keys of the items that a request names.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
A Scan names none, so `ForAllValues` lets it pass, here as on AWS: a policy limited by it must not allow dynamodb:Scan.
"""
from ministack.core.iam_actions import _DYNAMODB_TRANSACT_ITEM_ACTIONS as MEMBERS
from ministack.services import dynamodb as ddb


def _value(attribute):
    return next((str(value) for kind, value in attribute.items() if kind in ("S", "N", "B")), None) \
        if isinstance(attribute, dict) else None


def _items(asked, table_name):
    """The items, or their keys, that a request for one table or for several names in this table."""
    for part in ("Key", "Item"):
        yield asked.get(part)
    batch = next((batch for name, batch in (asked.get("RequestItems") or {}).items()
                  if ddb._normalize_table_name(name) == table_name), {})
    if isinstance(batch, dict):
        yield from batch.get("Keys") or []
    else:
        for one in batch:
            yield (one.get("PutRequest") or {}).get("Item") or (one.get("DeleteRequest") or {}).get("Key")


def _queried(asked, table):
    """The partition key, of the table or of the index, that a Query is for."""
    name = ddb._resolve_index_keys(table, asked.get("IndexName"))[0]
    if conditions := asked.get("KeyConditions"):
        return ddb._extract_pk_from_key_conditions(conditions, name)
    return ddb._extract_pk_from_condition(asked.get("KeyConditionExpression"), asked.get("ExpressionAttributeValues") or {},
                                          asked.get("ExpressionAttributeNames") or {}, name)


def in_turn(asked):
    """What a transaction does with each item, in the order in which MiniStack asks for the permissions."""
    return [item[member] for item in asked.get("TransactItems") or [] if isinstance(item, dict)
            for member in MEMBERS if isinstance(item.get(member), dict) and item[member].get("TableName")]


def of(asked, table_arn):
    """dynamodb:LeadingKeys of a request, or of one item of a transaction, for this table; nothing when it names none."""
    name = table_arn.partition(":table/")[2].partition("/")[0]
    table = ddb._tables.get(name)
    if not table:
        return {}
    values = [_value(item.get(table["pk_name"])) for item in _items(asked, name) if isinstance(item, dict)]
    if "KeyConditionExpression" in asked or "KeyConditions" in asked:
        values.append(_queried(asked, table))
    found = sorted({value for value in values if value is not None})
    return {"dynamodb:LeadingKeys": found} if found else {}
