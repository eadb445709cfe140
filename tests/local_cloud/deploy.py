#!/usr/bin/env python3
"""Deploy a SAM template and the templates it nests to the local cloud, without SAM CLI. See --help."""
import argparse
import hashlib
import io
import json
import os
import pathlib
import shlex
import sys
import time
import zipfile

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from samtranslator.yaml_helper import intrinsics_multi_constructor

DESCRIPTION = """\
Deploy a SAM template with its nested templates (relative paths in Location or TemplateURL) to AWS_ENDPOINT_URL: what
`sam package` and `sam deploy` do, in about a second. Functions are not built here: each takes the file given for the
name in its Metadata.BuildProperties.Binary.

    deploy.py infra/template.yaml --stack rekey --binary rekey-rotate=target/debug/rekey-rotate --parameter Stage=local

Prints the outputs as `Name = value`, or as JSON with --json; anything else goes to stderr.
Exit codes: 0 done, 1 the stack or a resource failed, 2 usage.
"""
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
NESTED = {"AWS::Serverless::Application": "Location", "AWS::CloudFormation::Stack": "TemplateURL"}
BUCKET = "local-cloud-artifacts"
LONGEST_BODY = 51_200  # bytes; a larger template is uploaded too, as SAM CLI does


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Templates with their short intrinsics, read in C where PyYAML has it: a tenth of the time."""


Loader.add_multi_constructor("!", intrinsics_multi_constructor)


class Refused(Exception):
    """The template or the command line can't be deployed; the text says why."""


def pair(text):
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def arguments(argv=None):
    parser = argparse.ArgumentParser(prog="deploy.py", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("template", nargs="?", help="the root template; not needed with --delete")
    parser.add_argument("--stack", required=True, help="name of the stack; updated when it exists")
    parser.add_argument("--binary", type=pair, action="append", default=[], metavar="NAME=PATH",
                        help="the executable of a function; repeat for more")
    parser.add_argument("--in-place", action="store_true",
                        help="let functions run the files where they are, instead of their uploaded bytes: much sooner "
                             "deployed, and the files have to stay")
    parser.add_argument("--parameter", type=pair, action="append", default=[], metavar="K=V",
                        help="a template parameter; repeat for more")
    parser.add_argument("--endpoint", default=os.environ.get("AWS_ENDPOINT_URL"),
                        help="the local cloud (default: AWS_ENDPOINT_URL)")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "eu-west-1"), help="default eu-west-1")
    parser.add_argument("--json", action="store_true", help="print the outputs as one JSON object")
    parser.add_argument("--delete", action="store_true", help="delete the stack and wait until it is gone")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="default 120")
    given = parser.parse_args(argv)
    if not given.endpoint:
        parser.error("--endpoint or AWS_ENDPOINT_URL is needed: this tool never deploys to AWS")
    if not given.template and not given.delete:
        parser.error("a template is needed")
    return given


def clients(given):
    """CloudFormation and S3 at the endpoint, with the local cloud's root key whatever the caller's own is."""
    session = boto3.Session("test", "test", region_name=given.region)
    config = Config(retries={"max_attempts": 2}, s3={"addressing_style": "path"})
    return (session.client("cloudformation", endpoint_url=given.endpoint, config=config),
            session.client("s3", endpoint_url=given.endpoint, config=config))


