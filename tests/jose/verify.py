"""Signs and verifies tokens with PyJWT, as an application does that keeps a key set for as long as it may.

    verify.py URL COOL_DOWN           one JSON object per line in, one out
    verify.py URL documented FILE     the same, with the verifier that FILE makes: the code of docs/jwt.md

    {"sign": {private JSON Web Key}, "claims": {...}}   -> {"token": "..."}
    {"verify": "token", "by": "a verifier's name", "at": seconds since 1970}   -> {"ok": true} or {"ok": false, "why": "..."}

Each verifier has a cache of its own. It fetches the key set again when `max-age` is over, and for a key that it does
not know, but then not sooner than COOL_DOWN seconds after the last time. One that is documented does what the library
does. Time is what the caller says.
"""
import datetime
import json
import re
import runpy
import sys
import time
import urllib.request

import jwt

URL = sys.argv[1]


class Verifier:
    def __init__(self, cool_down):
        self.keys, self.fetched, self.max_age, self.cool_down = {}, None, 0, cool_down

    def fetch(self, now):
        with urllib.request.urlopen(URL) as answer:
            self.max_age = int(re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])[1])
            published = jwt.PyJWKSet.from_json(answer.read().decode())
        self.keys, self.fetched = {key.key_id: key for key in published.keys}, now

    def verify(self, token, now):
        if self.fetched is None or now - self.fetched >= self.max_age:
            self.fetch(now)
        name = jwt.get_unverified_header(token)["kid"]
        if name not in self.keys and now - self.fetched >= self.cool_down:
            self.fetch(now)
        if name not in self.keys:
            raise jwt.InvalidTokenError(f"no key {name}")
        key = self.keys[name]
        claims = jwt.decode(token, key, algorithms=[key.algorithm_name], options={"verify_exp": False, "verify_iat": False})
        if claims["exp"] <= now:
            raise jwt.ExpiredSignatureError("expired")


class Documented:
    def __init__(self, verifier):
        self.take = verifier(URL)

    def verify(self, token, now):
        Clock.now_is = now
        self.take(token)


class Clock(datetime.datetime):
    """What PyJWT reads the time from, for tokens; its cache goes by `time.monotonic`."""

    now_is = 0

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(cls.now_is, tz)


def made():
    if sys.argv[2] != "documented":
        return lambda: Verifier(float(sys.argv[2]))
    time.monotonic, jwt.api_jwt.datetime = lambda: float(Clock.now_is), Clock
    verifier = runpy.run_path(sys.argv[3])["verifier"]
    return lambda: Documented(verifier)


def answer(asked, verifiers, make):
    if "sign" in asked:
        key = jwt.PyJWK.from_dict(asked["sign"])
        name, algorithm = asked["sign"]["kid"], asked["sign"]["alg"]
        return {"token": jwt.encode(asked["claims"], key.key, algorithm=algorithm, headers={"kid": name})}
    try:
        if asked["by"] not in verifiers:
            verifiers[asked["by"]] = make()
        verifiers[asked["by"]].verify(asked["verify"], asked["at"])
    except jwt.PyJWTError as refused:
        return {"ok": False, "why": str(refused)}
    return {"ok": True}


def main():
    verifiers, make = {}, made()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), verifiers, make)), flush=True)


main()
