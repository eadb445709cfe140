"""The front of Secrets Manager: the call MiniStack lacks, the permission it does not ask for, the trail of calls."""
import json

from ministack import app
from ministack.core.iam_actions import access_denied_response
from ministack.core.iam_evaluator import enforce, request_caller_arn
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.core.router import extract_access_key_id
from ministack.services import secretsmanager as sm

import rotation
from events import cloudtrail

READS = {"GetSecretValue", "BatchGetSecretValue", "DescribeSecret", "ListSecrets", "ListSecretVersionIds",
         "GetResourcePolicy", "GetRandomPassword", "ValidateResourcePolicy"}
# CloudTrail never holds these.
SECRET_FIELDS = {"SecretString", "SecretBinary", "RotationToken"}

_original = {}


async def handle_request(method, path, headers, body, query_params):
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    try:
        data = json.loads(body) if body else {}
    except ValueError:
        return await _original["handle"](method, path, headers, body, query_params)
    if action == "CancelRotateSecret":
        response = rotation.cancel_rotate_secret(data)
    else:
        response = (action == "RotateSecret" and _not_allowed_to_invoke(data, headers, query_params)) \
            or await _original["handle"](method, path, headers, body, query_params)
    _record(action, data, response, request_caller_arn(headers, query_params))
    return response


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


def _identity(caller):
    kind = "AssumedRole" if ":assumed-role/" in caller else "Root" if caller.endswith(":root") else "IAMUser"
    return {"type": kind, "arn": caller, "accountId": get_account_id()}


def _lower(name):
    return "arn" if name == "ARN" else name[0].lower() + name[1:]


def _record(action, data, response, caller):
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html"""
    out = json.loads(response[2] or b"{}")
    read = action in READS
    detail = {"eventName": action, "eventType": "AwsApiCall", "userIdentity": _identity(caller),
              "requestParameters": {_lower(k): v for k, v in data.items() if k not in SECRET_FIELDS},
              "responseElements": None if read else {
                  _lower(k): out[k] for k in ("ARN", "Name", "VersionId") if k in out}}
    if response[0] != 200:
        detail.update(errorCode=str(out.get("__type", "")).rpartition("#")[2], responseElements=None,
                      errorMessage=out.get("message") or out.get("Message"))
    cloudtrail("AWS API Call via CloudTrail", detail, read_only=read)


def install():
    from replace import replace
    _original["handle"] = replace(sm, "handle_request", handle_request)
