"""Verifies an export of Rekey's audit trail: audit_verify.py FOLDER PUBLIC_KEY.pem [CHAIN ...]"""
import datetime, hashlib, json, pathlib, sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder, key = pathlib.Path(sys.argv[1]), serialization.load_pem_public_key(pathlib.Path(sys.argv[2]).read_bytes())
named, wrong = sys.argv[3:], []

def canonical(value):  # RFC 8785; a trail has no fractions, so Python's spelling of numbers is the right one
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)

def sha256(value):
    return hashlib.sha256(canonical(value).encode()).hexdigest()

def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

chains, times, signed, last = {}, {}, {}, None
for chain in {file.name.removesuffix(end) for end in (".ndjson", ".head.json") for file in folder.glob("*" + end)}:
    if chain not in (named or [chain]):
        continue
    links, prev, file = {}, "0" * 64, folder / f"{chain}.ndjson"
    for place, line in enumerate(file.read_bytes().splitlines() if file.exists() else [], 1):
        try:
            link = json.loads(line)
            said = {name: link[name] for name in ("v", "chain", "seq", "prev", "recorded_at", "record")}
            right = (link["chain"], link["seq"], link["prev"], link["hash"]) == (chain, place, prev, sha256(said))
            times[chain, place], prev = moment(link["recorded_at"]), link["hash"]
        except Exception:  # what is no record
            right, prev = False, None
        if not right:
            wrong.append(f"{chain}: record {place} was edited, removed or put elsewhere")
        links[place] = prev
    try:
        end = json.loads((folder / f"{chain}.head.json").read_bytes())
        right = (end["chain"], end["seq"], end["hash"]) == (chain, len(links), prev)
    except Exception:  # none, or no end of a chain
        right = False
    if not right:
        wrong.append(f"{chain}: its end is not behind record {len(links)}, the last that is there")
    chains[chain] = links
for file in sorted(folder.glob("checkpoints/*.json")):
    try:
        document = json.loads(file.read_bytes())
        checkpoint, signature = document["checkpoint"], bytes.fromhex(document["signature"])
        key.verify(signature, canonical(checkpoint).encode(), ec.ECDSA(hashes.SHA256()))
    except Exception:
        wrong.append(f"{file.name} is not signed by the key")
        continue
    number, lengths = checkpoint["number"], {end["chain"]: end["seq"] for end in checkpoint["chains"]}
    if file.stem.lstrip("0") != str(number) or last and (
            number <= last["number"] or number == last["number"] + 1 and checkpoint["previous"] != sha256(last)
            or checkpoint["stage"] != last["stage"] or any(lengths.get(end["chain"], 0) < end["seq"] for end in last["chains"])):
        wrong.append(f"{file.name} does not follow the checkpoint before it")
    last = checkpoint
    for end in checkpoint["chains"]:
        signed.setdefault(end["chain"], 0)
        if chains.get(end["chain"], {}).get(end["seq"]) == end["hash"]:
            signed[end["chain"]] = max(end["seq"], signed[end["chain"]])
        elif end["chain"] in (named or [end["chain"]]) and end["seq"]:
            wrong.append(f"{end['chain']}: record {end['seq']} is not the one that {file.name} signed")
for chain, links in chains.items():
    print(f"{chain}: {len(links)} records, signed up to {signed.get(chain, 0)}")
    after = signed.get(chain, 0) + 1
    if last and times.get((chain, after), float("inf")) + 600 < moment(last["at"]):
        wrong.append(f"{chain}: record {after} is older than the newest checkpoint, which does not vouch for it")
if set(named) - set(chains) - set(signed):
    print("there is no such chain")
    sys.exit(2)
print("\n".join(wrong) or ("sound" if last else "no checkpoint vouches for it"))
sys.exit(4 if wrong else 0 if last or not any(chains.values()) else 1)
