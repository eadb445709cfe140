#!/usr/bin/env python3
"""Send one event to a function of the local cloud and print its answer. See --help."""
import argparse
import json
import pathlib
import sys

import boto3

DESCRIPTION = """\
Invoke a function of the stack that FILE describes ({"endpoint": ..., "functions": {"rotate": NAME}, "event": {...}}) with the
event in EVENT, and print what it answers. Fields under "event" replace the same fields of the event, so that a sample speaks of
a secret and a version that are there. Exit codes: 0 the function succeeded, 1 it failed, 2 usage.
"""


def main():
    parser = argparse.ArgumentParser(prog="invoke.py", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", type=pathlib.Path, required=True, metavar="FILE")
    parser.add_argument("--function", required=True, metavar="NAME")
    parser.add_argument("--event", type=pathlib.Path, required=True, metavar="EVENT")
    given = parser.parse_args()
    stack = json.loads(given.stack.read_text())
    payload = given.event.read_bytes()
    try:
        event = json.loads(payload)
        if isinstance(event, dict):
            replaced = {name: value for name, value in stack.get("event", {}).items() if name in event}
            payload = json.dumps(event | replaced).encode()
            for name, value in replaced.items():
                print(f"{name} = {value}", file=sys.stderr)
    except ValueError:
        pass  # sent as it is: a function must stand nonsense too
    client = boto3.client("lambda", endpoint_url=stack["endpoint"], region_name="eu-west-1",
                          aws_access_key_id="test", aws_secret_access_key="test")
    answer = client.invoke(FunctionName=stack["functions"][given.function], Payload=payload)
    print(answer["Payload"].read().decode())
    sys.exit(1 if answer.get("FunctionError") else 0)


if __name__ == "__main__":
    main()
