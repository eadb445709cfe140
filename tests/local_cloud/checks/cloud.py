"""One local cloud for all checks, with the checks' stack deployed to it."""
import atexit
import contextlib
import functools
import hashlib
import importlib.util
import io
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
CLOCK_SCALE = 14400  # four hours in a second
SCHEDULE_SCALE = 120  # a minute in half a second
ALARM_SCALE = 120  # a period of a minute in half a second
REDELIVERY_SCALE = 40  # a visibility timeout of ten seconds in a quarter of one
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
    """Run deploy.py, in this process because it takes a second to start; its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = deploy_tool().main(["--endpoint", endpoint, *options])
        except SystemExit as end:
            code = end.code
    return subprocess.CompletedProcess(options, code, out.getvalue(), err.getvalue())


@functools.cache
def deploy_tool():
    """The tool as a module, from its file: the checks' own modules keep their names to themselves."""
    spec = importlib.util.spec_from_file_location("deploy_tool", ROOM / "deploy.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ours(script, given):
    """What a script prints that imports the local cloud's own modules: both ways JSON."""
    done = subprocess.run([sys.executable, "-c", script], input=json.dumps(given), capture_output=True, text=True,
                          cwd=ROOM, env={"PATH": os.environ["PATH"], "LOG_LEVEL": "ERROR"}, timeout=30)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


@functools.cache
def bootstrap(name):
    """A function of the checks as an executable that runs under this very Python."""
    directory = tempfile.TemporaryDirectory(prefix="checks-")
    _kept.append(directory)
    path = pathlib.Path(directory.name) / name
    path.write_text(f"#!{sys.executable}\n{(HERE / 'runtime.py').read_text()}\n{(HERE / f'{name}.py').read_text()}")
    return path


@functools.cache
def endpoint():
    return start("--iam", "--clock-scale", str(CLOCK_SCALE), "--rotation-pause", "0.2",
                 "--schedule-scale", str(SCHEDULE_SCALE), "--redelivery-scale", str(REDELIVERY_SCALE),
                 "--alarm-scale", str(ALARM_SCALE))[1]


@functools.cache
def room():
    """Where the functions write what they were given, and read what they should do."""
    directory = tempfile.TemporaryDirectory(prefix="checks-room-", ignore_cleanup_errors=True)  # functions still write to it
    _kept.append(directory)
    return pathlib.Path(directory.name)


def deployed(template, stack, *options):
    """The outputs of a stack of the checks."""
    done = deploy(endpoint(), str(HERE / f"templates/{template}.yaml"), "--stack", stack, "--json", *options)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def deploy_text(stack, text, *options):
    """The same for a template that is given as text."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "template.yaml"
        path.write_text(text)
        done = deploy(endpoint(), str(path), "--stack", stack, "--json", *options)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


@functools.cache
def stack():
    """The stack with the rotation function, the bus and an example secret."""
    return deployed("root", "checks", "--binary", f"rotator={bootstrap('rotator')}", "--parameter", f"Room={room()}")


@functools.cache
def jobs():
    """The stack with a function that works on messages, two queues and their mappings."""
    return deployed("jobs", "jobs", "--binary", f"worker={bootstrap('worker')}", "--parameter", f"Room={room()}")


@functools.cache
def guarded():
    """The stack with keys, a locked bucket, an indexed table, and what else guards or carries data away."""
    return deployed("guarded", "guarded", "--binary", f"worker={bootstrap('worker')}", "--parameter", f"Room={room()}")


def connect(to, service, key="test", secret="test", session=None):
    return boto3.client(service, endpoint_url=to, region_name="eu-west-1", aws_access_key_id=key,
                        aws_secret_access_key=secret, aws_session_token=session,
                        config=Config(retries={"max_attempts": 0}, parameter_validation=False))


@functools.cache
def client(service):
    return connect(endpoint(), service)


def user(*statements):
    """A user with these statements as policy: the name, and the key with its secret."""
    iam, name = client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **s} for s in statements]}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return name, (key["AccessKeyId"], key["SecretAccessKey"])


def as_user(service, *statements):
    """A client of a user with these statements as policy."""
    return connect(endpoint(), service, *user(*statements)[1])


def control(about, **told):
    """Tell the function what to do with a secret or a type of event: fail={"setSecret": 1}, skip=["finishSecret"]."""
    name = f"control-{hashlib.sha256(about.encode()).hexdigest()[:16]}.json"
    (room() / name).write_text(json.dumps(told))


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
    log = room() / "events.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def new_secret(value="first", name=None, **more):
    """A secret with a value; its ARN."""
    name = name or f"checks/{uuid.uuid4().hex[:8]}"
    return client("secretsmanager").create_secret(Name=name, SecretString=value, **more)["ARN"]


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


def queue(*services, **attributes):
    """A new queue that these services may send to; its URL and its ARN."""
    sqs = client("sqs")
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sqs:SendMessage",
         "Resource": "*"} for service in services]}
    url = sqs.create_queue(QueueName=f"checks-{uuid.uuid4().hex[:8]}",
                           Attributes={"Policy": json.dumps(policy), **attributes})["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def messages(url):
    """Take what is in a queue."""
    came = []
    while batch := client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"],
                                                 MessageAttributeNames=["All"]).get("Messages"):
        for message in batch:
            client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        came += batch
    return came


def listen(pattern, state="ENABLED"):
    """A queue that hears what matches on the default bus; returns a function that takes what has come."""
    (url, arn), events = queue("events"), client("events")
    name = arn.rpartition(":")[2]
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    return lambda: [json.loads(message["Body"]) for message in messages(url)]
