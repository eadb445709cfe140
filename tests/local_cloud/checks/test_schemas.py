"""AWS::EventSchemas in templates.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-eventschemas-schema.html
"""
import json
import pathlib
import tempfile
import unittest
import urllib.request
import uuid

import cloud

OPEN_API = {"openapi": "3.0.0", "info": {"title": "T", "version": "1"}, "paths": {}, "components": {"schemas": {}}}
TEMPLATE = """
Resources:
  Registry: {Type: AWS::EventSchemas::Registry, Properties: {RegistryName: %(registry)s, Description: events}}
  Schema:
    Type: AWS::EventSchemas::Schema
    Properties:
      RegistryName: %(of)s
      SchemaName: %(name)s
      Type: %(type)s
      Content: %(content)s
Outputs:
  Registry: {Value: !Ref Registry}
  RegistryArn: {Value: !GetAtt Registry.RegistryArn}
  RegistryName: {Value: !GetAtt Registry.RegistryName}
  Schema: {Value: !Ref Schema}
  SchemaArn: {Value: !GetAtt Schema.SchemaArn}
  SchemaName: {Value: !GetAtt Schema.SchemaName}
  SchemaVersion: {Value: !GetAtt Schema.SchemaVersion}
"""
ARN = "arn:aws:schemas:eu-west-1:123456789012"


def template(registry, content=None, **more):
    text = content if isinstance(content, str) else json.dumps({**OPEN_API, **(content or {})})
    return TEMPLATE % {"registry": registry, "of": "!GetAtt Registry.RegistryName", "name": "rekey@thing",
                       "type": "OpenApi3", "content": json.dumps(text), **more}


def deployed(stack, registry, content=None, **more):
    return cloud.deploy_text(stack, template(registry, content, **more))


class Schemas(unittest.TestCase):
    def setUp(self):
        self.name = f"r-{uuid.uuid4().hex[:8]}"

    def refused(self, why, content=None, **more):
        with self.assertRaises(RuntimeError) as refusal:
            deployed(f"{self.name}-{uuid.uuid4().hex[:8]}", more.pop("registry", self.name), content, **more)
        self.assertIn(why, str(refusal.exception)[:3000])

    def test_a_registry_and_a_schema_deploy_with_the_documented_values(self):
        self.assertEqual(deployed(self.name, self.name), {
            "Registry": f"{ARN}:registry/{self.name}", "RegistryArn": f"{ARN}:registry/{self.name}",
            "RegistryName": self.name, "Schema": f"{ARN}:schema/{self.name}/rekey@thing",
            "SchemaArn": f"{ARN}:schema/{self.name}/rekey@thing", "SchemaName": "rekey@thing", "SchemaVersion": "1"})

    def test_other_content_is_another_version_and_the_same_is_none(self):
        versions = [deployed(self.name, self.name, {"x-note": note})["SchemaVersion"] for note in ("a", "a", "b")]
        self.assertEqual(versions, ["1", "1", "2"])

    def test_another_name_is_another_schema(self):
        deployed(self.name, self.name)
        self.assertEqual(deployed(self.name, self.name, name="other")["SchemaVersion"], "1")
        self.assertEqual(deployed(self.name, self.name)["SchemaVersion"], "1")  # the old one was gone

    def test_what_a_stack_has_made_goes_with_it(self):
        deployed(self.name, self.name)
        self.refused("already exists")
        self.assertEqual(cloud.deploy(cloud.endpoint(), "--stack", self.name, "--delete").returncode, 0)
        self.assertEqual(deployed(self.name, self.name)["SchemaVersion"], "1")

    def test_a_state_directory_keeps_them_and_a_reset_does_not(self):
        room = tempfile.TemporaryDirectory()
        self.addCleanup(room.cleanup)
        path = pathlib.Path(room.name) / "template.yaml"

        def version(endpoint, note):
            path.write_text(template("kept", {"x-note": note}))
            done = cloud.deploy(endpoint, str(path), "--stack", "kept", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)["SchemaVersion"]
        versions = []
        for note in ("a", "b"):
            process, endpoint = cloud.start("--state-dir", f"{room.name}/state")
            versions.append(version(endpoint, note))
            if note == "b":
                urllib.request.urlopen(urllib.request.Request(f"{endpoint}/_ministack/reset", b"")).close()
                versions.append(version(endpoint, note))
            cloud.stop(process)
        self.assertEqual(versions, ["1", "2", "1"])

    def test_content_that_is_no_schema_is_refused(self):
        self.refused("is not JSON", "{not json")
        self.refused("has openapi 3.", json.dumps({"openapi": "2.0"}))
        self.refused("has openapi 3.", "[]")
        self.refused("http://json-schema.org/draft-04/schema", type="JSONSchemaDraft4")
        self.refused("Type is OpenApi3 or JSONSchemaDraft4", type="Avro")
        self.refused("1 to 100000 characters", {"x-note": "x" * 100_000})

    def test_names_that_are_not_valid_are_refused(self):
        self.refused("no registry", of="nobody")
        self.refused("no registry", of="!Ref Registry")  # which is its ARN
        self.refused("is not valid", registry="aws.events")
        self.refused("is not valid", registry="with/slash")
        self.refused("is not valid", name="with/slash")

    def test_both_kinds_of_schema_are_taken(self):
        draft = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}
        self.assertEqual(deployed(self.name, self.name, json.dumps(draft), type="JSONSchemaDraft4")["SchemaVersion"], "1")


if __name__ == "__main__":
    unittest.main()
