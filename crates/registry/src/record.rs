use std::collections::BTreeMap;

use rekey_events::{Kind, Strategy, Word};
use serde::{Deserialize, Serialize};

use crate::deadline::{Deadline, DeadlineKey};
use crate::policy::Policy;
use crate::request::Requested;
use crate::version::VersionId;
use crate::window::Windows;

/// A registered secret. All times are seconds since 1970.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Secret {
    /// Its name in Secrets Manager.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What kind of target it opens: the tag `rekey:kind`, or `unknown`.
    pub kind: String,
    /// Who looks after it: the tag `rekey:owner`. None when the tag was taken away after registration.
    #[serde(default)]
    pub owner: Option<String>,
    /// When Secrets Manager made it.
    #[serde(default)]
    pub created_at: Option<i64>,
    /// When it was first recorded here.
    pub registered_at: i64,
    /// The tag `rekey:grace`, in seconds; see [`Secret::grace`].
    #[serde(default)]
    pub grace_tag: Option<i64>,
    /// The tag `rekey:max-age`, in whole days.
    #[serde(default)]
    pub max_age_days: Option<i64>,
    /// The tag `rekey:health`: URLs of the health checks that depend on it.
    #[serde(default)]
    pub health: Vec<String>,
    /// The tag `rekey:window`, as it stands there; see [`Secret::windows`].
    #[serde(default)]
    pub window_tag: Option<String>,
    /// The tag `rekey:approval`: another must approve each request. So does a word that is not known.
    #[serde(default)]
    pub approval_manual: bool,
    /// The tag `rekey:every`: how often Rekey asks for a rotation by itself, in seconds.
    #[serde(default)]
    pub every: Option<i64>,
    /// The tag `rekey:service`: the service whose secrets are rotated one at a time.
    #[serde(default)]
    pub service: Option<String>,
    /// The tag `rekey:sites`.
    #[serde(default)]
    pub sites: Vec<String>,
    /// The tag `rekey:strategy`; see [`Secret::overlap`].
    #[serde(default)]
    pub strategy_tag: Option<String>,
    /// The strategy of the last rotation that changed the target, as its function said.
    #[serde(default)]
    pub strategy_seen: Option<String>,
    /// When it said so.
    #[serde(default)]
    pub strategy_seen_at: Option<i64>,
    /// Our tags whose text cannot be understood, by name.
    #[serde(default)]
    pub bad_tags: Vec<String>,
    /// The AWS service that manages it (`rds`). Then it is recorded and left alone.
    #[serde(default)]
    pub owning_service: Option<String>,
    /// Whether automatic rotation is on.
    #[serde(default)]
    pub rotation_enabled: bool,
    /// The ARN of its rotation function.
    #[serde(default)]
    pub rotation_function: Option<String>,
    /// When it will be rotated next by its schedule.
    #[serde(default)]
    pub next_rotation: Option<i64>,
    /// When it was last rotated.
    #[serde(default)]
    pub last_rotated: Option<i64>,
    /// When Secrets Manager last changed anything of it.
    #[serde(default)]
    pub last_changed: Option<i64>,
    /// Whether it is there.
    pub presence: Presence,
    /// The version that was AWSCURRENT at the last look.
    #[serde(default)]
    pub current: Option<VersionId>,
    /// The version that was AWSPREVIOUS.
    #[serde(default)]
    pub previous: Option<VersionId>,
    /// Since when the present arrangement of the two is seen, until Secrets Manager's word on it comes.
    #[serde(default)]
    pub current_seen_since: Option<i64>,
    /// The rotation that is open.
    #[serde(default)]
    pub pending: Option<Pending>,
    /// That its rotations were given up.
    #[serde(default)]
    pub quarantine: Option<Quarantine>,
    /// The latest rollbacks, at most eight, the last one last.
    #[serde(default)]
    pub rollbacks: Vec<Rollback>,
    /// When rotations were abandoned of which Secrets Manager did not say which.
    #[serde(default)]
    pub abandonments: Vec<i64>,
    /// When Secrets Manager last said of an unnamed rotation that it failed.
    #[serde(default)]
    pub rotation_failed_at: Option<i64>,
    /// The last deletion that somebody asked for.
    #[serde(default)]
    pub deletion_asked: Option<DeletionAsked>,
    /// When it was last restored.
    #[serde(default)]
    pub restored_at: Option<i64>,
    /// What was already announced of the secret as a whole: the ids of the latest 32.
    #[serde(default)]
    pub told: Vec<String>,
    /// The requests that were accepted: the latest sixteen, the last one last.
    #[serde(default)]
    pub requests: Vec<Requested>,
    /// The highest number that a version was given.
    #[serde(default)]
    pub highest_number: u32,
    /// How often the reconciliation had to record what an event had missed.
    #[serde(default)]
    pub found_late: u32,
    /// How often this record was written. Every write is conditional on it.
    #[serde(default)]
    pub revision: u64,
    /// What falls due, and what has.
    #[serde(default)]
    pub deadlines: BTreeMap<DeadlineKey, Deadline>,
}

