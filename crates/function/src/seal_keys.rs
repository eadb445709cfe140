use std::sync::{Mutex, PoisonError};

use rekey_audit::{Keyring, NoKeyring};
use rekey_events::{ErrorClass, Word};
use rekey_rotation::{SecretId, SecretStore, Selector, StagingLabel, StoreError};

/// The keys that seal the audit trail: read once, and again when one turns up that was made since.
#[derive(Debug)]
pub struct SealKeys<S> {
    store: S,
    secret: SecretId,
    ring: Mutex<Keyring>,
}

/// Why the keys are not there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeysError {
    /// Their secret cannot be read.
    #[error("the secret that REKEY_AUDIT_KEYS names: {0}")]
    Store(#[from] StoreError),
    /// What it holds is no keyring.
    #[error("the secret that REKEY_AUDIT_KEYS names: {0}; infra/audit.yaml makes one")]
    Keyring(#[from] NoKeyring),
}

impl KeysError {
    /// The stable name of what went wrong.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => {
                let word = Word::new(error.class().as_str());
                word.map_or(ErrorClass::Internal, ErrorClass::from)
            }
            Self::Keyring(_) => ErrorClass::InvalidRequest,
        }
    }
}

impl<S: SecretStore> SealKeys<S> {
    /// Reads them from the value of `secret` that is AWSCURRENT.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn read(store: S, secret: SecretId) -> Result<Self, KeysError> {
        let ring = Mutex::new(keyring(&store, &secret).await?);
        Ok(Self {
            store,
            secret,
            ring,
        })
    }

    /// As they were read last.
    pub fn ring(&self) -> Keyring {
        self.held().clone()
    }

    /// Reads them again. When that fails, those that are here stay.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn again(&self) -> Result<Keyring, KeysError> {
        let ring = keyring(&self.store, &self.secret).await?;
        self.held().clone_from(&ring);
        Ok(ring)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Keyring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn keyring<S: SecretStore>(store: &S, secret: &SecretId) -> Result<Keyring, KeysError> {
    let current = Selector::Label(&StagingLabel::Current);
    let found = store.value(secret, current).await?;
    // The seals are made with what is in it.
    Ok(Keyring::parse(found.value.expose())?)
}
