//! Every set-up that docs/conformance.md has a row of, and no other.

/// What each run of the suite tries. The run compares its set-ups with these, and the test `catalogue` the page's
/// rows: what is added, renamed or given up is so here too.
pub const SET_UPS: [(&str, &[&str]); 8] = [
    ("audit keys", &["audit-key"]),
    ("elasticache", &["elasticache-auth", "elasticache-user"]),
    ("jwt in memory", &["jwt EdDSA in memory"]),
    ("jwt in S3", &["jwt EdDSA"]),
    (
        "mariadb",
        &["mariadb alternating-users", "mariadb single-user"],
    ),
    (
        "postgres",
        &[
            "postgres 15 alternating-users",
            "postgres 15 single-user",
            "postgres 18 alternating-users",
            "postgres 18 single-user",
        ],
    ),
    (
        "random values",
        &[
            "generic another field",
            "generic password",
            "hmac base64url",
            "hmac hex",
            "hmac whsec_",
        ],
    ),
    (
        "redis",
        &["redis cluster", "redis default-user", "redis superuser"],
    ),
];
