"""A function for the burst that only writes down which events came to it."""
import json


def handle(event):
    with open(ROOM / "counted", "a") as counted:
        counted.write("".join(f"{json.loads(record['body'])['detail']['n']}\n" for record in event["Records"]))
    return {"batchItemFailures": []}


serve(handle)
