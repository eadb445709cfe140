"""The front of Secrets Manager: the call MiniStack lacks, the permission it does not ask for, and the pace it does not keep.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
"""
import collections
import json
import time

from ministack import app
from ministack.core.iam_actions import access_denied_response
from ministack.core.iam_evaluator import enforce
from ministack.core.responses import error_response_json as error
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.core.router import extract_access_key_id
from ministack.services import secretsmanager as sm

import rotation

_original = {}
_calls = collections.defaultdict(collections.deque)  # of RotateSecret and CancelRotateSecret in the last second
_most = 0


async def handle_request(method, path, headers, body, query_params):
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if action not in ("CancelRotateSecret", "RotateSecret"):
        return await _original["handle"](method, path, headers, body, query_params)
    if _too_many():
        return error("ThrottlingException", "Rate exceeded", 400)
    try:
        data = json.loads(body) if body else {}
    except ValueError:
        return await _original["handle"](method, path, headers, body, query_params)
    if action == "CancelRotateSecret":
        return rotation.cancel_rotate_secret(data)
    return _not_allowed_to_invoke(data, headers, query_params) \
        or await _original["handle"](method, path, headers, body, query_params)


def _too_many():
    """Whether an account calls more often in a second than it may; the two calls share one rate, the refused count not."""
    calls, now = _calls[get_account_id(), get_region()], time.monotonic()
    while calls and calls[0] <= now - 1:
        calls.popleft()
    if _most and len(calls) >= _most:
        return True
    calls.append(now)
    return False


def _not_allowed_to_invoke(data, headers, query_params):
    """Callers of RotateSecret need lambda:InvokeFunction on the rotation function; the refusal, or None."""
    secret = sm._resolve(data.get("SecretId"))[1] or {}
    function = data.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
    if not app.AUTH or not function:
        return None
    key = extract_access_key_id(headers, query_params) or ""
    denied = enforce(key, "lambda:InvokeFunction", "lambda", get_region(), resource_arn=function)
    return access_denied_response("secretsmanager", "lambda:InvokeFunction", getattr(denied, "principal_arn", ""),
                                  new_uuid()) if denied else None


def install(settings):
    global _most
    from replace import replace
    _most = settings.rotations_per_second
    _original["handle"] = replace(sm, "handle_request", handle_request)
