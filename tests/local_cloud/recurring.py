"""What fires by the clock: rules with a ScheduleExpression, and schedules of EventBridge Scheduler.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
MiniStack looks every ten seconds, drops most of what a template says of a schedule and asks for no permission.
"""
import json
import logging
import time

from ministack.core import responses as core
from ministack.services import eventbridge as eb
from ministack.services import scheduler
from ministack.services.cloudformation import provisioners as cfn

import queues
import timetable
from permissions import role_allows

log = logging.getLogger("recurring")
TICK_SECONDS = 0.25
ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage"}

_due = {}  # what fires -> (its expression, the moment it is due next)
_scale = 1.0


def _time(moment):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _fires(key, expression, first, zone="UTC"):
    """The moment it was due when it is due now, else None; `first` says when a new one is due."""
    known, due = _due.get(key) or (None, None)
    if known != expression:
        due = first()
    now = time.time()
    following = due
    if due is not None and due <= now:
        following = timetable.next_fire(expression, due, _scale, zone)
        if following is not None and following <= now:
            following = timetable.next_fire(expression, now, _scale, zone)  # nobody catches up on what was missed
    _due[key] = (expression, following)
    return due if due is not None and due <= now else None


# Rules

def _scheduled_event(source, resource, moment, detail):
    return {"EventId": core.new_uuid(), "Source": source, "DetailType": "Scheduled Event", "Detail": detail,
            "EventBusName": "default", "Time": moment, "Resources": [resource], "Account": core.get_account_id(),
            "Region": core.get_region()}


def _tick_scheduled_rules():
    rules = {("rule", *key): rule for key, rule in list(eb._rules._data.items())
             if rule.get("State") == "ENABLED" and timetable.valid(rule.get("ScheduleExpression") or "")}
    for key in [key for key in _due if key[0] == "rule" and key not in rules]:
        del _due[key]
    for key, rule in rules.items():
        expression = rule["ScheduleExpression"]
        # "The countdown begins when you create the rule."
        moment = _fires(key, expression, lambda: timetable.next_fire(expression, time.time(), _scale))
        if moment is None:
            continue
        core.set_request_account_id(key[1])
        core.set_request_region(key[2])
        event = _scheduled_event("aws.events", rule["Arn"], moment, "{}")
        for target in eb._targets._data.get(key[1:], []):
            eb._invoke_target(target, event, rule)


# Schedules

def _first(schedule):
    """A rate begins at its StartDate or at once, a cron expression with its first hit."""
    expression, zone = schedule["ScheduleExpression"], schedule.get("ScheduleExpressionTimezone") or "UTC"
    start = scheduler._to_epoch(schedule.get("StartDate")) or time.time()
    if (once := scheduler._at_time_epoch(expression)) is not None:
        return once
    return start if expression.startswith("rate") else timetable.next_fire(expression, start, _scale, zone)


def _payload(schedule, moment):
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    text = schedule["Target"].get("Input")
    if text is None:
        return json.dumps({"version": "0", "id": core.new_uuid(), "detail-type": "Scheduled Event",
                           "source": "aws.scheduler", "account": core.get_account_id(), "time": _time(moment),
                           "region": core.get_region(), "resources": [schedule["Arn"]], "detail": "{}"})
    for name, value in (("schedule-arn", schedule["Arn"]), ("scheduled-time", _time(moment)),
                        ("execution-id", core.new_uuid()[:16]), ("attempt-number", "1")):
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _may(schedule, action, resource):
    """Whether the schedule's role lets Scheduler do this; its trust policy can name the group, not the schedule."""
    group = schedule["Arn"].rpartition("/")[0].replace(":schedule/", ":schedule-group/")
    return role_allows(schedule["Target"]["RoleArn"], "scheduler.amazonaws.com", action, resource, group)


