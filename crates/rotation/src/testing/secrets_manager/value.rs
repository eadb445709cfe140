use super::State;
use crate::SecretValue;
use crate::testing::verbs::{ApiError, EXISTS, INVALID_PARAMETER, INVALID_REQUEST, NOT_FOUND};

impl State {
    /// `PutSecretValue`.
    pub(super) fn put(
        &mut self,
        id: &str,
        token: &str,
        value: &str,
        stages: &[&str],
    ) -> Result<(), ApiError> {
        let (now, drops_pending) = (self.now, self.drops_pending);
        let value = parse_value(value)?;
        check_token(token)?;
        let secret = self.usable(id)?;
        if let Some(kept) = secret.versions.get(token).and_then(|v| v.value.as_ref()) {
            // Compared as the service does: the same value again is no change, another one is refused.
            return if kept.expose() == value.expose() {
                Ok(())
            } else {
                Err(ApiError::new(EXISTS, "a version never changes its value"))
            };
        }
        let first = secret.versions.values().all(|v| v.value.is_none());
        let mut stages = if stages.is_empty() {
            vec!["AWSCURRENT"]
        } else {
            stages.to_vec()
        };
        if first && !stages.contains(&"AWSCURRENT") {
            stages.push("AWSCURRENT");
        }
        if !secret.versions.contains_key(token) {
            secret.add_version(token, now)?;
        }
        if let Some(version) = secret.versions.get_mut(token) {
            version.value = Some(value);
        }
        let open = secret.open_rotation().map(str::to_owned);
        for stage in &stages {
            secret.attach(token, stage, drops_pending);
        }
        // A new current value ends a rotation that was under way: its version is no longer pending.
        if stages.contains(&"AWSCURRENT")
            && let Some(open) = open.filter(|open| open != token)
            && let Some(version) = secret.versions.get_mut(&open)
        {
            version.labels.remove("AWSPENDING");
        }
        Ok(())
    }

    /// `GetSecretValue`: the id of the version and its value.
    pub(super) fn read(
        &mut self,
        id: &str,
        version: Option<&str>,
        stage: Option<&str>,
    ) -> Result<(String, Vec<String>, SecretValue), ApiError> {
        let secret = self.usable(id)?;
        let nothing = || ApiError::new(NOT_FOUND, "there is no such value");
        let found = match version {
            Some(version) => version.to_owned(),
            None => secret
                .holder(stage.unwrap_or("AWSCURRENT"))
                .ok_or_else(nothing)?
                .to_owned(),
        };
        let open = secret.open_rotation() == Some(found.as_str());
        let version = secret.versions.get(&found).ok_or_else(nothing)?;
        if stage.is_some_and(|stage| !version.labels.contains(stage)) {
            return Err(ApiError::new(
                INVALID_REQUEST,
                "the VersionStage is not associated with the VersionId",
            ));
        }
        let value = version.value.clone().ok_or_else(nothing)?;
        let labels = version.labels.iter().cloned().collect();
        if open && secret.hidden_reads > 0 {
            secret.hidden_reads -= 1;
            return Err(nothing());
        }
        Ok((found, labels, value))
    }
}

pub(super) fn parse_value(value: &str) -> Result<SecretValue, ApiError> {
    SecretValue::new(value.to_owned())
        .map_err(|error| ApiError::new(INVALID_PARAMETER, error.to_string()))
}

pub(super) fn check_token(token: &str) -> Result<(), ApiError> {
    if (32..=64).contains(&token.len()) {
        Ok(())
    } else {
        Err(ApiError::new(
            INVALID_PARAMETER,
            "ClientRequestToken must have 32 to 64 characters",
        ))
    }
}
