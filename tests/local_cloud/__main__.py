"""The local cloud: AWS on 127.0.0.1, without Docker. See README.md beside this file."""
import argparse
import asyncio
import logging
import os
import signal
import shutil
import sys
import threading
import time
import urllib.error
import urllib.request

import environment
import replace

DESCRIPTION = """\
Serve the parts of AWS that Rekey uses on 127.0.0.1: MiniStack, with the behaviour of Secrets Manager, EventBridge,
Lambda, S3, IAM, CloudWatch and CloudFormation mended where AWS documents another. Prints one line on stdout when it is ready:

    endpoint http://127.0.0.1:PORT

Everything else goes to stderr. Stops on SIGTERM, on SIGINT and when the process of --parent ends.
Clients use AWS_ENDPOINT_URL=<endpoint>, AWS_ACCESS_KEY_ID=test, AWS_SECRET_ACCESS_KEY=test and the region below.
"""


def arguments(argv=None):
    parser = argparse.ArgumentParser(prog="local_cloud", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=4566, help="port to listen on; 0 takes a free one (default 4566)")
    parser.add_argument("--region", default="eu-west-1", help="region (default eu-west-1)")
    parser.add_argument("--account", default="123456789012", help="account, 12 digits (default 123456789012)")
    parser.add_argument("--iam", action="store_true",
                        help="enforce IAM policies; a function then has the permissions of its role and no other")
    parser.add_argument("--state-dir", metavar="DIR",
                        help="keep everything (secret values too, unencrypted) in DIR and start from it next time")
    parser.add_argument("--journal", metavar="FILE",
                        help="write a line for every call: service, action, caller, connection, status; never a body")
    parser.add_argument("--parent", type=int, metavar="PID", help="stop when this process ends")
    parser.add_argument("--rotation-attempts", type=int, default=3, metavar="N",
                        help="how often Secrets Manager runs a rotation that fails, each time from createSecret "
                             "with the same token (default 3)")
    parser.add_argument("--rotation-pause", type=float, default=1.0, metavar="SECONDS",
                        help="pause between two attempts (default 1)")
    parser.add_argument("--rotations-per-second", type=int, default=0, metavar="N",
                        help="answer ThrottlingException to calls of RotateSecret and CancelRotateSecret above N a "
                             "second, where AWS has 50 (default 0: never)")
    parser.add_argument("--same-token", choices=("taken", "refused"), default="taken",
                        help="what RotateSecret says to the token of the rotation that is open: yes, and does nothing, or "
                             "that a previous rotation isn't complete (default taken)")
    parser.add_argument("--clock-scale", type=float, default=1.0, metavar="FACTOR",
                        help="how much faster rotation schedules and version ages run; 3600 makes an hour last a "
                             "second (default 1)")
    parser.add_argument("--schedule-scale", type=float, default=1.0, metavar="FACTOR",
                        help="how much faster scheduled rules and schedules of EventBridge Scheduler run; at 60, "
                             "rate(5 minutes) fires every 5 seconds (default 1)")
    parser.add_argument("--redelivery-scale", type=float, default=1.0, metavar="FACTOR",
                        help="how much sooner a message that a function did not take comes to it again, and how much "
                             "shorter batching windows and the delays of sent messages are (default 1)")
    parser.add_argument("--alarm-scale", type=float, default=1.0, metavar="FACTOR",
                        help="how much shorter the periods of alarms are, and how much faster messages age in the "
                             "metric of their queue; at 60, a minute is a second (default 1)")
    parser.add_argument("--unsettled-reads", type=int, default=0, metavar="N",
                        help="how many reads of a newly written AWSPENDING still find nothing (default 0)")
    parser.add_argument("--trial-version", choices=("empty", "current"), default="empty",
                        help="what the temporary AWSPENDING version of RotateImmediately=false holds: nothing, or a "
                             "copy of the current value (default empty)")
    given = parser.parse_args(argv)
    if len(given.account) != 12 or not given.account.isdigit():
        parser.error("--account takes 12 digits")
    if given.rotation_attempts < 1 or given.rotation_pause < 0 or given.unsettled_reads < 0:
        parser.error("--rotation-attempts is at least 1, --rotation-pause and --unsettled-reads are at least 0")
    if given.rotations_per_second < 0:
        parser.error("--rotations-per-second is at least 0")
    if given.clock_scale <= 0 or given.schedule_scale <= 0 or given.redelivery_scale < 1 or given.alarm_scale < 1:
        parser.error("--clock-scale and --schedule-scale are above 0, --redelivery-scale and --alarm-scale are at least 1")
    return given


