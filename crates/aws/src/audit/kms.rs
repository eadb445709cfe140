use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rekey_audit::{PublicKey, SignError, Signer};

use crate::connection::{Connection, client};
use crate::fault::{Fault, fault};

/// The end of a call.
const CALL: Duration = Duration::from_secs(6);

/// The key that signs checkpoints: a key pair on P-256 that never leaves KMS.
#[derive(Clone, Debug)]
pub struct Kms {
    client: Client,
    key: String,
    public_key: Arc<OnceLock<PublicKey>>,
}

impl Kms {
    /// Makes the client over the shared connection. `key` is the ARN of the key. To read the public key, an
    /// alias does too (`alias/...`).
    pub fn new(connection: &Connection, key: String) -> Self {
        Self {
            client: client!(aws_sdk_kms, connection, CALL),
            key,
            public_key: Arc::default(),
        }
    }
}

impl Signer for Kms {
    fn key(&self) -> &str {
        &self.key
    }

    async fn sign(&self, digest: &[u8; 32]) -> Result<Vec<u8>, SignError> {
        const CALL: &str = "Sign";
        let call = self
            .client
            .sign()
            .key_id(&self.key)
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .message(Blob::new(digest.as_slice()));
        let answer = call.send().await.map_err(|error| failed(CALL, &error))?;
        let signature = answer.signature.map(Blob::into_inner);
        signature.ok_or_else(|| SignError(format!("{CALL}: an answer without a signature")))
    }

    /// A key pair has one public key for ever, so it is asked for once.
    async fn public_key(&self) -> Result<PublicKey, SignError> {
        const CALL: &str = "GetPublicKey";
        if let Some(known) = self.public_key.get() {
            return Ok(known.clone());
        }
        let call = self.client.get_public_key().key_id(&self.key);
        let answer = call.send().await.map_err(|error| failed(CALL, &error))?;
        let der = answer.public_key.map(Blob::into_inner).unwrap_or_default();
        let key = PublicKey::from_der(&der)
            .map_err(|_| SignError(format!("{CALL}: not a public key on P-256")))?;
        Ok(self.public_key.get_or_init(|| key).clone())
    }
}

fn failed<E>(call: &str, error: &SdkError<E, HttpResponse>) -> SignError
where
    E: ProvideErrorMetadata,
{
    SignError(match fault("KMS", error) {
        Fault::Denied(text) => format!("{call}: not allowed: {text}"),
        Fault::Throttled => format!("{call}: throttled"),
        Fault::Unavailable(text) => format!("{call}: {text}"),
        Fault::Refused(code) if code == "NotFoundException" => {
            format!("{call}: there is no such key in this Region")
        }
        Fault::Refused(code) => format!("{call}: {code}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Canned, refusal};
    use aws_smithy_types::base64;
    use rekey_audit::testing::LocalSigner;
    use serde_json::json;

    #[tokio::test]
    async fn the_public_key_is_asked_for_once() {
        let local = LocalSigner::new(7).unwrap().public_key().await.unwrap();
        let pem = local.to_pem().unwrap();
        let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let aws = Canned::new(move |_, _, _| (200, json!({ "PublicKey": der })));
        let kms = Kms::new(&aws.connection(), "alias/rekey-test-checkpoints".into());
        for _ in 0..2 {
            let key = kms.public_key().await.unwrap();
            assert_eq!(key.fingerprint(), local.fingerprint());
        }
        assert_eq!(aws.calls(), ["GetPublicKey"]);
    }

    #[tokio::test]
    async fn a_digest_is_signed_as_a_digest() {
        let aws = Canned::new(|_, request, _| {
            assert_eq!(request["MessageType"], "DIGEST");
            assert_eq!(request["SigningAlgorithm"], "ECDSA_SHA_256");
            assert_eq!(request["Message"], base64::encode([7; 32]));
            (200, json!({ "Signature": base64::encode([1, 2, 3]) }))
        });
        let kms = Kms::new(&aws.connection(), "key".into());
        assert_eq!(kms.sign(&[7; 32]).await, Ok(vec![1, 2, 3]));
    }

    #[tokio::test]
    async fn a_key_that_does_not_sign_says_why() {
        let aws = Canned::new(|_, _, _| refusal("DisabledException"));
        let kms = Kms::new(&aws.connection(), "key".into());
        let SignError(text) = kms.sign(&[7; 32]).await.unwrap_err();
        assert_eq!(text, "Sign: DisabledException");
    }
}
