"""Rate and cron expressions, on a clock that may run faster than ours."""
import time
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from ministack.services import eventbridge as eb

# Where the fast clock and ours show the same time.
_origin = time.time()


def valid(expression):
    """Whether this is a rate or cron expression."""
    return eb._parse_rate_seconds(expression) is not None or eb._parse_cron_fields(expression) is not None


def next_fire(expression, since, scale, zone="UTC"):
    """The moment after `since` (both in epoch seconds of our clock) at which it fires, or None.

    A rate counts from `since`. A cron expression reads the fast clock, so that hours and days come in their order.
    """
    if (every := eb._parse_rate_seconds(expression)) is not None:
        return since + every / scale
    fields = eb._parse_cron_fields(expression)
    shown = datetime.fromtimestamp(_origin + (since - _origin) * scale, tz=timezone.utc)
    fires = eb._cron_next_fire(fields, shown.astimezone(ZoneInfo(zone))) if fields else None
    return _origin + (fires.timestamp() - _origin) / scale if fires else None
