use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;

use crate::checkpoint::{PublicKey, SignError, Signer};

/// A key of this process, in place of KMS.
#[derive(Clone)]
pub struct LocalSigner(SigningKey);

impl LocalSigner {
    /// The key that `seed` stands for: the same for the same seed.
    ///
    /// # Errors
    /// [`SignError`] for a seed of zeros.
    pub fn new(seed: u8) -> Result<Self, SignError> {
        SigningKey::from_slice(&[seed; 32])
            .map(Self)
            .map_err(|_| SignError("no key".to_owned()))
    }
}

impl Signer for LocalSigner {
    fn key(&self) -> &str {
        "arn:aws:kms:eu-west-1:123456789012:key/local"
    }

    async fn sign(&self, digest: &[u8; 32]) -> Result<Vec<u8>, SignError> {
        let signature: Signature = self
            .0
            .sign_prehash(digest)
            .map_err(|_| SignError("not signed".to_owned()))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }

    async fn public_key(&self) -> Result<PublicKey, SignError> {
        let der = self.0.verifying_key().to_public_key_der();
        let der = der.map_err(|_| SignError("no key".to_owned()))?;
        PublicKey::from_der(der.as_bytes()).map_err(|error| SignError(error.to_string()))
    }
}
