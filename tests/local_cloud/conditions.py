"""IAM: condition keys, the ARNs and the bus policy that MiniStack does not look at.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
"""
import contextvars
import json
import logging

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import eventbridge as eb
from ministack.services import iam
from ministack.services import kms
from ministack.services import secretsmanager as sm

import encryption
import leading_keys

log = logging.getLogger("conditions")

# Request parameters of Secrets Manager that are condition keys of the same name.
SECRET_PARAMETERS = ("Description", "ForceDeleteWithoutRecovery", "KmsKeyId", "Name", "RecoveryWindowInDays",
                     "RotateImmediately", "RotationLambdaARN", "SecretId", "VersionId", "VersionStage")

# Request parameters of KMS that are condition keys of the same name.
KEY_PARAMETERS = ("EncryptionAlgorithm", "MacAlgorithm", "MessageType", "SigningAlgorithm")

# What is done to a log stream; anything else is done to its group.
STREAM_ACTIONS = ("CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents")

_original = {}
_asked = contextvars.ContextVar("the body of the request whose permissions are asked for", default=None)
_turns = contextvars.ContextVar("the items of a transaction that were not asked about yet", default=iter(()))


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _secret_keys(data):
    keys = {f"secretsmanager:{name}": _text(data[name]) for name in SECRET_PARAMETERS if data.get(name) is not None}
    _, secret = sm._resolve(data.get("SecretId"))
    if secret:
        if secret.get("RotationLambdaARN"):
            keys["secretsmanager:resource/AllowRotationLambdaArn"] = secret["RotationLambdaARN"]
        for tag in secret.get("Tags") or []:
            keys[f"secretsmanager:ResourceTag/{tag['Key']}"] = tag["Value"]
    return keys


def _event_keys(asked, bus_arn, region):
    """Sources and detail types of the entries for one bus: text when they agree, a list when they do not."""
    entries = [entry for entry in asked.get("Entries") or [] if isinstance(entry, dict) and iam_actions.
               eventbridge_resource_arns(json.dumps({"Entries": [entry]}).encode(), region, get_account_id()) == [bus_arn]]
    keys = {}
    for key, field in (("events:source", "Source"), ("events:detail-type", "DetailType")):
        values = sorted({entry[field] for entry in entries if isinstance(entry.get(field), str)})
        if values:
            keys[key] = values[0] if len(values) == 1 else values
    return keys


def _key_keys(data):
    keys = {f"kms:{name}": data[name] for name in KEY_PARAMETERS if isinstance(data.get(name), str)}
    keys |= {f"kms:EncryptionContext:{name}": value for name, value in (data.get("EncryptionContext") or {}).items()}
    key = kms._resolve_key(data.get("KeyId"))
    if key:
        keys |= {"kms:KeySpec": key["KeySpec"], "kms:KeyUsage": key["KeyUsage"], "kms:CallerAccount": get_account_id()}
        aliases = [arn.partition(":alias/")[2] for arn, target in kms._aliases.items() if target == key["KeyId"]]
        if aliases:
            keys["kms:ResourceAliases"] = [f"alias/{name}" for name in sorted(aliases)]
        if "alias/" in data["KeyId"]:
            keys["kms:RequestAlias"] = f"alias/{data['KeyId'].partition('alias/')[2]}"
    return keys


def _resource(action, service, resource, asked):
    """What an action is done to: the key behind an alias, a log stream or all streams of a log group."""
    if service == "kms" and ":alias/" in resource and not action.endswith("Alias"):
        return (kms._resolve_key(resource) or {}).get("Arn") or resource
    if service == "logs" and ":log-group:" in resource and "resourceArn" not in asked:
        group = resource.removesuffix(":*")
        return f"{group}:log-stream:{asked.get('logStreamName') or '' if action[5:] in STREAM_ACTIONS else ''}"
    return resource


def request_tag_context(service, iam_action, body, params):
    """Every request passes through here before its permissions are asked for."""
    keys = _original["keys"](service, iam_action, body, params)
    if service not in ("secretsmanager", "events", "dynamodb", "kms", "logs"):
        return keys
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        asked = {}
    asked = asked if isinstance(asked, dict) else {}
    _asked.set(asked)
    _turns.set(iter(leading_keys.in_turn(asked)) if service == "dynamodb" else iter(()))
    own = {"secretsmanager": _secret_keys, "kms": _key_keys}.get(service, lambda _: {})
    return {**own(asked), **keys}


def enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    """With the keys of what the request does to this one resource: MiniStack gives those of the first to none other.

    A batch of SQS needs the permission of the single call.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html
    """
    if service == "sqs":
        iam_action = iam_action.removesuffix("Batch")
    more, asked = {}, _asked.get() or {}
    if iam_action == "events:PutEvents":
        more = _event_keys(asked, resource_arn, region)
    elif service == "dynamodb":
        transaction = "dynamodb:EnclosingOperation" in (service_context or {})
        more = leading_keys.of(next(_turns.get(), {}) if transaction else asked, resource_arn)
    resource_arn = _resource(iam_action, service, resource_arn, asked)
    denied = _original["enforce"](access_key_id, iam_action, service, region, resource_arn, {**(service_context or {}), **more})
    if denied or service not in encryption.NEEDED:
        return denied
    actions, key, keys = encryption.needed(iam_action, resource_arn, asked if service == "secretsmanager" else {})
    for action in actions:
        if denied := _original["enforce"](access_key_id, action, "kms", region, key["Arn"], keys):
            log.warning("%s may %s on %s, but not %s with its key %s", getattr(denied, "principal_arn", ""), iam_action,
                        resource_arn, action, key["Arn"])
            return denied
    return None


def _resolve_condition_key(key, ctx):
    """aws:PrincipalArn of a role's session is the ARN of the role; the loopback counts as a secure transport."""
    if key.lower() == "aws:securetransport":
        return "true"
    if key.lower() == "aws:principalarn" and ":assumed-role/" in ctx.principal_arn:
        name = iam_evaluator._role_name_from_assumed_arn(ctx.principal_arn)
        role = iam._roles.get_scoped(ctx.principal_account, None, name)
        return (role or {}).get("Arn") or f"arn:aws:iam::{ctx.principal_account}:role/{name}"
    return _original["condition"](key, ctx)


def bus_policy_for_arn(arn):
    """An event bus's resource policy and its owner, as the other services offer theirs."""
    if ":event-bus/" not in arn:
        return None
    policy = eb._event_bus_policies.get(arn.partition(":event-bus/")[2])
    return json.dumps(policy) if policy else "", get_account_id()


def install():
    from replace import replace
    _original.update(
        keys=replace(iam_actions, "request_tag_context", request_tag_context),
        enforce=replace(iam_evaluator, "enforce", enforce),
        condition=replace(iam_evaluator, "_resolve_condition_key", _resolve_condition_key))
    eb.bus_policy_for_arn = bus_policy_for_arn
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["events"] = ("eventbridge", "bus_policy_for_arn")
