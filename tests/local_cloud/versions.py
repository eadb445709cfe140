"""Versions and staging labels, by the rules that AWS documents for Secrets Manager.

MiniStack overwrites a version when its token comes again, lets a label sit on two versions, drops versions that lose
their last label and reads an empty version without an error.
"""
import base64
import re
import threading
import time

from ministack.core.responses import error_response_json as error
from ministack.core.responses import json_response as ok
from ministack.core.responses import new_uuid
from ministack.services import secretsmanager as sm

from schedule import DAY, next_due
from trail import service_event

# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
MAX_VALUE_BYTES = 65536
MAX_VERSIONS = 100
MAX_LABELS = 20

# Held by whoever changes versions: API calls run on the server's loop, rotations on threads of their own.
lock = threading.RLock()
_running = {}  # secret ARN -> version being rotated
_original = {}
_settings = None


def now():
    """The time in seconds as Secrets Manager shows it, with milliseconds."""
    return round(time.time(), 3)


# Reading and moving

def has_value(version):
    return version["SecretString"] is not None or version["SecretBinary"] is not None


def pending(secret):
    """The version with AWSPENDING, unless it is the current one already."""
    found, _ = sm._find_stage_version(secret, "AWSPENDING")
    current, _ = sm._find_stage_version(secret, "AWSCURRENT")
    return None if found == current else found


def attach(secret, version_id, label):
    """Put a label on one version, taking it from where it was; AWSCURRENT leaves AWSPREVIOUS behind."""
    before, _ = sm._find_stage_version(secret, label)
    if before == version_id:
        return
    sm._remove_stage_everywhere(secret, label)
    sm._add_stage(secret, version_id, label)
    if label == "AWSCURRENT" and before:
        attach(secret, before, "AWSPREVIOUS")
    if label not in ("AWSPENDING", "AWSPREVIOUS"):
        sm._emit_secret_label_updated(secret, label, version_id)


def make_room(versions, now, scale=1.0):
    """Drop the oldest versions without a label until one more fits; False when those left are too young."""
    while len(versions) >= MAX_VERSIONS:
        deprecated = [(v["CreatedDate"], vid) for vid, v in versions.items()
                      if not v["Stages"] and now - v["CreatedDate"] >= DAY / scale]
        if not deprecated:
            return False
        del versions[min(deprecated)[1]]
    return True


def new_version(secret, version_id):
    """Add an empty version; the refusal, or None."""
    if not make_room(secret["Versions"], time.time(), _settings.clock_scale):
        return error("LimitExceededException", f"The secret has {MAX_VERSIONS} versions, and none without a label is "
                     "older than 24 hours.", 400)
    secret["Versions"][version_id] = {"SecretString": None, "SecretBinary": None, "CreatedDate": now(),
                                      "Stages": []}
    return None


def managed_elsewhere(secret):
    """The refusal to change what another service manages, or None."""
    if not secret.get("OwningService"):
        return None
    return error("InvalidRequestException", f"The secret is managed by {secret['OwningService']}, and you must use that "
                 "service to update it.", 400)


def usable(secret_id):
    """The secret and None, or None and why nothing may be changed in it."""
    _, secret = sm._resolve(secret_id)
    if not secret:
        return None, error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.", 400)
    if secret.get("DeletedDate"):
        return None, error("InvalidRequestException", "You can't perform this operation on the secret because it was "
                           "marked for deletion.", 400)
    if sm._is_replica(secret):
        return None, sm._replica_mutation_error()
    return secret, managed_elsewhere(secret)


# Storing a value

def bad_value(data, required=True):
    """Why this SecretString or SecretBinary can't be stored, or None."""
    text, binary = data.get("SecretString"), data.get("SecretBinary")
    if text is not None and binary is not None:
        return error("InvalidParameterException", "You can't specify both SecretString and SecretBinary.", 400)
    if text is None and binary is None:
        return error("InvalidRequestException", "You must provide either SecretString or SecretBinary.",
                     400) if required else None
    size = len(text.encode()) if text is not None else len(base64.b64decode(binary))
    if size > MAX_VALUE_BYTES:
        return error("ValidationException", f"The secret value is longer than {MAX_VALUE_BYTES} bytes.", 400)
    return None


