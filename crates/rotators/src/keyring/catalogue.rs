use rekey_rotation::Overlap;

use crate::catalogue::{Entry, Family};

/// The keys of the audit trail.
pub const ENTRY: Entry = Entry {
    kind: "audit-key",
    title: "Keys of the audit trail",
    engines: &[],
    family: Family::Keys,
    overlaps: &[Overlap::Keyring],
    secret: r#"```json
{"current": "2", "1": "64 letters and digits", "2": "..."}
```

Every key under its number, and the number of the one in use. The stack makes this secret itself."#,
    retire: "Nothing. What an old key has sealed is verified with it, for as long as records are kept.",
    permissions: "None: the secret is its own target.",
    propagation: "Whoever seals or verifies reads the secret at its start, and again when a seal has another key's number.",
    limits: "A version holds 65,536 bytes: 899 keys, two centuries at 90 days each.",
    cannot: "It is never rolled back: the next rotation would give a number a second time, to another key.",
};
