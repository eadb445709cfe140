#!/usr/bin/env python3
"""Write everything that the local cloud keeps outside Secrets Manager into files, to be read or searched. See --help."""
import argparse
import json
import os
import pathlib
import sys

import boto3
from botocore.config import Config

DESCRIPTION = """\
Write what the local cloud at AWS_ENDPOINT_URL keeps into DIR, one file per place: the events of every log group (function
logs and the log of the bus), messages of every queue, items of every table, objects of every bucket but the one that
deploy.py uploads to, names of metrics, and what DescribeSecret says of every secret. Values of secrets are not asked for.

With --plant TEXT, first puts TEXT into a log group, an event bus, a queue and every table, to prove that a search of the
files would find it.
"""


ARTIFACTS = "local-cloud-artifacts"  # functions' code and templates


def pages(client, operation, key, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, [])


def log_groups(logs, directory):
    for group in pages(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        events = pages(logs, "filter_log_events", "events", logGroupName=name)
        path = directory / f"log{name.replace('/', '_')}.txt"
        path.write_text("".join(event["message"].rstrip("\n") + "\n" for event in events))


def queues(sqs, directory):
    for url in sqs.list_queues().get("QueueUrls", []):
        seen = []
        while True:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30,
                                         MessageAttributeNames=["All"])
            if not answer.get("Messages"):
                break
            seen += answer["Messages"]
        for message in seen:  # whoever waits for it gets it without delay
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        (directory / f"queue_{url.rpartition('/')[2]}.json").write_text(json.dumps(seen, default=str))


def tables(dynamodb, directory):
    for name in pages(dynamodb, "list_tables", "TableNames"):
        items = list(pages(dynamodb, "scan", "Items", TableName=name))
        (directory / f"table_{name}.json").write_text(json.dumps(items, default=str))


def buckets(s3, directory):
    for name in (bucket["Name"] for bucket in s3.list_buckets()["Buckets"]):
        if name == ARTIFACTS:
            continue
        kept = {f"{version['Key']} {version['VersionId']}": s3.get_object(
            Bucket=name, Key=version["Key"], VersionId=version["VersionId"])["Body"].read().decode(errors="replace")
            for version in pages(s3, "list_object_versions", "Versions", Bucket=name)}
        (directory / f"bucket_{name}.json").write_text(json.dumps(kept))


def secrets(manager, directory):
    described = [manager.describe_secret(SecretId=secret["ARN"])
                 for secret in pages(manager, "list_secrets", "SecretList")]
    (directory / "secrets.json").write_text(json.dumps(described, default=str))


def metrics(cloudwatch, directory):
    listed = list(pages(cloudwatch, "list_metrics", "Metrics"))
    (directory / "metrics.json").write_text(json.dumps(listed, default=str))


def plant(text, bus, group):
    """Put the text where a leak would end up."""
    logs = boto3.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName="planted")
    logs.put_log_events(logGroupName=group, logStreamName="planted",
                        logEvents=[{"timestamp": 1_700_000_000_000, "message": text}])
    answer = boto3.client("events").put_events(Entries=[{
        "EventBusName": bus, "Source": "rekey.sweep", "DetailType": "rekey.grace.ending",  # what no function of ours listens to
        "Detail": json.dumps({"message": text})}])
    if answer["FailedEntryCount"]:
        sys.exit("the bus did not take the planted event")
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="planted")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody=text)
    dynamodb = boto3.client("dynamodb")
    for table in list(pages(dynamodb, "list_tables", "TableNames")):
        keys = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
        dynamodb.put_item(TableName=table, Item={key["AttributeName"]: {"S": text} for key in keys})


def main():
    parser = argparse.ArgumentParser(prog="dump.py", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--plant", metavar="TEXT")
    parser.add_argument("--bus", help="with --plant: the bus")
    parser.add_argument("--group", help="with --plant: the log group")
    given = parser.parse_args()
    if not os.environ.get("AWS_ENDPOINT_URL"):
        parser.error("AWS_ENDPOINT_URL is not set")
    if given.plant:
        if not (given.bus and given.group):
            parser.error("--plant needs --bus and --group")
        plant(given.plant, given.bus, given.group)
    given.directory.mkdir(parents=True, exist_ok=True)
    log_groups(boto3.client("logs"), given.directory)
    queues(boto3.client("sqs"), given.directory)
    tables(boto3.client("dynamodb"), given.directory)
    buckets(boto3.client("s3", config=Config(s3={"addressing_style": "path"})), given.directory)
    secrets(boto3.client("secretsmanager"), given.directory)
    metrics(boto3.client("cloudwatch"), given.directory)


if __name__ == "__main__":
    main()