def bad_token(token):
    if not 32 <= len(token) <= 64:
        return error("InvalidParameterException", "ClientRequestToken must be 32 to 64 characters long.", 400)
    return None


def store(secret, data, labels):
    """Keep a value under its token and move the labels; the refusal, or None."""
    token = data["ClientRequestToken"]
    version = secret["Versions"].get(token)
    if version and has_value(version):
        if all(version[k] == data.get(k) for k in ("SecretString", "SecretBinary")):
            return None
        return error("ResourceExistsException", "You can't modify an existing version, you can only create new ones.",
                     400)
    if not any(has_value(v) for v in secret["Versions"].values()) and "AWSCURRENT" not in labels:
        labels = [*labels, "AWSCURRENT"]  # the first value of a secret is its current one
    if not version and (refused := new_version(secret, token)):
        return refused
    secret["Versions"][token].update(SecretString=data.get("SecretString"), SecretBinary=data.get("SecretBinary"))
    open_version = pending(secret)
    for label in labels:
        attach(secret, token, label)
    if "AWSPENDING" in labels and _settings.unsettled_reads:
        secret["Versions"][token]["UnsettledReads"] = _settings.unsettled_reads
    if "AWSCURRENT" in labels:
        if open_version and open_version != token:
            sm._remove_stage(secret, open_version, "AWSPENDING")
            service_event("RotationAbandoned", secret["ARN"])
        if secret.get("RotationEnabled") and secret["ARN"] not in _running:
            # A value written by hand counts as a rotation when the next date is set.
            secret["NextRotationDate"] = next_due(secret.get("RotationRules"), time.time(), _settings.clock_scale)
    secret["LastChangedDate"] = now()
    sm._sync_replicas(secret)
    return None


def _put_secret_value(data):
    secret, refused = usable(data.get("SecretId"))
    token = data.setdefault("ClientRequestToken", new_uuid())
    labels = data.get("VersionStages") or ["AWSCURRENT"]
    rotation_token = data.get("RotationToken")
    refused = refused or bad_value(data) or bad_token(token)
    if refused:
        return refused
    if len(labels) > MAX_LABELS:
        return error("InvalidParameterException", f"A version has at most {MAX_LABELS} staging labels.", 400)
    if rotation_token is not None and not re.fullmatch(r"[a-zA-Z0-9-]{36,256}", rotation_token):
        return error("InvalidParameterException", "The RotationToken is not valid.", 400)
    with lock:
        if refused := store(secret, data, labels):
            return refused
        return ok({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token,
                   "VersionStages": list(secret["Versions"][token]["Stages"])})


def _update_secret(data):
    secret, refused = usable(data.get("SecretId"))
    if data.get("SecretString") is None and data.get("SecretBinary") is None:
        return refused or _original["update"](data)
    token = data.setdefault("ClientRequestToken", new_uuid())
    if refused := refused or bad_value(data) or bad_token(token):
        return refused
    with lock:
        if refused := store(secret, data, ["AWSCURRENT"]):
            return refused
        _original["update"]({k: v for k, v in data.items() if k not in ("SecretString", "SecretBinary")})
        return ok({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token})


def _create_secret(data):
    name, token = data.get("Name") or "", data.get("ClientRequestToken")
    if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", name):
        return error("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, "
                     "or any of the following: -/_+=.@!", 400)
    if refused := bad_value(data, required=False) or (token and bad_token(token)):
        return refused
    existing = sm._secrets.get(name)
    if existing and existing.get("DeletedDate"):
        return error("InvalidRequestException", "You can't create this secret because a secret with this name is "
                     "already scheduled for deletion.", 400)
    version = existing["Versions"].get(token) if existing else None
    if version and all(version[k] == data.get(k) for k in ("SecretString", "SecretBinary")):
        return ok({"ARN": existing["ARN"], "Name": name, "VersionId": token})
    response = _original["create"](data)
    if response[0] != 200:
        return response
    secret = sm._secrets[name]
    (version_id, version), = secret["Versions"].items()
    secret["CreatedDate"] = secret["LastChangedDate"] = version["CreatedDate"] = now()
    if data.get("AddReplicaRegions"):
        sm._replicate_secret_to_regions({"SecretId": name, "AddReplicaRegions": data["AddReplicaRegions"]})
    if not has_value(version):  # no value, no version
        secret["Versions"] = {}
        return ok({"ARN": secret["ARN"], "Name": name})
    secret["Versions"] = {token or version_id: version}
    sm._sync_replicas(secret)
    return ok({"ARN": secret["ARN"], "Name": name, "VersionId": token or version_id})


