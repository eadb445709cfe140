"""Alarms: what they look at, when they go off and are over, and whom they tell. A minute of theirs is half a second here."""
import json
import time
import unittest
import uuid

import cloud
from cloud import failed_to

TOPIC = """
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Heard: {Type: AWS::SQS::Queue}
  Subscription: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Heard.Arn}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Heard]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: sns.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Heard.Arn
            Condition: {ArnEquals: {aws:SourceArn: !Ref Topic}}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmDescription: Look at the page.
      Namespace: Checks
      MetricName: Told
      Dimensions: [{Name: Function, Value: teller}]
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 0
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: notBreaching
      AlarmActions: [!Ref Topic]
      OKActions: [!Ref Topic]
Outputs:
  Topic: {Value: !Ref Topic}
  HeardUrl: {Value: !Ref Heard}
  Alarm: {Value: !Ref Alarm}
"""


asked = {}  # alarm -> how many of its changes were waited for


def put(metric, times=1, **dimensions):
    cloud.client("cloudwatch").put_metric_data(Namespace="Checks", MetricData=times * [{
        "MetricName": metric, "Value": 1, "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()]}])


def alarm(metric, *, namespace="Checks", dimensions=None, statistic="Sum", period=60, periods=1, threshold=0,
          operator="GreaterThanThreshold", missing="notBreaching", **more):
    """A new alarm on a metric; its name."""
    name = f"checks-{uuid.uuid4().hex[:8]}"
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=name, Namespace=namespace, MetricName=metric, Statistic=statistic, Period=period,
        EvaluationPeriods=periods, Threshold=threshold, ComparisonOperator=operator, TreatMissingData=missing,
        Dimensions=[{"Name": n, "Value": v} for n, v in (dimensions or {}).items()], **more)
    return name


def state(name):
    return cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]


def becomes(wanted, *names):
    """Wait until each was in this state since it was last asked about: a state may last for half a second only."""
    def was(name):
        items = cloud.client("cloudwatch").describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending")
        states = [item["HistorySummary"].rpartition(" ")[2] for item in items["AlarmHistoryItems"]]
        asked.setdefault(name, 0)
        if wanted not in states[asked[name]:]:
            return False
        asked[name] = states.index(wanted, asked[name]) + 1
        return True
    left = set(names)
    cloud.until(f"{names} are {wanted}", lambda: not left.difference_update([name for name in left if was(name)]) and not left)


class Watching(unittest.TestCase):
    def test_an_alarm_looks_at_its_own_dimensions_and_is_over_when_its_period_is(self):
        mine, other = alarm("A", dimensions={"Function": "a"}), alarm("A", dimensions={"Function": "b"})
        becomes("OK", mine, other)
        put("A", Function="a")
        becomes("ALARM", mine)
        self.assertEqual(state(other), "OK")
        becomes("OK", mine)

    def test_the_statistic_is_of_one_period_and_as_many_must_breach_as_are_asked(self):
        metric = uuid.uuid4().hex
        total, most = alarm(metric, threshold=2), alarm(metric, statistic="Maximum", threshold=2)
        two_of_three = alarm(metric, periods=3, DatapointsToAlarm=2)
        put(metric, 3)
        becomes("ALARM", total)
        self.assertEqual((state(most), state(two_of_three)), ("OK", "OK"))
        time.sleep(0.5)
        put(metric)
        becomes("ALARM", two_of_three)

    def test_what_is_missing_counts_as_the_alarm_says(self):
        metric = uuid.uuid4().hex
        silence = alarm(metric, operator="LessThanThreshold", threshold=1, missing="breaching")
        kept, unknown = alarm(metric, missing="ignore"), alarm(metric, missing="missing")
        becomes("ALARM", silence)
        self.assertEqual((state(kept), state(unknown)), ("INSUFFICIENT_DATA", "INSUFFICIENT_DATA"))
        put(metric)
        becomes("OK", silence)
        becomes("ALARM", kept, unknown)
        becomes("ALARM", silence)
        becomes("INSUFFICIENT_DATA", unknown)
        self.assertEqual(state(kept), "ALARM")

    def test_a_state_that_somebody_set_lasts_until_the_next_look(self):
        name = alarm(uuid.uuid4().hex)
        becomes("OK", name)
        cloud.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="to try it")
        becomes("OK", name)
        history = cloud.client("cloudwatch").describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
        self.assertIn("Alarm updated from OK to ALARM", [item["HistorySummary"] for item in history])

    def test_a_function_that_fails_is_throttled_or_is_silent_sets_off_alarms(self):
        lam, function = cloud.client("lambda"), cloud.guarded()["FunctionArn"]
        of = {"namespace": "AWS/Lambda", "dimensions": {"FunctionName": function.rpartition(":")[2]}}
        failing, throttled = alarm("Errors", **of), alarm("Throttles", **of)
        silent = alarm("Invocations", **of, operator="LessThanThreshold", threshold=1, missing="breaching")
        becomes("ALARM", silent)
        becomes("OK", failing, throttled)
        self.assertIn("FunctionError", lam.invoke(FunctionName=function, Payload=b'{"throw": true}'))
        lam.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        try:
            self.assertEqual(failed_to(lam.invoke, FunctionName=function), "TooManyRequestsException")
        finally:
            lam.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=5)
        becomes("OK", silent)
        becomes("ALARM", failing, throttled)

    def test_an_invocation_that_nobody_waits_for_is_counted_once(self):
        jobs = cloud.jobs()
        function = jobs["FunctionArn"].rpartition(":")[2]

        def invocations():
            points = cloud.client("cloudwatch").get_metric_statistics(
                Namespace="AWS/Lambda", MetricName="Invocations", StartTime=0, EndTime=time.time() + 60, Period=86400 * 7,
                Dimensions=[{"Name": "FunctionName", "Value": function}], Statistics=["Sum"])["Datapoints"]
            return sum(point["Sum"] for point in points)
        before, about = invocations(), uuid.uuid4().hex
        cloud.client("sqs").send_message(QueueUrl=jobs["JobsUrl"], MessageBody=json.dumps({"about": about}))
        cloud.until("it came", lambda: any(about in json.dumps(event) for event in cloud.events_given()))
        cloud.until("it is counted", lambda: invocations() == before + 1)

    def test_a_queue_in_which_something_waits_sets_off_alarms(self):
        url, arn = cloud.queue()
        of = {"namespace": "AWS/SQS", "dimensions": {"QueueName": arn.rpartition(":")[2]}, "statistic": "Maximum"}
        waiting = alarm("ApproximateNumberOfMessagesVisible", **of)
        long, longer = (alarm("ApproximateAgeOfOldestMessage", **of, threshold=seconds) for seconds in (60, 86_400))
        becomes("OK", waiting, long, longer)
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody="x")
        becomes("ALARM", waiting, long)
        self.assertEqual(state(longer), "OK")
        cloud.messages(url)
        becomes("OK", waiting, long)


