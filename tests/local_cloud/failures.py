"""Lambda: where an asynchronous invocation ends that failed for the last time.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""
import json
import logging
import time

from ministack.core import responses as core
from ministack.services import lambda_svc as lam

import queues
from permissions import role_allows

log = logging.getLogger("failures")


def _record(config, event, result, condition, attempts):
    """What an OnFailure destination is told."""
    now = time.time()
    return {
        "version": "1.0", "timestamp": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03}Z",
        "requestContext": {"requestId": core.new_uuid(), "functionArn": f"{config['FunctionArn']}:$LATEST",
                           "condition": condition, "approximateInvokeCount": attempts},
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": result.get("body")}


def _dead_letter(result):
    """The attributes of a message in a dead-letter queue; its body is the event and nothing else."""
    body = result.get("body")
    message = body.get("errorMessage") if isinstance(body, dict) else body
    return {"RequestID": ("String", core.new_uuid()), "ErrorCode": ("Number", "200"),
            "ErrorMessage": ("String", (str(message or "error"))[:1024])}


def _send(config, queue_arn, body, attributes):
    if not role_allows(config.get("Role", ""), "lambda.amazonaws.com", "sqs:SendMessage", queue_arn,
                       config["FunctionArn"]):
        log.warning("the role of %s may not send to %s: a failed event is lost", config["FunctionName"], queue_arn)
    elif not queues.deliver(queue_arn, json.dumps(body), attributes):
        log.warning("%s of %s does not exist: a failed event is lost", queue_arn, config["FunctionName"])


def park(config, destination, event, result, condition, attempts):
    """Send a failed event to the function's OnFailure destination and to its dead-letter queue."""
    if destination and ":sqs:" in destination:
        _send(config, destination, _record(config, event, result, condition, attempts), {})
    elif destination:
        lam._route_async_failure(destination, config["FunctionName"], event, result)
    if queue := (config.get("DeadLetterConfig") or {}).get("TargetArn"):
        _send(config, queue, event, _dead_letter(result))
