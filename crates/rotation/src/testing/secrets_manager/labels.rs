use super::{DAY, Secret, Version};
use crate::testing::verbs::{ApiError, INVALID_PARAMETER, LIMIT_EXCEEDED, NOT_FOUND};

const MAX_VERSIONS: usize = 100;

impl Secret {
    /// The version that has a label.
    pub(super) fn holder(&self, label: &str) -> Option<&str> {
        let mut versions = self.versions.iter();
        let found = versions.find(|(_, version)| version.labels.contains(label));
        found.map(|(id, _)| id.as_str())
    }

    /// The version of a rotation that is not over: pending and not current.
    pub(super) fn open_rotation(&self) -> Option<&str> {
        let pending = self.holder("AWSPENDING")?;
        (self.holder("AWSCURRENT") != Some(pending)).then_some(pending)
    }

    /// Adds an empty version. Over the limit the oldest goes that has no label and is a day old.
    pub(super) fn add_version(&mut self, id: &str, now: i64) -> Result<(), ApiError> {
        while self.versions.len() >= MAX_VERSIONS {
            let deprecated = self
                .versions
                .iter()
                .filter(|(_, v)| v.labels.is_empty() && now - v.created >= DAY)
                .min_by_key(|(_, v)| v.created)
                .map(|(id, _)| id.clone());
            let Some(oldest) = deprecated else {
                return Err(ApiError::new(
                    LIMIT_EXCEEDED,
                    "the secret has 100 versions, and none without a label is older than 24 hours",
                ));
            };
            self.versions.remove(&oldest);
        }
        let version = Version {
            created: now,
            ..Version::default()
        };
        self.versions.insert(id.to_owned(), version);
        Ok(())
    }

    /// Puts a label on one version, off any other. `AWSCURRENT` leaves `AWSPREVIOUS` behind.
    pub(super) fn attach(&mut self, id: &str, label: &str, drops_pending: bool) {
        let before = self.holder(label).map(str::to_owned);
        if before.as_deref() == Some(id) {
            return;
        }
        for version in self.versions.values_mut() {
            version.labels.remove(label);
        }
        if let Some(version) = self.versions.get_mut(id) {
            version.labels.insert(label.to_owned());
            if label == "AWSCURRENT" && drops_pending {
                version.labels.remove("AWSPENDING");
            }
        }
        if label == "AWSCURRENT"
            && let Some(before) = before
        {
            self.attach(&before, "AWSPREVIOUS", drops_pending);
        }
    }

    /// `UpdateSecretVersionStage`: the holder of a label must be named before it loses it.
    pub(super) fn move_label(
        &mut self,
        label: &str,
        to: Option<&str>,
        from: Option<&str>,
        drops_pending: bool,
    ) -> Result<(), ApiError> {
        for version in [to, from].into_iter().flatten() {
            if !self.versions.contains_key(version) {
                return Err(ApiError::new(NOT_FOUND, "there is no such version"));
            }
        }
        let refuse = |text: &str| Err(ApiError::new(INVALID_PARAMETER, text));
        let holder = self.holder(label).map(str::to_owned);
        if from.is_some() && from != holder.as_deref() {
            return refuse("the staging label is not attached to RemoveFromVersionId");
        }
        match (to, from, &holder) {
            (None, None, _) => refuse("MoveToVersionId or RemoveFromVersionId must be given"),
            (None, Some(_), _) if label == "AWSCURRENT" => {
                refuse("AWSCURRENT can only be moved, never removed")
            }
            (None, Some(from), _) => {
                if let Some(version) = self.versions.get_mut(from) {
                    version.labels.remove(label);
                }
                Ok(())
            }
            (Some(to), None, Some(holder)) if holder != to => refuse(
                "the staging label is attached to another version: name it in RemoveFromVersionId",
            ),
            (Some(to), _, _) => {
                self.attach(to, label, drops_pending);
                Ok(())
            }
        }
    }
}