def _deliver(schedule, payload):
    """Hand the payload to the target in the name of the schedule's role; why not, as an error's name and text."""
    target, service = schedule["Target"]["Arn"], schedule["Target"]["Arn"].split(":")[2]
    if service not in ACTIONS:
        return "SDK_CLIENT_ERROR", "Only functions and queues can be targets here."
    if not _may(schedule, ACTIONS[service], target):
        return "AccessDeniedException", f"The execution role may not be assumed, or may not {ACTIONS[service]}."
    if service == "sqs":
        return None if queues.deliver(target, payload, {}) else ("QueueDoesNotExist", "The queue does not exist.")
    if not eb._dispatch_to_lambda(target, payload):
        return "ResourceNotFoundException", "The function does not exist."
    return None


def _fire(schedule, moment):
    payload = _payload(schedule, moment)
    if not (failure := _deliver(schedule, payload)):
        return
    queue = (schedule["Target"].get("DeadLetterConfig") or {}).get("Arn", "")
    parked = queue and _may(schedule, "sqs:SendMessage", queue) and queues.deliver(
        queue, payload, {name: ("String", value) for name, value in (
            ("SCHEDULE_ARN", schedule["Arn"]), ("TARGET_ARN", schedule["Target"]["Arn"]),
            ("SCHEDULED_TIME", _time(moment)), ("ERROR_CODE", failure[0]), ("ERROR_MESSAGE", failure[1]),
            ("RETRY_ATTEMPTS", "0"), ("IS_PAYLOAD_TRUNCATED", "false"))})
    if not parked:
        log.warning("schedule %s: %s: %s", schedule["Arn"], *failure)


def _tick_schedules():
    schedules = {("schedule", *key): schedule for key, schedule in list(scheduler._schedules._data.items())
                 if schedule.get("State") == "ENABLED"}
    for key in [key for key in _due if key[0] == "schedule" and key not in schedules]:
        del _due[key]
    for key, schedule in schedules.items():
        end = scheduler._to_epoch(schedule.get("EndDate"))
        if end and end < time.time():
            continue
        moment = _fires(key, schedule["ScheduleExpression"], lambda: _first(schedule),
                        schedule.get("ScheduleExpressionTimezone") or "UTC")
        if moment is None:
            continue
        core.set_request_account_id(key[1])
        core.set_request_region(key[2])
        _fire(schedule, moment)
        if schedule["ScheduleExpression"].startswith("at(") and schedule.get("ActionAfterCompletion") == "DELETE":
            scheduler._schedules._data.pop(key[1:], None)


# In templates

def _declared(name, props):
    body = {key: value for key, value in props.items() if key != "Name"}
    if not timetable.valid(body["ScheduleExpression"]) and scheduler._at_time_epoch(body["ScheduleExpression"]) is None:
        raise ValueError(f"Invalid Schedule Expression {body['ScheduleExpression']}.")
    exists = f"{props.get('GroupName', 'default')}/{name}" in scheduler._schedules
    response = (scheduler._update_schedule if exists else scheduler._create_schedule)(name, body)
    answer = json.loads(response[2])
    if response[0] >= 400:
        raise ValueError(f"{answer['__type']}: {answer['Message']}")
    return name, {"Arn": answer["ScheduleArn"]}


def _deploy(logical_id, props, stack):
    return _declared(props.get("Name") or cfn._physical_name(stack, logical_id, max_len=64), props)


def _redeploy(physical_id, old, new, stack, logical_id=None):
    if any(old.get(name) != new.get(name) for name in ("Name", "GroupName")):
        cfn._scheduler_schedule_delete(physical_id, old)
        return _deploy(logical_id or physical_id, new, stack)
    return _declared(physical_id, new)


def install(settings):
    global _scale
    from replace import Unknown, replace
    _scale = settings.schedule_scale
    replace(eb, "_tick_scheduled_rules", _tick_scheduled_rules)
    replace(scheduler, "_tick_schedules", _tick_schedules)
    for module, name in ((eb, "_SCHEDULER_TICK_INTERVAL"), (scheduler, "_SCHEDULE_TICK_INTERVAL")):
        if not hasattr(module, name):
            raise Unknown(f"local cloud: {module.__name__}.{name} is gone")
        setattr(module, name, TICK_SECONDS)
    cfn._RESOURCE_HANDLERS["AWS::Scheduler::Schedule"].update(
        create=_deploy, update=_redeploy, update_with_logical_id=True)
