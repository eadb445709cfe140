"""Verifies an export of Rekey's audit trail: audit_verify.py FOLDER PUBLIC_KEY.pem [CHAIN ...]"""
import hashlib, json, pathlib, sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder, key = pathlib.Path(sys.argv[1]), serialization.load_pem_public_key(pathlib.Path(sys.argv[2]).read_bytes())
wrong = []

def canonical(value):  # RFC 8785; a trail has no fractions, so Python's spelling of numbers is the right one
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)

def sha256(value):
    return hashlib.sha256(canonical(value).encode()).hexdigest()

chains, signed, last = {}, {}, None
for file in folder.glob("*.ndjson"):
    links, prev = {}, "0" * 64
    for place, line in enumerate(file.read_bytes().splitlines(), 1):
        link = json.loads(line)
        said = {name: link[name] for name in ("v", "chain", "seq", "prev", "recorded_at", "record")}
        if (link["chain"], link["seq"], link["prev"], link["hash"]) != (file.stem, place, prev, sha256(said)):
            wrong.append(f"{file.stem}: record {place} was edited, removed or put elsewhere")
        links[link["seq"]] = prev = link["hash"]
    chains[file.stem] = links
for file in sorted(folder.glob("checkpoints/*.json")):
    document = json.loads(file.read_bytes())
    checkpoint, signature = document["checkpoint"], bytes.fromhex(document["signature"])
    try:
        key.verify(signature, canonical(checkpoint).encode(), ec.ECDSA(hashes.SHA256()))
    except Exception:
        wrong.append(f"{file.name} is not signed by the key")
        continue
    if last and (checkpoint["number"] <= last["number"] or checkpoint["number"] == last["number"] + 1 and checkpoint["previous"] != sha256(last)):
        wrong.append(f"{file.name} does not follow the checkpoint before it")
    last = checkpoint
    for end in checkpoint["chains"]:
        if end["chain"] in (sys.argv[3:] or [end["chain"]]):
            if chains.get(end["chain"], {}).get(end["seq"]) != end["hash"]:
                wrong.append(f"{end['chain']}: record {end['seq']} is not the one that {file.name} signed")
            signed[end["chain"]] = max(end["seq"], signed.get(end["chain"], 0))
for chain, links in chains.items():
    print(f"{chain}: {len(links)} records, signed up to {signed.get(chain, 0)}")
print("\n".join(wrong) or ("sound" if last else "no checkpoint vouches for it"))
sys.exit(4 if wrong else 0 if last else 1)
