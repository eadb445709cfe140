// Signs and verifies tokens with jose, as an application does that keeps a key set for as long as it may. What is asked
// and answered is as in verify.py:
//
//     node verify.mjs URL COOL_DOWN
//     node verify.mjs URL documented FILE
//
// jose is taken from the folder that REKEY_TEST_NODE_MODULES names.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const jose = createRequire(`${process.env.REKEY_TEST_NODE_MODULES}/`)("jose");
const [url, how, file] = process.argv.slice(2);
const coolDown = Number(how);

class Verifier {
  async fetch(now) {
    const answer = await fetch(url);
    this.maxAge = Number(/max-age=(\d+)/.exec(answer.headers.get("cache-control"))[1]);
    this.keys = jose.createLocalJWKSet(await answer.json());
    this.fetched = now;
  }

  async verify(token, now) {
    if (this.fetched === undefined || now - this.fetched >= this.maxAge) await this.fetch(now);
    const currentDate = new Date(now * 1000);
    try {
      await jose.jwtVerify(token, this.keys, { currentDate });
    } catch (refused) {
      if (!(refused instanceof jose.errors.JWKSNoMatchingKey) || now - this.fetched < coolDown) throw refused;
      await this.fetch(now);
      await jose.jwtVerify(token, this.keys, { currentDate });
    }
  }
}

// What jose reads the time from.
let clock;
class Clock extends Date {
  constructor(...given) {
    super(...(given.length === 0 ? [clock] : given));
  }

  static now() {
    return clock;
  }
}

// The code of docs/jwt.md.
class Documented {
  constructor(verifier) {
    this.take = verifier(url);
  }

  async verify(token, now) {
    clock = now * 1000;
    await this.take(token);
  }
}

async function made() {
  if (how !== "documented") return () => new Verifier();
  const { verifier } = await import(pathToFileURL(file));
  globalThis.Date = Clock;
  return () => new Documented(verifier);
}

const verifiers = new Map();
const make = await made();

async function answer(asked) {
  if (asked.sign) {
    const { kid, alg } = asked.sign;
    const key = await jose.importJWK(asked.sign, alg);
    return { token: await new jose.SignJWT(asked.claims).setProtectedHeader({ alg, kid }).sign(key) };
  }
  if (!verifiers.has(asked.by)) verifiers.set(asked.by, make());
  try {
    await verifiers.get(asked.by).verify(asked.verify, asked.at);
  } catch (refused) {
    if (!(refused instanceof jose.errors.JOSEError)) throw refused;
    return { ok: false, why: refused.message };
  }
  return { ok: true };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
