"""When a secret is due: RotationRules, as RotateSecret takes them."""
import re

import timetable

HOUR, DAY = 3600.0, 86400.0


def interval(rules):
    """Seconds between rotations, or None when the rules hold a cron expression or nothing."""
    if days := rules.get("AutomaticallyAfterDays"):
        return int(days) * DAY
    rate = re.fullmatch(r"rate\((\d+) (hours?|days?)\)", rules.get("ScheduleExpression") or "")
    return int(rate[1]) * (HOUR if rate[2].startswith("hour") else DAY) if rate else None


def next_due(rules, since, scale):
    """The moment after `since` (both in epoch seconds) at which the rules ask for a rotation, or None."""
    rules = rules or {}
    if every := interval(rules):
        return since + every / scale
    expression = rules.get("ScheduleExpression") or ""
    return timetable.next_fire(expression, since, scale) if expression.startswith("cron") else None


def refusal(rules):
    """Why Secrets Manager would refuse these rules, or None.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html
    """
    days, expression, window = (rules.get(k) for k in ("AutomaticallyAfterDays", "ScheduleExpression", "Duration"))
    if days is not None and expression:
        return "You can't specify both AutomaticallyAfterDays and ScheduleExpression."
    if days is not None and not 1 <= int(days) <= 1000:
        return "AutomaticallyAfterDays must be between 1 and 1000."
    if expression and next_due(rules, 0, 1) is None:
        return "The ScheduleExpression is not valid."
    every = interval(rules)
    if every and every < 4 * HOUR:
        return "The rotation rate can't be less than 4 hours."
    if window:
        hours = re.fullmatch(r"(\d{1,2})h", window)
        if not hours or not 1 <= int(hours[1]) <= 24 or (every and int(hours[1]) * HOUR > every):
            return "The rotation window Duration is not valid for this schedule."
    return None
