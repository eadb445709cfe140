use std::collections::BTreeMap;

use super::value::{check_token, parse_value};
use super::{DAY, Deletion, Secret, SecretsManager};
use crate::SecretId;
use crate::testing::verbs::{ApiError, Described, EXISTS, INVALID_REQUEST, ReadValue, Verbs};

impl Verbs for SecretsManager {
    fn rotation_function(&self) -> &str {
        "arn:aws:lambda:eu-west-1:123456789012:function:fails-at-once"
    }

    async fn settled(&self, secret: &str) {
        if let Some(secret) = SecretId::parse(secret) {
            self.end_trial(&secret);
        }
    }

    async fn create_secret(
        &self,
        name: &str,
        value: Option<&str>,
        token: Option<&str>,
    ) -> Result<Option<String>, ApiError> {
        let mut state = self.state();
        let made = state.make_token();
        let token = token.unwrap_or(&made);
        check_token(token)?;
        value.map(parse_value).transpose()?;
        if let Ok(existing) = state.secret(name) {
            return Err(if existing.deleted.is_some() {
                ApiError::new(
                    INVALID_REQUEST,
                    "a secret with this name is marked for deletion",
                )
            } else {
                ApiError::new(EXISTS, "there is a secret with this name")
            });
        }
        let secret = Secret {
            name: name.to_owned(),
            arn: format!(
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-Ab{:04}",
                state.serial
            ),
            ..Secret::default()
        };
        state.secrets.insert(name.to_owned(), secret);
        let Some(value) = value else { return Ok(None) };
        state.put(name, token, value, &[])?;
        Ok(Some(token.to_owned()))
    }

    async fn put_secret_value(
        &self,
        secret: &str,
        token: Option<&str>,
        value: &str,
        stages: &[&str],
    ) -> Result<String, ApiError> {
        let mut state = self.state();
        let made = state.make_token();
        let token = token.unwrap_or(&made);
        state.put(secret, token, value, stages)?;
        Ok(token.to_owned())
    }

    async fn get_secret_value(
        &self,
        secret: &str,
        version: Option<&str>,
        stage: Option<&str>,
    ) -> Result<ReadValue, ApiError> {
        let (version, stages, value) = self.state().read(secret, version, stage)?;
        Ok(ReadValue {
            version,
            stages,
            // The verb's answer, as over the wire.
            value: value.expose().to_owned(),
        })
    }

    async fn describe_secret(&self, secret: &str) -> Result<Described, ApiError> {
        let state = self.state();
        let secret = state.secret(secret)?;
        Ok(Described {
            versions: secret.labelled(false),
            rotation_enabled: secret.rotation_enabled,
            last_rotated: secret.last_rotated,
            deleted: secret.deleted.is_some(),
            tags: secret.tags.clone(),
        })
    }

    async fn update_secret_version_stage(
        &self,
        secret: &str,
        stage: &str,
        to: Option<&str>,
        from: Option<&str>,
    ) -> Result<(), ApiError> {
        let mut state = self.state();
        let drops_pending = state.drops_pending;
        state
            .usable(secret)?
            .move_label(stage, to, from, drops_pending)
    }

    async fn rotate_secret(
        &self,
        secret: &str,
        token: Option<&str>,
        function: Option<&str>,
        immediately: bool,
    ) -> Result<(), ApiError> {
        let mut state = self.state();
        let made = state.make_token();
        state.rotate(secret, token.unwrap_or(&made), function, immediately)
    }

    async fn cancel_rotate_secret(&self, secret: &str) -> Result<(), ApiError> {
        self.state().usable(secret)?.rotation_enabled = Some(false);
        Ok(())
    }

    async fn delete_secret(&self, secret: &str, days: u8) -> Result<(), ApiError> {
        let mut state = self.state();
        let final_at = state.now + i64::from(days) * DAY;
        state.usable(secret)?.deleted = Some(Deletion { final_at });
        Ok(())
    }

    async fn restore_secret(&self, secret: &str) -> Result<(), ApiError> {
        self.state().secret_mut(secret)?.deleted = None;
        Ok(())
    }

    async fn list_secret_version_ids(
        &self,
        secret: &str,
        include_deprecated: bool,
    ) -> Result<BTreeMap<String, Vec<String>>, ApiError> {
        Ok(self.state().secret(secret)?.labelled(include_deprecated))
    }

    async fn tag_resource(&self, secret: &str, key: &str, value: &str) -> Result<(), ApiError> {
        let mut state = self.state();
        let tags = &mut state.usable(secret)?.tags;
        tags.insert(key.to_owned(), value.to_owned());
        Ok(())
    }
}

impl Secret {
    /// Version ids with their labels; those without one only when asked for.
    fn labelled(&self, include_deprecated: bool) -> BTreeMap<String, Vec<String>> {
        self.versions
            .iter()
            .filter(|(_, version)| include_deprecated || !version.labels.is_empty())
            .map(|(id, version)| (id.clone(), version.labels.iter().cloned().collect()))
            .collect()
    }
}
