"""CloudFormation: the resource types Rekey's templates use and MiniStack refuses or shortens."""
import json

from ministack.core.responses import get_account_id, get_region
from ministack.core.responses import json_response as ok
from ministack.services import ec2
from ministack.services import eventbridge as eb
from ministack.services import kms
from ministack.services import lambda_svc as lam
from ministack.services import secretsmanager as sm
from ministack.services import sns
from ministack.services.cloudformation import provisioners as cfn

import rotation
from permissions import policy_allows
from trail import stack_call

_original = {}


def _done(response, what):
    if response[0] >= 400:
        body = json.loads(response[2] or b"{}")
        raise ValueError(f"{what}: {body.get('__type')}: {body.get('message') or body.get('Message')}")
    return json.loads(response[2] or b"{}")


def _true(value):
    return str(value).lower() == "true"


# Types MiniStack does not know. Each is made the same way when it is created and when it is updated.

def _schedule(logical_id, props, stack):
    if props.get("HostedRotationLambda"):
        raise ValueError("HostedRotationLambda needs a function that AWS hosts: there is none here")
    rules = dict(props.get("RotationRules") or {})
    if "AutomaticallyAfterDays" in rules:
        rules["AutomaticallyAfterDays"] = int(rules["AutomaticallyAfterDays"])
    request = {"SecretId": props["SecretId"], "RotationLambdaARN": props.get("RotationLambdaARN"),
               "RotationRules": rules, "RotateImmediately": _true(props.get("RotateImmediatelyOnUpdate", True))}
    out = _done(stack_call("RotateSecret", request, sm._rotate_secret(dict(request))), "RotationSchedule")
    return out["ARN"], {"Id": out["ARN"]}


def _end_schedule(physical_id, props):
    request = {"SecretId": physical_id}
    stack_call("CancelRotateSecret", request, rotation.cancel_rotate_secret(request))


def _secret_policy(logical_id, props, stack):
    out = _done(sm._put_resource_policy({"SecretId": props["SecretId"],
                                         "ResourcePolicy": json.dumps(props["ResourcePolicy"])}), "ResourcePolicy")
    return out["ARN"], {"Id": out["ARN"]}


def _end_secret_policy(physical_id, props):
    sm._delete_resource_policy({"SecretId": physical_id})


def _archive(logical_id, props, stack):
    name = props.get("ArchiveName") or cfn._physical_name(stack, logical_id, max_len=48)
    pattern = props.get("EventPattern")
    kept = eb._archives.pop(name, None)
    out = _done(eb._create_archive({
        "ArchiveName": name, "EventSourceArn": props["SourceArn"], "Description": props.get("Description", ""),
        "RetentionDays": int(props.get("RetentionDays", 0)),
        "EventPattern": json.dumps(pattern) if isinstance(pattern, dict) else pattern or ""}), "Archive")
    if kept:
        eb._archives[name].update({k: kept[k] for k in ("Events", "EventCount", "CreationTime") if k in kept})
    return name, {"Arn": out["ArchiveArn"]}


def _end_archive(physical_id, props):
    eb._archives.pop(physical_id, None)


def _bus_policy(logical_id, props, stack):
    bus = props.get("EventBusName", "default")
    statement = props.get("Statement") or {
        "Effect": "Allow", "Principal": props.get("Principal"), "Action": props.get("Action"),
        "Resource": f"arn:aws:events:{eb.get_region()}:{eb.get_account_id()}:event-bus/{bus}"}
    policy = eb._event_bus_policies.get(bus) or {"Version": "2012-10-17", "Statement": []}
    others = [s for s in policy["Statement"] if s.get("Sid") != props["StatementId"]]
    eb._event_bus_policies[bus] = {**policy, "Statement": [*others, {**statement, "Sid": props["StatementId"]}]}
    return f"{bus}|{props['StatementId']}", {}


def _end_bus_policy(physical_id, props):
    bus, _, statement = physical_id.partition("|")
    eb._remove_permission({"EventBusName": bus, "StatementId": statement})


def _group_rule(direction):
    """A rule of a security group that stands by itself; networks have no effect here."""
    def make(logical_id, props, stack):
        group = ec2._security_groups.get(props["GroupId"])
        if not group:
            raise ValueError(f"The security group '{props['GroupId']}' does not exist")
        name = f"{props['GroupId']}|{logical_id.rpartition('|')[2]}"
        rules = group.setdefault(f"Own{direction}", {})
        end(name, props)
        rules[name] = cfn._ec2_sg_permissions([props])
        group[direction] += rules[name]
        return name, {"Id": name}

    def end(physical_id, props):
        group = ec2._security_groups.get(props["GroupId"]) or {}
        gone = group.get(f"Own{direction}", {}).pop(physical_id, [])
        if gone:
            group[direction] = [rule for rule in group[direction] if rule not in gone]
    return make, end


ADDED = {
    "AWS::SecretsManager::RotationSchedule": (_schedule, _end_schedule),
    "AWS::SecretsManager::ResourcePolicy": (_secret_policy, _end_secret_policy),
    "AWS::Events::Archive": (_archive, _end_archive),
    "AWS::Events::EventBusPolicy": (_bus_policy, _end_bus_policy),
    "AWS::EC2::SecurityGroupEgress": _group_rule("IpPermissionsEgress"),
    "AWS::EC2::SecurityGroupIngress": _group_rule("IpPermissions"),
}


def _add(rtype, make, end):
    if rtype in cfn._RESOURCE_HANDLERS:
        raise SystemExit(f"local cloud: MiniStack has {rtype} now; see whether ours is still needed")
    cfn._RESOURCE_HANDLERS[rtype] = {
        "create": make, "delete": end,
        "update": lambda physical_id, old, new, stack: make(physical_id, new, stack)}