def install(settings):
    """Import MiniStack and mend it; the order is that of the imports among the rooms."""
    import alarms
    import api
    import buckets
    import conditions
    import deletion
    import describing
    import events
    import formation
    import functions
    import intrinsics
    import managed
    import mappings
    import messages
    import metrics
    import nested
    import output
    import permissions
    import queues
    import recurring
    import rotation
    import schemas
    import tables
    import trail
    import versions

    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # warns about metrics it never sends
    functions.install()
    output.install()
    messages.install(settings)
    queues.install()
    events.install()
    mappings.install(settings)
    recurring.install(settings)
    versions.install(settings)
    describing.install()
    deletion.install(settings)
    managed.install(settings)
    rotation.install(settings)
    api.install(settings)
    trail.install()
    tables.install()
    buckets.install()
    intrinsics.install()
    conditions.install()
    permissions.install()
    formation.install()
    schemas.install()
    nested.install()
    metrics.install(settings)
    alarms.install(settings)


def alive(pid):
    """Whether a process runs; one that ended but was not reaped does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        if os.path.exists("/proc/self/stat"):
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def serve(sock, parent, journal, settings):
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config
    from managed import with_door
    from ministack.app import app

    app = with_door(app, settings)
    if journal:
        from journal import journaled
        app = journaled(app, journal)
    stop = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sig, stop.set)
    config = Config()
    config.bind = [f"fd://{sock.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"

    async def watch():
        while alive(parent):
            await asyncio.sleep(0.5)
        stop.set()

    watching = asyncio.create_task(watch()) if parent else None
    await hypercorn_serve(app, config, shutdown_trigger=stop.wait)
    if watching:
        watching.cancel()


def announce(port):
    """Say that we are ready, once we are: the first answer of the server, not the first byte of its socket."""
    endpoint = f"http://127.0.0.1:{port}"
    while True:
        try:
            urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=5).close()
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    print(f"endpoint {endpoint}", flush=True)


def main():
    given = arguments()
    replace.require_pinned_version()
    sock = environment.listen(given.port)
    port = sock.getsockname()[1]
    settings = environment.Settings(
        port=port, region=given.region, account=given.account, iam=given.iam, state_dir=given.state_dir,
        attempts=given.rotation_attempts, attempt_pause=given.rotation_pause,
        rotations_per_second=given.rotations_per_second, same_token=given.same_token,
        clock_scale=given.clock_scale,
        schedule_scale=given.schedule_scale, redelivery_scale=given.redelivery_scale,
        alarm_scale=given.alarm_scale,
        trial_version=given.trial_version, unsettled_reads=given.unsettled_reads)
    environment.prepare(settings)
    install(settings)
    threading.Thread(target=announce, args=(port,), daemon=True, name="announce").start()
    asyncio.run(serve(sock, given.parent, given.journal, settings))
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc
    lambda_runtime.reset()  # ends the functions' processes
    shutil.rmtree(lambda_svc._PROVIDED_CODE_CACHE, ignore_errors=True)  # their programs, some 60 MB
    sys.stdout.flush()
    os._exit(0)  # threads that still wait for a function must not hold us


if __name__ == "__main__":
    main()
