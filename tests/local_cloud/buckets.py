"""S3: the Object Lock of a bucket that a template declares, which MiniStack drops.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
"""
from ministack.services import s3
from ministack.services.cloudformation import provisioners as cfn

_original = {}


def _lock(name, props):
    """Object Lock is on from the first day or never, and a locked bucket keeps versions."""
    if str(props.get("ObjectLockEnabled", False)).lower() != "true":
        return
    retention = ((props.get("ObjectLockConfiguration") or {}).get("Rule") or {}).get("DefaultRetention")
    s3._bucket_versioning[name] = "Enabled"
    s3._bucket_object_lock[name] = {"enabled": True, "default_retention": {
        key: value if key == "Mode" else int(value) for key, value in retention.items()} if retention else None}


def _deploy(logical_id, props, stack):
    made = _original["deploy"](logical_id, props, stack)
    _lock(made[0], props)
    return made


def _redeploy(physical_id, old, new, stack):
    made = _original["redeploy"](physical_id, old, new, stack)
    _lock(made[0], new)
    return made


def install():
    handlers = cfn._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    _original.update(deploy=handlers["create"], redeploy=handlers["update"])
    handlers.update(create=_deploy, update=_redeploy)
