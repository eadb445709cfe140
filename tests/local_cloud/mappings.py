"""Event source mappings: from an SQS queue to a function.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""
import itertools
import json
import logging
import time

from ministack.core.responses import error_response_json as error
from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import lambda_svc as lam
from ministack.services import sqs
from ministack.services.cloudformation import provisioners as cfn

import queues
from permissions import role_allows

log = logging.getLogger("mappings")
NEEDED = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
IDLE_SECONDS = 0.1  # between two looks at queues in which nothing is visible
PAUSE_AFTER_FAILURE = 0.2
INTEGERS = ("BatchSize", "MaximumBatchingWindowInSeconds")

_original = {}
_scale = 1.0


# Making one

def _denied(function, queue_arn):
    """What the function's role may not do with the queue, or None."""
    role, source = function["config"].get("Role", ""), function["config"]["FunctionArn"]
    return next((action for action in NEEDED
                 if not role_allows(role, "lambda.amazonaws.com", f"sqs:{action}", queue_arn, source)), None)


def _problem(data):
    """Why Lambda would refuse this mapping, or None."""
    arn = data["EventSourceArn"]
    size, window = data.get("BatchSize", 10), data.get("MaximumBatchingWindowInSeconds", 0)
    queue, function = sqs._queue_by_arn(arn), lam._get_func_record_for_ref(data.get("FunctionName", ""))[0]
    if not queue:
        return f"The queue {arn} does not exist."
    if not function:
        return None  # is said by the call itself
    if not 1 <= size <= 10_000 or not 0 <= window <= 300:
        return "BatchSize is 1 to 10000, MaximumBatchingWindowInSeconds 0 to 300."
    if size > 10 and not window:
        return "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    visible, timeout = int(queue["attributes"]["VisibilityTimeout"]), int(function["config"].get("Timeout", 3))
    if visible < timeout:
        return f"Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} seconds"
    if action := _denied(function, arn):
        return f"The provided execution role does not have permissions to call {action} on SQS"
    return None


def _refusal(data):
    if ":sqs:" not in data.get("EventSourceArn", "") or not (problem := _problem(data)):
        return None
    return error("InvalidParameterValueException", problem, 400)


def _create_esm(data):
    return _refusal(data) or _original["create"](data)


def _update_esm(esm_id, data):
    return _refusal({**(lam._esms.get(esm_id) or {}), **data}) or _original["update"](esm_id, data)


def _declared(props):
    """A template's properties with the types that the API has: parameters of a template are text."""
    props = {**props, **{name: int(props[name]) for name in INTEGERS if name in props}}
    if "MaximumConcurrency" in (props.get("ScalingConfig") or {}):
        props["ScalingConfig"] = {"MaximumConcurrency": int(props["ScalingConfig"]["MaximumConcurrency"])}
    props["Enabled"] = str(props.get("Enabled", True)).lower() == "true"
    refused = _refusal(props) or lam._validate_scaling_config(props, props.get("EventSourceArn", ""))
    if refused:
        raise ValueError(json.loads(refused[2])["message"])
    return props


def _deploy(logical_id, props, stack):
    return _original["deploy"](logical_id, _declared(props), stack)


def _redeploy(physical_id, old, new, stack):
    return _original["redeploy"](physical_id, old, _declared(new), stack)


# Reading from the queue

def _ready(mapping):
    """Whether there is a batch for a mapping whose function may read it."""
    queue = sqs._queue_by_arn(mapping["EventSourceArn"])
    function = lam._functions.get(mapping["FunctionName"])
    if not queue or not function:
        return False
    if lam._esm_inflight.get(mapping["UUID"], 0) >= lam._sqs_esm_concurrency(mapping, function, function["config"], queue):
        return False  # asked again when a batch is done
    now = time.time()
    with queues.lock:
        sqs._dlq_sweep(queue)
        seen = (m["visible_at"] for m in queue["messages"] if m["visible_at"] <= now)
        visible = list(itertools.islice(seen, mapping["BatchSize"]))
    window = mapping.get("MaximumBatchingWindowInSeconds", 0) / _scale
    if not visible or (len(visible) < mapping["BatchSize"] and now - min(visible) < window):
        return False
    if action := _denied(function, mapping["EventSourceArn"]):
        mapping["LastProcessingResult"] = f"PROBLEM: the function's role may not call {action} on SQS"
        return False
    return True


