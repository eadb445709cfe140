#!/usr/bin/env python3
"""Make a secret that another service manages, which no API call can make. See --help."""
import argparse
import json
import os
import sys
import urllib.error
import urllib.request

DESCRIPTION = """\
Make a secret in the local cloud at AWS_ENDPOINT_URL as RDS makes its master secrets: owned by a service, on a rotation
schedule of seven days without a function. Prints its ARN. The value is read from stdin: JSON with at least a password.

    echo '{"username": "admin", "password": "first"}' | plant.py 'rds!db-1234'
"""


def main():
    parser = argparse.ArgumentParser(prog="plant.py", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="the secret's name; services begin theirs with their own, as rds! does")
    parser.add_argument("--owner", default="rds", help="the owning service (default rds)")
    given = parser.parse_args()
    if not os.environ.get("AWS_ENDPOINT_URL"):
        parser.error("AWS_ENDPOINT_URL is not set")
    body = {"Name": given.name, "OwningService": given.owner, "SecretString": sys.stdin.read()}
    request = urllib.request.Request(f"{os.environ['AWS_ENDPOINT_URL']}/_local_cloud/managed-secret",
                                     json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            print(json.loads(answer.read())["ARN"])
    except urllib.error.URLError as problem:
        sys.exit(f"plant: {problem}")


if __name__ == "__main__":
    main()
