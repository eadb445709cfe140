"""The rules of versions and staging labels."""
import sys
import time
import unittest
import uuid

import cloud
from cloud import failed_to

store = cloud.client("secretsmanager")


def token():
    return str(uuid.uuid4())


def stuck_secret():
    """A secret whose rotation got no further than making the version; its ARN and the token."""
    secret = cloud.new_secret()
    cloud.control(secret, fail={"createSecret": 99})
    version = cloud.rotate(secret)
    cloud.until("three attempts", lambda: len(cloud.steps(secret)) == 3)
    return secret, version


class Versions(unittest.TestCase):
    def test_a_pending_version_without_a_value_is_found_by_nobody_who_reads(self):
        secret, version = stuck_secret()
        self.assertEqual(cloud.labels(secret)["AWSPENDING"], version)
        for asked in ({"VersionStage": "AWSPENDING"}, {"VersionId": version},
                      {"VersionId": version, "VersionStage": "AWSPENDING"}):
            self.assertEqual(failed_to(store.get_secret_value, SecretId=secret, **asked), "ResourceNotFoundException")

    def test_the_same_token_with_the_same_value_changes_nothing(self):
        secret, version = cloud.new_secret(), token()
        for _ in range(2):
            store.put_secret_value(SecretId=secret, ClientRequestToken=version, SecretString="second")
        store.put_secret_value(SecretId=secret, SecretString="third")
        again = store.put_secret_value(SecretId=secret, ClientRequestToken=version, SecretString="second")
        self.assertEqual(again["VersionStages"], ["AWSPREVIOUS"])
        self.assertEqual(store.get_secret_value(SecretId=secret)["SecretString"], "third")

    def test_the_same_token_with_another_value_is_refused(self):
        secret, version = cloud.new_secret(), token()
        store.put_secret_value(SecretId=secret, ClientRequestToken=version, SecretString="second")
        self.assertEqual(failed_to(store.put_secret_value, SecretId=secret, ClientRequestToken=version,
                                   SecretString="other"), "ResourceExistsException")
        self.assertEqual(failed_to(store.update_secret, SecretId=secret, ClientRequestToken=version,
                                   SecretString="other"), "ResourceExistsException")
        self.assertEqual(store.get_secret_value(SecretId=secret)["SecretString"], "second")

    def test_a_value_put_without_labels_becomes_the_current_one(self):
        secret = cloud.new_secret()
        version = store.put_secret_value(SecretId=secret, SecretString="second")["VersionId"]
        self.assertEqual(cloud.labels(secret)["AWSCURRENT"], version)

    def test_moving_current_leaves_previous_behind(self):
        secret = cloud.new_secret()
        first = cloud.labels(secret)["AWSCURRENT"]
        second = store.put_secret_value(SecretId=secret, SecretString="2", VersionStages=["AWSPENDING"])["VersionId"]
        store.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=second,
                                          RemoveFromVersionId=first)
        self.assertEqual(cloud.labels(secret), {"AWSCURRENT": second, "AWSPENDING": second, "AWSPREVIOUS": first})
        store.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=first,
                                          RemoveFromVersionId=second)
        self.assertEqual(cloud.labels(secret), {"AWSCURRENT": first, "AWSPENDING": second, "AWSPREVIOUS": second})

    def test_a_label_sits_on_one_version(self):
        secret = cloud.new_secret()
        for _ in range(2):
            last = store.put_secret_value(SecretId=secret, SecretString=token(), VersionStages=["AWSPENDING", "mine"])
        found = cloud.described(secret)["VersionIdsToStages"]
        for label in ("AWSPENDING", "mine"):
            self.assertEqual([v for v, held in found.items() if label in held], [last["VersionId"]])

    def test_a_label_moves_only_from_the_version_that_has_it(self):
        secret = cloud.new_secret()
        first = cloud.labels(secret)["AWSCURRENT"]
        second = store.put_secret_value(SecretId=secret, SecretString="2", VersionStages=["other"])["VersionId"]
        for wrong in ({"MoveToVersionId": second}, {"MoveToVersionId": second, "RemoveFromVersionId": second},
                      {"RemoveFromVersionId": first}):
            self.assertEqual(failed_to(store.update_secret_version_stage, SecretId=secret, VersionStage="AWSCURRENT",
                                       **wrong), "InvalidParameterException")
        self.assertEqual(cloud.labels(secret)["AWSCURRENT"], first)

    def test_a_version_asked_for_by_a_label_it_has_not_is_refused(self):
        secret = cloud.new_secret()
        self.assertEqual(failed_to(store.get_secret_value, SecretId=secret, VersionStage="AWSPENDING",
                                   VersionId=cloud.labels(secret)["AWSCURRENT"]), "InvalidRequestException")

    def test_a_value_over_64_kb_is_refused(self):
        secret = cloud.new_secret("x" * 65536)
        for call in (store.put_secret_value, store.update_secret):
            self.assertEqual(failed_to(call, SecretId=secret, SecretString="x" * 65537), "ValidationException")
        self.assertEqual(failed_to(store.put_secret_value, SecretId=secret, SecretBinary=b"x" * 65537),
                         "ValidationException")

    def test_the_101st_version_is_refused_while_the_others_are_young(self):
        secret = cloud.new_secret()
        for n in range(99):
            store.put_secret_value(SecretId=secret, SecretString=str(n))
        self.assertEqual(failed_to(store.put_secret_value, SecretId=secret, SecretString="one more"),
                         "LimitExceededException")
        self.assertEqual(len(store.list_secret_version_ids(SecretId=secret, IncludeDeprecated=True)["Versions"]), 100)
        self.assertEqual(len(store.list_secret_version_ids(SecretId=secret)["Versions"]), 2)

    def test_only_old_versions_without_a_label_are_pruned(self):
        sys.path.insert(0, str(cloud.ROOM))
        self.addCleanup(sys.path.remove, str(cloud.ROOM))
        from versions import DAY, make_room
        now = time.time()
        found = {str(n): {"CreatedDate": now - 2 * DAY, "Stages": ["kept"]} for n in range(98)}
        found["old"] = {"CreatedDate": now - 1.1 * DAY, "Stages": []}
        found["young"] = {"CreatedDate": now - 0.9 * DAY, "Stages": []}
        self.assertTrue(make_room(found, now))
        self.assertEqual(len(found), 99)
        self.assertNotIn("old", found)
        found["last"] = {"CreatedDate": now, "Stages": []}
        self.assertFalse(make_room(found, now))

    def test_a_secret_without_a_value_has_no_version(self):
        secret = store.create_secret(Name=f"checks/{token()}")
        self.assertNotIn("VersionId", secret)
        self.assertEqual(cloud.labels(secret["ARN"]), {})
        version = store.put_secret_value(SecretId=secret["ARN"], SecretString="1", VersionStages=["mine"])["VersionId"]
        self.assertEqual(cloud.labels(secret["ARN"]), {"AWSCURRENT": version, "mine": version})


class Unsettled(unittest.TestCase):
    def test_a_written_pending_version_can_be_unreadable_for_a_moment(self):
        process, endpoint = cloud.start("--unsettled-reads", "2")
        self.addCleanup(cloud.stop, process)
        there = cloud.connect(endpoint, "secretsmanager")
        there.create_secret(Name="s", SecretString="1")
        there.put_secret_value(SecretId="s", SecretString="2", VersionStages=["AWSPENDING"])
        read = {"SecretId": "s", "VersionStage": "AWSPENDING"}
        for _ in range(2):
            self.assertEqual(failed_to(there.get_secret_value, **read), "ResourceNotFoundException")
        self.assertEqual(there.get_secret_value(**read)["SecretString"], "2")


if __name__ == "__main__":
    unittest.main()
