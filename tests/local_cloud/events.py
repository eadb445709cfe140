"""EventBridge: which rules hear an event, and how it reaches their targets."""
import json
import logging
import time

from ministack.core import responses as core
from ministack.core.responses import json_response as ok
from ministack.services import cloudwatch_logs as logs
from ministack.services import eventbridge as eb
from ministack.services import lambda_svc as lam
from ministack.services import sqs

import queues
from permissions import policy_allows, queue_takes

log = logging.getLogger("events")
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
ALL_MANAGEMENT_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


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


def _unfit(entry):
    """Why EventBridge takes none of an entry, as code and text; None when it does.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
    """
    for field in ("Source", "DetailType", "Detail"):
        if not entry.get(field):
            return "InvalidArgument", f"Parameter {field} is not valid. Reason: {field} is a required argument."
    try:
        fit = isinstance(json.loads(entry["Detail"]), dict)
    except (ValueError, TypeError):
        fit = False
    return None if fit else ("MalformedDetail", "Detail is malformed.")


def _put_events(data, allow_aws_source=False):
    """As MiniStack's, for the entries that are fit; the others fail by themselves."""
    entries = data.get("Entries") or []
    refused = {place: found for place, entry in enumerate(entries) if (found := _unfit(entry))}
    if not refused or len(entries) > 10:
        return _original["put"](data, allow_aws_source)
    answer = _original["put"]({**data, "Entries": [e for place, e in enumerate(entries) if place not in refused]},
                              allow_aws_source)
    taken, others = json.loads(answer[2]), iter(json.loads(answer[2])["Entries"])
    return ok({"FailedEntryCount": taken["FailedEntryCount"] + len(refused), "Entries": [
        dict(zip(("ErrorCode", "ErrorMessage"), refused[place])) if place in refused else next(others)
        for place in range(len(entries))]})


def _dispatch_to_lambda(arn, payload):
    """EventBridge invokes asynchronously: Lambda's own retries and failure destination apply. False without a function."""
    function, config, _ = lam._get_func_record_for_ref(arn)
    if function:
        lam.invoke_async_with_retry(lam._execution_record_for_config(function, config), json.loads(payload))
    return bool(function)


def _service(arn):
    return arn.split(":")[2] if arn.count(":") >= 5 else ""


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


def _refusal(arn, rule):
    """Why EventBridge could not deliver to a target, as code and text of the dead letter; None when it can."""
    source = rule.get("Arn", "")
    if _service(arn) == "lambda":
        function = lam._get_base_func_record_for_ref(arn)[0]
        allowed = function and policy_allows(function.get("policy"), "events.amazonaws.com", "lambda:InvokeFunction",
                                             function["config"]["FunctionArn"], source)
    elif _service(arn) == "sqs":
        function, allowed = sqs._queue_by_arn(arn), queue_takes(arn, "events.amazonaws.com", source)
    else:
        return None
    if not function:
        return "NO_RESOURCE", "The target does not exist."
    return None if allowed else ("NO_PERMISSIONS", "The target's policy does not let EventBridge in for this rule.")


def _park(target, event, rule, view, refusal):
    """Send what can't be delivered to the target's dead-letter queue.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    queue, source = (target.get("DeadLetterConfig") or {}).get("Arn", ""), rule.get("Arn", "")
    code, text = refusal
    parked = queue_takes(queue, "events.amazonaws.com", source) and queues.deliver(
        queue, json.dumps((view or eb._pattern_event_view(event)).event_with_detail()),
        {name: ("String", value) for name, value in (
            ("RULE_ARN", source), ("TARGET_ARN", target["Arn"]), ("ERROR_CODE", code), ("ERROR_MESSAGE", text),
            ("RETRY_ATTEMPTS", "0"))})
    if not parked:
        log.warning("%s to %s: %s An event is lost.", source, target["Arn"], text)


def _invoke_target(target, event, rule, view=None):
    """As MiniStack's, with log groups as targets, the target's permission, and its dead-letter queue."""
    arn = target.get("Arn", "")
    if _service(arn) == "logs":
        return _to_log_group(arn, event, view)
    if refusal := _refusal(arn, rule):
        return _park(target, event, rule, view, refusal)
    return _original["invoke_target"](target, event, rule, view)


_original = {}


def install():
    from replace import replace
    replace(eb, "_dispatch_event", _dispatch_event)
    replace(eb, "_dispatch_to_lambda", _dispatch_to_lambda)
    _original.update(put=replace(eb, "_put_events", _put_events),
                     invoke_target=replace(eb, "_invoke_target", _invoke_target))
