"""The environment the local cloud runs in, and what its functions may see of it."""
import os
import re
import socket
from dataclasses import dataclass

# Functions inherit this process's environment. Whatever is not named here is dropped before MiniStack is
# imported, so no credential or proxy of the person who started it can reach a function.
KEPT = re.compile(r"PATH|HOME|LANG|LC_\w+|SSL_CERT_\w+|LOG_LEVEL")

# What Lambda would show a function of the above.
FUNCTION_SEES = re.compile(r"PATH|LANG|AWS_ENDPOINT_URL")


@dataclass(frozen=True)
class Settings:
    """One running local cloud, as its command line describes it."""

    port: int
    region: str
    account: str
    iam: bool
    state_dir: str | None
    attempts: int
    attempt_pause: float
    rotations_per_second: int
    same_token: str
    clock_scale: float
    schedule_scale: float
    redelivery_scale: float
    alarm_scale: float
    trial_version: str
    unsettled_reads: int


def listen(port):
    """A bound socket on the loopback address; port 0 takes any that is free."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError as problem:
        raise SystemExit(f"local cloud: port {port}: {problem.strerror}") from problem
    return sock


def prepare(settings):
    """Scrub the environment and set what MiniStack reads when it is imported."""
    for name in list(os.environ):
        if not KEPT.fullmatch(name):
            del os.environ[name]
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.update({
        "GATEWAY_PORT": str(settings.port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": settings.region,
        "MINISTACK_ACCOUNT_ID": settings.account,
        "AUTH": "true" if settings.iam else "false",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",  # a minute on AWS
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{settings.port}",
        # MiniStack's root key; with --iam every other key has to exist and to be allowed.
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    })
    if settings.state_dir:
        os.makedirs(settings.state_dir, mode=0o700, exist_ok=True)
        os.environ.update({"PERSIST_STATE": "1", "STATE_DIR": os.path.abspath(settings.state_dir)})


def visible_to_functions():
    """The part of this process's environment that a function starts from."""
    return {name: value for name, value in os.environ.items() if FUNCTION_SEES.fullmatch(name)}
