use rekey_registry::{LookError, Resume};

use super::SecretsManager;
use super::error::{is_reattempted, store_error};
use super::look::look_error;

impl Resume for SecretsManager {
    /// Names nothing but the secret, so that its function and its schedule stay as they are.
    async fn resume(&self, name: &str) -> Result<(), LookError> {
        let call = self.client.rotate_secret().secret_id(name);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_reattempted(&error) => Ok(()),
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
