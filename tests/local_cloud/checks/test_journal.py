"""What the journal keeps of a call that was never answered."""
import json
import pathlib
import tempfile
import unittest

import cloud

ONE_ANSWERED_AND_ONE_LEFT = """
import asyncio, json, sys
from journal import journaled

async def app(scope, receive, send):
    if scope["path"] == "/left":
        raise asyncio.CancelledError
    await send({"type": "http.response.start", "status": 204, "headers": []})

async def nothing(*_):
    return None

async def main(path):
    recorded = journaled(app, path)
    signed = b"AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
    for asked in ("/answered", "/left"):
        scope = {"type": "http", "method": "POST", "path": asked, "client": ["127.0.0.1", 40000],
                 "headers": [(b"authorization", signed)]}
        try:
            await recorded(scope, nothing, nothing)
        except asyncio.CancelledError:
            pass

asyncio.run(main(json.load(sys.stdin)))
print("null")
"""


class Journal(unittest.TestCase):
    def test_a_call_whose_caller_went_away_is_kept_without_a_status(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "journal.jsonl"
            cloud.ours(ONE_ANSWERED_AND_ONE_LEFT, str(path))
            calls = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual([(call["service"], call["action"], call["status"]) for call in calls],
                         [("sqs", "POST /answered", 204), ("sqs", "POST /left", None)])
