"""CloudWatch: alarms that go off, and tell their topics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
MiniStack looks at an alarm when somebody puts a metric, at all dimensions together, and not at what is missing.
"""
import json
import logging
import threading
import time

from ministack.core import responses as core
from ministack.services import cloudwatch as cw
from ministack.services import sns

import metrics
from permissions import topic_takes

log = logging.getLogger("alarms")
TICK_SECONDS = 0.25
SHORTEST_PERIOD = 0.5  # on a fast clock too: two ticks, so that no point falls between two looks
COMPARED = {
    "GreaterThanOrEqualToThreshold": (lambda value, threshold: value >= threshold, "greater than or equal to"),
    "GreaterThanThreshold": (lambda value, threshold: value > threshold, "greater than"),
    "LessThanThreshold": (lambda value, threshold: value < threshold, "less than"),
    "LessThanOrEqualToThreshold": (lambda value, threshold: value <= threshold, "less than or equal to")}
ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
REGIONS = {"eu-west-1": "EU (Ireland)", "us-east-1": "US East (N. Virginia)"}

_watched = {}  # alarm -> what is known of its metric
_scale = 1.0


class Metric:
    """The points of one alarm's metric that are young enough, read once each."""

    def __init__(self):
        self.source, self.read, self.points = None, 0, []
        self.alarm, self.state, self.due = None, None, 0.0  # as it was judged last, and when it is to be judged again

    def changed(self, source):
        """Take in what was written since the last time; whether there was anything."""
        if source is not self.source or len(source) < self.read:
            self.source, self.read, self.points = source, 0, []
        fresh = source[self.read:]
        self.read += len(fresh)
        self.points += fresh
        return bool(fresh)

    def forget(self, before):
        self.points = [point for point in self.points if point["Timestamp"] > before]


def _values(alarm, points, period, now):
    """The statistic of each of the last periods, newest first; None where there is no point."""
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    spans = [[] for _ in range(alarm["EvaluationPeriods"])]
    for point in points:
        age = int((now - point["Timestamp"]) / period)
        if 0 <= age < len(spans) and point["Timestamp"] <= now and alarm.get("Unit") in (None, "", point["Unit"]):
            spans[age].append(point)
    return [cw._stat_value(cw._calc_stats(span), statistic, span) if span else None for span in spans]


def _judged(alarm, values):
    """The state that these values mean: None where the present one stays."""
    breaches = COMPARED[alarm["ComparisonOperator"]][0]
    needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    bad = [breaches(value, alarm["Threshold"]) for value in values if value is not None]
    missing, treated = len(values) - len(bad), alarm.get("TreatMissingData") or "missing"
    if treated == "missing":
        if not bad:
            return "INSUFFICIENT_DATA"
        return "ALARM" if sum(bad) >= min(needed, len(bad)) else "OK"
    if treated == "ignore":
        if sum(bad) >= needed:
            return "ALARM"
        return "OK" if len(values) - bad.count(False) < needed else None
    return "ALARM" if sum(bad) + (missing if treated == "breaching" else 0) >= needed else "OK"


def _reason(alarm, values, state):
    had = [value for value in values if value is not None]
    if not had:
        if state == "INSUFFICIENT_DATA":
            return f"Insufficient Data: {len(values)} datapoints were unknown."
        treated = "Breaching" if alarm["TreatMissingData"] == "breaching" else "NonBreaching"
        return f"Threshold Crossed: no datapoints were received for {len(values)} periods and {len(values)} missing " \
               f"datapoints were treated as [{treated}]."
    breaches, words = COMPARED[alarm["ComparisonOperator"]]
    which = [value for value in had if breaches(value, alarm["Threshold"]) == (state == "ALARM")]
    return f"Threshold Crossed: {len(which)} out of the last {len(values)} datapoints {which} " \
           f"{'was' if len(which) == 1 else 'were'} {'' if state == 'ALARM' else 'not '}{words} the threshold " \
           f"({alarm['Threshold']})."


