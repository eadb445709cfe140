"""DynamoDB: what a read costs, and what a template says of a table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
MiniStack counts one read unit however much is read, and drops a table's TTL, backups, encryption and protection.
"""
import contextvars
import json
import math

from ministack.core.responses import error_response_json as error
from ministack.core.responses import json_response as ok
from ministack.services import dynamodb as ddb
from ministack.services.cloudformation import provisioners as cfn

BLOCK = 4096  # bytes in a read unit

_evaluated = contextvars.ContextVar("bytes that a Query or Scan has looked at", default=0)
_original = {}


# What a read costs

def _blocks(size):
    return max(1, math.ceil(size / BLOCK))


def _item_blocks(table, key):
    return _blocks(ddb._item_size_bytes(ddb._get_item_by_key(table, key) or {}))


def _paginate_evaluated_items(items, limit, table, index_name=None):
    """Remember how much was looked at: what a filter or a projection leaves out is paid for too."""
    page, more = _original["page"](items, limit, table, index_name)
    _evaluated.set(sum(ddb._item_size_bytes(ddb._apply_index_projection(item, table, index_name) if index_name else item)
                       for item in page))
    return page, more


def _times(capacity, factor):
    return {name: _times(value, factor) if isinstance(value, dict) else value * factor if name == "CapacityUnits" else value
            for name, value in capacity.items()}


def _add_consumed_capacity(result, data, table_name, write=False, old_item=None, new_item=None, index_name=None):
    _original["capacity"](result, data, table_name, write, old_item, new_item, index_name)
    if write or "ConsumedCapacity" not in result:
        return
    table = ddb._tables.get(table_name)
    blocks = _item_blocks(table, data["Key"]) if "Key" in data else _blocks(_evaluated.get())
    result["ConsumedCapacity"] = _times(result["ConsumedCapacity"], blocks)


def _batch_get_item(data):
    """Also the items in no particular order, and no batch for a table that does not exist."""
    asked = {ddb._normalize_table_name(name): spec for name, spec in (data.get("RequestItems") or {}).items()}
    if any(name not in ddb._tables for name in asked):
        return error("ResourceNotFoundException", "Requested resource not found", 400)
    response = _original["batch"](data)
    if response[0] != 200:
        return response
    answer = json.loads(response[2])
    answer["Responses"] = {name: items[::-1] for name, items in answer["Responses"].items()}
    if data.get("ReturnConsumedCapacity", "NONE") != "NONE":
        answer["ConsumedCapacity"] = [
            {"TableName": name, "CapacityUnits": sum((1 if spec.get("ConsistentRead") else 0.5)
                                                     * _item_blocks(ddb._tables[name], key) for key in spec["Keys"])}
            for name, spec in asked.items()]
    return ok(answer)


def _query(data):
    """An index gives what is projected into it and never fetches the rest."""
    table = ddb._tables.get(ddb._normalize_table_name(data.get("TableName"))) or {}
    index = next((i for i in table.get("GlobalSecondaryIndexes") or [] if i["IndexName"] == data.get("IndexName")), None)
    if index and data.get("Select") == "ALL_ATTRIBUTES" and index["Projection"]["ProjectionType"] != "ALL":
        return error("ValidationException", "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not "
                     f"supported for global secondary index {index['IndexName']} because its projection type is not ALL", 400)
    return _original["query"](data)


def _transact_get_items(data):
    response = _original["transact"](data)
    answer = json.loads(response[2])
    if response[0] != 200 or "ConsumedCapacity" not in answer:
        return response
    for entry in answer["ConsumedCapacity"]:
        name = ddb._normalize_table_name(entry["TableName"])
        units = sum(2.0 * _item_blocks(ddb._tables[name], one["Get"]["Key"]) for one in data["TransactItems"]
                    if ddb._normalize_table_name(one["Get"]["TableName"]) == name)
        entry.update(CapacityUnits=units, ReadCapacityUnits=units)
    return ok(answer)


# In templates

def _true(value):
    return str(value).lower() == "true"


def _settle(name, props):
    """What MiniStack drops: each property as the API call would set it, absent ones as their defaults."""
    table = ddb._tables[name]
    sse = props.get("SSESpecification") or {}
    table["SSEDescription"] = ddb._sse_description_from_spec({
        "Enabled": _true(sse["SSEEnabled"]), **{k: v for k, v in sse.items() if k != "SSEEnabled"}}) if sse else None
    table["DeletionProtectionEnabled"] = _true(props.get("DeletionProtectionEnabled", False))
    if props.get("BillingMode") == "PAY_PER_REQUEST":
        table["ProvisionedThroughput"] = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    recovery = (props.get("PointInTimeRecoverySpecification") or {}).get("PointInTimeRecoveryEnabled", False)
    ddb._update_continuous_backups({"TableName": name, "PointInTimeRecoverySpecification": {
        "PointInTimeRecoveryEnabled": _true(recovery)}})
    if ttl := props.get("TimeToLiveSpecification"):
        ddb._update_ttl({"TableName": name, "TimeToLiveSpecification": {
            "AttributeName": ttl["AttributeName"], "Enabled": _true(ttl.get("Enabled", True))}})
    else:
        ddb._ttl_settings.pop(name, None)


def _deploy(logical_id, props, stack):
    name = props.get("TableName")
    if name and name in ddb._tables:
        raise ValueError(f"Resource of type 'AWS::DynamoDB::Table' with identifier '{name}' already exists.")
    made = _original["deploy"](logical_id, props, stack)
    _settle(made[0], props)
    return made


def _redeploy(physical_id, old, new, stack, logical_id=None):
    told = {"SSESpecification", "DeletionProtectionEnabled"}  # set below, by their names in a template
    kept = [{k: v for k, v in props.items() if k not in told} for props in (old, new)]
    made = _original["redeploy"](physical_id, *kept, stack, logical_id)
    _settle(made[0], new)
    return made


def _remove(physical_id, props):
    if (ddb._tables.get(physical_id) or {}).get("DeletionProtectionEnabled"):
        raise ValueError(f"Resource cannot be deleted as it is currently protected against deletion: {physical_id}")
    _original["remove"](physical_id, props)


def install():
    from replace import Unknown, replace
    handlers = cfn._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    if not handlers.get("update_with_logical_id"):
        raise Unknown("local cloud: AWS::DynamoDB::Table is updated in another way now")
    _original.update(
        page=replace(ddb, "_paginate_evaluated_items", _paginate_evaluated_items),
        capacity=replace(ddb, "_add_consumed_capacity", _add_consumed_capacity),
        batch=replace(ddb, "_batch_get_item", _batch_get_item),
        transact=replace(ddb, "_transact_get_items", _transact_get_items),
        query=replace(ddb, "_query", _query),
        deploy=handlers["create"], redeploy=handlers["update"], remove=handlers["delete"])
    handlers.update(create=_deploy, update=_redeploy, delete=_remove)