class Telling(unittest.TestCase):
    def test_a_topic_is_told_when_it_goes_off_and_when_it_is_over(self):
        stack = cloud.deploy_text("told", TOPIC)
        told = []

        def heard(wanted):
            told.extend(json.loads(json.loads(m["Body"])["Message"]) for m in cloud.messages(stack["HeardUrl"]))
            return next((one for one in told if (one["OldStateValue"], one["NewStateValue"]) == wanted), None)
        cloud.until("it is well", lambda: heard(("INSUFFICIENT_DATA", "OK")))
        put("Told", Function="teller")
        off = cloud.until("it is told", lambda: heard(("OK", "ALARM")))
        self.assertEqual((off["AlarmName"], off["AlarmDescription"]), (stack["Alarm"], "Look at the page."))
        self.assertEqual((off["AWSAccountId"], off["Region"]), ("123456789012", "EU (Ireland)"))
        self.assertRegex(off["NewStateReason"], r"^Threshold Crossed: 1 out of the last 1 datapoints \[1.0\] was greater")
        self.assertEqual(off["Trigger"]["Dimensions"], [{"value": "teller", "name": "Function"}])
        self.assertEqual((off["Trigger"]["Statistic"], off["Trigger"]["Period"]), ("SUM", 60))
        self.assertEqual(off["AlarmActions"], [stack["Topic"]])
        cloud.until("it is over", lambda: heard(("ALARM", "OK")))
        self.assertEqual(len(told), 3)

    def test_a_topic_whose_policy_does_not_name_cloudwatch_is_not_told(self):
        sns, metric = cloud.client("sns"), uuid.uuid4().hex
        url, arn = cloud.queue("sns")
        topic = sns.create_topic(Name=metric)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

        def policy(service):
            sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service},
                                                        "Action": "sns:Publish", "Resource": topic}]}))
        policy("events.amazonaws.com")
        becomes("OK", alarm(metric, OKActions=[topic]))
        self.assertEqual(cloud.messages(url), [])
        policy("cloudwatch.amazonaws.com")
        becomes("OK", alarm(metric, OKActions=[topic]))
        self.assertEqual(len(cloud.messages(url)), 1)


if __name__ == "__main__":
    unittest.main()
