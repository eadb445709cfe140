use rekey_registry::{LookError, Resume};

use super::SecretsManager;
use super::error::{message, store_error};
use super::look::look_error;

/// In the text of the InvalidRequestException with which the service takes up an open rotation again. The
/// API reference tells of "an error" only
/// ([RotateSecret](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html));
/// its whole text is "A previous rotation isn't complete. That rotation will be reattempted."
/// (<https://github.com/hashicorp/terraform-provider-aws/issues/35023>).
const REATTEMPTED: &str = "will be reattempted";

impl Resume for SecretsManager {
    /// Names nothing but the secret, so that its function and its schedule stay as they are.
    async fn resume(&self, name: &str) -> Result<(), LookError> {
        let call = self.client.rotate_secret().secret_id(name);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if message(&error).is_some_and(|text| text.contains(REATTEMPTED)) => Ok(()),
            Err(error) => Err(look_error(store_error("RotateSecret", error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Canned;
    use serde_json::json;

    async fn resumed(message: &'static str) -> Result<(), LookError> {
        let aws = Canned::new(move |_, request, _| {
            let given: Vec<&String> = request.as_object().unwrap().keys().collect();
            assert_eq!(given, ["ClientRequestToken", "SecretId"]);
            let refusal = json!({ "__type": "InvalidRequestException", "message": message });
            (400, refusal)
        });
        SecretsManager::new(&aws.connection())
            .resume("db/app")
            .await
    }

    #[tokio::test]
    async fn a_rotation_that_is_taken_up_again_is_told_from_a_refusal() {
        let open = "A previous rotation isn't complete. That rotation will be reattempted.";
        assert_eq!(resumed(open).await, Ok(()));
        let refused = resumed("No Lambda rotation function ARN is associated with this secret.");
        let error = LookError::Unavailable("RotateSecret: InvalidRequestException".into());
        assert_eq!(refused.await, Err(error));
    }
}
