"""Lambda: what a function sees and says, and how often an asynchronous invocation is tried."""
import json
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from ministack.core import responses as core
from ministack.core.lambda_runtime import ProvidedWorker
from ministack.services import cloudwatch, lambda_svc as lam

import failures
from environment import visible_to_functions

log = logging.getLogger("functions")
CREDENTIALS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}

_pools = {}
_pools_lock = threading.Lock()
_original = {}


def _provided_worker_env(config, code_dir, port):
    """The function's own variables and Lambda's, nothing of the process that serves it."""
    env = _original["env"](config, code_dir, port)
    kept = {*visible_to_functions(), *CREDENTIALS, *lam._runtime_env_vars(config)}
    for name in set(os.environ) - kept:
        env.pop(name, None)
    logging_config = config.get("LoggingConfig") or {}
    env.update({
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'provided.al2023')}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": logging_config.get("LogFormat", "Text"),
        "AWS_LAMBDA_LOG_GROUP_NAME": logging_config.get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC"})
    if level := logging_config.get("ApplicationLogLevel"):
        env["AWS_LAMBDA_LOG_LEVEL"] = level
    return env


def _build_handler_class(self, generation, pending):
    handler = _original["handler"](self, generation, pending)
    handler.disable_nagle_algorithm = True  # headers and body are two writes, and the second waited 40 ms
    return handler


def _emit_lambda_logs(func, request_id, log_text, error, duration_ms, *, log_source=None):
    """Also turn lines in the embedded metric format into CloudWatch metrics."""
    for line in (log_text or "").splitlines():
        if '"_aws"' in line and "{" in line:
            try:
                _put_metrics(json.loads(line[line.index("{"):]))
            except (ValueError, KeyError, TypeError) as problem:
                log.warning("a metric line of %s is malformed: %r", (func.get("config") or func).get("FunctionName"),
                            problem)
    return _original["logs"](func, request_id, log_text, error, duration_ms, log_source=log_source)


def _put_metrics(document):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"""
    for directive in document["_aws"]["CloudWatchMetrics"]:
        data = []
        for metric in directive["Metrics"]:
            value = document[metric["Name"]]
            for names in directive.get("Dimensions") or [[]]:
                data.append({"MetricName": metric["Name"], "Unit": metric.get("Unit", "None"),
                             "Dimensions": [{"Name": name, "Value": str(document[name])} for name in names],
                             **({"Values": value} if isinstance(value, list) else {"Value": value})})
        cloudwatch._put_metric_data(None, {"Namespace": directive["Namespace"], "MetricData": data}, False, True)


def invoke_async_with_retry(func, event):
    """Asynchronous invocations in the function's own queue; a throttle waits and uses up no attempt.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    config = func.get("config") or func
    invoke = func.get("event_invoke_config") or (func.get("event_invoke_configs") or {}).get("$LATEST") or {}
    retries = invoke.get("MaximumRetryAttempts")
    attempts = 1 + int(2 if retries is None else retries)
    expires = time.time() + int(invoke.get("MaximumEventAgeInSeconds", 21600))
    destination = (invoke.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    account, region = lam._account_region_from_function_config(config)
    with _pools_lock:
        pool = _pools.setdefault(config["FunctionArn"], ThreadPoolExecutor(
            lam._reserved_concurrency(func, config) or 32, thread_name_prefix="lambda-async"))

    def run(failed):
        core._request_account_id.set(account)
        core._request_region.set(region)
        result = lam._execute_function(func, event)
        if not result.get("error"):
            return
        pause = 0.2
        if not result.get("throttle"):
            pause = min(lam._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2 ** failed, lam._LAMBDA_ASYNC_RETRY_MAX_SECONDS)
            failed += 1
        if failed < attempts and time.time() + pause < expires:
            timer = threading.Timer(pause, lambda: pool.submit(run, failed))
            timer.daemon = True
            timer.start()
        else:
            condition = "RetriesExhausted" if failed >= attempts else "EventAgeExceeded"
            failures.park(config, destination, event, result, condition, failed)

    pool.submit(run, 0)


def install():
    from replace import replace
    replace(lam, "invoke_async_with_retry", invoke_async_with_retry)
    _original.update(
        env=replace(lam, "_provided_worker_env", _provided_worker_env),
        logs=replace(lam, "_emit_lambda_logs", _emit_lambda_logs),
        handler=replace(ProvidedWorker, "_build_handler_class", _build_handler_class))
