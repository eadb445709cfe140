use std::fmt;
use std::future::Future;

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;
use serde::{Deserialize, Serialize};

use crate::chain::Chain;
use crate::digest::{Unwritable, canonical, hash_of, hex, unhex};

/// What is said of every chain at one moment, before it is signed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The form: 1.
    pub v: u8,
    /// The stage whose trail it is.
    pub stage: String,
    /// Its number, from 1, one more than the one before.
    pub number: u64,
    /// When it was made, RFC 3339.
    pub at: String,
    /// The SHA-256 of the RFC 8785 spelling of the checkpoint before it; 64 zeros for the first.
    pub previous: String,
    /// The end of every chain, in the order of their names.
    pub chains: Vec<End>,
}

/// The end of a chain: so many records, the last of which has this hash.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The chain.
    pub chain: Chain,
    /// How many records it has.
    pub seq: u64,
    /// The hash of the last.
    pub hash: String,
    /// When the last was written down, RFC 3339.
    pub at: String,
}

/// A checkpoint and its signature: an ECDSA on P-256 over the SHA-256 of its RFC 8785 spelling.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// `ECDSA_SHA_256`, as KMS calls it.
    pub algorithm: String,
    /// The key, by its ARN.
    pub key: String,
    /// The signature in DER, in hexadecimal digits.
    pub signature: String,
}

/// The algorithm of every signature.
pub const ALGORITHM: &str = "ECDSA_SHA_256";

impl Checkpoint {
    /// The hash that is signed, and that the next checkpoint names.
    ///
    /// # Errors
    /// [`Unwritable`].
    pub fn digest(&self) -> Result<[u8; 32], Unwritable> {
        Ok(hash_of(&canonical(self)?))
    }

    /// The same in hexadecimal digits.
    ///
    /// # Errors
    /// [`Unwritable`].
    pub fn hash(&self) -> Result<String, Unwritable> {
        Ok(hex(&self.digest()?))
    }

    /// What it says of a chain.
    #[must_use]
    pub fn end(&self, chain: &Chain) -> Option<&End> {
        self.chains.iter().find(|end| end.chain == *chain)
    }
}

/// The public half of the key that signs checkpoints.
#[derive(Clone)]
pub struct PublicKey(VerifyingKey);

/// A text that is no public key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "not a public key on P-256 as PEM (`-----BEGIN PUBLIC KEY-----`); aws kms get-public-key gives it in base64 without the frame"
)]
pub struct NoPublicKey;

impl PublicKey {
    /// Reads PEM.
    ///
    /// # Errors
    /// [`NoPublicKey`].
    pub fn from_pem(text: &str) -> Result<Self, NoPublicKey> {
        VerifyingKey::from_public_key_pem(text)
            .map(Self)
            .map_err(|_| NoPublicKey)
    }

    /// Reads the DER of a SubjectPublicKeyInfo, as KMS's GetPublicKey gives it.
    ///
    /// # Errors
    /// [`NoPublicKey`].
    pub fn from_der(bytes: &[u8]) -> Result<Self, NoPublicKey> {
        VerifyingKey::from_public_key_der(bytes)
            .map(Self)
            .map_err(|_| NoPublicKey)
    }

    /// As PEM.
    ///
    /// # Errors
    /// [`NoPublicKey`], which no key that was read has.
    pub fn to_pem(&self) -> Result<String, NoPublicKey> {
        use p256::pkcs8::{EncodePublicKey as _, LineEnding};
        self.0
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| NoPublicKey)
    }

    /// The SHA-256 of its DER, to compare with one that was written down elsewhere.
    ///
    /// # Errors
    /// [`NoPublicKey`], which no key that was read has.
    pub fn fingerprint(&self) -> Result<String, NoPublicKey> {
        use p256::pkcs8::EncodePublicKey as _;
        let der = self.0.to_public_key_der().map_err(|_| NoPublicKey)?;
        Ok(hex(&hash_of(der.as_bytes())))
    }

    /// Whether it signed this.
    #[must_use]
    pub fn signed(&self, signed: &Signed) -> bool {
        let checked = || {
            let digest = signed.checkpoint.digest().ok()?;
            let signature = Signature::from_der(&unhex(&signed.signature)?).ok()?;
            self.0.verify_prehash(&digest, &signature).ok()
        };
        signed.algorithm == ALGORITHM && checked().is_some()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey")
    }
}

/// Signs checkpoints: KMS.
pub trait Signer: Sync {
    /// The ARN of the key.
    fn key(&self) -> &str;

    /// The signature of a hash, in DER.
    ///
    /// # Errors
    /// [`SignError`].
    fn sign(&self, digest: &[u8; 32]) -> impl Future<Output = Result<Vec<u8>, SignError>> + Send;

    /// The public half.
    ///
    /// # Errors
    /// [`SignError`].
    fn public_key(&self) -> impl Future<Output = Result<PublicKey, SignError>> + Send;
}

/// The key could not be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key that signs checkpoints: {0}")]
pub struct SignError(pub String);

/// Keeps checkpoints, where nobody takes them away.
pub trait Vault: Sync {
    /// The names of the checkpoints of one day (`yyyy-mm-dd`), in order.
    ///
    /// # Errors
    /// [`VaultError`].
    fn of_day(&self, day: &str) -> impl Future<Output = Result<Vec<String>, VaultError>> + Send;

    /// The days that have checkpoints, in order.
    ///
    /// # Errors
    /// [`VaultError`].
    fn days(&self) -> impl Future<Output = Result<Vec<String>, VaultError>> + Send;

    /// What is kept under a name, as it is.
    ///
    /// # Errors
    /// [`VaultError`].
    fn read(&self, name: &str) -> impl Future<Output = Result<String, VaultError>> + Send;

    /// Keeps a checkpoint under a name that nothing has yet.
    ///
    /// # Errors
    /// [`VaultError::Taken`] when something has it.
    fn keep(&self, name: &str, text: &str) -> impl Future<Output = Result<(), VaultError>> + Send;
}

/// Why a checkpoint could not be kept or read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VaultError {
    /// The name is taken.
    #[error("there is a checkpoint of this number already")]
    Taken,
    /// Not allowed; what was.
    #[error("not allowed: {0}")]
    Denied(String),
    /// No usable answer.
    #[error("the bucket of the checkpoints gave no usable answer: {0}")]
    Unavailable(String),
}

/// The name that a checkpoint is kept under: `checkpoints/<yyyy-mm-dd>/<number, 10 digits>.json`.
#[must_use]
pub fn name_of(checkpoint: &Checkpoint) -> String {
    let day = checkpoint.at.get(..10).unwrap_or("0000-00-00");
    format!("checkpoints/{day}/{:010}.json", checkpoint.number)
}

/// The newest checkpoint, and the name that it is kept under.
///
/// # Errors
/// [`VaultError`].
pub async fn newest<V: Vault>(vault: &V) -> Result<Option<(String, String)>, VaultError> {
    let Some(day) = vault.days().await?.pop() else {
        return Ok(None);
    };
    let Some(name) = vault.of_day(&day).await?.pop() else {
        return Ok(None);
    };
    let text = vault.read(&name).await?;
    Ok(Some((name, text)))
}
