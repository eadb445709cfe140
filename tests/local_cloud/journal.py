"""A journal of the calls that are over, one JSON line each: what, by whom, over which connection, how it ended.

The status is null if the caller went away before its answer. Bodies are not in it, so no value is.
"""
import json
import time

from ministack.core.iam_evaluator import request_caller_arn


def _service(headers):
    """The service is in the scope of a Signature Version 4."""
    scope = headers.get("authorization", "").partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) > 3 else ""


def journaled(app, path):
    """The same application, with a line in `path` for every signed request."""
    journal = open(path, "a", buffering=1)

    async def recorded(scope, receive, send):
        headers = {name.decode().lower(): value.decode() for name, value in scope.get("headers") or []}
        service = _service(headers)
        if scope["type"] != "http" or not service:
            return await app(scope, receive, send)
        started, status = time.time(), None

        async def watch(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            return await app(scope, receive, watch)
        finally:
            action = headers.get("x-amz-target", "").rpartition(".")[2] or f"{scope['method']} {scope['path']}"
            journal.write(json.dumps({
                "at": started, "ms": round((time.time() - started) * 1e3, 3), "service": service, "action": action,
                "caller": request_caller_arn(headers, {}), "connection": (scope.get("client") or [None, None])[1],
                "status": status}) + "\n")

    return recorded
