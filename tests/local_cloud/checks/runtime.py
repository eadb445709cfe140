"""The Lambda runtime API, spoken by the functions of the checks; each is this file and one more, joined."""
import json
import os
import pathlib
import urllib.request

import botocore.session

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"
ROOM = pathlib.Path(os.environ["CHECK_ROOM"])
session = botocore.session.get_session()


def log(event):
    with open(ROOM / "events.jsonl", "a") as events:
        events.write(json.dumps(event) + "\n")


def post(path, body):
    urllib.request.urlopen(urllib.request.Request(f"{RUNTIME}/{path}", body)).close()


def serve(handle):
    """Answer invocations; bytes are sent as they are, anything else as JSON."""
    while True:
        with urllib.request.urlopen(f"{RUNTIME}/invocation/next") as answer:
            request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
            event = json.loads(answer.read())
        try:
            given = handle(event)
            post(f"invocation/{request}/response", given if isinstance(given, bytes) else json.dumps(given).encode())
        except Exception as problem:
            failure = {"errorMessage": str(problem)[:300], "errorType": type(problem).__name__}
            post(f"invocation/{request}/error", json.dumps(failure).encode())
