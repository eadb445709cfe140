use std::fmt;

use zeroize::Zeroizing;

use crate::{ClientRequestToken, SecretId, Step, UnknownStep};

/// One call of Secrets Manager to the rotation function.
#[derive(Clone, Debug)]
pub struct StepRequest {
    /// Which step to do.
    pub step: Step,
    /// The secret that is rotated.
    pub secret: SecretId,
    /// The token of the rotation; the version it makes has the same id.
    pub token: ClientRequestToken,
    /// What Secrets Manager sends when the function acts under an assumed role.
    pub rotation_token: Option<RotationToken>,
    /// The id of the invocation that brought the request, to be found in the function's log.
    pub invocation: Option<String>,
}

impl StepRequest {
    /// Parses the fields as they came.
    ///
    /// # Errors
    /// [`RequestError`] naming the field; what was in it is not repeated.
    pub fn parse(
        step: &str,
        secret_id: &str,
        client_request_token: &str,
        rotation_token: Option<String>,
    ) -> Result<Self, RequestError> {
        Ok(Self {
            step: step.parse()?,
            secret: SecretId::parse(secret_id).ok_or(RequestError::SecretId)?,
            token: ClientRequestToken::parse(client_request_token).ok_or(RequestError::Token)?,
            rotation_token: rotation_token.map(RotationToken::parse).transpose()?,
            invocation: None,
        })
    }

    /// The same request, as brought by the invocation `id`.
    #[must_use]
    pub fn brought_by(self, id: String) -> Self {
        Self {
            invocation: Some(id),
            ..self
        }
    }
}

/// The token that proves the identity of the caller to `PutSecretValue`: 36 to 256 characters.
///
/// It is passed on and never written anywhere.
/// Source: [PutSecretValue, `RotationToken`](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html).
#[derive(Clone)]
pub struct RotationToken(Zeroizing<String>);

impl RotationToken {
    fn parse(text: String) -> Result<Self, RequestError> {
        let text = Zeroizing::new(text);
        if (36..=256).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err(RequestError::RotationToken)
        }
    }

    /// The token itself, for the one call that takes it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RotationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RotationToken([redacted])")
    }
}

/// A request that is not a rotation step.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// See [`UnknownStep`].
    #[error(transparent)]
    Step(#[from] UnknownStep),
    /// Neither an ARN nor a name.
    #[error("SecretId must be the ARN or name of a secret: 1 to 2048 printable characters")]
    SecretId,
    /// Not a token.
    #[error("ClientRequestToken must have 32 to 64 printable characters")]
    Token,
    /// Not a rotation token.
    #[error("RotationToken must have 36 to 256 characters")]
    RotationToken,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0f7c2a34-1111-4222-8333-123456789abc";

    #[test]
    fn a_rotation_token_is_never_in_debug_text() {
        let request = StepRequest::parse(
            "createSecret",
            "db/app",
            TOKEN,
            Some("rotation-token-that-must-not-be-seen-1234".into()),
        )
        .unwrap();
        let text = format!("{request:?}");
        assert!(text.contains("[redacted]") && !text.contains("must-not-be-seen"));
    }

    #[test]
    fn each_wrong_field_is_named_and_not_repeated() {
        for (step, secret, token, rotation, named) in [
            ("steal", "db/app", TOKEN, None, "Step"),
            ("setSecret", "two words", TOKEN, None, "SecretId"),
            ("setSecret", "db/app", "short", None, "ClientRequestToken"),
            ("setSecret", "db/app", TOKEN, Some("x"), "RotationToken"),
        ] {
            let refused = StepRequest::parse(step, secret, token, rotation.map(str::to_owned))
                .unwrap_err()
                .to_string();
            assert!(refused.starts_with(named), "{refused}");
            assert!(!refused.contains("steal") && !refused.contains("two words"));
        }
    }
}
