use rand_core::TryCryptoRng;
use rekey_rotation::{Credentials, Overlap, Rotator, SecretId, SecretValue, TargetError};
use rekey_rotators::keyring::{self, AuditKeys};
use rekey_rotators::postgres::{self, Postgres};

/// The rotator that this deployment of the function has: `REKEY_FAMILY`.
pub enum Family {
    /// `database`: users of databases.
    Database(Postgres),
    /// `keys`: the keys that seal the audit trail.
    Keys(AuditKeys),
}

/// What the family's rotator holds at its target.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, for the length of a step"
)]
pub enum Hold {
    Database(postgres::Hold),
    Keys(keyring::Hold),
}

impl Rotator for Family {
    type Hold = Hold;

    fn kind(&self) -> &'static str {
        match self {
            Self::Database(rotator) => rotator.kind(),
            Self::Keys(rotator) => rotator.kind(),
        }
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        match self {
            Self::Database(rotator) => rotator.overlap(current),
            Self::Keys(rotator) => rotator.overlap(current),
        }
    }

    fn next<R: TryCryptoRng>(
        &self,
        current: &SecretValue,
        randomness: &mut R,
    ) -> Result<SecretValue, TargetError> {
        match self {
            Self::Database(rotator) => rotator.next(current, randomness),
            Self::Keys(rotator) => rotator.next(current, randomness),
        }
    }

    fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        match self {
            Self::Database(rotator) => rotator.superuser(current),
            Self::Keys(rotator) => rotator.superuser(current),
        }
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Hold, TargetError> {
        match self {
            Self::Database(rotator) => rotator.lock(credentials).await.map(Hold::Database),
            Self::Keys(rotator) => rotator.lock(credentials).await.map(Hold::Keys),
        }
    }

    async fn set(&self, hold: Hold, credentials: Credentials<'_>) -> Result<(), TargetError> {
        match (self, hold) {
            (Self::Database(rotator), Hold::Database(hold)) => rotator.set(hold, credentials).await,
            (Self::Keys(rotator), Hold::Keys(hold)) => rotator.set(hold, credentials).await,
            // A process has one family from its init on, and `lock` gives a hold of it.
            (Self::Database(_), Hold::Keys(_)) | (Self::Keys(_), Hold::Database(_)) => Err(
                TargetError::Internal("the lock of another family was given".to_owned()),
            ),
        }
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        match self {
            Self::Database(rotator) => rotator.test(pending).await,
            Self::Keys(rotator) => rotator.test(pending).await,
        }
    }

    async fn probe(
        &self,
        current: &SecretValue,
        superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        match self {
            Self::Database(rotator) => rotator.probe(current, superuser).await,
            Self::Keys(rotator) => rotator.probe(current, superuser).await,
        }
    }
}
