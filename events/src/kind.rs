//! What kind of target a secret opens, and what the kind alone decides.

use crate::open_words::open_words;
use crate::strategy::Strategy;
use crate::text::Word;

open_words! {
    /// What kind of target a secret opens.
    Kind {
        /// A PostgreSQL server.
        Postgres = "postgres",
        /// A MariaDB server.
        Mariadb = "mariadb",
        /// A MySQL server.
        Mysql = "mysql",
        /// A Redis server.
        Redis = "redis",
        /// A Valkey server.
        Valkey = "valkey",
        /// A user of an ElastiCache user group.
        ElasticacheUser = "elasticache-user",
        /// The AUTH token of an ElastiCache replication group.
        ElasticacheAuth = "elasticache-auth",
        /// A key that signs JSON Web Tokens.
        Jwt = "jwt",
        /// A key that signs webhooks, or anything else by HMAC: a secret that is its own target.
        Hmac = "hmac",
        /// A random value: a secret that is its own target.
        Generic = "generic",
        /// The keys that seal the audit trail: a secret that is its own target.
        AuditKey = "audit-key",
    }
}

/// The kinds that one deployment of our functions reaches, with one role.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KindFamily {
    /// Databases and caches, and every kind that is not known.
    Database,
    /// Signing keys and random values.
    Keys,
}

impl KindFamily {
    /// The family of a secret whose kind is recorded, or tagged, as `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Kind::of(text).map_or(Self::Database, |kind| kind.family())
    }
}

impl Kind {
    /// What stands for the kind of a secret that nobody has told. It is none of [`Kind::WORDS`].
    pub const UNKNOWN: &'static str = "unknown";

    /// The kind that `text` names, such as that of a tag; `None` of every text that is none of [`Kind::WORDS`].
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let known = Self::from(Word::new(text).ok()?);
        (!matches!(known, Self::Unrecognised(_))).then_some(known)
    }

    /// `text` if it is one of [`Kind::WORDS`], else [`Kind::UNKNOWN`]: for dimensions of metrics, each of which costs
    /// money for every text that it ever had.
    #[must_use]
    pub fn dimension(text: &str) -> &'static str {
        let mut words = Self::WORDS.iter();
        words.find(|word| **word == text).unwrap_or(&Self::UNKNOWN)
    }

    /// Whose functions rotate and retire a secret of this kind.
    #[must_use]
    pub fn family(&self) -> KindFamily {
        match self {
            Self::Jwt | Self::Hmac | Self::Generic | Self::AuditKey => KindFamily::Keys,
            Self::Postgres
            | Self::Mariadb
            | Self::Mysql
            | Self::Redis
            | Self::Valkey
            | Self::ElasticacheUser
            | Self::ElasticacheAuth
            | Self::Unrecognised(_) => KindFamily::Database,
        }
    }

    /// How its credentials share the time of a rotation, where the kind alone decides that.
    #[must_use]
    pub fn only_strategy(&self) -> Option<Strategy> {
        match self {
            Self::Redis | Self::Valkey | Self::ElasticacheUser | Self::ElasticacheAuth => {
                Some(Strategy::TwoPasswords)
            }
            Self::Jwt => Some(Strategy::DualPublish),
            Self::Hmac | Self::Generic => Some(Strategy::PreviousInside),
            Self::AuditKey => Some(Strategy::Keyring),
            Self::Postgres | Self::Mariadb | Self::Mysql | Self::Unrecognised(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a tag may hold besides a kind.
    const NO_KINDS: [&str; 6] = [
        "",
        "unknown",
        "Postgres",
        "postgres ",
        "a-kind-of-tomorrow",
        "two words",
    ];

    #[test]
    fn every_word_is_a_kind_and_no_other_text_is() {
        for word in Kind::WORDS {
            assert_eq!(Kind::of(word).unwrap().as_str(), *word);
            assert_eq!(Kind::dimension(word), *word);
        }
        for text in NO_KINDS {
            assert_eq!(Kind::of(text), None, "{text}");
            assert_eq!(Kind::dimension(text), "unknown", "{text}");
        }
    }

    #[test]
    fn a_kind_that_is_not_known_belongs_to_the_databases() {
        assert_eq!(KindFamily::of("jwt"), KindFamily::Keys);
        assert_eq!(KindFamily::of("postgres"), KindFamily::Database);
        for text in NO_KINDS {
            assert_eq!(KindFamily::of(text), KindFamily::Database, "{text}");
        }
    }
}
