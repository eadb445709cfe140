"""Starting and stopping: one line when ready, nothing left over, nothing replaced that is not known."""
import importlib.metadata
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

import cloud


class Launching(unittest.TestCase):
    def test_it_stops_when_it_is_told_to(self):
        process, _ = cloud.start()
        self.assertEqual(cloud.stop(process), 0)

    def test_it_stops_when_its_parent_ends(self):
        parent = subprocess.Popen(["sleep", "60"])
        process, _ = cloud.start("--parent", str(parent.pid))
        parent.kill()  # and is not reaped yet: a zombie is an ended process
        self.assertEqual(process.wait(timeout=10), 0)
        parent.wait()
        process.stdout.close()

    def test_it_takes_the_functions_down_with_it(self):
        process, endpoint = cloud.start()
        with tempfile.TemporaryDirectory() as room:
            done = cloud.deploy(endpoint, str(cloud.HERE / "templates/root.yaml"), "--stack", "checks",
                                "--binary", f"rotator={cloud.bootstrap('rotator')}", "--parameter", f"Room={room}")
            self.assertEqual(done.returncode, 0, done.stderr)
            answer = cloud.connect(endpoint, "lambda").invoke(FunctionName="checks-rotator", Payload=b"{}")
            self.assertEqual(answer["StatusCode"], 200)
            children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
            self.assertTrue(children)
            self.assertEqual(cloud.stop(process), 0)
            for child in map(int, children):
                with self.assertRaises(ProcessLookupError):
                    os.kill(child, signal.SIG_DFL)

    def test_a_function_that_is_deployed_in_place_is_the_file_where_it_is(self):
        process, endpoint = cloud.start()
        self.addCleanup(cloud.stop, process)
        with tempfile.TemporaryDirectory() as room:
            program, ran = pathlib.Path(room) / "a program", pathlib.Path(room) / "ran"
            program.write_text(f"#!/bin/sh\necho $0 > {ran}\n{'#' * 50_000}\n")
            program.chmod(0o755)
            done = cloud.deploy(endpoint, str(cloud.HERE / "templates/root.yaml"), "--stack", "checks", "--in-place",
                                "--binary", f"rotator={program}", "--parameter", f"Room={room}")
            self.assertEqual(done.returncode, 0, done.stderr)
            functions = cloud.connect(endpoint, "lambda")
            size = functions.get_function(FunctionName="checks-rotator")["Configuration"]["CodeSize"]
            self.assertLess(size, 1_000)
            functions.invoke(FunctionName="checks-rotator", Payload=b"{}")
            self.assertEqual(ran.read_text().strip(), str(program.resolve()))

    def test_a_port_that_is_taken_is_said_in_a_line(self):
        port = cloud.endpoint().rpartition(":")[2]
        done = subprocess.run([sys.executable, str(cloud.ROOM), "--port", port], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr.strip(), f"local cloud: port {port}: Address already in use")

    def test_a_state_directory_is_taken_up_again(self):
        with tempfile.TemporaryDirectory() as state:
            process, endpoint = cloud.start("--state-dir", state)
            arn = cloud.connect(endpoint, "secretsmanager").create_secret(Name="kept", SecretString="value")["ARN"]
            cloud.stop(process)
            process, endpoint = cloud.start("--state-dir", state)
            self.addCleanup(cloud.stop, process)
            kept = cloud.connect(endpoint, "secretsmanager").get_secret_value(SecretId="kept")
            self.assertEqual((kept["ARN"], kept["SecretString"]), (arn, "value"))


class Replacing(unittest.TestCase):
    def setUp(self):
        sys.path.insert(0, str(cloud.ROOM))
        self.addCleanup(sys.path.remove, str(cloud.ROOM))
        import replace
        self.replace = replace

    def test_another_version_of_ministack_is_refused(self):
        with mock.patch.object(importlib.metadata, "version", return_value="9.9.9"):
            with self.assertRaisesRegex(SystemExit, "ministack 9.9.9 is installed, but .* is needed"):
                self.replace.require_pinned_version()

    def test_a_function_whose_signature_changed_is_not_replaced(self):
        module = types.ModuleType("theirs")
        module.call = original = lambda data, more=None: None
        for ours in (lambda data: None, lambda data, more: None, lambda data, *, more=None: None):
            with self.assertRaisesRegex(SystemExit, "theirs.call"):
                self.replace.replace(module, "call", ours)
        self.assertIs(module.call, original)
        with self.assertRaisesRegex(SystemExit, "theirs.gone is gone"):
            self.replace.replace(module, "gone", original)
        ours = lambda data, more=1: 1  # noqa: E731
        self.assertIs(self.replace.replace(module, "call", ours), original)
        self.assertIs(module.call, ours)


if __name__ == "__main__":
    unittest.main()
