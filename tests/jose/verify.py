"""Signs and verifies tokens with PyJWT, as an application does that keeps a key set for as long as it may.

    verify.py URL COOL_DOWN    one JSON object per line in, one out

    {"sign": {private JSON Web Key}, "claims": {...}}   -> {"token": "..."}
    {"verify": "token", "by": "a verifier's name", "at": seconds since 1970}   -> {"ok": true} or {"ok": false, "why": "..."}

Each verifier has a cache of its own. It fetches the key set again when `max-age` is over, and for a key that it does
not know, but then not sooner than COOL_DOWN seconds after the last time. Time is what the caller says.
"""
import json
import re
import sys
import urllib.request

import jwt

URL, COOL_DOWN = sys.argv[1], float(sys.argv[2])


class Verifier:
    def __init__(self):
        self.keys, self.fetched, self.max_age = {}, None, 0

    def fetch(self, now):
        with urllib.request.urlopen(URL) as answer:
            self.max_age = int(re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])[1])
            published = jwt.PyJWKSet.from_json(answer.read().decode())
        self.keys, self.fetched = {key.key_id: key for key in published.keys}, now

    def verify(self, token, now):
        if self.fetched is None or now - self.fetched >= self.max_age:
            self.fetch(now)
        name = jwt.get_unverified_header(token)["kid"]
        if name not in self.keys and now - self.fetched >= COOL_DOWN:
            self.fetch(now)
        if name not in self.keys:
            raise jwt.InvalidTokenError(f"no key {name}")
        key = self.keys[name]
        claims = jwt.decode(token, key, algorithms=[key.algorithm_name], options={"verify_exp": False, "verify_iat": False})
        if claims["exp"] <= now:
            raise jwt.ExpiredSignatureError("expired")


def answer(asked, verifiers):
    if "sign" in asked:
        key = jwt.PyJWK.from_dict(asked["sign"])
        name, algorithm = asked["sign"]["kid"], asked["sign"]["alg"]
        return {"token": jwt.encode(asked["claims"], key.key, algorithm=algorithm, headers={"kid": name})}
    try:
        verifiers.setdefault(asked["by"], Verifier()).verify(asked["verify"], asked["at"])
    except jwt.PyJWTError as refused:
        return {"ok": False, "why": str(refused)}
    return {"ok": True}


def main():
    verifiers = {}
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), verifiers)), flush=True)


main()
