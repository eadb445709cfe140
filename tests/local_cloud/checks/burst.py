"""How long a burst of events takes from a bus over a rule and a queue to a function: what the local cloud itself costs.

    target/venv/bin/python tests/local_cloud/checks/burst.py [--events 5000] [--senders 2]

The function only counts, so what is measured is the way there. Prints one line; fails when an event is lost.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import sys
import tempfile
import time

import cloud

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Room: {Type: String}}
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: burst}}
  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern: {detail-type: [burst]}
      Targets: [{Id: queue, Arn: !GetAtt Queue.Arn}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: read
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes]
                Resource: !GetAtt Queue.Arn
  Function:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: counter}}
    Properties:
      CodeUri: .
      Handler: bootstrap
      Runtime: provided.al2023
      Timeout: 10
      Role: !GetAtt Role.Arn
      Environment: {Variables: {CHECK_ROOM: !Ref Room}}
      Events:
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
            BatchSize: 10
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {MaximumConcurrency: 5}
Outputs: {Bus: {Value: !Ref Bus}, Queue: {Value: !Ref Queue}}
"""


def processor_seconds(pid):
    """What a process has used of the processors, without its children."""
    user, system = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(prog="burst", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--senders", type=int, default=2, help="how many callers of PutEvents at once (default 2)")
    given = parser.parse_args()
    process, endpoint = cloud.start("--iam")
    with tempfile.TemporaryDirectory() as room:
        template = pathlib.Path(room) / "template.yaml"
        template.write_text(TEMPLATE)
        done = cloud.deploy(endpoint, str(template), "--stack", "burst", "--json", "--parameter", f"Room={room}",
                            "--binary", f"counter={cloud.bootstrap('counter')}")
        if done.returncode:
            sys.exit(done.stderr)
        stack, events = json.loads(done.stdout), cloud.connect(endpoint, "events")
        numbers = range(given.events)
        calls = [[{"EventBusName": stack["Bus"], "Source": "burst", "DetailType": "burst", "Detail": json.dumps({"n": n})}
                  for n in numbers[start:start + 10]] for start in numbers[::10]]

        def seen():
            counted = pathlib.Path(room) / "counted"
            return counted.read_text().split() if counted.exists() else []

        def send(call):
            return events.put_events(Entries=call)["FailedEntryCount"]

        began, spent = time.monotonic(), processor_seconds(process.pid)
        with concurrent.futures.ThreadPoolExecutor(given.senders) as senders:
            refused = sum(senders.map(send, calls))
        sent = time.monotonic() - began
        deadline = began + 300
        while len(set(seen())) < given.events - refused and time.monotonic() < deadline:
            time.sleep(0.1)
        took, spent, came = time.monotonic() - began, processor_seconds(process.pid) - spent, seen()
    cloud.stop(process)
    lost, again = given.events - len(set(came)), len(came) - len(set(came))
    print(f"{given.events} events: sent in {sent:.1f} s, all at the function after {took:.1f} s; "
          f"refused {refused}, lost {lost}, twice {again}; the local cloud's processor time {spent:.1f} s")
    return 1 if lost or refused else 0


if __name__ == "__main__":
    sys.exit(main())
