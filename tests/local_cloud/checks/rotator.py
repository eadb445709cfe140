"""A rotation function for the checks: does the four steps on nothing but the secret.

Reads `control-<digest of the secret's ARN>.json` beside its event log: {"fail": {"<step>": <how often>}, "skip": ["<step>"],
"sleep": {"<step>": <seconds>}}.
"""
import hashlib
import json
import os
import time
import uuid

store = session.create_client("secretsmanager")
bus = session.create_client("events")


def control_file(event):
    about = event.get("SecretId") or event.get("detail-type") or ""
    return ROOM / f"control-{hashlib.sha256(about.encode()).hexdigest()[:16]}.json"


def control(event):
    try:
        return json.loads(control_file(event).read_text())
    except FileNotFoundError:
        return {}


def fail_if_told(event, step):
    told = control(event)
    left = told.get("fail", {}).get(step, 0)
    if left:
        told["fail"][step] = left - 1
        control_file(event).write_text(json.dumps(told))
        raise RuntimeError(f"{step} was told to fail")


def create(secret, token, event):
    try:
        store.get_secret_value(SecretId=secret, VersionId=token, VersionStage="AWSPENDING")
    except store.exceptions.ResourceNotFoundException:
        store.put_secret_value(SecretId=secret, ClientRequestToken=token, SecretString=json.dumps({"n": uuid.uuid4().hex}),
                               VersionStages=["AWSPENDING"], RotationToken=event["RotationToken"])


def announce(secret, token, event):
    if os.environ.get("CHECK_BUS"):
        bus.put_events(Entries=[{"EventBusName": os.environ["CHECK_BUS"], "Source": "rekey.rotate",
                                 "DetailType": "rekey.rotation.intended", "Detail": json.dumps({"version": token})}])


def finish(secret, token, event):
    labels = store.describe_secret(SecretId=secret)["VersionIdsToStages"]
    current = next(v for v, stages in labels.items() if "AWSCURRENT" in stages)
    store.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token,
                                      RemoveFromVersionId=current)


def pending_is_readable(secret, token):
    try:
        store.get_secret_value(SecretId=secret, VersionId=token, VersionStage="AWSPENDING")
        return True
    except store.exceptions.ResourceNotFoundException:
        return False


def handle(event):
    step = event.get("Step")
    if step == "testSecret":
        event["Readable"] = pending_is_readable(event["SecretId"], event["ClientRequestToken"])
    log(event)
    if not step:
        fail_if_told(event, "event")
        return {"environment": dict(os.environ)}
    time.sleep(control(event).get("sleep", {}).get(step, 0))
    fail_if_told(event, step)
    if step in control(event).get("skip", []):
        return None
    work = {"createSecret": create, "setSecret": announce, "finishSecret": finish}.get(step)
    if work:
        work(event["SecretId"], event["ClientRequestToken"], event)
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [
        {"Namespace": "Checks", "Dimensions": [["Step"]], "Metrics": [{"Name": "StepDuration", "Unit": "Milliseconds"}]}]},
        "Step": step, "StepDuration": 7}), flush=True)
    return None


serve(handle)
