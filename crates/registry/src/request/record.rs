use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::request::impact::Impact;
use crate::version::VersionId;

/// A request for a rotation, and what became of it. All times are seconds since 1970.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Request {
    /// Its id: the client request token of the RotateSecret that it leads to, so also the id of the version
    /// that this makes.
    pub token: VersionId,
    /// The source of the event, which IAM pins: who asks.
    pub source: String,
    /// The secret as it was asked for. None when that is no name: it is not repeated.
    #[serde(default)]
    pub key: Option<String>,
    /// The name of the secret in Secrets Manager, once it is known to be one.
    #[serde(default)]
    pub secret: Option<String>,
    /// Its ARN, once it is known to be registered.
    #[serde(default)]
    pub arn: Option<String>,
    /// When it came.
    pub received_at: i64,
    /// When it was made, as it says.
    pub asked_at: i64,
    /// Who the source belongs to, by the registry.
    #[serde(default)]
    pub actor: Option<String>,
    /// The role of that actor.
    #[serde(default)]
    pub role: Option<String>,
    /// Who asks, as the request says. No authority.
    #[serde(default)]
    pub claimed_by: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// What else it asks for.
    pub wishes: Wishes,
    /// Whether its force counts: it is wished, and the actor may.
    #[serde(default)]
    pub forced: bool,
    /// Who approved it, where that was needed.
    #[serde(default)]
    pub approved_by: Option<String>,
    /// What ties it to the work around it, as it came.
    #[serde(default)]
    pub correlation: BTreeMap<String, Value>,
    /// What else its producer said that the contract does not know, as JSON: kept for whoever knows it, and
    /// never announced.
    #[serde(default)]
    pub extra: Option<String>,
    /// Who is affected, as it was known when it was accepted.
    #[serde(default)]
    pub impact: Option<Impact>,
    /// What became of it.
    pub standing: Standing,
    /// The word of the last standing that was announced.
    #[serde(default)]
    pub told: Option<String>,
    /// How often this record was written. Every write is conditional on it.
    #[serde(default)]
    pub revision: u64,
}

/// What a request asks for besides.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Wishes {
    /// `metadata.force`: against the window, the interval and a running grace.
    #[serde(default)]
    pub force: bool,
    /// `metadata.dry_run`: say what would happen, and change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// `metadata.accept_no_overlap`: the old credential may stop with the new one's first second.
    #[serde(default)]
    pub accept_no_overlap: bool,
    /// `metadata.rollout_note`.
    #[serde(default)]
    pub rollout_note: Option<String>,
    /// `metadata.window`: from, and until.
    #[serde(default)]
    pub window: Option<(i64, i64)>,
    /// `metadata.approves`: the request that this one approves.
    #[serde(default)]
    pub approves: Option<VersionId>,
}

/// What became of a request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Standing {
    /// Another actor must approve it.
    AwaitingApproval {
        /// Until when somebody may.
        until: i64,
    },
    /// It was an approval of another request, and did that.
    Approved {
        /// Of which.
        request: VersionId,
    },
    /// The old credential is retired first.
    Retiring {
        /// Since when.
        since: i64,
    },
    /// It may be done; RotateSecret was not answered yet.
    Accepted {
        /// Since when.
        at: i64,
    },
    /// Secrets Manager has begun.
    Rotating {
        /// Since when.
        at: i64,
    },
    /// Secrets Manager took up an older rotation in place of it.
    Superseded {
        /// The version of that rotation.
        by: VersionId,
        /// When.
        at: i64,
    },
    /// A dry run: the target is asked.
    Rehearsing {
        /// Since when.
        since: i64,
    },
    /// A dry run: what would happen.
    Planned {
        /// When that was found.
        at: i64,
        /// What was looked at.
        #[serde(default)]
        checks: Vec<Checked>,
        /// What each step would do.
        #[serde(default)]
        steps: Vec<Planned>,
    },
    /// It is not done.
    Refused(Refusal),
    /// The rotation came to an end.
    Ended {
        /// `success`, `failed`, `abandoned`, `rolled_back`.
        outcome: String,
        /// When.
        at: i64,
        /// Why it failed: the error class.
        #[serde(default)]
        class: Option<String>,
        /// Why, for people.
        #[serde(default)]
        message: Option<String>,
    },
}

impl Standing {
    /// Its name, as in the store and on the command line.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::AwaitingApproval { .. } => "awaiting_approval",
            Self::Approved { .. } => "approved",
            Self::Retiring { .. } => "retiring",
            Self::Accepted { .. } => "accepted",
            Self::Rotating { .. } => "rotating",
            Self::Superseded { .. } => "superseded",
            Self::Rehearsing { .. } => "rehearsing",
            Self::Planned { .. } => "planned",
            Self::Refused(_) => "refused",
            Self::Ended { .. } => "ended",
        }
    }

    /// Whether nothing more becomes of it by itself, and nobody is waited for.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Approved { .. }
            | Self::Superseded { .. }
            | Self::Planned { .. }
            | Self::Refused(_)
            | Self::Ended { .. } => true,
            Self::AwaitingApproval { .. }
            | Self::Retiring { .. }
            | Self::Accepted { .. }
            | Self::Rotating { .. }
            | Self::Rehearsing { .. } => false,
        }
    }
}

/// Why a request is not done.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Refusal {
    /// The error class.
    pub class: String,
    /// What is the matter, for people.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// When the same may succeed with nobody doing anything but ask again.
    #[serde(default)]
    pub retry_at: Option<i64>,
    /// The version of the rotation that is in the way.
    #[serde(default)]
    pub version: Option<VersionId>,
    /// What was looked at, if it was a dry run that came that far.
    #[serde(default)]
    pub checks: Vec<Checked>,
    /// When.
    pub at: i64,
}

/// Something that was looked at.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Checked {
    /// What: `reachable`, `tls`, `login`, `permission`.
    pub name: String,
    /// `passed`, `failed`, `not_tried`.
    pub result: String,
    /// The class of what failed.
    #[serde(default)]
    pub class: Option<String>,
    /// For people.
    #[serde(default)]
    pub message: Option<String>,
}

/// What a step would do.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Planned {
    /// `createSecret`, `setSecret`, `testSecret`, `finishSecret`.
    pub step: String,
    /// For people.
    pub message: String,
}

/// What the record of a secret keeps of a request that was accepted: what its events say, and who asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Requested {
    /// Its id, and that of the version it makes.
    pub token: VersionId,
    /// When it was accepted.
    pub at: i64,
    /// Who asks.
    pub source: String,
    /// Who that is.
    #[serde(default)]
    pub actor: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// What ties it to the work around it.
    #[serde(default)]
    pub correlation: BTreeMap<String, Value>,
    /// The version that Secrets Manager took up in place of it.
    #[serde(default)]
    pub superseded_by: Option<VersionId>,
    /// How its rotation ended, as it was last written into its own record.
    #[serde(default)]
    pub outcome: Option<String>,
}
