use super::value::check_token;
use super::{SecretsManager, State};
use crate::testing::verbs::{ApiError, INVALID_REQUEST};
use crate::{SecretId, StagingLabel};

impl State {
    /// `RotateSecret`: makes the pending version, without a value.
    pub(super) fn rotate(
        &mut self,
        id: &str,
        token: &str,
        function: Option<&str>,
        immediately: bool,
    ) -> Result<(), ApiError> {
        let (now, drops_pending) = (self.now, self.drops_pending);
        check_token(token)?;
        let secret = self.usable(id)?;
        let Some(function) = function
            .map(str::to_owned)
            .or_else(|| secret.rotation_function.clone())
        else {
            return Err(ApiError::new(
                INVALID_REQUEST,
                "the secret has no rotation function",
            ));
        };
        match secret.open_rotation() {
            Some(open) if open == token => return Ok(()),
            Some(_) => {
                return Err(ApiError::new(
                    INVALID_REQUEST,
                    "A previous rotation isn't complete. That rotation will be reattempted.",
                ));
            }
            None if secret.holder("AWSCURRENT") == Some(token) => return Ok(()),
            None => {}
        }
        if secret.versions.contains_key(token) {
            return Err(ApiError::new(
                INVALID_REQUEST,
                "the token belongs to an earlier version",
            ));
        }
        secret.add_version(token, now)?;
        secret.attach(token, "AWSPENDING", drops_pending);
        secret.rotation_enabled = Some(true);
        secret.rotation_function = Some(function);
        secret.trial = (!immediately).then(|| token.to_owned());
        Ok(())
    }
}

impl SecretsManager {
    /// Ends what `RotateSecret` without rotating at once has begun: its temporary version goes.
    pub fn end_trial(&self, secret: &SecretId) {
        if let Ok(secret) = self.state().secret_mut(secret.as_str())
            && let Some(trial) = secret.trial.take()
        {
            secret.versions.remove(&trial);
        }
    }

    /// What the service notes when all four steps of a rotation have succeeded.
    pub fn note_rotated(&self, secret: &SecretId) {
        let mut state = self.state();
        let now = state.now;
        if let Ok(secret) = state.secret_mut(secret.as_str()) {
            secret.last_rotated = Some(now);
        }
    }

    /// Whether a rotation with this token is over: its version is current.
    pub fn is_current(&self, secret: &SecretId, token: &str) -> bool {
        self.holder(secret, &StagingLabel::Current).as_deref() == Some(token)
    }
}
