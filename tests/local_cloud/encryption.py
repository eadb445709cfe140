"""KMS: what else it takes to use data that is encrypted with a key of the account's own. Asked with --iam only.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
"""
from ministack.core.responses import get_account_id, get_region
from ministack.services import dynamodb as ddb
from ministack.services import kms, s3, sns, sqs
from ministack.services import secretsmanager as sm

READ, WRITE = ("kms:Decrypt",), ("kms:GenerateDataKey", "kms:Decrypt")
NEEDED = {
    "dynamodb": {READ: ("BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query",
                        "Scan", "UpdateItem")},
    "s3": {READ: ("GetObject", "GetObjectVersion"), WRITE[:1]: ("PutObject",)},
    "secretsmanager": {READ: ("GetSecretValue",), WRITE: ("CreateSecret", "PutSecretValue", "UpdateSecret")},
    "sns": {WRITE: ("Publish",)},
    "sqs": {READ: ("ReceiveMessage",), WRITE: ("SendMessage",)}}


def _of_bucket(arn, asked):
    bucket = arn.partition(":::")[2].partition("/")[0]
    key = s3._bucket_default_sse_headers(bucket).get("x-amz-server-side-encryption-aws-kms-key-id")
    by_bucket = b"<BucketKeyEnabled>true" in (s3._bucket_encryption.get(bucket) or "").encode()
    return key, {"aws:s3:arn": f"arn:aws:s3:::{bucket}" if by_bucket else arn}


def _of_secret(arn, asked):
    secret = sm._resolve(arn)[1] or {}
    if set(asked) & {"Description"} and not set(asked) & {"KmsKeyId", "Name", "SecretBinary", "SecretString"}:
        return None, {}  # the update of a description
    return asked.get("KmsKeyId") or secret.get("KmsKeyId"), {"SecretARN": secret.get("ARN") or arn}


def _of_table(arn, asked):
    name = arn.partition(":table/")[2].partition("/")[0]
    described = (ddb._tables.get(name) or {}).get("SSEDescription") or {}
    return described.get("KMSMasterKeyArn"), {
        "aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": get_account_id()}


def _of_queue(arn, asked):
    return ((sqs._queue_by_arn(arn) or {}).get("attributes") or {}).get("KmsMasterKeyId"), {"aws:sqs:arn": arn}


def _of_topic(arn, asked):
    topic = sns._topic_by_arn_any_scope(arn) or {"attributes": {}}
    return topic["attributes"].get("KmsMasterKeyId"), {"aws:sns:topicArn": arn}


KEY_OF = {"dynamodb": _of_table, "s3": _of_bucket, "secretsmanager": _of_secret, "sns": _of_topic, "sqs": _of_queue}


def needed(action, resource, asked=None):
    """What somebody who does this to a resource must also be allowed with its key: actions, the key, condition keys.

    AWS's own keys ask for nothing of those who may use the resource.
    """
    service, _, name = action.partition(":")
    actions = next((actions for actions, names in NEEDED.get(service, {}).items() if name in names), ())
    if not actions or not resource.startswith("arn:"):
        return (), None, {}
    named, context = KEY_OF[service](resource, asked or {})
    key = kms._resolve_key(named) if named and "alias/aws/" not in named else None
    if not key:
        return (), None, {}
    return actions, key, {"kms:ViaService": f"{service}.{get_region()}.amazonaws.com", "kms:CallerAccount": get_account_id(),
                          **{f"kms:EncryptionContext:{name}": value for name, value in context.items()}}
