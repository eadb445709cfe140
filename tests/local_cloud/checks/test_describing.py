"""What is said of secrets and their versions, page by page."""
import time
import unittest
import uuid
from datetime import datetime, timezone

import cloud
from cloud import failed_to

store = cloud.client("secretsmanager")


def listed(**more):
    return store.list_secrets(**more)["SecretList"]


class Listing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mark = uuid.uuid4().hex[:8]
        cls.arns = [cloud.new_secret(name=f"{cls.mark}/{n}", Description=f"Number {n}",
                                     Tags=[{"Key": f"rekey:{cls.mark}", "Value": f"v{n}"}]) for n in range(7)]

    def filtered(self, key, *values):
        return {entry["Name"] for entry in listed(Filters=[{"Key": key, "Values": list(values)}])}

    def test_filters_match_prefixes(self):
        all_seven = {f"{self.mark}/{n}" for n in range(7)}
        self.assertEqual(self.filtered("name", f"{self.mark}/"), all_seven)
        self.assertEqual(self.filtered("name", f"{self.mark}/1", f"{self.mark}/2"), {f"{self.mark}/{n}" for n in (1, 2)})
        self.assertEqual(self.filtered("name", self.mark[1:]), set())
        self.assertEqual(self.filtered("tag-key", f"rekey:{self.mark}"), all_seven)
        self.assertEqual(self.filtered("tag-key", f"REKEY:{self.mark}"), set())
        self.assertEqual(self.filtered("name", f"{self.mark}/", f"!{self.mark}/3"), all_seven - {f"{self.mark}/3"})
        both = listed(Filters=[{"Key": "name", "Values": [f"{self.mark}/"]}, {"Key": "description", "Values": ["number 4"]}])
        self.assertEqual([entry["Name"] for entry in both], [f"{self.mark}/4"])

    def test_pages_hold_every_secret_once_while_others_are_made(self):
        more, found = {}, []
        while True:
            page = store.list_secrets(MaxResults=3, Filters=[{"Key": "name", "Values": [f"{self.mark}/"]}], **more)
            self.assertLessEqual(len(page["SecretList"]), 3)
            found += [entry["ARN"] for entry in page["SecretList"]]
            if "NextToken" not in page:
                break
            more = {"NextToken": page["NextToken"]}
            cloud.new_secret()
        self.assertEqual(found, self.arns)  # by the date of their creation
        self.assertEqual(failed_to(store.list_secrets, NextToken="x"), "InvalidNextTokenException")
        for size in (0, 101):
            self.assertEqual(failed_to(store.list_secrets, MaxResults=size), "ValidationException")

    def test_an_entry_says_what_describe_secret_says(self):
        secret = cloud.new_secret(Tags=[{"Key": "rekey:kind", "Value": "postgres"}])
        cloud.rotate(secret)
        cloud.until("rotated", lambda: cloud.described(secret).get("LastRotatedDate"))
        described = cloud.described(secret)
        described.pop("ResponseMetadata")
        entry, = listed(Filters=[{"Key": "name", "Values": [described["Name"]]}])
        self.assertEqual(entry.pop("SecretVersionsToStages"), described.pop("VersionIdsToStages"))
        self.assertEqual(entry, described)
        for field in ("Tags", "RotationEnabled", "RotationRules", "RotationLambdaARN", "LastRotatedDate",
                      "NextRotationDate", "LastChangedDate", "CreatedDate"):
            self.assertIn(field, entry)

    def test_what_is_not_there_is_left_out(self):
        secret = cloud.new_secret()
        described = cloud.described(secret)
        for field in ("RotationEnabled", "RotationRules", "LastRotatedDate", "NextRotationDate", "OwningService",
                      "DeletedDate", "LastAccessedDate", "Description"):
            self.assertNotIn(field, described)

    def test_when_rotation_is_off_its_dates_are_gone_and_its_rules_are_not(self):
        secret = cloud.new_secret()
        cloud.rotate(secret)
        cloud.until("rotated", lambda: cloud.described(secret).get("LastRotatedDate"))
        store.cancel_rotate_secret(SecretId=secret)
        described = cloud.described(secret)
        self.assertEqual((described["RotationEnabled"], described["RotationRules"]), (False, {"AutomaticallyAfterDays": 30}))
        self.assertNotIn("LastRotatedDate", described)
        self.assertNotIn("NextRotationDate", described)

    def test_a_deleted_secret_is_listed_only_when_asked_for(self):
        secret = cloud.new_secret()
        name = cloud.described(secret)["Name"]
        store.delete_secret(SecretId=secret)
        named = [{"Key": "name", "Values": [name]}]
        self.assertEqual(listed(Filters=named), [])
        entry, = listed(Filters=named, IncludePlannedDeletion=True)
        self.assertEqual(entry["DeletedDate"], cloud.described(secret)["DeletedDate"])


