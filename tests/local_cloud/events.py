"""EventBridge: what Secrets Manager tells it, which rules hear it, and how it reaches their targets."""
import json
import time

from ministack.core import responses as core
from ministack.services import cloudwatch_logs as logs
from ministack.services import eventbridge as eb
from ministack.services import lambda_svc as lam
from ministack.services import sqs

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
ALL_MANAGEMENT_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
UNDELIVERABLE = {"ERROR_CODE": "SDK_CLIENT_ERROR", "ERROR_MESSAGE": "The target does not exist",
                 "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "0"}


def cloudtrail(detail_type, detail, read_only=False):
    """Publish what CloudTrail would record of Secrets Manager; `detail` is the part that is not the same for all."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    detail = {"eventVersion": "1.11", "eventTime": now, "eventSource": "secretsmanager.amazonaws.com",
              "awsRegion": core.get_region(), "recipientAccountId": core.get_account_id(), "readOnly": read_only,
              "eventID": core.new_uuid(), "managementEvent": True, "eventCategory": "Management", **detail}
    eb._dispatch_event({"EventId": core.new_uuid(), "Source": "aws.secretsmanager", "DetailType": detail_type,
                        "Detail": json.dumps(detail), "EventBusName": "default", "Time": int(time.time()),
                        "Resources": [], "Account": core.get_account_id(), "Region": core.get_region(),
                        "_ReadOnly": read_only})


def service_event(name, arn):
    """Publish one of Secrets Manager's own steps: RotationStarted, RotationFailed, ..."""
    cloudtrail("AWS Service Event via CloudTrail", {
        "eventName": name, "eventType": "AwsServiceEvent",
        "userIdentity": {"accountId": core.get_account_id(), "invokedBy": "secretsmanager.amazonaws.com"},
        "additionalEventData": {"SecretId": arn}})


def _dispatch_event(event, view=None):
    """As MiniStack's, with the rule state that also hears management events that only read."""
    states = {ALL_MANAGEMENT_EVENTS} if event.get("_ReadOnly") else {"ENABLED", ALL_MANAGEMENT_EVENTS}
    bus = event.get("EventBusName", "default")
    seen = set(event.get("_DispatchPath") or [])
    view = view or eb._pattern_event_view(event)
    for key, rule in list(eb._rules.items()):
        if rule.get("EventBusName", "default") != bus or rule.get("State") not in states or key in seen:
            continue
        if rule.get("EventPattern") and eb._matches_pattern_view(rule["EventPattern"], view, f"rule {key}"):
            for target in eb._targets.get(key, []):
                eb._invoke_target(target, event, rule, view)


def _dispatch_to_lambda(arn, payload):
    """EventBridge invokes asynchronously: Lambda's own retries and failure destination apply."""
    function, config, _ = lam._get_func_record_for_ref(arn)
    if function:
        lam.invoke_async_with_retry(lam._execution_record_for_config(function, config), json.loads(payload))


def _service(arn):
    return arn.split(":")[2] if arn.count(":") >= 5 else ""


def _gone(arn):
    if _service(arn) == "lambda":
        return not lam._get_func_record_for_ref(arn)[0]
    return _service(arn) == "sqs" and not sqs._queue_by_arn(arn)


def _to_log_group(arn, event, view):
    """One log event per event, in a stream of its own, as EventBridge writes them."""
    group = arn.split(":log-group:")[1].removesuffix(":*")
    if group not in logs._log_groups:
        return
    message = json.dumps((view or eb._pattern_event_view(event)).event_with_detail())
    stream = core.new_uuid()
    logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    logs._put_log_events({"logGroupName": group, "logStreamName": stream,
                          "logEvents": [{"timestamp": int(time.time() * 1000), "message": message}]})


def _invoke_target(target, event, rule, view=None):
    """As MiniStack's, with log groups as targets and the target's dead-letter queue when it does not exist."""
    arn = target.get("Arn", "")
    if _service(arn) == "logs":
        return _to_log_group(arn, event, view)
    queue = sqs._queue_by_arn((target.get("DeadLetterConfig") or {}).get("Arn", ""))
    if not queue or not _gone(arn):
        return _original["invoke_target"](target, event, rule, view)
    before = len(queue["messages"])
    _original["invoke_target"]({"Arn": target["DeadLetterConfig"]["Arn"], "Id": "dead-letter"}, event, rule, view)
    for message in list(queue["messages"])[before:]:
        message["message_attributes"] = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in {**UNDELIVERABLE, "RULE_ARN": rule.get("Arn", ""), "TARGET_ARN": arn}.items()}


_original = {}


def install():
    from replace import replace
    replace(eb, "_dispatch_event", _dispatch_event)
    replace(eb, "_dispatch_to_lambda", _dispatch_to_lambda)
    _original["invoke_target"] = replace(eb, "_invoke_target", _invoke_target)
