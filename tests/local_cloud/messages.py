"""SQS: which messages a queue takes, how long they are delayed, and what a receipt handle is good for.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
"""
import re
import time

from ministack.services import sqs

LONGEST_DELAY, LONGEST_TIMEOUT = 900, 43_200  # seconds
MOST_ATTRIBUTES = 10
ATTRIBUTE_NAME = re.compile(r"(?!(?i:aws|amazon)\.)(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
DATA_TYPE = re.compile(r"(String|Number|Binary)(\.[^\s]{1,249})?")
HANDLE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # as MiniStack makes them

_original = {}
_scale = 1.0


def _invalid(text):
    return sqs._Err("InvalidParameterValue", text)


def _check_range(data, field, longest):
    given = data.get(field)
    if given is not None and not 0 <= int(given) <= longest:
        raise _invalid(f"Value {given} for parameter {field} is invalid. Reason: Must be >= 0 and <= {longest}, if provided.")


def _check_attributes(attributes):
    if len(attributes) > MOST_ATTRIBUTES:
        raise _invalid(f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].")
    for name, attribute in attributes.items():
        kind = DATA_TYPE.fullmatch(attribute.get("DataType") or "")
        if not ATTRIBUTE_NAME.fullmatch(name):
            raise _invalid(f"The message attribute name {name!r} is not valid.")
        if not kind:
            raise _invalid(f"The message attribute '{name}' has an invalid message attribute type, the set of supported "
                           "type prefixes is Binary, Number, and String.")
        if not attribute.get("BinaryValue" if kind[1] == "Binary" else "StringValue"):
            raise _invalid(f"Message attribute '{name}' must contain a non-empty message attribute value.")


def _act_send_message(data, qurl):
    _check_range(data, "DelaySeconds", LONGEST_DELAY)
    _check_attributes(data.get("MessageAttributes") or {})
    answer = _original["SendMessage"](data, qurl)
    if _scale > 1:
        messages = sqs._get_q(data.get("QueueUrl", qurl))["messages"]
        sent = next((m for m in reversed(messages) if m["id"] == answer["MessageId"]), None)
        if sent and sent["visible_at"] > time.time():
            sent["visible_at"] = sent["sent_at"] + (sent["visible_at"] - sent["sent_at"]) / _scale
    return answer


async def _act_receive_message(data, qurl):
    _check_range(data, "VisibilityTimeout", LONGEST_TIMEOUT)
    return await _original["ReceiveMessage"](data, qurl)


def _act_delete_message(data, qurl):
    """With a handle of an earlier receipt, the call succeeds and the message stays."""
    try:
        return _original["DeleteMessage"](data, qurl)
    except sqs._Err as refusal:
        if refusal.code == "ReceiptHandleIsInvalid" and HANDLE.fullmatch(data["ReceiptHandle"]):
            return {}
        raise


def _act_delete_message_batch(data, qurl):
    answer = _original["DeleteMessageBatch"](data, qurl)
    handles = {entry["Id"]: entry.get("ReceiptHandle", "") for entry in data["Entries"]}
    stale = [entry for entry in answer["Failed"] if HANDLE.fullmatch(handles[entry["Id"]])]
    return {"Successful": answer["Successful"] + [{"Id": entry["Id"]} for entry in stale],
            "Failed": [entry for entry in answer["Failed"] if entry not in stale]}


def _act_change_visibility(data, qurl):
    """Only while the message is in flight under this very handle."""
    _check_range(data, "VisibilityTimeout", LONGEST_TIMEOUT)
    handle, now = data.get("ReceiptHandle") or "", time.time()
    queue = sqs._get_q(data.get("QueueUrl", qurl), "sqs:ChangeMessageVisibility")
    if HANDLE.fullmatch(handle) and not any(m["receipt_handle"] == handle and m["visible_at"] > now
                                            for m in queue["messages"]):
        raise sqs._Err("MessageNotInflight", "The specified message isn't in flight.")
    return _original["ChangeMessageVisibility"](data, qurl)


REPLACED = {"SendMessage": _act_send_message, "ReceiveMessage": _act_receive_message,
            "DeleteMessage": _act_delete_message, "DeleteMessageBatch": _act_delete_message_batch,
            "ChangeMessageVisibility": _act_change_visibility}


def install(settings):
    """Before the handlers are put under their lock."""
    global _scale
    from replace import replace
    _scale = settings.redelivery_scale
    for action, handler in REPLACED.items():
        _original[action] = replace(sqs, handler.__name__, handler)
        sqs._HANDLERS[action] = handler
