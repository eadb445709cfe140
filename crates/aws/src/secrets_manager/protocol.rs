use std::collections::BTreeMap;

use rekey_rotation::{
    Description, PutValue, SecretId, SecretStore, SecretValue, Selector, StagingLabel, StoreError,
    VersionId, VersionedValue,
};

use super::SecretsManager;
use super::error::store_error;
use super::look::tags;

impl SecretStore for SecretsManager {
    async fn describe(&self, secret: &SecretId) -> Result<Description, StoreError> {
        let answer = self
            .client
            .describe_secret()
            .secret_id(secret.as_str())
            .send()
            .await
            .map_err(|error| store_error("DescribeSecret", error))?;
        let mut versions = BTreeMap::new();
        for (id, labels) in answer.version_ids_to_stages.unwrap_or_default() {
            versions.insert(version_id(&id)?, labels_of(&labels));
        }
        Ok(Description {
            rotation_enabled: answer.rotation_enabled,
            versions,
            last_rotated: answer.last_rotated_date.map(|date| date.secs()),
            owning_service: answer.owning_service,
            tags: tags(answer.tags),
        })
    }

    async fn value(
        &self,
        secret: &SecretId,
        which: Selector<'_>,
    ) -> Result<VersionedValue, StoreError> {
        let call = self.client.get_secret_value().secret_id(secret.as_str());
        let call = match which {
            Selector::Label(label) => call.version_stage(label.as_str()),
            Selector::Version(version, label) => call
                .version_id(version.as_str())
                .version_stage(label.as_str()),
            Selector::Id(version) => call.version_id(version.as_str()),
        };
        let answer = call
            .send()
            .await
            .map_err(|error| store_error("GetSecretValue", error))?;
        let text = answer.secret_string.ok_or_else(|| {
            StoreError::Unusable(
                "it is binary, and a rotation needs text; store the credential as SecretString"
                    .into(),
            )
        })?;
        let value =
            SecretValue::new(text).map_err(|error| StoreError::Unusable(error.to_string()))?;
        Ok(VersionedValue {
            version: version_id(answer.version_id.as_deref().unwrap_or_default())?,
            labels: labels_of(answer.version_stages.as_deref().unwrap_or_default()),
            value,
        })
    }

    async fn put(&self, put: PutValue<'_>) -> Result<(), StoreError> {
        self.client
            .put_secret_value()
            .secret_id(put.secret.as_str())
            .client_request_token(put.token.as_str())
            // The one place where a new value goes to Secrets Manager.
            .secret_string(put.value.expose())
            .version_stages(StagingLabel::Pending.as_str())
            // Passed on to prove the caller when the function acts under an assumed role.
            .set_rotation_token(put.rotation_token.map(|token| token.expose().to_owned()))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| store_error("PutSecretValue", error))
    }

    async fn move_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        to: &VersionId,
        from: Option<&VersionId>,
    ) -> Result<(), StoreError> {
        self.client
            .update_secret_version_stage()
            .secret_id(secret.as_str())
            .version_stage(label.as_str())
            .move_to_version_id(to.as_str())
            .set_remove_from_version_id(from.map(|version| version.as_str().to_owned()))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| store_error("UpdateSecretVersionStage", error))
    }

    async fn remove_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        from: &VersionId,
    ) -> Result<(), StoreError> {
        self.client
            .update_secret_version_stage()
            .secret_id(secret.as_str())
            .version_stage(label.as_str())
            .remove_from_version_id(from.as_str())
            .send()
            .await
            .map(|_| ())
            .map_err(|error| store_error("UpdateSecretVersionStage", error))
    }
}

fn version_id(text: &str) -> Result<VersionId, StoreError> {
    VersionId::parse(text).ok_or_else(|| {
        StoreError::Unavailable("a version id was not 32 to 64 printable characters".into())
    })
}

fn labels_of(labels: &[String]) -> Vec<StagingLabel> {
    labels
        .iter()
        .map(|label| StagingLabel::from(label.as_str()))
        .collect()
}