class VersionIds(unittest.TestCase):
    def test_versions_without_a_label_are_listed_only_when_asked_for(self):
        secret = cloud.new_secret()
        ids = [cloud.labels(secret)["AWSCURRENT"]]
        ids += [store.put_secret_value(SecretId=secret, SecretString=str(n))["VersionId"] for n in range(3)]
        labelled = store.list_secret_version_ids(SecretId=secret)["Versions"]
        self.assertEqual({v["VersionId"] for v in labelled}, set(ids[2:]))
        everything = store.list_secret_version_ids(SecretId=secret, IncludeDeprecated=True)["Versions"]
        self.assertEqual({v["VersionId"] for v in everything}, set(ids))
        by_date = sorted(everything, key=lambda v: v["CreatedDate"])
        self.assertEqual([v["VersionId"] for v in by_date], ids)  # made in one second, and still in order
        self.assertNotIn("VersionStages", by_date[0])
        self.assertLess(abs(time.time() - by_date[0]["CreatedDate"].timestamp()), 60)

    def test_pages_hold_every_version_once(self):
        secret = cloud.new_secret()
        for n in range(7):
            store.put_secret_value(SecretId=secret, SecretString=str(n))
        more, pages = {}, []
        while True:
            page = store.list_secret_version_ids(SecretId=secret, IncludeDeprecated=True, MaxResults=3, **more)
            pages.append([v["VersionId"] for v in page["Versions"]])
            if "NextToken" not in page:
                break
            more = {"NextToken": page["NextToken"]}
        self.assertEqual([len(page) for page in pages], [3, 3, 2])
        self.assertEqual(len({id for page in pages for id in page}), 8)

    def test_a_version_is_read_by_its_id_alone_also_without_a_label(self):
        secret = cloud.new_secret("first")
        first = cloud.labels(secret)["AWSCURRENT"]
        for value in ("second", "third"):
            store.put_secret_value(SecretId=secret, SecretString=value)
        read = store.get_secret_value(SecretId=secret, VersionId=first)
        self.assertEqual(read["SecretString"], "first")
        self.assertFalse(read.get("VersionStages"))
        self.assertEqual(failed_to(store.get_secret_value, SecretId=secret, VersionId=str(uuid.uuid4())),
                         "ResourceNotFoundException")
        accessed = cloud.described(secret)["LastAccessedDate"].astimezone(timezone.utc)
        self.assertEqual(accessed, datetime.combine(datetime.now(timezone.utc), datetime.min.time(), timezone.utc))


class TakingLabelsAway(unittest.TestCase):
    def test_pending_and_previous_can_be_taken_away_from_the_version_that_has_them(self):
        secret = cloud.new_secret()
        first = cloud.labels(secret)["AWSCURRENT"]
        second = store.put_secret_value(SecretId=secret, SecretString="2")["VersionId"]
        third = store.put_secret_value(SecretId=secret, SecretString="3", VersionStages=["AWSPENDING"])["VersionId"]
        for label, elsewhere, version in (("AWSPENDING", second, third), ("AWSPREVIOUS", third, first)):
            remove = {"SecretId": secret, "VersionStage": label}
            self.assertEqual(failed_to(store.update_secret_version_stage, **remove, RemoveFromVersionId=elsewhere),
                             "InvalidParameterException")
            store.update_secret_version_stage(**remove, RemoveFromVersionId=version)
            self.assertNotIn(label, cloud.labels(secret))
            self.assertEqual(failed_to(store.update_secret_version_stage, **remove, RemoveFromVersionId=version),
                             "InvalidParameterException")
        self.assertEqual(store.get_secret_value(SecretId=secret, VersionId=third)["SecretString"], "3")
        self.assertEqual(failed_to(store.update_secret_version_stage, SecretId=secret, VersionStage="AWSPENDING",
                                   RemoveFromVersionId=str(uuid.uuid4())), "ResourceNotFoundException")


if __name__ == "__main__":
    unittest.main()
