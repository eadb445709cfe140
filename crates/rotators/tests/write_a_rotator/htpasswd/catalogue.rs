use rekey_rotation::Overlap;
use rekey_rotators::{Entry, Family};

/// A file of users.
pub const ENTRY: Entry = Entry {
    kind: "htpasswd",
    title: "A file of users",
    engines: &["htpasswd"],
    family: Family::Database,
    overlaps: &[Overlap::AlternatingUsers],
    secret: r#"`{"engine": "htpasswd", "file": "/srv/people", "username": "app", "password": "..."}`"#,
    retire: "The user's line leaves the file and its sessions end; then a login is refused, which is the proof.",
    permissions: "The function may write the file and its folder.",
    propagation: "At once: the file is read at each login.",
    limits: "A name has no colon.",
    cannot: "A file with the line `# changed by hand only` is left alone.",
};
