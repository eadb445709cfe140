"""SQS: one change at a time, and messages that services put into a queue by themselves.

MiniStack changes a queue's list of messages on the server's loop and on the threads of mappings, rules and functions
without a lock between them, so a message that is sent while another is deleted can be lost.
"""
import asyncio
import functools
import hashlib
import itertools
import threading
import time

from ministack.core import responses as core
from ministack.services import eventbridge as eb
from ministack.services import sns
from ministack.services import sqs

lock = threading.RLock()
_original = {}


def deliver(queue_arn, body, attributes):
    """Put a message into a queue, with text attributes; False when there is no such queue."""
    queue, now = sqs._queue_by_arn(queue_arn), time.time()
    if not queue:
        return False
    message = {"id": core.new_uuid(), "body": body, "md5_body": hashlib.md5(body.encode()).hexdigest(), "sent_at": now,
               "visible_at": now + sqs.queue_delay(queue),
               "message_attributes": {name: {"DataType": kind, "StringValue": text}
                                      for name, (kind, text) in attributes.items()}}
    sqs._ensure_msg_fields(message)
    with lock:
        queue["messages"].append(message)
    sqs.esm_wake.set()
    return True


def _locked(function):
    @functools.wraps(function)
    def one_at_a_time(*args):
        with lock:
            return function(*args)
    return one_at_a_time


def _collect_msgs(q, max_n, vis_timeout):
    """The first that are visible, without looking at all the others as MiniStack does."""
    with lock:
        if q["is_fifo"]:
            return _original["collect"](q, max_n, vis_timeout)
        now = time.time()
        taken = list(itertools.islice((m for m in q["messages"] if m.get("visible_at", 0) <= now), max_n))
        for message in taken:
            sqs._ensure_msg_fields(message)
            message.update(receipt_handle=core.new_uuid(), visible_at=now + vis_timeout,
                           receive_count=message["receive_count"] + 1,
                           first_receive_at=message["first_receive_at"] or now)
        return taken


def _dlq_sweep(q):
    with lock:
        return _original["sweep"](q)


def _expire_retained(q):
    with lock:
        return _original["expire"](q)


def _dispatch_to_sqs(spec, payload, sqs_parameters=None):
    with lock:
        return _original["dispatch"](spec, payload, sqs_parameters)


def _deliver_to_sqs(endpoint, envelope, raw, raw_message, message_group_id="", message_dedup_id="", message_attributes=None,
                    topic_arn=""):
    with lock:
        return _original["topic"](endpoint, envelope, raw, raw_message, message_group_id, message_dedup_id,
                                  message_attributes, topic_arn)


def install():
    from replace import replace
    sqs._queues_lock = lock  # what the helpers for mappings take
    for action, handler in sqs._HANDLERS.items():
        if not asyncio.iscoroutinefunction(handler):
            sqs._HANDLERS[action] = _locked(handler)
    _original.update(
        collect=replace(sqs, "_collect_msgs", _collect_msgs),
        sweep=replace(sqs, "_dlq_sweep", _dlq_sweep),
        expire=replace(sqs, "_expire_retained", _expire_retained),
        dispatch=replace(eb, "_dispatch_to_sqs", _dispatch_to_sqs),
        topic=replace(sns, "_deliver_to_sqs", _deliver_to_sqs))
