use rekey_rotation::Overlap;

/// What there is to know of one kind of target before it is rotated. The page `docs/rotators.md` is made of
/// these. Texts are Markdown.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The kind, as in the tag `rekey:kind` and in events.
    pub kind: &'static str,
    /// What it is, as a heading.
    pub title: &'static str,
    /// The texts of the field `engine` that mean this kind, in lower case; none when only the tag does.
    pub engines: &'static [&'static str],
    /// Which deployment of the rotation function rotates it.
    pub family: Family,
    /// How old and new share the time; more than one when the secret or a setting decides.
    pub overlaps: &'static [Overlap],
    /// The secret's JSON, field by field.
    pub secret: &'static str,
    /// What a retirement does, and what its proof is.
    pub retire: &'static str,
    /// What must be allowed at the target, ready to be copied.
    pub permissions: &'static str,
    /// How long a change takes to be seen by everyone.
    pub propagation: &'static str,
    /// What bounds it: lengths, counts, versions.
    pub limits: &'static str,
    /// What cannot be done, and why.
    pub cannot: &'static str,
}

/// The targets that one deployment of the rotation function reaches, with one role.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// Databases and caches, in the VPC.
    Database,
    /// Signing keys and random values, outside of it.
    Keys,
}

impl Family {
    /// The name, as in the names of functions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Keys => "keys",
        }
    }
}

/// Every kind that was built in, in the order of the page.
pub const CATALOGUE: &[Entry] = &[
    #[cfg(feature = "postgres")]
    crate::postgres::ENTRY,
    #[cfg(feature = "mysql")]
    crate::mysql::MARIADB,
    #[cfg(feature = "mysql")]
    crate::mysql::MYSQL,
    #[cfg(feature = "redis")]
    crate::redis::REDIS,
    #[cfg(feature = "redis")]
    crate::redis::VALKEY,
    #[cfg(feature = "elasticache")]
    crate::elasticache::USER,
    #[cfg(feature = "elasticache")]
    crate::elasticache::AUTH,
    #[cfg(feature = "jwt")]
    crate::jwt::ENTRY,
    #[cfg(feature = "random")]
    crate::random::HMAC,
    #[cfg(feature = "random")]
    crate::random::GENERIC,
    #[cfg(feature = "keyring")]
    crate::keyring::ENTRY,
];

/// The entry of a kind.
pub fn entry(kind: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.kind == kind)
}