def _iter_all_esms():
    """The mappings to look at; those from queues only when there is a batch for them."""
    for account, region, mapping in _original["all"]():
        set_request_account_id(account)
        set_request_region(region)
        if ":sqs:" not in mapping.get("EventSourceArn", "") or _ready(mapping):
            yield account, region, mapping


def _receive_messages_for_esm(queue_url, max_number):
    """A whole batch, where MiniStack takes ten messages at most."""
    with queues.lock:
        queue = sqs._get_q(queue_url)
        sqs._expire_retained(queue)
        return sqs._collect_msgs(queue, max_number, int(queue["attributes"]["VisibilityTimeout"]))


def _poll_loop():
    while True:
        lam._esm_wake.clear()
        busy = False
        for poll in (lam._poll_sqs, lam._poll_kinesis, lam._poll_dynamodb_streams):
            try:
                busy = poll() or busy
            except Exception:
                log.exception("a poll of the mappings failed")
        if not busy:
            lam._esm_wake.wait(IDLE_SECONDS if lam._esms.has_any() else 5)


# What becomes of a batch

def failed_items(answer, ids):
    """The ids that a function reports as failed; all of them when its answer can't be read."""
    if answer is None or answer == "":
        return set()
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else [None]
    failures = [] if failures is None else failures
    if not isinstance(failures, list) or not all(isinstance(failure, dict) for failure in failures):
        return set(ids)
    reported = [failure.get("itemIdentifier") for failure in failures]
    return set(reported) if all(isinstance(item, str) and item in ids for item in reported) else set(ids)


def _show_again(message, handle, hidden_until, timeout):
    """A failed message comes back when its visibility timeout ends, unless the function has set another one."""
    with queues.lock:
        if message["receipt_handle"] == handle and message["visible_at"] == hidden_until:
            message["visible_at"] = hidden_until - timeout * (1 - 1 / _scale)


def _run_sqs_batch(esm, func_rec, event, batch, queue_url, queue_name):
    timeout = int(sqs._get_q(queue_url)["attributes"]["VisibilityTimeout"])
    taken = [(message, message["receipt_handle"], message["visible_at"]) for message in batch]
    result = lam._execute_function(func_rec, event)
    ids = {record["messageId"] for record in event["Records"]}
    if result.get("error"):
        failed = ids
        lam._esm_backoff_until[esm["UUID"]] = time.time() + PAUSE_AFTER_FAILURE
    else:
        reports = "ReportBatchItemFailures" in (esm.get("FunctionResponseTypes") or [])
        failed = failed_items(result.get("body"), ids) if reports else set()
    # What the mapping's filter left out is not in `ids`, and goes like what succeeded.
    sqs._delete_messages_for_esm(queue_url, {handle for message, handle, _ in taken if message["id"] not in failed})
    for message, handle, hidden_until in taken:
        if message["id"] in failed:
            _show_again(message, handle, hidden_until, timeout)
    esm["LastProcessingResult"] = "PROBLEM: Function call failed" if result.get("error") else "OK"


def install(settings):
    global _scale
    from replace import replace
    _scale = settings.redelivery_scale
    replace(sqs, "_receive_messages_for_esm", _receive_messages_for_esm)
    replace(lam, "_run_sqs_batch", _run_sqs_batch)
    replace(lam, "_poll_loop", _poll_loop)
    handlers = cfn._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    _original.update(
        create=replace(lam, "_create_esm", _create_esm),
        update=replace(lam, "_update_esm", _update_esm),
        all=replace(lam, "_iter_all_esms", _iter_all_esms),
        deploy=handlers["create"], redeploy=handlers["update"])
    handlers.update(create=_deploy, update=_redeploy)
