"""Deleting a secret: what is announced of each version, and the end of the recovery window.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html#cloudtrail_log_entries_deletion
MiniStack announces nothing, and keeps a deleted secret for good.
"""
import time

from ministack.core import responses as core
from ministack.services import secretsmanager as sm

from schedule import DAY
from trail import service_event
from versions import lock, managed_elsewhere

_original = {}
_scale = 1.0


def _announce(name, arn, versions):
    for _ in range(versions):
        service_event(name, arn)


def _delete_secret(data):
    _, secret = sm._resolve(data.get("SecretId"))
    if secret and (refused := managed_elsewhere(secret)):
        return refused
    with lock:
        versions = len(secret["Versions"]) if secret else 0
        response = _original["delete"](data)
        if response[0] == 200:
            secret["_DeletedAt"] = time.time()
            _announce("StartSecretVersionDelete", secret["ARN"], versions)
            if data.get("ForceDeleteWithoutRecovery"):
                _announce("EndSecretVersionDelete", secret["ARN"], versions)
    return response


def _restore_secret(data):
    with lock:
        response = _original["restore"](data)
        if response[0] == 200:
            _, secret = sm._resolve(data.get("SecretId"))
            secret.pop("_DeletedAt", None)
            _announce("CancelSecretVersionDelete", secret["ARN"], len(secret["Versions"]))
    return response


def purge_due():
    """Remove what has been deleted for as long as its recovery window, in every account and region."""
    for (account, region, name), secret in list(sm._secrets._data.items()):
        if not secret.get("DeletedDate") or "_DeletedAt" not in secret:
            continue
        window = secret["DeletedDate"] - secret["_DeletedAt"]
        if (time.time() - secret["_DeletedAt"]) * _scale < round(window / DAY) * DAY:
            continue
        core.set_request_account_id(account)
        core.set_request_region(region)
        with lock:
            sm._purge_secret(name, secret)
            _announce("EndSecretVersionDelete", secret["ARN"], len(secret["Versions"]))


def install(settings):
    global _scale
    from replace import replace
    _scale = settings.clock_scale
    _original.update(delete=replace(sm, "_delete_secret", _delete_secret),
                     restore=replace(sm, "_restore_secret", _restore_secret))
