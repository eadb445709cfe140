"""CloudWatch: the metrics that AWS writes of functions and of queues.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
MiniStack counts the invocations of callers who wait, none by a queue, a rule or a schedule, and nothing of queues.
"""
import time

from ministack.core import responses as core
from ministack.services import cloudwatch as cw
from ministack.services import lambda_svc as lam
from ministack.services import sqs

import queues

SECONDS_APART = 30  # between two points of an unchanged queue: less than the shortest period of an alarm on AWS's metrics

_original = {}
_told = {}  # queue -> what was written of it last, and when
_scale = 1.0


# Functions

def _execute_function_dispatch(func, config, event, request_id, started):
    """Every invocation comes through here, whoever asked for it."""
    result = _original["dispatch"](func, config, event, request_id, started)
    of = {"FunctionName": config.get("FunctionName", "")}
    cw.record_metric("AWS/Lambda", "Invocations", 1, "Count", of)
    cw.record_metric("AWS/Lambda", "Errors", 1 if result.get("error") else 0, "Count", of)
    cw.record_metric("AWS/Lambda", "Throttles", 0, "Count", of)
    cw.record_metric("AWS/Lambda", "Duration", (time.time() - started) * 1e3, "Milliseconds", of)
    return result


def _emit_lambda_metrics(function_name, duration_ms, error, throttle):
    """What was throttled is no invocation. MiniStack says it twice, once without a duration."""
    if throttle and not duration_ms:
        cw.record_metric("AWS/Lambda", "Throttles", 1, "Count", {"FunctionName": function_name})


# Queues

def _moved(message, now):
    """A message in a dead-letter queue is as old as its stay there."""
    if "DeadLetterQueueSourceArn" not in message.get("sys", {}):
        return message["sent_at"]
    return message.setdefault("moved_at", now)


def _counted(queue, now):
    """How many messages are visible and how many in flight, and the time of the oldest."""
    with queues.lock:
        messages = queue["messages"]
        visible = sum(m["visible_at"] <= now for m in messages)
        in_flight = sum(m["visible_at"] > now and m.get("receive_count", 0) > 0 for m in messages)
        return visible, in_flight, min((_moved(m, now) for m in messages), default=now)


def write_of_queues():
    """A point of each queue, when its numbers changed or some time has passed."""
    now, known = time.time(), list(sqs._queues._data.items())
    for key in set(_told) - {key for key, _ in known}:
        del _told[key]
    for key, queue in known:
        visible, in_flight, oldest = _counted(queue, now)
        numbers, at = _told.get(key, (None, 0))
        if numbers == (visible, in_flight) and now - at < SECONDS_APART / _scale:
            continue
        _told[key] = (visible, in_flight), now
        core.set_request_account_id(key[0])
        core.set_request_region(key[1])
        of = {"QueueName": queue["name"]}
        cw.record_metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", visible, "Count", of)
        cw.record_metric("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", in_flight, "Count", of)
        cw.record_metric("AWS/SQS", "ApproximateAgeOfOldestMessage", (now - oldest) * _scale, "Seconds", of)


def _evict_old_metrics():
    """Nothing is two weeks old here, and MiniStack loses what another thread writes meanwhile."""


def install(settings):
    global _scale
    from replace import replace
    _scale = settings.alarm_scale
    _original["dispatch"] = replace(lam, "_execute_function_dispatch", _execute_function_dispatch)
    replace(lam, "_emit_lambda_metrics", _emit_lambda_metrics)
    replace(cw, "_evict_old_metrics", _evict_old_metrics)
