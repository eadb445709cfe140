"""EventBridge's schema registry, as far as templates use it; there is no API to read it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-eventschemas-schema.html
https://docs.aws.amazon.com/eventbridge/latest/schema-reference/v1-registries-name-registryname-schemas-name-schemaname.html
"""
import copy
import json
import re

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, now_iso
from ministack.services import eventbridge as eb
from ministack.services.cloudformation import provisioners as cfn

LONGEST_CONTENT = 100_000  # characters, by the API's own model
REGISTRY_NAME = re.compile(r"(?!aws\.)[0-9A-Za-z._-]{1,64}")
SCHEMA_NAME = re.compile(r"[0-9A-Za-z._@-]{1,385}")

_registries, _schemas = AccountRegionScopedDict(), AccountRegionScopedDict()  # by ARN
_original = {}


def _arn(kind, name):
    return f"arn:aws:schemas:{get_region()}:{get_account_id()}:{kind}/{name}"


def _checked(what, name, pattern, props):
    if not pattern.fullmatch(name):
        raise ValueError(f"{what}: the name {name!r} is not valid")
    if len(props.get("Description") or "") > 256:
        raise ValueError(f"{what} {name}: the description is longer than 256 characters")


def _content(name, props):
    """The text of a schema, when the service would take it."""
    text, kind = props.get("Content"), props.get("Type")
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST_CONTENT:
        raise ValueError(f"schema {name}: Content is a text of 1 to {LONGEST_CONTENT} characters")
    try:
        read = json.loads(text)
    except ValueError as problem:
        raise ValueError(f"schema {name}: Content is not JSON: {problem}") from None
    said = {"OpenApi3": ("openapi", "3."), "JSONSchemaDraft4": ("$schema", "http://json-schema.org/draft-04/schema")}
    if kind not in said:
        raise ValueError(f"schema {name}: Type is OpenApi3 or JSONSchemaDraft4")
    key, value = said[kind]
    if not isinstance(read, dict) or not str(read.get(key)).startswith(value):
        raise ValueError(f"schema {name}: a schema of type {kind} has {key} {value}...")
    return text


def _make_registry(logical_id, props, stack, before=None):
    name = props.get("RegistryName") or cfn._physical_name(stack, logical_id, max_len=64)
    arn = _arn("registry", name)
    _checked("registry", name, REGISTRY_NAME, props)
    if arn in _registries and arn != before:
        raise ValueError(f"The registry {name} already exists.")
    _registries[arn] = {"Name": name, **props}
    return arn, {"RegistryName": name, "RegistryArn": arn}


def _make_schema(logical_id, props, stack, before=None):
    registry = props.get("RegistryName", "")
    name = props.get("SchemaName") or cfn._physical_name(stack, logical_id, max_len=64)
    arn = _arn("schema", f"{registry}/{name}")
    _checked("schema", name, SCHEMA_NAME, props)
    if _arn("registry", registry) not in _registries:
        raise ValueError(f"schema {name}: there is no registry {registry}")
    if arn in _schemas and arn != before:
        raise ValueError(f"The schema {name} already exists in registry {registry}.")
    kept, wanted = _schemas.get(arn), {"Content": _content(name, props), "Type": props["Type"]}
    if not kept or any(kept[field] != value for field, value in wanted.items()):
        version = int(kept["SchemaVersion"]) + 1 if kept else 1
        wanted.update(SchemaVersion=str(version), VersionCreatedDate=now_iso())
    kept = _schemas[arn] = {**(kept or {}), **wanted, "SchemaName": name, "SchemaArn": arn, "LastModified": now_iso()}
    return arn, {field: kept[field] for field in ("SchemaName", "SchemaArn", "SchemaVersion", "VersionCreatedDate",
                                                  "LastModified")}


def _updated(make, store):
    """An update in place; another name is another resource, and the old one goes."""
    def update(physical_id, old, new, stack, logical_id=None):
        made = make(logical_id, {**new, **_own_name(physical_id, old, new)}, stack, before=physical_id)
        if made[0] != physical_id:
            store.pop(physical_id, None)
        return made
    return update


def _own_name(physical_id, old, new):
    """The name that was made up when the template gave none, then and now."""
    field = "RegistryName" if ":registry/" in physical_id else "SchemaName"
    return {} if field in old or field in new else {field: physical_id.rpartition("/")[2]}


def _get_state():
    return {**_original["state"](), "schema_registries": copy.deepcopy(_registries), "schemas": copy.deepcopy(_schemas)}


def _restore_state(data):
    _original["restore"](data)
    _registries.update((data or {}).get("schema_registries", {}))
    _schemas.update((data or {}).get("schemas", {}))


def _reset():
    _original["reset"]()
    _registries.clear()
    _schemas.clear()


def install():
    from replace import replace
    _original.update(state=replace(eb, "get_state", _get_state), restore=replace(eb, "_restore_state", _restore_state),
                     reset=replace(eb, "reset", _reset))
    for rtype, make, store in (("AWS::EventSchemas::Registry", _make_registry, _registries),
                               ("AWS::EventSchemas::Schema", _make_schema, _schemas)):
        if rtype in cfn._RESOURCE_HANDLERS:
            raise SystemExit(f"local cloud: MiniStack has {rtype} now; see whether ours is still needed")
        cfn._RESOURCE_HANDLERS[rtype] = {
            "create": make, "update": _updated(make, store), "update_with_logical_id": True,
            "delete": lambda physical_id, props, store=store: store.pop(physical_id, None)}
