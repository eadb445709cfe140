use rekey_registry::{SecretState, State, Version, VersionId};
use serde::Serialize;

use crate::counted::counted;
use crate::moment::{rfc3339, told};
use crate::table::Tone;

/// A version by its number and its id. One that Secrets Manager has and the registry has not yet seen has
/// no number.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct VersionName {
    pub version: Option<u32>,
    pub version_id: String,
}

impl VersionName {
    pub fn of(state: &SecretState, id: &VersionId) -> Self {
        Self {
            version: state.versions.get(id).map(|version| version.number),
            version_id: id.as_str().to_owned(),
        }
    }

    /// `version 4 (a5d33917-...)`.
    pub fn told(&self) -> String {
        match self.version {
            Some(number) => format!("version {number} ({})", self.version_id),
            None => format!("version {}", self.version_id),
        }
    }

    /// `version 4`.
    pub fn short(&self) -> String {
        match self.version {
            Some(number) => format!("version {number}"),
            None => format!("version {}", self.version_id),
        }
    }
}

/// A version of a secret. Times are RFC 3339.
#[derive(Clone, Debug, Serialize)]
pub struct VersionView {
    #[serde(flatten)]
    name: VersionName,
    state: &'static str,
    active: bool,
    labels: Vec<String>,
    created_at: Option<String>,
    created_by: Option<String>,
    activated_at: Option<String>,
    rotated_from: Option<VersionName>,
    rotation_reason: Option<String>,
    last_failure: Option<FailureView>,
    hold: Option<HoldView>,
    retirement: Option<RetirementView>,
    rolled_back: Option<RolledBackView>,
}

#[derive(Clone, Debug, Serialize)]
struct FailureView {
    at: String,
    step: Option<String>,
    class: String,
    message: String,
    count: usize,
}

#[derive(Clone, Debug, Serialize)]
struct HoldView {
    cause: String,
    since: String,
    message: String,
    services: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct RetirementView {
    login_refused_at: String,
    sessions_ended: u32,
    forced: bool,
    requested_by: Option<String>,
    reason: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct RolledBackView {
    at: String,
    to: VersionName,
    reason: String,
    requested_by: Option<String>,
}

impl VersionView {
    pub fn of(state: &SecretState, version: &Version) -> Self {
        let name = |id: &VersionId| VersionName::of(state, id);
        Self {
            name: name(&version.id),
            state: version.state.as_str(),
            active: version.is_active(),
            labels: version.labels.clone(),
            created_at: version.created_at.map(rfc3339),
            created_by: version.created_by().map(str::to_owned),
            activated_at: version.activated_at().map(rfc3339),
            rotated_from: version.rotated_from.as_ref().map(name),
            rotation_reason: version.rotation_reason.clone(),
            last_failure: version.last_failure.as_ref().map(|failure| FailureView {
                at: rfc3339(failure.at),
                step: failure.step.clone(),
                class: failure.class.clone(),
                message: failure.message.clone(),
                count: failure.count(),
            }),
            hold: version.hold.as_ref().map(|hold| HoldView {
                cause: hold.cause.clone(),
                since: rfc3339(hold.since),
                message: hold.message.clone(),
                services: hold.services.clone(),
            }),
            retirement: version.retirement.as_ref().map(|end| RetirementView {
                login_refused_at: rfc3339(end.at),
                sessions_ended: end.sessions_ended,
                forced: end.forced,
                requested_by: end.requested_by.clone(),
                reason: end.reason.clone(),
            }),
            rolled_back: version.rolled_back.as_ref().map(|back| RolledBackView {
                at: rfc3339(back.at),
                to: name(&back.to),
                reason: back.reason.clone(),
                requested_by: back.by.clone(),
            }),
        }
    }
}

/// What happened to a version last, in a sentence.
pub fn story(state: &SecretState, version: &Version, now: i64) -> Option<String> {
    let by = |who: &Option<String>| {
        who.as_ref()
            .map_or(String::new(), |who| format!(", by {who}"))
    };
    if let Some(end) = &version.retirement {
        let forced = if end.forced { ", forced" } else { "" };
        return Some(format!(
            "login refused {}, {} ended{forced}{}",
            told(end.at, now),
            counted(u64::from(end.sessions_ended), "session"),
            by(&end.requested_by),
        ));
    }
    if let Some(hold) = &version.hold {
        let since = told(hold.since, now);
        return Some(format!("{} since {since}: {}", hold.cause, hold.message));
    }
    if let Some(back) = &version.rolled_back {
        return Some(format!(
            "rolled back to {} {}{}: {}",
            VersionName::of(state, &back.to).short(),
            told(back.at, now),
            by(&back.by),
            back.reason,
        ));
    }
    if let Some(void) = &version.void {
        return Some(format!("nothing to retire: {}", void.why));
    }
    if let Some(failure) = version
        .last_failure
        .as_ref()
        .filter(|_| !version.is_active())
    {
        let step = failure.step.as_deref().unwrap_or("a step");
        let at = told(failure.at, now);
        return Some(format!(
            "{step} failed {at}: {} ({})",
            failure.message, failure.class
        ));
    }
    version.rotation_reason.clone()
}

/// How the state of a version is meant.
pub const fn tone_of(state: State) -> Tone {
    match state {
        State::Current | State::Previous => Tone::Good,
        State::Pending | State::Held => Tone::Notice,
        State::Abandoned => Tone::Bad,
        State::Made | State::Retired | State::Superseded => Tone::Plain,
    }
}
