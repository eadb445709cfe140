use super::{Reading, SecretsManager};
use crate::testing::verbs::{
    ApiError, Described, EXISTS, INVALID_PARAMETER, INVALID_REQUEST, LIMIT_EXCEEDED, NOT_FOUND,
    Verbs,
};
use crate::{
    Description, PutValue, SecretId, SecretStore, Selector, StagingLabel, StoreError, VersionId,
    VersionedValue,
};

impl SecretStore for SecretsManager {
    async fn describe(&self, secret: &SecretId) -> Result<Description, StoreError> {
        self.readable(&Reading::Description)?;
        let described = self.describe_secret(secret.as_str()).await;
        let owner = self.owner(secret);
        described
            .map(|described| description(described, owner))
            .map_err(store_error)
    }

    async fn value(
        &self,
        secret: &SecretId,
        which: Selector<'_>,
    ) -> Result<VersionedValue, StoreError> {
        let (version, label) = match which {
            Selector::Label(label) => (None, Some(label)),
            Selector::Version(version, label) => (Some(version.as_str()), Some(label)),
            Selector::Id(version) => (Some(version.as_str()), None),
        };
        self.readable(&label.map_or(Reading::ValueById, |label| Reading::Value(label.clone())))?;
        let label = label.map(StagingLabel::as_str);
        let read = self.state().read(secret.as_str(), version, label);
        let (version, labels, value) = read.map_err(store_error)?;
        Ok(VersionedValue {
            version: VersionId::parse(&version)
                .ok_or_else(|| StoreError::Unavailable("a version id that is none".to_owned()))?,
            labels: labels.iter().map(|l| StagingLabel::from(&**l)).collect(),
            value,
        })
    }

    async fn put(&self, put: PutValue<'_>) -> Result<(), StoreError> {
        // The one call that carries the value to where it is kept.
        let value = put.value.expose();
        let stages = [StagingLabel::Pending.as_str()];
        let mut state = self.state();
        state
            .put(put.secret.as_str(), put.token.as_str(), value, &stages)
            .map_err(store_error)
    }

    async fn move_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        to: &VersionId,
        from: Option<&VersionId>,
    ) -> Result<(), StoreError> {
        let from = from.map(VersionId::as_str);
        self.update_secret_version_stage(secret.as_str(), label.as_str(), Some(to.as_str()), from)
            .await
            .map_err(store_error)
    }

    async fn remove_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        from: &VersionId,
    ) -> Result<(), StoreError> {
        let from = Some(from.as_str());
        self.update_secret_version_stage(secret.as_str(), label.as_str(), None, from)
            .await
            .map_err(store_error)
    }
}

impl SecretsManager {
    fn readable(&self, reading: &Reading) -> Result<(), StoreError> {
        match &self.state().failing {
            Some((failing, error)) if failing == reading => Err(error.clone()),
            _ => Ok(()),
        }
    }
}

fn description(described: Described, owning_service: Option<String>) -> Description {
    let versions = described.versions.into_iter().filter_map(|(id, labels)| {
        let labels = labels.iter().map(|l| StagingLabel::from(&**l)).collect();
        Some((VersionId::parse(&id)?, labels))
    });
    Description {
        rotation_enabled: described.rotation_enabled,
        versions: versions.collect(),
        last_rotated: described.last_rotated,
        owning_service,
        tags: described.tags,
    }
}

fn store_error(error: ApiError) -> StoreError {
    match error.code.as_str() {
        NOT_FOUND => StoreError::NotFound(error.message),
        EXISTS => StoreError::AlreadyExists,
        INVALID_REQUEST | INVALID_PARAMETER => StoreError::Refused(error.message),
        LIMIT_EXCEEDED => StoreError::LimitExceeded(error.message),
        _ => StoreError::Unavailable(error.message),
    }
}
