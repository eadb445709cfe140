"""IAM: what a service may do, in the name of a role or by the policy of the resource it acts on.

MiniStack asks for permissions when somebody calls; what a service does by itself, it lets pass. Asked with --iam only.
"""
import json

from ministack import app
from ministack.core.iam_evaluator import (
    EvalContext, _conditions_met, _gather_role_policies, _resource_policy, _service_principal_matches,
    combine_resource_policy, evaluate, evaluate_resource_policy)
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam
from ministack.services import sqs


def _context(principal, kind, account, action, resource, source=""):
    keys = {"aws:sourcearn": source, "aws:sourceaccount": get_account_id()} if source else {}
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
    context = _context(session, "AssumedRole", get_account_id(), action, resource)
    result = evaluate(context, _gather_role_policies(name, get_account_id()))
    if found := _resource_policy(action.partition(":")[0], resource):
        result = combine_resource_policy(result, context, *found)
    return result.decision == "Allow"


def policy_allows(policy, service, action, resource, source):
    """Whether the policy of a resource lets a service do this for `source`, a resource of that service."""
    if not app.AUTH:
        return True
    context = _context("*", "Service", "", action, resource, source)
    return evaluate_resource_policy(policy or {}, context, service=service).decision == "Allow"


def queue_takes(queue_arn, service, source):
    """Whether a queue's policy lets a service send to it."""
    queue = sqs._queue_by_arn(queue_arn)
    return bool(queue) and policy_allows(queue["attributes"].get("Policy"), service, "sqs:SendMessage", queue_arn, source)
