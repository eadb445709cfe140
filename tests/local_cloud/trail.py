"""CloudTrail: what it records of Secrets Manager, as events on the default bus.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-cloudtrail.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""
import json
import time

from ministack import app
from ministack.core import responses as core
from ministack.core.iam_evaluator import caller_arn, request_caller_arn
from ministack.core.router import extract_access_key_id
from ministack.services import eventbridge as eb
from ministack.services import iam
from ministack.services import secretsmanager as sm

READS = {"GetSecretValue", "BatchGetSecretValue", "DescribeSecret", "ListSecrets", "ListSecretVersionIds",
         "GetResourcePolicy", "GetRandomPassword", "ValidateResourcePolicy"}
# CloudTrail never holds these.
SECRET_FIELDS = {"SecretString", "SecretBinary", "RotationToken"}
# Who calls with a key that is nobody's leaves no record in an account.
UNKNOWN_CALLER = {"UnrecognizedClientException", "InvalidClientTokenId", "MissingAuthenticationToken",
                  "InvalidSignatureException", "SignatureDoesNotMatch"}
SECRETS_MANAGER, CLOUDFORMATION = "secretsmanager.amazonaws.com", "cloudformation.amazonaws.com"

_original = {}


def _utc(moment):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _publish(detail_type, detail, read_only=False):
    now = time.time()
    detail = {"eventVersion": "1.11", "eventTime": _utc(now), "eventSource": SECRETS_MANAGER,
              "awsRegion": core.get_region(), "recipientAccountId": core.get_account_id(), "readOnly": read_only,
              "eventID": core.new_uuid(), "managementEvent": True, "eventCategory": "Management", **detail}
    eb._dispatch_event({"EventId": core.new_uuid(), "Source": "aws.secretsmanager", "DetailType": detail_type,
                        "Detail": json.dumps(detail), "EventBusName": "default", "Time": int(now),
                        "Resources": [], "Account": core.get_account_id(), "Region": core.get_region(),
                        "_ReadOnly": read_only})


def service_event(name, arn):
    """Publish one of Secrets Manager's own steps: RotationStarted, RotationFailed, StartSecretVersionDelete, ..."""
    _publish("AWS Service Event via CloudTrail", {
        "eventName": name, "eventType": "AwsServiceEvent", "sourceIPAddress": SECRETS_MANAGER,
        "userAgent": SECRETS_MANAGER, "requestParameters": None, "responseElements": None,
        "userIdentity": {"accountId": core.get_account_id(), "invokedBy": SECRETS_MANAGER},
        "additionalEventData": {"SecretId": arn}, "requestID": core.new_uuid()})


# Calls

def _identity(caller, key):
    account = core.get_account_id()
    shared = {"accountId": account, "accessKeyId": key}
    name = caller.rpartition("/")[2]
    if ":assumed-role/" in caller:
        role_name = caller.split("/")[1]
        role = iam._roles.get_scoped(account, None, role_name) or {}
        return {"type": "AssumedRole", "principalId": f"{role.get('RoleId', '')}:{name}", "arn": caller, **shared,
                "sessionContext": {
                    "sessionIssuer": {"type": "Role", "principalId": role.get("RoleId", ""), "accountId": account,
                                      "arn": role.get("Arn", f"arn:aws:iam::{account}:role/{role_name}"),
                                      "userName": role_name},
                    "attributes": {"creationDate": _utc(time.time()), "mfaAuthenticated": "false"}}}
    if ":user/" in caller:
        user = iam._users.get_scoped(account, None, name) or {}
        return {"type": "IAMUser", "principalId": user.get("UserId", ""), "arn": caller, **shared, "userName": name}
    return {"type": "Root", "principalId": account, "arn": caller, **shared}


def _lower(name):
    return "arn" if name == "ARN" else name[0].lower() + name[1:]


def _elements(action, data, answer):
    """What a record repeats of the answer: by AWS's examples the secret's ARN, and nothing when one is created."""
    if action in READS or action == "CreateSecret":
        return None
    if action == "DeleteSecret":
        date = time.gmtime(answer["DeletionDate"])
        return {"name": answer["Name"], "arn": answer["ARN"], "deletionDate": time.strftime(
            f"%b {date.tm_mday}, %Y {date.tm_hour % 12 or 12}:%M:%S %p", date)}
    arn = answer.get("ARN") or (sm._resolve(data.get("SecretId"))[1] or {}).get("ARN")
    return {"arn": arn} if arn else None


def _record(action, data, status, answer, who):
    """`who` holds what the record says of the caller and of the request."""
    detail = {"eventName": action, "eventType": "AwsApiCall", "responseElements": None,
              "requestParameters": {_lower(k): v for k, v in data.items() if k not in SECRET_FIELDS} or None, **who}
    if status == 200:
        detail["responseElements"] = _elements(action, data, answer)
    else:
        code = str(answer.get("__type", "")).rpartition("#")[2]
        if code in UNKNOWN_CALLER:
            return
        detail.update(errorCode="AccessDenied" if code == "AccessDeniedException" else code,
                      errorMessage=answer.get("message") or answer.get("Message"))
    _publish("AWS API Call via CloudTrail", detail, read_only=action in READS)
    if action == "BatchGetSecretValue" and status == 200:  # an entry for each secret as well
        for value in answer.get("SecretValues", []):
            _record("GetSecretValue", {"SecretId": value["ARN"]}, 200, {}, who)


async def _dispatch_service_request(method, path, headers, body, query_params, request_id):
    response = await _original["dispatch"](method, path, headers, body, query_params, request_id)
    service, _, action = headers.get("x-amz-target", "").rpartition(".")
    if service != "secretsmanager":
        return response
    try:
        data, answer = json.loads(body or b"{}"), json.loads(response[2] or b"{}")
    except ValueError:
        return response
    if not isinstance(data, dict) or not isinstance(answer, dict):
        return response
    key = extract_access_key_id(headers, query_params) or ""
    _record(action, data, response[0], answer, {
        "userIdentity": _identity(request_caller_arn(headers, query_params), key), "requestID": request_id,
        "sourceIPAddress": "127.0.0.1", "userAgent": headers.get("user-agent", "")})
    return response


def stack_call(action, data, response):
    """Record a call that CloudFormation makes for whoever deploys a stack; the answer."""
    answer = json.loads(response[2] or b"{}")
    _record(action, data, response[0], answer, {
        "userIdentity": {**_identity(caller_arn(), ""), "invokedBy": CLOUDFORMATION}, "requestID": core.new_uuid(),
        "sourceIPAddress": CLOUDFORMATION, "userAgent": CLOUDFORMATION})
    return response


def install():
    from replace import replace
    _original["dispatch"] = replace(app, "_dispatch_service_request", _dispatch_service_request)
