"""What guards data: keys, a locked bucket, policies on both, and what a template says of them."""
import json
import time
import unittest
import uuid
from datetime import datetime, timedelta, timezone

import cloud
from cloud import as_user, failed_to

LOG = "arn:aws:logs:eu-west-1:123456789012:log-group:/checks/guarded"


def in_days(days):
    return datetime.now(timezone.utc) + timedelta(days=days)


class Template(unittest.TestCase):
    def test_data_is_encrypted_with_the_key_that_the_template_names(self):
        stack, s3 = cloud.guarded(), cloud.client("s3")
        key, key_id = stack["DataKeyArn"], stack["DataKeyId"]
        rule, = s3.get_bucket_encryption(Bucket=stack["Bucket"])["ServerSideEncryptionConfiguration"]["Rules"]
        self.assertEqual(rule["ApplyServerSideEncryptionByDefault"], {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key})
        topic = cloud.client("sns").get_topic_attributes(TopicArn=stack["TopicArn"])["Attributes"]
        queue = cloud.client("sqs").get_queue_attributes(QueueUrl=stack["QueueUrl"], AttributeNames=["All"])["Attributes"]
        self.assertEqual((topic["KmsMasterKeyId"], queue["KmsMasterKeyId"]), (key_id, key_id))
        group, = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/checks/guarded")["logGroups"]
        self.assertEqual((group["kmsKeyId"], group["retentionInDays"]), (key, 365))
        self.assertEqual(cloud.described(stack["SecretArn"])["KmsKeyId"], key)
        table = cloud.client("dynamodb").describe_table(TableName=stack["Table"])["Table"]
        self.assertEqual((table["SSEDescription"]["SSEType"], table["SSEDescription"]["KMSMasterKeyArn"]), ("KMS", key))
        function = cloud.client("lambda").get_function(FunctionName=stack["FunctionArn"])
        self.assertEqual((function["Configuration"]["KMSKeyArn"], function["Configuration"]["TracingConfig"]),
                         (key, {"Mode": "Active"}))
        self.assertEqual(function["Concurrency"], {"ReservedConcurrentExecutions": 5})
        self.assertTrue(cloud.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"])

    def test_networks_and_dashboards_deploy(self):
        stack, ec2 = cloud.guarded(), cloud.client("ec2")
        group, = ec2.describe_security_groups(GroupIds=[stack["Group"]])["SecurityGroups"]
        self.assertEqual([rule["FromPort"] for rule in group["IpPermissions"]], [443])
        self.assertIn([{"CidrIp": "10.0.0.0/16"}], [rule["IpRanges"] for rule in group["IpPermissionsEgress"]])
        found = [one for one in ec2.describe_vpc_endpoints()["VpcEndpoints"] if one["VpcId"] == stack["Network"]]
        self.assertEqual({one["VpcEndpointType"] for one in found}, {"Interface", "Gateway"})
        body = json.loads(cloud.client("cloudwatch").get_dashboard(DashboardName="checks")["DashboardBody"])
        self.assertEqual(body["widgets"][0]["properties"]["markdown"], "eu-west-1")

    def test_what_is_put_into_a_stream_comes_into_its_bucket(self):
        stack, s3, line = cloud.guarded(), cloud.client("s3"), f"{uuid.uuid4().hex}\n".encode()
        put = {"DeliveryStreamName": stack["Stream"], "Records": [{"Data": line}, {"Data": line}]}
        allowed = as_user("firehose", {"Action": "firehose:PutRecordBatch", "Resource": stack["StreamArn"]})
        self.assertEqual(allowed.put_record_batch(**put)["FailedPutCount"], 0)
        other = as_user("firehose", {"Action": "firehose:PutRecordBatch", "Resource": f"{stack['StreamArn']}-other"})
        self.assertEqual(failed_to(other.put_record_batch, **put), "AccessDeniedException")

        def delivered():
            keys = [one["Key"] for one in s3.list_objects_v2(Bucket=stack["Kept"], Prefix="records/").get("Contents", [])]
            return b"".join(s3.get_object(Bucket=stack["Kept"], Key=key)["Body"].read() for key in keys).count(line) == 2
        cloud.until("both are there", delivered)


class Bucket(unittest.TestCase):
    def setUp(self):
        self.bucket, self.s3, self.key = cloud.guarded()["Bucket"], cloud.client("s3"), f"kept/{uuid.uuid4().hex}"

    def put(self, **more):
        return self.s3.put_object(Bucket=self.bucket, Key=self.key, Body=b"1", **more)["VersionId"]

    def retain(self, version, mode, days, **more):
        return {"Bucket": self.bucket, "Key": self.key, "VersionId": version, **more,
                "Retention": {"Mode": mode, "RetainUntilDate": in_days(days)}}

    def test_a_new_object_is_kept_for_as_long_as_the_bucket_says(self):
        self.put()
        kept = self.s3.get_object_retention(Bucket=self.bucket, Key=self.key)["Retention"]
        self.assertEqual(kept["Mode"], "COMPLIANCE")
        self.assertLess(abs(kept["RetainUntilDate"] - in_days(30)), timedelta(minutes=5))

    def test_a_version_under_compliance_is_not_deleted_and_only_kept_longer(self):
        version = self.put()
        one = {"Bucket": self.bucket, "Key": self.key, "VersionId": version, "BypassGovernanceRetention": True}
        self.assertEqual(failed_to(self.s3.delete_object, **one), "AccessDenied")
        batch = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": self.key, "VersionId": version}]})
        self.assertEqual(batch["Errors"][0]["Code"], "AccessDenied")
        for mode, days in (("COMPLIANCE", 29), ("GOVERNANCE", 31)):
            self.assertEqual(failed_to(self.s3.put_object_retention, **self.retain(
                version, mode, days, BypassGovernanceRetention=True)), "AccessDenied")
        self.s3.put_object_retention(**self.retain(version, "COMPLIANCE", 31))
        self.assertEqual(failed_to(self.s3.put_object_retention, **self.retain(version, "COMPLIANCE", 30)), "AccessDenied")

    def test_a_locked_bucket_goes_on_keeping_versions_and_outlives_its_stack(self):
        self.assertEqual(failed_to(self.s3.put_bucket_versioning, Bucket=self.bucket,
                                   VersioningConfiguration={"Status": "Suspended"}), "InvalidBucketState")
        stack = f"full-{uuid.uuid4().hex[:8]}"
        name = cloud.deploy_text(stack, "Resources: {B: {Type: AWS::S3::Bucket, Properties: {ObjectLockEnabled: true}}}\n"
                                        "Outputs: {Name: {Value: !Ref B}}")["Name"]
        self.s3.put_object(Bucket=name, Key="one", Body=b"1")
        self.s3.delete_object(Bucket=name, Key="one")
        self.assertEqual(cloud.deploy(cloud.endpoint(), "--stack", stack, "--delete").returncode, 1)
        self.assertEqual(len(self.s3.list_object_versions(Bucket=name)["Versions"]), 1)

    def test_a_key_that_is_there_is_not_written_again_when_the_call_says_so(self):
        self.put(IfNoneMatch="*")
        self.assertEqual(failed_to(self.put, IfNoneMatch="*"), "PreconditionFailed")
        self.s3.delete_object(Bucket=self.bucket, Key=self.key)
        self.put(IfNoneMatch="*")  # a delete marker is no object

    def test_a_bucket_policy_can_ask_for_that(self):
        careful = as_user("s3", {"Action": ["s3:PutObject", "kms:GenerateDataKey"]})
        once = {"Bucket": self.bucket, "Key": f"once/{self.key}", "Body": b"1"}
        self.assertEqual(failed_to(careful.put_object, **once), "AccessDenied")
        careful.put_object(**once, IfNoneMatch="*")

    def test_each_call_needs_its_permission(self):
        arn = f"arn:aws:s3:::{self.bucket}"
        key = {"Action": ["kms:Decrypt", "kms:GenerateDataKey"]}
        writer = as_user("s3", key, {"Action": "s3:PutObject", "Resource": f"{arn}/kept/*"})
        reader = as_user("s3", key, {"Action": "s3:GetObject", "Resource": f"{arn}/kept/*"}, {
            "Action": "s3:ListBucket", "Resource": arn, "Condition": {"StringLike": {"s3:prefix": "kept/*"}}})
        one = {"Bucket": self.bucket, "Key": self.key}
        writer.put_object(**one, Body=b"1")
        self.assertEqual(reader.get_object(**one)["Body"].read(), b"1")
        self.assertGreaterEqual(reader.list_objects_v2(Bucket=self.bucket, Prefix="kept/")["KeyCount"], 1)
        for call, given in (
                (writer.put_object, {**one, "Key": "other"}), (writer.get_object, one), (writer.delete_object, one),
                (writer.put_object, {**one, "ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": in_days(1)}),
                (reader.put_object, one), (reader.list_objects_v2, {"Bucket": self.bucket, "Prefix": ""}),
                (reader.list_objects_v2, {"Bucket": self.bucket})):
            self.assertEqual(failed_to(call, **given), "AccessDenied", given)


class Keys(unittest.TestCase):
    def test_a_key_signs_for_whom_its_policy_names_and_as_it_says(self):
        stack, digest = cloud.guarded(), b"x" * 32
        sign = {"KeyId": stack["SignKeyArn"], "Message": digest, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
        session = cloud.client("sts").assume_role(RoleArn=stack["SignerArn"], RoleSessionName="me")["Credentials"]
        signer = cloud.connect(cloud.endpoint(), "kms", session["AccessKeyId"], session["SecretAccessKey"],
                               session["SessionToken"])
        for key in (stack["SignKeyArn"], stack["SignKeyArn"].rpartition("/")[2], "alias/checks-sign"):
            signature = signer.sign(**{**sign, "KeyId": key})["Signature"]
            self.assertTrue(cloud.client("kms").verify(**sign, Signature=signature)["SignatureValid"])
        self.assertEqual(failed_to(signer.sign, **{**sign, "MessageType": "RAW"}), "AccessDeniedException")
        self.assertEqual(failed_to(signer.get_public_key, KeyId=sign["KeyId"]), "AccessDeniedException")

    def test_a_policy_of_the_caller_counts_as_far_as_the_key_leaves_it_to_the_account(self):
        stack = cloud.guarded()
        key = {"KeyId": stack["SignKeyArn"]}
        everything, nothing = as_user("kms", {"Action": "kms:*"}), as_user("kms", {"Action": "kms:ListKeys"})
        self.assertEqual(everything.get_public_key(**key)["KeySpec"], "ECC_NIST_P256")
        sign = {**key, "Message": b"x" * 32, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
        self.assertEqual(failed_to(everything.sign, **sign), "AccessDeniedException")
        self.assertEqual(failed_to(nothing.get_public_key, **key), "AccessDeniedException")
        self.assertEqual(as_user("kms", {"Action": "kms:GetPublicKey", "Resource": stack["SignKeyArn"]})
                         .get_public_key(KeyId="alias/checks-sign")["KeyUsage"], "SIGN_VERIFY")


class Encrypted(unittest.TestCase):
    """Who may use a secret, a queue or a table still needs its key, through that service."""

    def test_data_is_used_with_its_key_only(self):
        stack = cloud.guarded()
        key, name, item = stack["DataKeyArn"], uuid.uuid4().hex, {"pk": {"S": "1"}, "sk": {"S": "1"}}
        calls = (  # the permission, the call, what it is told
            ("secretsmanager", "GetSecretValue", "get_secret_value", {"SecretId": stack["SecretArn"]}),
            ("secretsmanager", "PutSecretValue", "put_secret_value", {"SecretId": stack["SecretArn"], "SecretString": "x"}),
            ("sqs", "SendMessage", "send_message", {"QueueUrl": stack["QueueUrl"], "MessageBody": "x"}),
            ("sqs", "ReceiveMessage", "receive_message", {"QueueUrl": stack["QueueUrl"]}),
            ("dynamodb", "PutItem", "put_item", {"TableName": stack["Table"], "Item": item}),
            ("s3", "PutObject", "put_object", {"Bucket": stack["Bucket"], "Key": f"kept/{name}", "Body": b"1"}),
            ("s3", "GetObject", "get_object", {"Bucket": stack["Bucket"], "Key": f"kept/{name}"}))
        for service, permission, call, given in calls:
            action = {"Action": f"{service}:{permission}"}
            use = {"Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key}
            via = {"Condition": {"StringEquals": {"kms:ViaService": f"{service}.eu-west-1.amazonaws.com"}}}
            other = {"Condition": {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}}
            getattr(as_user(service, action, {**use, **via}), call)(**given)
            for statements in ((action,), (action, {**use, **other})):
                self.assertIn("AccessDenied", failed_to(getattr(as_user(service, *statements), call), **given))
        described = as_user("secretsmanager", {"Action": "secretsmanager:DescribeSecret"})
        self.assertEqual(described.describe_secret(SecretId=stack["SecretArn"])["KmsKeyId"], key)

    def test_a_key_that_a_policy_does_not_give_to_the_account_directly_decrypts_for_nobody(self):
        direct = as_user("kms", {"Action": "kms:*"})
        self.assertEqual(failed_to(direct.generate_data_key, KeyId=cloud.guarded()["DataKeyArn"], KeySpec="AES_256"),
                         "AccessDeniedException")

    def test_a_service_fills_an_encrypted_queue_when_the_key_is_for_it_too(self):
        stack, sqs, events, sns = cloud.guarded(), cloud.client("sqs"), cloud.client("events"), cloud.client("sns")
        source = uuid.uuid4().hex
        url, arn = cloud.queue("events", "sns", KmsMasterKeyId=stack["DataKeyArn"])
        plain_url, plain = cloud.queue("events", "sns")
        events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
        events.put_targets(Rule=source, Targets=[{"Id": "a", "Arn": arn}, {"Id": "b", "Arn": plain}])
        topic = sns.create_topic(Name=source)["TopicArn"]
        for queue in (arn, plain):
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        events.put_events(Entries=[{"Source": source, "DetailType": "x", "Detail": "{}"}])
        sns.publish(TopicArn=topic, Message="told")  # the key is for rules, not for topics
        cloud.until("both are in the plain queue", lambda: sqs.get_queue_attributes(
            QueueUrl=plain_url, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"] == "2")
        came = cloud.until("the event is there", lambda: cloud.messages(url))
        self.assertEqual([json.loads(message["Body"]).get("source") for message in came], [source])

    def test_a_function_reads_an_encrypted_queue_when_its_role_may_use_the_key(self):
        stack, lam, iam = cloud.guarded(), cloud.client("lambda"), cloud.client("iam")
        role = lam.get_function(FunctionName=stack["FunctionArn"])["Configuration"]["Role"].rpartition("/")[2]
        mapping = {"FunctionName": stack["FunctionArn"], "EventSourceArn": stack["QueueArn"]}

        def allow(*actions):
            iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=json.dumps({
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}))
        allow("sqs:*")
        self.assertEqual(failed_to(lam.create_event_source_mapping, **mapping), "InvalidParameterValueException")
        allow("sqs:*", "kms:Decrypt")
        lam.delete_event_source_mapping(UUID=lam.create_event_source_mapping(**mapping)["UUID"])
        iam.delete_role_policy(RoleName=role, PolicyName="read")

    def test_an_encrypted_topic_hears_of_alarms_when_the_key_is_for_cloudwatch_too(self):
        kms, sns, cloudwatch = cloud.client("kms"), cloud.client("sns"), cloud.client("cloudwatch")
        name, (url, arn) = uuid.uuid4().hex, cloud.queue("sns")
        key, topic = kms.create_key()["KeyMetadata"]["KeyId"], sns.create_topic(Name=name)["TopicArn"]
        sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        cloudwatch.put_metric_alarm(
            AlarmName=name, Namespace="Checks", MetricName=name, Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
            ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore", AlarmActions=[topic])

        def goes_off():
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="x")
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="x")
            return len(cloud.messages(url))
        self.assertEqual(goes_off(), 0)
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Resource": "*",
             "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}]}))
        self.assertEqual(goes_off(), 1)

    def test_a_log_group_takes_no_key_that_is_not_for_logs(self):
        with self.assertRaisesRegex(RuntimeError, "not allowed to be used with Arn"):
            cloud.deploy_text(f"group-{uuid.uuid4().hex[:8]}", "Resources: {G: {Type: AWS::Logs::LogGroup, Properties: "
                 f"{{LogGroupName: /other/{uuid.uuid4().hex}, KmsKeyId: '{cloud.guarded()['DataKeyArn']}'}}}}}}")


class Streams(unittest.TestCase):
    def test_a_log_stream_is_named_below_its_group(self):
        cloud.guarded()
        events = [{"timestamp": int(time.time() * 1000), "message": "x"}]
        actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
        for resource in (f"{LOG}:*", f"{LOG}:log-stream:mine-*"):
            stream = {"logGroupName": "/checks/guarded", "logStreamName": f"mine-{uuid.uuid4().hex[:8]}"}
            logs = as_user("logs", {"Action": actions, "Resource": resource})
            logs.create_log_stream(**stream)
            logs.put_log_events(**stream, logEvents=events)
        for resource in (LOG, f"{LOG}:log-stream:other"):
            logs = as_user("logs", {"Action": actions, "Resource": resource})
            self.assertEqual(failed_to(logs.create_log_stream, **stream), "AccessDeniedException")
            self.assertEqual(failed_to(logs.put_log_events, **stream, logEvents=events), "AccessDeniedException")


class Indexes(unittest.TestCase):
    def test_an_index_is_read_by_its_own_arn_and_gives_its_keys_only(self):
        stack, day = cloud.guarded(), uuid.uuid4().hex
        table, arn = stack["Table"], stack["TableArn"]
        for n in ("1", "2"):
            cloud.client("dynamodb").put_item(TableName=table, Item={
                "pk": {"S": day}, "sk": {"S": n}, "at": {"S": n}, "by_day": {"S": day}, "link": {"S": "long"}})
        query = {"TableName": table, "IndexName": "by-day", "ScanIndexForward": False,
                 "KeyConditionExpression": "by_day = :day", "ExpressionAttributeValues": {":day": {"S": day}}}
        key = {"Action": "kms:Decrypt"}
        may = as_user("dynamodb", key, {"Action": "dynamodb:Query", "Resource": f"{arn}/index/by-*"})
        items = may.query(**query)["Items"]
        self.assertEqual([item["sk"]["S"] for item in items], ["2", "1"])
        self.assertEqual(set(items[0]), {"pk", "sk", "at", "by_day"})
        self.assertEqual(failed_to(may.query, **query, Select="ALL_ATTRIBUTES"), "ValidationException")
        whole = {**query, "KeyConditionExpression": "pk = :day"}
        del whole["IndexName"]
        self.assertEqual(failed_to(may.query, **whole), "AccessDeniedException")
        other = as_user("dynamodb", key, {"Action": "dynamodb:Query", "Resource": arn})
        self.assertEqual(other.query(**whole)["Count"], 2)
        self.assertEqual(failed_to(other.query, **query), "AccessDeniedException")


if __name__ == "__main__":
    unittest.main()
