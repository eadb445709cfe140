use std::fmt;

use serde::{Deserialize, Serialize};

use crate::lifecycle::State;

/// The id that Secrets Manager gave a version: the client request token of the call that made it. Unique
/// within its secret only.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct VersionId(String);

impl VersionId {
    /// Takes an id as Secrets Manager writes it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for VersionId {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

/// One version of a secret. All times are seconds since 1970.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// 1, 2, ... in the order in which Secrets Manager made them. A number once given never changes.
    pub number: u32,
    /// Where it is in its life. It follows from everything below, and is kept for those who only read.
    pub state: State,
    /// When Secrets Manager made it.
    #[serde(default)]
    pub created_at: Option<i64>,
    /// The staging labels that the last look found on it.
    #[serde(default)]
    pub labels: Vec<String>,
    /// When it became AWSCURRENT, by Secrets Manager's own word: the latest eight times, in order.
    #[serde(default)]
    pub activations: Vec<i64>,
    /// When a look first found it to be AWSCURRENT, as long as Secrets Manager's word is missing.
    #[serde(default)]
    pub seen_current: Option<i64>,
    /// Whether it was seen, or written, under AWSPENDING. By itself that does not make a rotation: turning
    /// rotation on tests a version that is thrown away.
    #[serde(default)]
    pub seen_pending: bool,
    /// The version that was AWSCURRENT before it.
    #[serde(default)]
    pub rotated_from: Option<VersionId>,
    /// Why it was made, where somebody said so.
    #[serde(default)]
    pub rotation_reason: Option<String>,
    /// What is known of the rotation that made it, if it was one.
    #[serde(default)]
    pub rotation: Option<Rotation>,
    /// Who wrote it, if somebody wrote it by hand.
    #[serde(default)]
    pub put: Option<Deed>,
    /// The last step that failed for it.
    #[serde(default)]
    pub last_failure: Option<Failure>,
    /// That its credential is about to be revoked.
    #[serde(default)]
    pub retire_intent: Option<Intent>,
    /// That its credential is dead, with the proof.
    #[serde(default)]
    pub retirement: Option<Retirement>,
    /// What keeps it from being retired.
    #[serde(default)]
    pub hold: Option<Hold>,
    /// Why there was nothing to retire.
    #[serde(default)]
    pub void: Option<Void>,
    /// That it was the current one and the one before it was brought back.
    #[serde(default)]
    pub rolled_back: Option<RolledBack>,
    /// When it was brought back by a rollback.
    #[serde(default)]
    pub revived_at: Option<i64>,
    /// What was already said about it.
    #[serde(default)]
    pub told: Told,
}

impl Version {
    /// One of which nothing is known but that it is there.
    pub fn new(id: VersionId, number: u32, created_at: Option<i64>) -> Self {
        Self {
            id,
            number,
            state: State::Made,
            created_at,
            labels: Vec::new(),
            activations: Vec::new(),
            seen_current: None,
            seen_pending: false,
            rotated_from: None,
            rotation_reason: None,
            rotation: None,
            put: None,
            last_failure: None,
            retire_intent: None,
            retirement: None,
            hold: None,
            void: None,
            rolled_back: None,
            revived_at: None,
            told: Told::default(),
        }
    }

    /// Whether it is AWSCURRENT.
    pub fn is_active(&self) -> bool {
        self.state == State::Current
    }

    /// When it first became AWSCURRENT, as exactly as is known.
    pub fn activated_at(&self) -> Option<i64> {
        self.activations.first().copied().or(self.seen_current)
    }

    /// Who made it, where that is known: the caller of PutSecretValue or CreateSecret, who asked for the
    /// rotation, or the caller of RotateSecret.
    pub fn created_by(&self) -> Option<&str> {
        if let Some(deed) = &self.put {
            return deed.actor.as_deref();
        }
        let rotation = self.rotation.as_ref()?;
        let called = || rotation.requested.as_ref()?.actor.as_deref();
        rotation.asked_by.as_deref().or_else(called)
    }

    /// Whether it ever was AWSCURRENT.
    pub fn was_active(&self) -> bool {
        self.activated_at().is_some()
    }

    /// Whether a rotation made it, as far as is known.
    pub fn is_of_rotation(&self) -> bool {
        self.rotation.is_some() || self.seen_pending && self.was_active()
    }

