"""S3: Object Lock and encryption that a template declares, and what a locked bucket refuses.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from ministack.core import iam_actions
from ministack.services import s3
from ministack.services.cloudformation import provisioners as cfn

LOCK_PERMISSIONS = {"x-amz-object-lock-mode": "s3:PutObjectRetention",
                    "x-amz-object-lock-legal-hold": "s3:PutObjectLegalHold"}
CONDITION_KEYS = {"if-none-match": "s3:if-none-match", "if-match": "s3:if-match",
                  "x-amz-object-lock-mode": "s3:object-lock-mode",
                  "x-amz-object-lock-retain-until-date": "s3:object-lock-retain-until-date",
                  "x-amz-server-side-encryption-aws-kms-key-id": "s3:x-amz-server-side-encryption-aws-kms-key-id"}

_original = {}


# In templates

def _lock(name, props):
    """Object Lock is on from the first day or never, and a locked bucket keeps versions."""
    if str(props.get("ObjectLockEnabled", False)).lower() != "true":
        return
    retention = ((props.get("ObjectLockConfiguration") or {}).get("Rule") or {}).get("DefaultRetention")
    s3._bucket_versioning[name] = "Enabled"
    s3._bucket_object_lock[name] = {"enabled": True, "default_retention": {
        key: value if key == "Mode" else int(value) for key, value in retention.items()} if retention else None}


def _encrypt(name, props):
    rules = (props.get("BucketEncryption") or {}).get("ServerSideEncryptionConfiguration")
    if not rules:
        s3._delete_bucket_encryption(name)
        return
    root = Element("ServerSideEncryptionConfiguration", xmlns=s3.S3_NS)
    for rule in rules:
        to = SubElement(root, "Rule")
        default = SubElement(to, "ApplyServerSideEncryptionByDefault")
        for field in ("SSEAlgorithm", "KMSMasterKeyID"):
            if value := rule["ServerSideEncryptionByDefault"].get(field):
                SubElement(default, field).text = value
        SubElement(to, "BucketKeyEnabled").text = str(rule.get("BucketKeyEnabled", False)).lower()
    if s3._put_bucket_encryption(name, tostring(root))[0] != 200:
        raise ValueError("BucketEncryption is malformed")


def _deploy(logical_id, props, stack):
    made = _original["deploy"](logical_id, props, stack)
    _lock(made[0], props)
    _encrypt(made[0], props)
    return made


def _redeploy(physical_id, old, new, stack):
    made = _original["redeploy"](physical_id, old, new, stack)
    _lock(made[0], new)
    _encrypt(made[0], new)
    return made


def _remove(physical_id, props):
    """A bucket in which something is, a version or a delete marker, outlives its stack."""
    bucket = s3._buckets.get(physical_id)
    if bucket and (bucket["objects"] or s3._bucket_has_versions(physical_id)):
        raise ValueError(f"The bucket you tried to delete is not empty: {physical_id}")
    _original["remove"](physical_id, props)
    s3._bucket_object_lock.pop(physical_id, None)


# In calls

def _put_bucket_versioning(name, body):
    """A locked bucket never stops keeping versions."""
    if s3._bucket_object_lock.get(name) and b"<" in body:
        status = s3._find_xml_tag(fromstring(body), "Status")
        if status is not None and status.text != "Enabled":
            return s3._error("InvalidBucketState", "An Object Lock configuration is present on this bucket, so the versioning "
                             "state cannot be changed.", 409)
    return _original["versioning"](name, body)


def s3_additional_checks(method, path, headers, body, query_params):
    """A retention or a hold of one's own needs a permission of its own."""
    checks = _original["checks"](method, path, headers, body, query_params)
    bucket, _, key = path.strip("/").partition("/")
    if method == "PUT" and key and "retention" not in query_params:
        checks += [(action, f"arn:aws:s3:::{bucket}/{key}") for header, action in LOCK_PERMISSIONS.items()
                   if headers.get(header)]
    return checks


def s3_service_context(iam_action, query_params, path="", headers=None):
    """Also what a write asks for: that there is no such object yet, and how long it is kept."""
    context = _original["context"](iam_action, query_params, path, headers)
    if iam_action == "s3:PutObject":
        context.update({key: headers[name] for name, key in CONDITION_KEYS.items() if (headers or {}).get(name)})
    return context


def install():
    from replace import replace
    handlers = cfn._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    _original.update(
        deploy=handlers["create"], redeploy=handlers["update"], remove=handlers["delete"],
        versioning=replace(s3, "_put_bucket_versioning", _put_bucket_versioning),
        checks=replace(iam_actions, "s3_additional_checks", s3_additional_checks),
        context=replace(iam_actions, "s3_service_context", s3_service_context))
    handlers.update(create=_deploy, update=_redeploy, delete=_remove)