impl Secret {
    /// How long its old credential works after a switch, in seconds.
    pub fn grace(&self, policy: &Policy) -> i64 {
        self.grace_tag.unwrap_or(policy.grace)
    }

    /// Whether the rotation functions of this stack rotate it: only such a secret may be retired, rolled back
    /// or treated. By their names in infra/rotation.yaml.
    pub fn is_rotated_by_us(&self, policy: &Policy) -> bool {
        let Some(function) = &self.rotation_function else {
            return false;
        };
        policy.environment.as_ref().is_none_or(|stage| {
            let ours = format!(":function:rekey-{stage}-rotate-");
            function.contains(&ours)
        })
    }

    /// When it may be rotated: the tag `rekey:window`. None, at any time. A tag that cannot be understood is
    /// a window that never opens: somebody meant to restrict it.
    pub fn windows(&self) -> Option<Windows> {
        let text = self.window_tag.as_deref()?;
        Some(Windows::parse(text).unwrap_or_else(|_| Windows::never()))
    }

    /// How two credentials share the time of a rotation. What its rotation function said wins over the tag, and
    /// the tag over the kind. None when none of them says it.
    pub fn strategy(&self) -> Option<Strategy> {
        let said = self.strategy_seen.as_ref().or(self.strategy_tag.as_ref());
        match said {
            Some(said) => Some(Strategy::from(Word::new(said).ok()?)),
            None => Kind::of(&self.kind)?.only_strategy(),
        }
    }

    /// Whether old and new credential both work for a while. None when it is not known.
    pub fn overlap(&self) -> Option<bool> {
        self.strategy()?.both_work()
    }

    /// Whether Rekey acts on it: deadlines, retirement, rollback, doctor. A secret that an AWS service
    /// manages is recorded and left alone.
    pub fn is_ours(&self) -> bool {
        self.owning_service.is_none()
    }
}

/// Whether a secret is there.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Presence {
    /// It is.
    Present,
    /// It is scheduled for deletion and can be restored.
    Deleting {
        /// When it will be gone.
        #[serde(default)]
        until: Option<i64>,
    },
    /// It was deleted.
    Gone,
    /// It is not, and nobody is known to have deleted it.
    Missing {
        /// Since when it is missed.
        since: i64,
        /// Whether that was announced.
        #[serde(default)]
        told: bool,
    },
}

/// A rotation that is open.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Pending {
    /// The version under AWSPENDING.
    pub version: VersionId,
    /// When Secrets Manager made that version.
    pub since: i64,
    /// How often it was resumed by us.
    #[serde(default)]
    pub resumes: u32,
    /// When it was last resumed.
    #[serde(default)]
    pub last_resume: Option<i64>,
}

/// That the rotations of a secret were given up until one succeeds.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Quarantine {
    /// Since when.
    pub since: i64,
    /// The version that could not be finished.
    pub version: VersionId,
    /// The step that failed last.
    #[serde(default)]
    pub step: Option<String>,
    /// The class of that failure.
    #[serde(default)]
    pub class: Option<String>,
    /// What became of the open version: `cleared: ...`, or `kept: ...` with the reason.
    #[serde(default)]
    pub clearing: Option<String>,
    /// When clearing it was last asked for.
    #[serde(default)]
    pub clear_asked_at: Option<i64>,
}

/// A rollback: intended, and then done.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Rollback {
    /// The version that was current.
    pub from: VersionId,
    /// The version that is brought back.
    pub to: VersionId,
    /// When it was first intended.
    pub intended_at: i64,
    /// Who asked for it.
    #[serde(default)]
    pub requested_by: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// When it was done, by the word of who did it.
    #[serde(default)]
    pub done_at: Option<i64>,
    /// Whether its end was announced.
    #[serde(default)]
    pub told: bool,
}

/// A deletion that somebody asked for.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct DeletionAsked {
    /// When.
    pub at: i64,
    /// When the secret is gone for good.
    #[serde(default)]
    pub until: Option<i64>,
    /// Who asked.
    #[serde(default)]
    pub actor: Option<String>,
}