class Package:
    """Uploads what a template refers to, and rewrites the references."""

    def __init__(self, s3, endpoint, binaries, in_place=False):
        self.s3, self.endpoint, self.binaries, self.in_place, self.uploaded = s3, endpoint, dict(binaries), in_place, {}
        location = {"LocationConstraint": s3.meta.region_name} if s3.meta.region_name != "us-east-1" else None
        try:
            s3.create_bucket(Bucket=BUCKET, **({"CreateBucketConfiguration": location} if location else {}))
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise

    def put(self, body, suffix):
        """Upload under the content's hash, so that an unchanged file is an unchanged property."""
        key = hashlib.sha256(body).hexdigest()[:32] + suffix
        if key not in self.uploaded:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
            self.uploaded[key] = True
        return key

    def template(self, path):
        """The text of a template whose local references are uploaded."""
        try:
            document = yaml.load(path.read_text(), Loader)
        except OSError as problem:
            raise Refused(f"{path}: {problem.strerror}") from problem
        except Exception as problem:
            raise Refused(f"{path} is not YAML or JSON: {problem}") from problem
        if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
            raise Refused(f"{path} has no Resources")
        for name, resource in document["Resources"].items():
            kind, props = resource.get("Type"), resource.setdefault("Properties", {})
            if kind == "AWS::Serverless::Function":
                props["CodeUri"] = self.function(path, name, resource)
            elif kind in NESTED and isinstance(props.get(NESTED[kind]), str):
                reference = props[NESTED[kind]]
                if "://" not in reference:
                    key = self.put(self.template(path.parent / reference).encode(), ".json")
                    props[NESTED[kind]] = f"{self.endpoint}/{BUCKET}/{key}"
        return json.dumps(document, default=str)

    def function(self, path, name, resource):
        binary = (resource.get("Metadata") or {}).get("BuildProperties", {}).get("Binary")
        if not binary:
            raise Refused(f"{path}: {name} has no Metadata.BuildProperties.Binary")
        if binary not in self.binaries:
            raise Refused(f"{path}: {name} needs --binary {binary}=PATH")
        source = pathlib.Path(self.binaries[binary])
        try:
            code = runs(source) if self.in_place else source.read_bytes()
        except OSError as problem:
            raise Refused(f"--binary {binary}: {source}: {problem.strerror}") from problem
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # nobody pays for these bytes
            entry = zipfile.ZipInfo("bootstrap")  # has a fixed date: the same binary is the same archive
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, code)
        return f"s3://{BUCKET}/{self.put(buffer.getvalue(), '.zip')}"


def runs(program):
    """A script that becomes the program, and is another one when the program is."""
    found = program.stat()
    return f"#!/bin/sh\n# {found.st_size} bytes of {found.st_mtime_ns}\nexec {shlex.quote(str(program.resolve()))}\n".encode()


def describe(cloudformation, stack):
    try:
        return cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as problem:
        if "does not exist" in problem.response["Error"]["Message"]:
            return None
        raise


def settled(cloudformation, stack, timeout):
    """The stack when nothing is in progress any more; None when it is gone."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = describe(cloudformation, stack)
        if not found or not found["StackStatus"].endswith("IN_PROGRESS"):
            return found
        time.sleep(0.05)
    raise Refused(f"{stack} is still {found['StackStatus']} after {timeout:g} s")


def failures(cloudformation, stack, since):
    """The resources that failed in this operation, first one first."""
    for event in reversed(cloudformation.describe_stack_events(StackName=stack)["StackEvents"]):
        if event["ResourceStatus"].endswith("FAILED") and event["Timestamp"].timestamp() >= since - 1:
            yield f"{event['LogicalResourceId']} ({event.get('ResourceType')}): " \
                  f"{event.get('ResourceStatusReason', event['ResourceStatus'])}"


def deploy(given, cloudformation, s3):
    package = Package(s3, given.endpoint, given.binary, given.in_place)
    body = package.template(pathlib.Path(given.template))
    template = {"TemplateBody": body} if len(body.encode()) <= LONGEST_BODY else {
        "TemplateURL": f"{given.endpoint}/{BUCKET}/{package.put(body.encode(), '.json')}"}
    request = {"StackName": given.stack, **template, "Capabilities": CAPABILITIES,
               "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in given.parameter]}
    existing, since = describe(cloudformation, given.stack), time.time()
    if existing and existing["StackStatus"] in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"):
        delete(given, cloudformation)  # as the first creation failed, it can only be made anew
        existing = None
    try:
        (cloudformation.update_stack if existing else cloudformation.create_stack)(**request)
    except ClientError as problem:
        if "No updates are to be performed" not in problem.response["Error"]["Message"]:
            raise
    stack = settled(cloudformation, given.stack, given.timeout)
    if not stack or stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        lines = list(failures(cloudformation, given.stack, since)) if stack else []
        status = f"{stack['StackStatus']} {stack.get('StackStatusReason', '')}" if stack else "gone"
        raise Refused("\n  ".join([f"{given.stack} is {status}".rstrip(), *lines]))
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
    print(json.dumps(outputs) if given.json else "\n".join(f"{k} = {v}" for k, v in outputs.items()))


def delete(given, cloudformation):
    cloudformation.delete_stack(StackName=given.stack)
    stack = settled(cloudformation, given.stack, given.timeout)
    if stack and stack["StackStatus"] != "DELETE_COMPLETE":
        raise Refused(f"{given.stack} is {stack['StackStatus']} {stack.get('StackStatusReason', '')}")


def main(argv=None):
    given = arguments(argv)
    cloudformation, s3 = clients(given)
    try:
        if given.delete:
            delete(given, cloudformation)
        else:
            deploy(given, cloudformation, s3)
    except (Refused, ClientError, BotoCoreError) as problem:
        print(f"deploy: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
