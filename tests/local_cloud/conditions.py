"""IAM: condition keys and the bus policy that MiniStack does not look at.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
"""
import json

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import eventbridge as eb
from ministack.services import iam
from ministack.services import secretsmanager as sm

# Request parameters of Secrets Manager that are condition keys of the same name.
SECRET_PARAMETERS = ("Description", "ForceDeleteWithoutRecovery", "KmsKeyId", "Name", "RecoveryWindowInDays",
                     "RotateImmediately", "RotationLambdaARN", "SecretId", "VersionId", "VersionStage")

_original = {}


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


def _event_keys(data):
    keys = {}
    for key, field in (("events:source", "Source"), ("events:detail-type", "DetailType")):
        values = sorted({entry[field] for entry in data.get("Entries") or [] if entry.get(field)})
        if values:
            keys[key] = values[0] if len(values) == 1 else values
    return keys


def request_tag_context(service, iam_action, body, params):
    """The keys of every request pass through here, so ours are added here."""
    keys = _original["keys"](service, iam_action, body, params)
    find = {"secretsmanager": _secret_keys, "events": _event_keys}.get(service)
    if not find:
        return keys
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return keys
    return {**(find(data) if isinstance(data, dict) else {}), **keys}


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
        condition=replace(iam_evaluator, "_resolve_condition_key", _resolve_condition_key))
    eb.bus_policy_for_arn = bus_policy_for_arn
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["events"] = ("eventbridge", "bus_policy_for_arn")
