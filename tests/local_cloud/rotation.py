"""RotateSecret: four steps, asynchronously, through a Lambda function.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
"""
import logging
import sys
import threading
import time

from ministack.core import responses as core
from ministack.core.concurrency import spawn_background
from ministack.core.responses import error_response_json as error
from ministack.core.responses import json_response as ok
from ministack.core.responses import new_uuid
from ministack.services import lambda_svc as lam
from ministack.services import secretsmanager as sm

import deletion
import managed
import schedule
import versions
from trail import service_event
from versions import _running as running
from versions import attach, bad_token, lock, new_version, pending, usable

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
TRIAL = ("testSecret",)
THROTTLE_PAUSES = (0.2, 0.5, 1, 2)  # seconds

log = logging.getLogger("rotation")
_settings = None


def _rotate_secret(data):
    secret, refused = usable(data.get("SecretId"))
    rules = data.get("RotationRules") or {}
    token = data.get("ClientRequestToken") or new_uuid()
    if refused and (secret or {}).get("OwningService") and not rules and not data.get("RotationLambdaARN"):
        return managed.rotate(secret, token)
    if refused := refused or bad_token(token):
        return refused
    if problem := schedule.refusal(rules):
        return error("InvalidParameterException", problem, 400)
    function_arn = data.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
    if not function_arn:
        return error("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.", 400)
    if not _may_invoke(function_arn):
        return error("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function. Ensure "
                     "that the function policy grants access to the principal secretsmanager.amazonaws.com.", 400)
    at_once = data.get("RotateImmediately", True)
    answer = ok({"ARN": secret["ARN"], "Name": secret["Name"], **({"VersionId": token} if at_once else {})})
    with lock:
        unfinished = pending(secret)
        if _is_current(secret, token):
            return answer  # the same request again, which prevents a second version
        if token in (unfinished, running.get(secret["ARN"])) and _settings.same_token == "taken":
            return answer
        if unfinished or secret["ARN"] in running:
            if secret["ARN"] not in running:
                _start(secret, unfinished, STEPS)
            return error("InvalidRequestException",
                         "A previous rotation isn't complete. That rotation will be reattempted.", 400)
        if token in secret["Versions"]:
            return error("InvalidRequestException", f"A version with the ClientRequestToken {token} exists already.", 400)
        if refused := new_version(secret, token):
            return refused
        now = versions.now()
        secret["RotationEnabled"] = True
        secret["RotationLambdaARN"] = function_arn
        secret["RotationRules"] = rules or secret.get("RotationRules") or {}
        secret["NextRotationDate"] = schedule.next_due(secret["RotationRules"], now, _settings.clock_scale)
        secret["LastChangedDate"] = now
        attach(secret, token, "AWSPENDING")
        current = sm._find_stage_version(secret, "AWSCURRENT")[1]
        if not at_once and current and _settings.trial_version == "current":
            secret["Versions"][token].update({k: current[k] for k in ("SecretString", "SecretBinary")})
        _start(secret, token, STEPS if at_once else TRIAL)
    return answer


def cancel_rotate_secret(data):
    """Turn the schedule off; a version that is being rotated keeps its label."""
    secret, refused = usable(data.get("SecretId"))
    if refused:
        return refused
    secret["RotationEnabled"] = False
    secret["NextRotationDate"] = None
    version = pending(secret)
    return ok({"ARN": secret["ARN"], "Name": secret["Name"], **({"VersionId": version} if version else {})})


def _is_current(secret, version_id):
    return "AWSCURRENT" in secret["Versions"].get(version_id, {}).get("Stages", [])


def _may_invoke(function_arn):
    """Whether the function exists and its policy lets Secrets Manager invoke it."""
    function = lam._get_base_func_record_for_ref(function_arn)[0]
    for statement in ((function or {}).get("policy") or {}).get("Statement", []):
        principal = statement.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, dict) else principal
        services = services if isinstance(services, list) else [services]
        if statement.get("Effect") == "Allow" and "secretsmanager.amazonaws.com" in services:
            return True
    return False


# Running one

