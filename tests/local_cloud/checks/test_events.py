"""What Secrets Manager tells EventBridge of labels."""
import unittest

import cloud

store = cloud.client("secretsmanager")
LABEL = "Secret Label Updated"


def heard(take, condition, seconds=10.0):
    """Everything taken until the condition on it holds."""
    came = []
    cloud.until("the events come", lambda: came.extend(take()) or condition(came), seconds)
    return came


class LabelUpdated(unittest.TestCase):
    def test_a_moved_label_is_announced_with_name_label_and_version(self):
        take = cloud.listen({"source": ["aws.secretsmanager"], "detail-type": [LABEL]})
        secret = cloud.new_secret()
        version = store.put_secret_value(SecretId=secret, SecretString="2",
                                         VersionStages=["AWSCURRENT", "mine"])["VersionId"]
        name = cloud.described(secret)["Name"]
        came = [e for e in heard(take, lambda c: sum(e["resources"] == [secret] for e in c) >= 2)
                if e["resources"] == [secret]]
        self.assertEqual(sorted((e["detail"] for e in came), key=lambda d: d["labelUpdated"]),
                         [{"name": name, "labelUpdated": label, "versionId": version} for label in ("AWSCURRENT", "mine")])
        self.assertEqual({(e["source"], e["account"], e["region"]) for e in came},
                         {("aws.secretsmanager", "123456789012", "eu-west-1")})

    def test_pending_previous_and_metadata_are_not_announced(self):
        take = cloud.listen({"source": ["aws.secretsmanager"], "detail-type": [LABEL]})
        secret = cloud.new_secret()
        store.put_secret_value(SecretId=secret, SecretString="2", VersionStages=["AWSPENDING"])
        store.tag_resource(SecretId=secret, Tags=[{"Key": "a", "Value": "b"}])
        store.update_secret(SecretId=secret, Description="changed")
        last = store.put_secret_value(SecretId=secret, SecretString="3")["VersionId"]
        came = heard(take, lambda c: any(e["detail"]["versionId"] == last for e in c))
        self.assertEqual([e["detail"]["labelUpdated"] for e in came if e["resources"] == [secret]], ["AWSCURRENT"])

    def test_a_rotation_is_announced_once(self):
        take = cloud.listen({"source": ["aws.secretsmanager"], "detail-type": [LABEL]})
        secret = cloud.new_secret()
        token = cloud.rotate(secret)
        cloud.until("rotated", lambda: cloud.described(secret).get("LastRotatedDate"))
        came = [e["detail"] for e in take() if e["resources"] == [secret]]
        self.assertEqual([(d["labelUpdated"], d["versionId"]) for d in came], [("AWSCURRENT", token)])

    def test_a_label_that_is_moved_by_hand_is_announced_and_one_that_is_taken_away_is_not(self):
        take = cloud.listen({"source": ["aws.secretsmanager"], "detail-type": [LABEL]})
        secret = cloud.new_secret()
        first = cloud.labels(secret)["AWSCURRENT"]
        second = store.put_secret_value(SecretId=secret, SecretString="2", VersionStages=["AWSPENDING"])["VersionId"]
        store.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=second,
                                          RemoveFromVersionId=first)
        store.update_secret_version_stage(SecretId=secret, VersionStage="AWSPENDING", RemoveFromVersionId=second)
        store.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=first,
                                          RemoveFromVersionId=second)  # rolled back
        store.update_secret_version_stage(SecretId=secret, VersionStage="AWSPREVIOUS", RemoveFromVersionId=second)
        came = [e["detail"] for e in take() if e["resources"] == [secret]]
        self.assertEqual([(d["labelUpdated"], d["versionId"]) for d in came],
                         [("AWSCURRENT", second), ("AWSCURRENT", first)])


if __name__ == "__main__":
    unittest.main()
