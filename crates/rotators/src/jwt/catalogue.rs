use rekey_rotation::Overlap;

use crate::catalogue::{Entry, Family};

/// Signing keys of JSON Web Tokens.
pub const ENTRY: Entry = Entry {
    kind: "jwt",
    title: "Signing keys of JSON Web Tokens (Ed25519, ES256, RS256)",
    engines: &[],
    family: Family::Keys,
    overlaps: &[Overlap::DualPublish],
    secret: r#"```json
{"alg": "EdDSA", "jwks": "s3://example-keys/.well-known/jwks.json",
 "token_lifetime_seconds": 3600, "skew_seconds": 60, "cache_seconds": 300,
 "current": {"kty": "OKP", "crv": "Ed25519", "x": "...", "d": "...", "kid": "..."},
 "next": {"kty": "OKP", "crv": "Ed25519", "x": "...", "d": "...", "kid": "..."},
 "previous": {"kty": "OKP", "crv": "Ed25519", "x": "...", "kid": "..."}}
```

A first value needs `alg`, `jwks` and `token_lifetime_seconds` alone: the first rotation makes both keys. `alg` is
`EdDSA`, `ES256` or `RS256` (`rsa_bits`: 2048, the default, or 3072). An application signs with `current` and nothing
else. `made_at`, `lineage` and `earlier` are Rekey's own. Other fields are kept."#,
    retire: "The old key leaves the key set, never before `token_lifetime_seconds` + `skew_seconds` + `cache_seconds` after the switch, unless a person forces it. Then the key set is read again, and what the old key signs is taken by no key in it.",
    permissions: r#"The role of the rotation function, and that of the retire function, on the one object (the stack's parameter
`JwksObjectArns`), and `kms:GenerateDataKey` and `kms:Decrypt`, where the bucket is encrypted with a key of your own:

```json
{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
 "Resource": "arn:aws:s3:::example-keys/.well-known/jwks.json"}
```

Who may read the key set is yours to say, by CloudFront for example: [jwt.md](jwt.md)."#,
    propagation: "A key is published for a whole period before it signs, so verifiers know it, however they cache. Signers see the switch when they next read the secret: within `cache_seconds`.",
    limits: "Three keys at a time; one more for each rotation within the lifetime of tokens. `kid` is the thumbprint of RFC 7638; a key that was brought along keeps its own. Several secrets may publish in one key set if it says so, with the shortest `cache_seconds` of them all, and other keys in it are kept.",
    cannot: "A rotation within `cache_seconds` of the last one is put off: verifiers may not know the next key. So is a rollback to a key that was retired. Whoever has read the secret has the next key too: after a leak, rotate twice. What a CDN caches is not asked: the proof is what lies in the bucket.",
};
