use std::collections::BTreeMap;

use crate::{KIND_TAG, Occasion, StagingLabel, VersionId};

/// The tag that asks for a grace: how long the old credential works after a rotation, in seconds.
pub const GRACE_TAG: &str = "rekey:grace";

/// What `DescribeSecret` says of a secret, as far as a rotation asks.
#[derive(Clone, Debug, Default)]
pub struct Description {
    /// `RotationEnabled`; a secret that never had rotation has none and counts as off only when Secrets
    /// Manager says so.
    pub rotation_enabled: Option<bool>,
    /// `VersionIdsToStages`: the labelled versions.
    pub versions: BTreeMap<VersionId, Vec<StagingLabel>>,
    /// `LastRotatedDate`, in seconds since 1970.
    pub last_rotated: Option<i64>,
    /// `OwningService`: the service that manages the secret, and its rotation, by itself.
    pub owning_service: Option<String>,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
}

impl Description {
    /// The version that has `label`.
    pub fn version_with(&self, label: &StagingLabel) -> Option<&VersionId> {
        self.versions
            .iter()
            .find(|(_, labels)| labels.contains(label))
            .map(|(version, _)| version)
    }

    /// The version of a rotation that is not over: it has `AWSPENDING` and is not `AWSCURRENT`.
    pub fn open_rotation(&self) -> Option<&VersionId> {
        let pending = self.version_with(&StagingLabel::Pending)?;
        (self.version_with(&StagingLabel::Current) != Some(pending)).then_some(pending)
    }

    /// Whether `version` has `label`.
    pub fn has(&self, version: &VersionId, label: &StagingLabel) -> bool {
        let labels = self.versions.get(version);
        labels.is_some_and(|labels| labels.contains(label))
    }

    /// The tag that names the kind of target.
    pub fn kind(&self) -> Option<&str> {
        self.tags.get(KIND_TAG).map(String::as_str)
    }

    /// The tag [`GRACE_TAG`] as a number; `None` too when it is none, which the plan refuses.
    pub fn grace(&self) -> Option<u32> {
        self.tags.get(GRACE_TAG)?.trim().parse().ok()
    }

    /// What a value is made by that follows the current one `now`, in seconds since 1970.
    pub fn occasion(&self, now: i64) -> Occasion {
        Occasion {
            now,
            grace: self.grace(),
            switched_at: self.last_rotated,
        }
    }

    /// When the running grace ends, in seconds since 1970: `None` when none is asked for, nothing was
    /// rotated yet, or no old credential is left to protect.
    ///
    /// # Errors
    /// The tag's text, when it is not a whole number of seconds.
    pub fn grace_ends(&self) -> Result<Option<i64>, &str> {
        let Some(text) = self.tags.get(GRACE_TAG) else {
            return Ok(None);
        };
        let grace: u32 = text.trim().parse().map_err(|_| text.as_str())?;
        if self.version_with(&StagingLabel::Previous).is_none() {
            return Ok(None);
        }
        Ok(self
            .last_rotated
            .map(|rotated| rotated.saturating_add(i64::from(grace))))
    }
}
