#!/usr/bin/env python3
"""Print what comes into a log group, as it comes. See --help."""
import argparse
import os
import sys
import time

import boto3

DESCRIPTION = """\
Print each event of the log group GROUP of the local cloud at AWS_ENDPOINT_URL on a line of its own, those that are there
first, then each one as it comes. Stops when nobody reads its output or the cloud is gone.
"""
PAUSE = 0.25  # seconds


def main():
    parser = argparse.ArgumentParser(prog="follow.py", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("group", metavar="GROUP")
    given = parser.parse_args()
    if not os.environ.get("AWS_ENDPOINT_URL"):
        parser.error("AWS_ENDPOINT_URL is not set")
    pages = boto3.client("logs").get_paginator("filter_log_events")
    told, since = set(), 0
    while True:
        for page in pages.paginate(logGroupName=given.group, startTime=since):
            for event in page["events"]:
                # Nothing else tells two events apart here: MiniStack gives no eventId.
                known = (event["logStreamName"], event["timestamp"], event["message"])
                if known not in told:
                    told.add(known)
                    print(event["message"].rstrip("\n"), flush=True)
        # An event may come a little later than its time says.
        since = max(0, int((time.time() - 15) * 1000))
        time.sleep(PAUSE)


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