def _look(key, alarm, now):
    """Judge an alarm, when there is something new or enough time has passed since it was last judged."""
    name, period = alarm["AlarmName"], max(alarm["Period"] / _scale, SHORTEST_PERIOD)
    dimensions = cw._dims_key(cw._dims_from_list(alarm.get("Dimensions") or []))
    metric = _watched.setdefault(key, Metric())
    fresh = metric.changed(cw._metrics.get((alarm["Namespace"], alarm["MetricName"], dimensions)) or [])
    if not fresh and now < metric.due and alarm["StateValue"] == metric.state and alarm is metric.alarm:
        return
    metric.forget(now - period * alarm["EvaluationPeriods"])
    values = _values(alarm, metric.points, period, now)
    state, old = _judged(alarm, values), alarm["StateValue"]
    if state and state != old:
        reason = _reason(alarm, values, state)
        alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(now))
        log.info("%s: %s -> %s: %s", name, old, state, reason)
        cw._record_history(name, old, state, reason)
        cw._dispatch_alarm_actions(alarm, old, state, reason)
        cw._evaluate_parent_alarms(alarm)
    metric.alarm, metric.state, metric.due = alarm, alarm["StateValue"], now + period / 20


def _look_at_all():
    known = {key: alarm for key, alarm in list(cw._alarms._data.items())
             if alarm["ComparisonOperator"] in COMPARED and alarm["Namespace"] != "MetricMath"}
    for key in set(_watched) - set(known):
        del _watched[key]
    for key, alarm in known.items():
        core.set_request_account_id(key[0])
        core.set_request_region(key[1])
        try:
            _look(key, alarm, time.time())
        except Exception:
            log.exception("alarm %s", alarm["AlarmName"])


def _tick():
    while True:
        time.sleep(TICK_SECONDS)
        try:
            metrics.write_of_queues()
            _look_at_all()
        except Exception:
            log.exception("alarms")


# Telling

def _notification(alarm, old, state, reason):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
    def moment(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime(seconds))
    basic = not alarm.get("ExtendedStatistic")
    trigger = {
        "MetricName": alarm.get("MetricName"), "Namespace": alarm.get("Namespace"),
        "StatisticType": "Statistic" if basic else "ExtendedStatistic",
        **({"Statistic": str(alarm.get("Statistic") or "Average").upper()} if basic
           else {"ExtendedStatistic": alarm["ExtendedStatistic"]}),
        "Unit": alarm.get("Unit"), "Period": alarm.get("Period"), "EvaluationPeriods": alarm.get("EvaluationPeriods"),
        "Dimensions": [{"value": d["Value"], "name": d["Name"]} for d in alarm.get("Dimensions") or []],
        **({"DatapointsToAlarm": alarm["DatapointsToAlarm"]} if alarm.get("DatapointsToAlarm") else {}),
        "ComparisonOperator": alarm.get("ComparisonOperator"), "Threshold": alarm.get("Threshold"),
        "TreatMissingData": alarm.get("TreatMissingData") or "missing", "EvaluateLowSampleCountPercentile": ""}
    return {
        "AlarmName": alarm["AlarmName"], "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": core.get_account_id(),
        "AlarmConfigurationUpdatedTimestamp": moment(alarm.get("AlarmConfigurationUpdatedTimestamp")),
        "NewStateValue": state, "NewStateReason": reason, "StateChangeTime": moment(alarm.get("StateUpdatedTimestamp")),
        "Region": REGIONS.get(core.get_region(), core.get_region()), "AlarmArn": alarm["AlarmArn"], "OldStateValue": old,
        **{field: alarm.get(field) or [] for field in ACTIONS.values()},
        **({"AlarmRule": alarm["AlarmRule"]} if "AlarmRule" in alarm else {"Trigger": trigger})}


def _dispatch_alarm_actions(alarm, old_state, new_state, reason):
    """Publish to the topics whose policy lets CloudWatch do so; other kinds of actions do nothing here."""
    if not alarm.get("ActionsEnabled", True):
        return
    message = json.dumps(_notification(alarm, old_state, new_state, reason))
    subject = f'{new_state}: "{alarm["AlarmName"]}" in {REGIONS.get(core.get_region(), core.get_region())}'[:100]
    for topic in filter(cw._is_sns_action_arn, alarm.get(ACTIONS[new_state]) or []):
        if topic_takes(topic, "cloudwatch.amazonaws.com", alarm["AlarmArn"]):
            sns._fanout(topic, core.new_uuid(), message, subject)
        else:
            log.warning("%s: the policy of %s, or of its key, does not let cloudwatch.amazonaws.com publish",
                        alarm["AlarmName"], topic)


def _evaluate_alarm(alarm):
    """Left to the next tick."""


def _evaluate_all_alarms():
    """Left to the next tick."""


def install(settings):
    global _scale
    from replace import replace
    _scale = settings.alarm_scale
    for replacement in (_evaluate_alarm, _evaluate_all_alarms, _dispatch_alarm_actions):
        replace(cw, replacement.__name__, replacement)
    threading.Thread(target=_tick, daemon=True, name="alarms").start()
