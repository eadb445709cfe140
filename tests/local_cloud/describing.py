"""What DescribeSecret, ListSecrets and ListSecretVersionIds say.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
MiniStack filters by any part of a name, leaves most of a rotation out and says null where AWS leaves a field out.
"""
import base64
import binascii
import json

from ministack.core.responses import error_response_json as error
from ministack.core.responses import json_response as ok
from ministack.services import secretsmanager as sm

from versions import lock

PAGE = 100
WHILE_ROTATION_IS_ON = ("LastRotatedDate", "NextRotationDate")


def description(secret):
    """What both calls say of a secret; a field without a value is left out."""
    fields = {name: secret.get(name) for name in (
        "ARN", "Name", "Description", "KmsKeyId", "RotationLambdaARN", "RotationRules", "LastChangedDate",
        "LastAccessedDate", "DeletedDate", "CreatedDate", "OwningService")}
    fields["PrimaryRegion"] = secret.get("_PrimaryRegion")
    if secret.get("RotationEnabled"):
        fields.update({name: secret.get(name) for name in WHILE_ROTATION_IS_ON})
    fields = {name: value for name, value in fields.items() if value}
    if secret.get("RotationEnabled") or secret.get("RotationRules"):  # absent until rotation is configured
        fields["RotationEnabled"] = bool(secret.get("RotationEnabled"))
    return {**fields, "Tags": list(secret.get("Tags") or [])}


def _describe_secret(data):
    _, secret = sm._resolve(data.get("SecretId"))
    if not secret:
        return error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.", 400)
    with lock:
        replicas = {"ReplicationStatus": secret["ReplicationStatus"]} if secret.get("ReplicationStatus") else {}
        return ok({**description(secret), **replicas, "VersionIdsToStages": sm._vid_to_stages(secret)})


# Filters

def _attributes(secret, key):
    tags = secret.get("Tags") or []
    return {"name": [secret["Name"]], "description": [(secret.get("Description") or "").lower()],
            "tag-key": [tag["Key"] for tag in tags], "tag-value": [tag["Value"] for tag in tags],
            "primary-region": [secret.get("_PrimaryRegion") or ""],
            "owning-service": [secret.get("OwningService") or ""]}.get(key)


def _has(secret, key, value):
    """Prefixes, all but the description's with their case; `all` looks for words anywhere."""
    if key == "all":
        everything = " ".join([secret["Name"], secret.get("Description") or "",
                               *(f"{tag['Key']} {tag['Value']}" for tag in secret.get("Tags") or [])]).lower()
        return all(word in everything for word in value.lower().split())
    value = value.lower() if key == "description" else value
    return any(found.startswith(value) for found in _attributes(secret, key))


def _passes(secret, filters):
    """Every filter holds: one of its values, and none of those that begin with an exclamation mark."""
    for each in filters:
        wanted = [value for value in each["Values"] if not value.startswith("!")]
        unwanted = [value[1:] for value in each["Values"] if value.startswith("!")]
        if wanted and not any(_has(secret, each["Key"], value) for value in wanted) \
                or any(_has(secret, each["Key"], value) for value in unwanted):
            return False
    return True


def _filter_secret_names(names, filters):
    return [name for name in names if _passes(sm._secrets[name], filters)]


# Pages

def _page(items, key, data):
    """One page of what is sorted by `key`, and where the next begins; or None and the refusal."""
    size = data.get("MaxResults", PAGE)
    if not 1 <= size <= PAGE:
        return None, error("ValidationException", "MaxResults must be between 1 and 100.", 400)
    if token := data.get("NextToken"):
        try:
            last = tuple(json.loads(base64.b64decode(token)))
            items = [item for item in items if key(item) > last]
        except (ValueError, TypeError, binascii.Error):
            return None, error("InvalidNextTokenException", "The NextToken value is invalid.", 400)
    page = items[:size]
    more = {"NextToken": base64.b64encode(json.dumps(key(page[-1])).encode()).decode()} if len(items) > size else {}
    return page, more


def _list_secrets(data):
    filters = data.get("Filters") or []
    if any(each["Key"] != "all" and _attributes({"Name": ""}, each["Key"]) is None for each in filters):
        return error("ValidationException", "A filter has a Key that is not known.", 400)

    def key(secret):
        return secret["CreatedDate"], secret["Name"]
    with lock:
        found = [secret for secret in sm._secrets.values() if _passes(secret, filters)
                 and (data.get("IncludePlannedDeletion") or not secret.get("DeletedDate"))]
        page, more = _page(sorted(found, key=key), key, data)
        if page is None:
            return more
        return ok({"SecretList": [{**description(secret), "SecretVersionsToStages": sm._vid_to_stages(secret)}
                                  for secret in page], **more})


def _list_secret_version_ids(data):
    _, secret = sm._resolve(data.get("SecretId"))
    if not secret:
        return error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.", 400)
    with lock:
        found = sorted((id,) for id, version in secret["Versions"].items()
                       if version["Stages"] or data.get("IncludeDeprecated"))
        page, more = _page(found, tuple, data)
        if page is None:
            return more
        return ok({"ARN": secret["ARN"], "Name": secret["Name"], **more,
                   "Versions": [_version(id, secret["Versions"][id]) for id, in page]})


def _version(id, version):
    fields = {"VersionId": id, "VersionStages": list(version["Stages"]), "CreatedDate": version["CreatedDate"],
              "LastAccessedDate": version.get("LastAccessedDate"), "KmsKeyIds": ["DefaultEncryptionKey"]}
    return {name: value for name, value in fields.items() if value}


def install():
    from replace import replace
    replace(sm, "_describe_secret", _describe_secret)
    replace(sm, "_list_secrets", _list_secrets)
    replace(sm, "_list_secret_version_ids", _list_secret_version_ids)
    replace(sm, "_filter_secret_names", _filter_secret_names)
