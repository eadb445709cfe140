use std::collections::BTreeMap;

use crate::{StagingLabel, VersionId};

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
