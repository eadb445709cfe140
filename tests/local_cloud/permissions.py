"""IAM: what a service may do, in the name of a role or by the policy of the resource it acts on.

MiniStack asks for permissions when somebody calls; what a service does by itself, it lets pass. Asked with --iam only.
"""
import json

from ministack import app
from ministack.core.iam_evaluator import (
    _POLICY_REQUIRED, EvalContext, _conditions_met, _gather_role_policies, _resource_policy, _service_principal_matches,
    combine_resource_policy, evaluate, evaluate_resource_policy)
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam
from ministack.services import sns, sqs

import encryption


def _context(principal, kind, account, action, resource, source="", more=None):
    keys = {name.lower(): value for name, value in (more or {}).items()}
    if source:
        keys |= {"aws:sourcearn": source, "aws:sourceaccount": get_account_id()}
    return EvalContext(principal_arn=principal, principal_type=kind, principal_account=account, action=action,
                       resource_arn=resource, region=get_region(), service_context=keys)


def _trusts(role, service, source):
    """Whether a service may assume the role for one of its resources."""
    document = role.get("AssumeRolePolicyDocument") or {}
    document = json.loads(document) if isinstance(document, str) else document
    statements = document.get("Statement", [])
    context = _context("*", "Service", "", "sts:AssumeRole", role["Arn"], source)
    return any(s.get("Effect") == "Allow" and _service_principal_matches(s.get("Principal"), service)
               and _conditions_met(s.get("Condition") or {}, context)
               for s in (statements if isinstance(statements, list) else [statements]))


def role_allows(role_arn, service, action, resource, source=""):
    """Whether a service that assumed this role may do this; `source` is the resource of its own that it works for."""
    if not app.AUTH:
        return True
    name = role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(get_account_id(), None, name)
    if not role or role["Arn"] != role_arn or not _trusts(role, service, source):
        return False
    session = f"arn:aws:sts::{get_account_id()}:assumed-role/{name}/{service.partition('.')[0]}"
    actions, key, keys = encryption.needed(action, resource)
    return _session_may(session, name, action, resource) and all(
        _session_may(session, name, action, key["Arn"], keys) for action in actions)


def _session_may(session, role, action, resource, keys=None):
    context, of = _context(session, "AssumedRole", get_account_id(), action, resource, more=keys), action.partition(":")[0]
    result = evaluate(context, _gather_role_policies(role, get_account_id()))
    if found := _resource_policy(of, resource):
        result = combine_resource_policy(result, context, *found, required=of in _POLICY_REQUIRED)
    return result.decision == "Allow"


def policy_allows(policy, service, action, resource, source, keys=None):
    """Whether the policy of a resource lets a service do this for `source`, a resource of that service."""
    if not app.AUTH:
        return True
    context = _context("*", "Service", "", action, resource, source, keys)
    return evaluate_resource_policy(policy or {}, context, service=service).decision == "Allow"


def _key_serves(service, action, resource, source):
    """Whether the key of what a service writes to is for that service too."""
    actions, key, keys = encryption.needed(action, resource)
    keys.pop("kms:ViaService", None)
    return all(policy_allows(key["Policy"], service, action, key["Arn"], source, keys) for action in actions)


def queue_takes(queue_arn, service, source):
    """Whether a queue's policy, and that of its key, let a service send to it."""
    queue = sqs._queue_by_arn(queue_arn)
    return bool(queue) and policy_allows(queue["attributes"].get("Policy"), service, "sqs:SendMessage", queue_arn, source) \
        and _key_serves(service, "sqs:SendMessage", queue_arn, source)


def topic_takes(topic_arn, service, source):
    """Whether a topic's policy, and that of its key, let a service publish to it."""
    return sns.topic_policy_allows(topic_arn, service, source, get_account_id()) \
        and _key_serves(service, "sns:Publish", topic_arn, source)


def queue_policy_allows(queue_arn, service, source_arn, source_account):
    return queue_takes(queue_arn, service, source_arn)


def install():
    from replace import replace
    replace(sqs, "queue_policy_allows", queue_policy_allows)
