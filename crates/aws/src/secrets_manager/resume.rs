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
            Err(error) if message(&error).is_some_and(is_reattempted) => Ok(()),
            Err(error) => Err(look_error(store_error("RotateSecret", error))),
        }
    }
}

fn is_reattempted(message: &str) -> bool {
    message.contains(REATTEMPTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_that_is_taken_up_again_is_told_from_a_refusal() {
        assert!(is_reattempted(
            "A previous rotation isn't complete. That rotation will be reattempted."
        ));
        assert!(!is_reattempted(
            "No Lambda rotation function ARN is associated with this secret."
        ));
    }
}
