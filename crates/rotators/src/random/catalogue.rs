use rekey_rotation::Overlap;

use crate::catalogue::{Entry, Family};

/// Keys that sign with HMAC-SHA256.
pub const HMAC: Entry = Entry {
    kind: "hmac",
    title: "Keys of webhooks (HMAC-SHA256)",
    engines: &[],
    family: Family::Keys,
    overlaps: &[Overlap::PreviousInside],
    secret: r#"```json
{"current": "whsec_...", "previous": "whsec_...", "previous_ends": 1800086400, "format": "whsec_", "bytes": 32}
```

A first value needs `current` alone. `previous` and `previous_ends` (seconds since 1970) come with the first rotation.
`format` is `whsec_` (Standard Webhooks, the default), `hex` or `base64url`; `bytes` is the length of new keys, 24 to 64,
32 without it. Other fields are kept."#,
    retire: "Nothing is changed: the old key ends at the time that stands in the secret, and the retirement waits for it. What it signs is then refused by whoever goes by the secret, which is the proof. Its text leaves the secret with the next rotation.",
    permissions: "None: the secret is its own target. Sender and receiver read it (`secretsmanager:GetSecretValue`).",
    propagation: "Whoever signs or verifies sees a new key when it next reads the secret. Both read it more often than the grace is long: [hmac.md](hmac.md) has the ten lines.",
    limits: "Two keys at a time: a second rotation inside the grace ends the key before the last at once, and is refused where the tag `rekey:grace` is set. A rotation that stays open gives the old key less than its grace: the time counts from the making of the new one. One that is still open a minute after that end is refused.",
    cannot: "An old key is not ended early but by another rotation: a version of a secret is never changed. After a rollback what the newer key signed is refused: the older version does not know it. A receiver outside, such as a vendor, must be given the new key by its own means.",
};

/// Any other random value.
pub const GENERIC: Entry = Entry {
    kind: "generic",
    title: "Random values (passwords, tokens, peppers)",
    engines: &[],
    family: Family::Keys,
    overlaps: &[Overlap::PreviousInside],
    secret: r#"```json
{"password": "...", "password_previous": "...", "password_previous_ends": 1800086400,
 "generate_string_key": "password", "password_length": 40, "exclude_punctuation": true}
```

A first value needs `password` alone. `generate_string_key` names another field to rotate, as in CloudFormation's
`GenerateSecretString`; its earlier value and that one's end (seconds since 1970) stand beside it. `password_length`,
`exclude_characters`, `exclude_lowercase`, `exclude_uppercase`, `exclude_numbers`, `exclude_punctuation` and
`require_each_included_type` replace the settings of the function for this secret. Other fields are kept."#,
    retire: "Nothing is changed: the old value ends at the time that stands in the secret, and the retirement waits for it. Whoever goes by the secret then refuses it, which is the proof. Its text leaves the secret with the next rotation.",
    permissions: "None: the secret is its own target. Whoever gives and whoever checks the value read it (`secretsmanager:GetSecretValue`).",
    propagation: "Whoever uses the value sees a new one when it next reads the secret. It reads more often than the grace is long.",
    limits: "New values have 16 to 4096 characters and at least 80 bits. Two values at a time, as with `hmac`.",
    cannot: "A secret that is a plain text is refused: it has no room for the value before, and whoever reads AWSCURRENT only would be cut off. No system is told of the new value: where one must be, it needs a kind of its own.",
};