# Labels and values

def _apply_current_promotion(secret, new_vid):
    """For MiniStack's own callers, such as a managed master password."""
    with lock:
        attach(secret, new_vid, "AWSCURRENT")
        sm._remove_stage(secret, new_vid, "AWSPENDING")


def _update_secret_version_stage(data):
    secret, refused = usable(data.get("SecretId"))
    if refused:
        return refused
    label, target, source = (data.get(k) for k in ("VersionStage", "MoveToVersionId", "RemoveFromVersionId"))
    if not label or not (target or source):
        return error("InvalidParameterException", "You must give a VersionStage and a version to move it to or to "
                     "remove it from.", 400)
    with lock:
        for version_id in filter(None, (target, source)):
            if version_id not in secret["Versions"]:
                return error("ResourceNotFoundException", "Secrets Manager can't find the specified secret version: "
                             f"{version_id}.", 400)
        holder, _ = sm._find_stage_version(secret, label)
        if source and source != holder:
            return error("InvalidParameterException", f"The staging label {label} is not attached to version "
                         f"{source}.", 400)
        if target and holder and holder not in (target, source):
            return error("InvalidParameterException", f"The staging label {label} is currently attached to version "
                         f"{holder}, so you must explicitly reference that version in RemoveFromVersionId.", 400)
        if not target and label == "AWSCURRENT":
            return error("InvalidParameterException", "You can only move staging label AWSCURRENT to a different "
                         "secret version. It can't be completely removed.", 400)
        if target:
            attach(secret, target, label)
        else:
            sm._remove_stage(secret, source, label)
        secret["LastChangedDate"] = now()
        sm._sync_replicas(secret)
    return ok({"ARN": secret["ARN"], "Name": secret["Name"]})


def _get_secret_value(data):
    secret_id, version_id, label = (data.get(k) for k in ("SecretId", "VersionId", "VersionStage"))
    _, secret = sm._resolve(secret_id)
    if not secret or secret.get("DeletedDate"):
        return usable(secret_id)[1]
    with lock:
        if version_id:
            version, asked = secret["Versions"].get(version_id), f"VersionId: {version_id}"
        else:
            asked = f"staging label: {label or 'AWSCURRENT'}"
            version_id, version = sm._find_stage_version(secret, label or "AWSCURRENT")
        if version and label and label not in version["Stages"]:
            return error("InvalidRequestException", "You provided a VersionStage that is not associated to the "
                         "provided VersionId.", 400)
        if not version or not has_value(version) or _unsettled(version):
            return error("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for "
                         f"{asked}", 400)
        # "The resolution of this field is at the date level and does not include the time."
        version["LastAccessedDate"] = secret["LastAccessedDate"] = int(time.time() // DAY * DAY)
        value = {k: version[k] for k in ("SecretString", "SecretBinary") if version[k] is not None}
        return ok({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": version_id, **value,
                   "VersionStages": list(version["Stages"]), "CreatedDate": version["CreatedDate"]})


def _unsettled(version):
    left = version.get("UnsettledReads", 0)
    version["UnsettledReads"] = max(0, left - 1)
    return left > 0


def install(settings):
    global _settings
    from replace import replace
    _settings = settings
    replace(sm, "_put_secret_value", _put_secret_value)
    replace(sm, "_get_secret_value", _get_secret_value)
    replace(sm, "_update_secret_version_stage", _update_secret_version_stage)
    replace(sm, "_apply_current_promotion", _apply_current_promotion)
    _original.update(
        update=replace(sm, "_update_secret", _update_secret),
        create=replace(sm, "_create_secret", _create_secret))
