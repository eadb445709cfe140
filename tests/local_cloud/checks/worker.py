"""A function for the checks that does with each message of a batch what its body says.

{"fail": 2}: reported as failed the first two times it comes. {"throw": 2}: fails the whole batch the first two times.
{"print": 9}: prints so many lines (not in a message). {"answer": ...}: the answer to the whole batch; {"raw": "text"}: the same, not made JSON.
"""
import json


def handle(event):
    log(event)
    if event.get("print"):
        print("".join(f"line {n} {event['about']}\n" for n in range(event["print"])), end="", flush=True)
    if event.get("throw"):
        raise RuntimeError("told to throw")
    told = [(record["messageId"], int(record["attributes"]["ApproximateReceiveCount"]), json.loads(record["body"]))
            for record in event.get("Records", [])]
    if any(count <= body.get("throw", 0) for _, count, body in told):
        raise RuntimeError("told to throw")
    for _, _, body in told:
        if "raw" in body:
            return body["raw"].encode()
        if "answer" in body:
            return body["answer"]
    if not told:
        return event
    return {"batchItemFailures": [{"itemIdentifier": id} for id, count, body in told if count <= body.get("fail", 0)]}


serve(handle)
