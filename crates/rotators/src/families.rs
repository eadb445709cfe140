//! The families: what each deployment of the rotation function rotates.

use rand_core::TryCryptoRng;
use rekey_rotation::{
    Credentials, Kinds, Kinship, Login, Moment, Occasion, Overlap, Revocation, Revoker, Rotator,
    SecretId, SecretValue, TargetError,
};

use crate::family::{family, find};

#[cfg(feature = "database")]
family! {
    /// Databases and caches.
    DatabaseKinds of DatabaseKind, held as DatabaseHeld {
        ElastiCache(crate::elasticache::ElastiCache),
        Mysql(crate::mysql::Mysql),
        Postgres(crate::postgres::Postgres),
        Redis(crate::redis::Redis),
    }
}

#[cfg(feature = "keys")]
family! {
    /// Signing keys and random values.
    KeyKinds of KeyKind, held as KeyHeld {
        AuditKeys(crate::keyring::AuditKeys),
        Jwt(crate::jwt::Jwt),
        Random(crate::random::RandomValue),
    }
}