# Types MiniStack knows, but not wholly

def _sm_secret_string(props):
    """The declared value, or one by the rules of GetRandomPassword, which GenerateSecretString shares."""
    wanted = props.get("GenerateSecretString")
    if wanted is None:
        return props.get("SecretString", "")
    request = {k: _true(v) if k.startswith(("Exclude", "Include", "Require")) and k != "ExcludeCharacters" else v
               for k, v in wanted.items()}
    request["PasswordLength"] = int(wanted.get("PasswordLength", 32))
    password = _done(sm._get_random_password(request), "GenerateSecretString")["RandomPassword"]
    if "SecretStringTemplate" not in wanted:
        return password
    return json.dumps({**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: password})


def _name_of(physical_id):
    return (sm._resolve(physical_id)[0] or physical_id) if physical_id.startswith("arn:") else physical_id


def _create_secret(logical_id, props, stack):
    name = props.get("Name")
    if name and name in sm._secrets:
        raise ValueError(f"The operation failed because the secret {name} already exists.")
    name, attributes = _original["secret"]["create"](logical_id, props, stack)
    if not props.get("SecretString") and props.get("GenerateSecretString") is None:
        sm._secrets[name]["Versions"] = {}
    stack_call("CreateSecret", {"Name": name, "Description": props.get("Description", "")}, ok({}))
    return attributes["Arn"], attributes


def _update_secret(physical_id, old, new, stack, logical_id=None):
    _, attributes = _original["secret"]["update"](_name_of(physical_id), old, new, stack, logical_id)
    stack_call("UpdateSecret", {"SecretId": attributes["Arn"]}, ok({"ARN": attributes["Arn"]}))
    return attributes["Arn"], attributes


def _delete_secret(physical_id, props):
    request = {"SecretId": physical_id, "ForceDeleteWithoutRecovery": True}
    stack_call("DeleteSecret", request, sm._delete_secret(request))


def _keep_function_settings(physical_id, props):
    """Reserved concurrency, dead-letter queue and key, which MiniStack drops without a word."""
    function = lam._functions[lam._resolve_name(physical_id)]
    reserved = props.get("ReservedConcurrentExecutions")
    function["concurrency"] = None if reserved is None else int(reserved)
    if props.get("DeadLetterConfig"):
        function["config"]["DeadLetterConfig"] = props["DeadLetterConfig"]
    function["config"]["KMSKeyArn"] = props.get("KmsKeyArn", "")


def _create_function(logical_id, props, stack):
    made = _original["function"]["create"](logical_id, props, stack)
    _keep_function_settings(made[0], props)
    return made


def _update_function(physical_id, old, new, stack, logical_id=None):
    made = _original["function"]["update"](physical_id, old, new, stack, logical_id)
    _keep_function_settings(made[0], new)
    return made


def _encrypt_topic(arn, props):
    attributes = sns._topics[arn]["attributes"]
    attributes.pop("KmsMasterKeyId", None)
    if props.get("KmsMasterKeyId"):
        attributes["KmsMasterKeyId"] = props["KmsMasterKeyId"]


def _create_topic(logical_id, props, stack):
    made = _original["topic"]["create"](logical_id, props, stack)
    _encrypt_topic(made[0], props)
    return made


def _update_topic(physical_id, old, new, stack, logical_id=None):
    made = _original["topic"]["update"](physical_id, old, new, stack, logical_id)
    _encrypt_topic(made[0], new)
    return made


def _with_key(name, props, make):
    """A log group takes a key only when CloudWatch Logs itself may use that key for this group.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    if name and props.get("KmsKeyId"):
        key, arn = kms._resolve_key(props["KmsKeyId"]), f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{name}"
        if not key or not all(policy_allows(key["Policy"], f"logs.{get_region()}.amazonaws.com", action, key["Arn"], arn,
                                            {"kms:EncryptionContext:aws:logs:arn": arn})
                              for action in ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")):
            raise ValueError(f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'")
    return make()


def _create_group(logical_id, props, stack):
    return _with_key(props.get("LogGroupName"), props, lambda: _original["group"]["create"](logical_id, props, stack))


def _update_group(physical_id, old, new, stack, logical_id=None):
    return _with_key(physical_id, new, lambda: _original["group"]["update"](physical_id, old, new, stack, logical_id))


def _cw_metric_alarm_record(name, props):
    """An alarm on a metric math expression is kept, and never goes off: MiniStack refuses it."""
    if not props.get("Metrics"):
        return _original["alarm"](name, props)
    named = {k: v for k, v in props.items() if k != "Metrics"}
    return _original["alarm"](name, {**named, "Namespace": "MetricMath", "MetricName": name})


def install():
    from replace import Unknown, replace
    _original["alarm"] = replace(cfn, "_cw_metric_alarm_record", _cw_metric_alarm_record)
    for rtype, (make, end) in ADDED.items():
        _add(rtype, make, end)
    replace(cfn, "_sm_secret_string", _sm_secret_string)
    for key, rtype, mended in (
            ("secret", "AWS::SecretsManager::Secret",
             {"create": _create_secret, "update": _update_secret, "delete": _delete_secret}),
            ("function", "AWS::Lambda::Function", {"create": _create_function, "update": _update_function}),
            ("group", "AWS::Logs::LogGroup", {"create": _create_group, "update": _update_group}),
            ("topic", "AWS::SNS::Topic", {"create": _create_topic, "update": _update_topic})):
        handlers = cfn._RESOURCE_HANDLERS[rtype]
        if not handlers.get("update_with_logical_id"):
            raise Unknown(f"local cloud: {rtype} is updated in another way now")
        _original[key] = dict(handlers)
        handlers.update(mended)