    /// Whether its credential is proved dead, and was not brought back since.
    pub fn is_dead(&self) -> bool {
        let revived = self.activations.last().copied().max(self.revived_at);
        self.retirement
            .as_ref()
            .is_some_and(|retirement| Some(retirement.at) >= revived)
    }

    pub(crate) fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|one| one == label)
    }

    pub(crate) fn rotation_mut(&mut self) -> &mut Rotation {
        self.rotation.get_or_insert_default()
    }
}

/// What is known of the rotation that made a version. That there is one of these says that it was one.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Rotation {
    /// Who called RotateSecret, and when.
    #[serde(default)]
    pub requested: Option<Deed>,
    /// When the rotation function was first seen at work on it.
    #[serde(default)]
    pub begun_at: Option<i64>,
    /// When Secrets Manager last said that it failed. It may try again.
    #[serde(default)]
    pub failed_at: Option<i64>,
    /// When it was given up for good.
    #[serde(default)]
    pub abandoned_at: Option<i64>,
    /// The request that it was made for.
    #[serde(default)]
    pub request: Option<VersionId>,
    /// Who asked for that: the actor, or the source.
    #[serde(default)]
    pub asked_by: Option<String>,
    /// Why, as the request said.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Who did something, and when.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Deed {
    /// When.
    pub at: i64,
    /// Who, as CloudTrail names them.
    #[serde(default)]
    pub actor: Option<String>,
}

/// A step that failed. The message is for people and holds no value.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Failure {
    /// The step, if the failure came that far.
    #[serde(default)]
    pub step: Option<String>,
    /// The error class.
    pub class: String,
    /// What happened and what to do.
    pub message: String,
    /// When.
    pub at: i64,
    /// The ids of the latest sixteen failures, so that none is counted twice.
    #[serde(default)]
    pub ids: Vec<(i64, String)>,
}

impl Failure {
    /// How many failures there were; sixteen means sixteen or more.
    pub fn count(&self) -> usize {
        self.ids.len()
    }
}

/// That a credential is about to be changed at the target.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Intent {
    /// When it was first intended.
    pub at: i64,
    /// Who asked for it, if not the deadline.
    #[serde(default)]
    pub requested_by: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// That a credential is dead.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Retirement {
    /// When a login with it was seen to be refused.
    pub at: i64,
    /// How many of its sessions were ended.
    #[serde(default)]
    pub sessions_ended: u32,
    /// Whether something spoke against it and the bound, or a person, decided.
    #[serde(default)]
    pub forced: bool,
    /// Who asked for it, if not the deadline.
    #[serde(default)]
    pub requested_by: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What keeps a credential from being retired.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Hold {
    /// What it is (`sessions_open`, `consumer_not_moved`, an error class).
    pub cause: String,
    /// When this retirement was first held, whatever the cause was then.
    pub since: i64,
    /// When it first waited for others: for consumers, sessions or a health check. The bound of waiting counts
    /// from here; what kept us from asking at all does not use it up.
    #[serde(default)]
    pub waiting_since: Option<i64>,
    /// When it was last looked at.
    pub at: i64,
    /// What it is and what to do, for people.
    pub message: String,
    /// The services in the way.
    #[serde(default)]
    pub services: Vec<String>,
    /// What was told: the cause, and the day of the wait, from 0.
    #[serde(default)]
    pub told: Vec<(String, i64)>,
}

/// That there was nothing to retire.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Void {
    /// When that was found.
    pub at: i64,
    /// Why.
    pub why: String,
}

/// That the version before this one was brought back.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RolledBack {
    /// When.
    pub at: i64,
    /// Which version was brought back.
    pub to: VersionId,
    /// Why.
    pub reason: String,
    /// Who asked for it.
    #[serde(default)]
    pub by: Option<String>,
}

/// What was already announced of a version, so that nothing is announced twice.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Told {
    /// That it was written by hand.
    #[serde(default)]
    pub put: bool,
    /// That its rotation was asked for.
    #[serde(default)]
    pub requested: bool,
    /// The ends of its rotation (`success`, `failed`, `abandoned`, `rolled_back`).
    #[serde(default)]
    pub ends: Vec<String>,
}