def _start(secret, version_id, steps):
    running[secret["ARN"]] = version_id
    kind = "TestRotation" if steps == TRIAL else "Rotation"
    print(f"{kind} of {secret['ARN']} begins: {version_id}", file=sys.stderr, flush=True)
    spawn_background(_run, secret["ARN"], version_id, steps, thread_name="rotation")


def _run(arn, version_id, steps):
    kind = "TestRotation" if steps == TRIAL else "Rotation"
    try:
        for attempt in range(1 if steps == TRIAL else _settings.attempts):
            if attempt:
                time.sleep(_settings.attempt_pause)
            if not _open(arn, version_id):
                return  # deleted, or its label was taken away: abandoned
            service_event(f"{kind}Started", arn)
            failure = _attempt(arn, version_id, steps)
            if failure is None:
                break
            log.warning("%s of %s failed, attempt %d: %s", kind, arn, attempt + 1, failure)
            service_event(f"{kind}Failed", arn)
        if failure is None and steps == STEPS:
            _completed(arn)
    finally:
        with lock:
            running.pop(arn, None)
            _, secret = sm._resolve(arn)
            if steps == TRIAL and secret:
                secret["Versions"].pop(version_id, None)
        print(f"{kind} of {arn} is over: {version_id}", file=sys.stderr, flush=True)
    if failure is None:
        service_event(f"{kind}Succeeded", arn)


def _open(arn, version_id):
    """The secret, as long as this version is one to be rotated."""
    _, secret = sm._resolve(arn)
    labels = (secret or {}).get("Versions", {}).get(version_id, {}).get("Stages", [])
    return secret if {"AWSPENDING", "AWSCURRENT"} & set(labels) else None


def _attempt(arn, version_id, steps):
    """All steps once; why it failed, or None."""
    rotation_token = f"{new_uuid()}-{new_uuid()}"
    for step in steps:
        secret = _open(arn, version_id)
        if not secret:
            return f"{step}: the version lost its staging label"
        failure = _invoke(secret["RotationLambdaARN"], {
            "Step": step, "SecretId": arn, "ClientRequestToken": version_id, "RotationToken": rotation_token})
        if failure:
            return f"{step}: {failure}"
    if steps == STEPS and not _is_current(_open(arn, version_id) or {"Versions": {}}, version_id):
        return "finishSecret: the version does not have AWSCURRENT"
    return None


def _invoke(function_arn, event):
    """One synchronous invocation; the text of its failure, or None."""
    for pause in (*THROTTLE_PAUSES, None):
        function, config, _ = lam._get_func_record_for_ref(function_arn)
        if not function:
            return "the rotation function does not exist"
        result = lam._execute_function_with_config_scope(lam._execution_record_for_config(function, config), event)
        if not (result.get("throttle") and pause):
            break
        time.sleep(pause)
    if not result.get("error"):
        return None
    body = result.get("body")
    return body.get("errorMessage") or "error" if isinstance(body, dict) else str(body)


def _completed(arn):
    with lock:
        _, secret = sm._resolve(arn)
        now = versions.now()
        secret["LastRotatedDate"] = now
        if secret.get("RotationEnabled"):
            secret["NextRotationDate"] = schedule.next_due(secret.get("RotationRules"), now, _settings.clock_scale)
        sm._sync_replicas(secret)


# The native schedule

def _tick():
    """Start what is due, in every account and region."""
    for (account, region, _), secret in list(sm._secrets._data.items()):
        due = secret.get("NextRotationDate")
        if not (secret.get("RotationEnabled") and due and due <= time.time()) or secret["ARN"] in running \
                or secret.get("DeletedDate") or sm._is_replica(secret):
            continue
        core._request_account_id.set(account)
        core._request_region.set(region)
        secret["NextRotationDate"] = schedule.next_due(secret.get("RotationRules"), time.time(), _settings.clock_scale)
        _rotate_secret({"SecretId": secret["ARN"]})  # reattempts by itself what is unfinished


def _clock():
    while True:
        time.sleep(0.2)
        for tick in (_tick, deletion.purge_due):
            try:
                tick()
            except Exception:
                log.exception("the clock of the secrets stumbled")


def install(settings):
    global _settings
    from replace import replace
    _settings = settings
    replace(sm, "_rotate_secret", _rotate_secret)
    threading.Thread(target=_clock, daemon=True, name="rotation-clock").start()
