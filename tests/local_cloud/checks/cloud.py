"""One local cloud for all checks, with the checks' stack deployed to it."""
import atexit
import functools
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = pathlib.Path(__file__).parent
ROOM = HERE.parent
CLOCK_SCALE = 7200  # four hours in two seconds
_kept = []


def start(*options):
    """A local cloud of its own: the process and its endpoint. Its environment holds what no function may see."""
    process = subprocess.Popen([sys.executable, str(ROOM), "--port", "0", *options], stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.DEVNULL,
                               env={**os.environ, "AWS_PROFILE": "someone", "HTTPS_PROXY": "http://proxy", "LEAK": "1"})
    atexit.register(stop, process)
    word, _, endpoint = (process.stdout.readline() or "nothing").strip().partition(" ")
    if word != "endpoint":
        raise RuntimeError(f"the local cloud said {word!r} instead of its endpoint")
    return process, endpoint


def stop(process):
    process.terminate()
    process.stdout.close()
    return process.wait(timeout=15)


def deploy(endpoint, *options):
    return subprocess.run([sys.executable, str(ROOM / "deploy.py"), "--endpoint", endpoint, *options],
                          capture_output=True, text=True, timeout=60)


def bootstrap():
    """The rotator as an executable that runs under this very Python."""
    directory = tempfile.TemporaryDirectory(prefix="checks-")
    _kept.append(directory)
    path = pathlib.Path(directory.name) / "rotator"
    path.write_text(f"#!{sys.executable}\n{(HERE / 'rotator.py').read_text()}")
    return path


@functools.cache
def endpoint():
    return start("--iam", "--clock-scale", str(CLOCK_SCALE), "--rotation-pause", "0.2")[1]


@functools.cache
def stack():
    """The outputs of the deployed stack, and `Room`, where its function writes and reads."""
    room = tempfile.TemporaryDirectory(prefix="checks-room-")
    _kept.append(room)
    done = deploy(endpoint(), str(HERE / "templates/root.yaml"), "--stack", "checks", "--json",
                  "--binary", f"rotator={bootstrap()}", "--parameter", f"Room={room.name}")
    if done.returncode:
        raise RuntimeError(done.stderr)
    return {**json.loads(done.stdout), "Room": room.name}


def connect(to, service, key="test", secret="test"):
    return boto3.client(service, endpoint_url=to, region_name="eu-west-1", aws_access_key_id=key,
                        aws_secret_access_key=secret,
                        config=Config(retries={"max_attempts": 0}, parameter_validation=False))


@functools.cache
def client(service):
    return connect(endpoint(), service)


def control(about, **told):
    """Tell the function what to do with a secret or a type of event: fail={"setSecret": 1}, skip=["finishSecret"]."""
    name = f"control-{hashlib.sha256(about.encode()).hexdigest()[:16]}.json"
    (pathlib.Path(stack()["Room"]) / name).write_text(json.dumps(told))


def rotate(secret, **more):
    """Put a secret on a schedule of 30 days and rotate it; the token."""
    more = {"RotationLambdaARN": stack()["FunctionArn"], "RotationRules": {"AutomaticallyAfterDays": 30}, **more}
    return client("secretsmanager").rotate_secret(SecretId=secret, **more).get("VersionId")


def described(secret):
    return client("secretsmanager").describe_secret(SecretId=secret)


def failed_to(call, **parameters):
    """The code of the error that a call ends with."""
    try:
        call(**parameters)
    except ClientError as problem:
        return problem.response["Error"]["Code"]
    raise AssertionError("the call was not refused")


def steps(secret_arn):
    """The (step, token) pairs the function was given for a secret so far."""
    return [(e["Step"], e["ClientRequestToken"]) for e in events_given() if e.get("SecretId") == secret_arn]


def events_given():
    log = pathlib.Path(stack()["Room"]) / "events.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def new_secret(value="first", **more):
    """A secret with a value; its ARN."""
    return client("secretsmanager").create_secret(Name=f"checks/{uuid.uuid4().hex[:8]}", SecretString=value, **more)["ARN"]


def labels(secret):
    """Which version each label is on."""
    found = described(secret).get("VersionIdsToStages", {})
    return {label: version for version, held in found.items() for label in held}


def until(what, condition, seconds=10.0):
    """What `condition` returns once it is true; `what` names it when it never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:g} s: {what}")


def listen(pattern, state="ENABLED"):
    """A queue that hears what matches on the default bus; returns a function that takes what has come."""
    name = f"hears-{uuid.uuid4().hex[:8]}"
    sqs, events = client("sqs"), client("events")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def take():
        came = []
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                came.append(json.loads(message["Body"]))
        return came
    return take
