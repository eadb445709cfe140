"""Secrets that another service manages, such as the master secret of a database in RDS: a door for tests.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
Nobody can make one by CreateSecret, whose names have no exclamation mark. POST /_local_cloud/managed-secret with
{"Name": "rds!db-...", "OwningService": "rds", "SecretString": "{...}"} makes one here, on a schedule of seven days.
"""
import json
import secrets

from ministack.core import responses as core
from ministack.core.responses import json_response as ok
from ministack.services import secretsmanager as sm

import schedule
from trail import service_event
from versions import attach, lock, new_version, now

PATH = "/_local_cloud/managed-secret"
_scale = 1.0


def plant(account, region, name, owner, value):
    """Make a secret as the owning service would; its ARN."""
    core.set_request_account_id(account)
    core.set_request_region(region)
    with lock:
        sm._store_new_secret(name, secret_string=value, tags=[
            {"Key": f"aws:{owner}:primaryDBInstanceArn", "Value": f"arn:aws:{owner}:{region}:{account}:db:planted"},
            {"Key": "aws:secretsmanager:owningService", "Value": owner}])
        secret, rules = sm._secrets[name], {"AutomaticallyAfterDays": 7}
        secret.update(OwningService=owner, RotationEnabled=True, RotationRules=rules, CreatedDate=now(),
                      NextRotationDate=schedule.next_due(rules, now(), _scale))
    return secret["ARN"]


def rotate(secret, token):
    """Managed rotation, which needs no function: a new value that is current at once."""
    service_event("RotationStarted", secret["ARN"])
    with lock:
        current = sm._find_stage_version(secret, "AWSCURRENT")[1]
        if refused := new_version(secret, token):
            return refused
        value = {**json.loads(current["SecretString"]), "password": secrets.token_urlsafe(21)}
        secret["Versions"][token]["SecretString"] = json.dumps(value)
        attach(secret, token, "AWSCURRENT")
        secret.update(LastRotatedDate=now(), LastChangedDate=now(),
                      NextRotationDate=schedule.next_due(secret["RotationRules"], now(), _scale))
    service_event("RotationSucceeded", secret["ARN"])
    return ok({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token})


def with_door(app, settings):
    """The same application, with the path above."""
    async def answered(scope, receive, send):
        if scope["type"] != "http" or scope["path"] != PATH:
            return await app(scope, receive, send)
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        try:
            asked = json.loads(body)
            answer, status = {"ARN": plant(settings.account, settings.region, asked["Name"], asked["OwningService"],
                                           asked["SecretString"])}, 200
        except (ValueError, KeyError, TypeError) as problem:
            answer, status = {"message": f"Name, OwningService and SecretString are needed: {problem!r}"}, 400
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
    return answered


def install(settings):
    global _scale
    _scale = settings.clock_scale
