"""The front of Secrets Manager: the call MiniStack lacks, and the permission it does not ask for."""
import json

from ministack import app
from ministack.core.iam_actions import access_denied_response
from ministack.core.iam_evaluator import enforce
from ministack.core.responses import get_region, new_uuid
from ministack.core.router import extract_access_key_id
from ministack.services import secretsmanager as sm

import rotation

_original = {}


async def handle_request(method, path, headers, body, query_params):
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if action not in ("CancelRotateSecret", "RotateSecret"):
        return await _original["handle"](method, path, headers, body, query_params)
    try:
        data = json.loads(body) if body else {}
    except ValueError:
        return await _original["handle"](method, path, headers, body, query_params)
    if action == "CancelRotateSecret":
        return rotation.cancel_rotate_secret(data)
    return _not_allowed_to_invoke(data, headers, query_params) \
        or await _original["handle"](method, path, headers, body, query_params)


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


def install():
    from replace import replace
    _original["handle"] = replace(sm, "handle_request", handle_request)
