use rekey_registry::{Policy, Presence, SecretState, What};
use serde::Serialize;

use crate::moment::rfc3339;
use crate::view::{Standing, VersionName};

/// A registered secret. Times are RFC 3339, spans are in the unit that their name says.
#[derive(Clone, Debug, Serialize)]
pub struct SecretView {
    pub name: String,
    arn: String,
    pub kind: String,
    pub owner: Option<String>,
    pub state: Standing,
    pub current: Option<VersionName>,
    previous: Option<VersionName>,
    switched_at: Option<String>,
    rotation_enabled: bool,
    rotation_function: Option<String>,
    last_rotated: Option<String>,
    next_rotation: Option<String>,
    grace_seconds: i64,
    max_age_days: Option<i64>,
    window: Option<String>,
    approval: bool,
    every_seconds: Option<i64>,
    service: Option<String>,
    sites: Vec<String>,
    overlap: Option<bool>,
    health: Vec<String>,
    owning_service: Option<String>,
    open_rotation: Option<OpenRotation>,
    quarantined_since: Option<String>,
    deleted_until: Option<String>,
    missing_since: Option<String>,
    due: Vec<DueView>,
    consumers: usize,
    pub consumers_not_moved: Vec<String>,
    created_at: Option<String>,
    registered_at: String,
    found_late: u32,
}

#[derive(Clone, Debug, Serialize)]
struct OpenRotation {
    #[serde(flatten)]
    version: VersionName,
    since: String,
    resumes: u32,
}

#[derive(Clone, Debug, Serialize)]
struct DueView {
    what: &'static str,
    #[serde(flatten)]
    version: VersionName,
    promised: String,
    due_at: String,
}

impl SecretView {
    pub fn of(state: &SecretState, policy: &Policy, now: i64) -> Self {
        let secret = &state.secret;
        let not_moved = state.consumers_not_moved(policy, now).into_iter();
        Self {
            name: secret.name.clone(),
            arn: secret.arn.clone(),
            kind: secret.kind.clone(),
            owner: secret.owner.clone(),
            state: Standing::of(state, policy, now),
            current: secret.current.as_ref().map(|id| VersionName::of(state, id)),
            previous: secret
                .previous
                .as_ref()
                .map(|id| VersionName::of(state, id)),
            switched_at: state.switched_at().map(rfc3339),
            rotation_enabled: secret.rotation_enabled,
            rotation_function: secret.rotation_function.clone(),
            last_rotated: secret.last_rotated.map(rfc3339),
            next_rotation: secret.next_rotation.map(rfc3339),
            grace_seconds: secret.grace(policy),
            max_age_days: secret.max_age_days,
            window: secret.window_tag.clone(),
            approval: secret.approval_manual,
            every_seconds: secret.every,
            service: secret.service.clone(),
            sites: secret.sites.clone(),
            overlap: secret.overlap(),
            health: secret.health.clone(),
            owning_service: secret.owning_service.clone(),
            open_rotation: secret.pending.as_ref().map(|open| OpenRotation {
                version: VersionName::of(state, &open.version),
                since: rfc3339(open.since),
                resumes: open.resumes,
            }),
            quarantined_since: secret.quarantine.as_ref().map(|one| rfc3339(one.since)),
            deleted_until: match secret.presence {
                Presence::Deleting { until } => until.map(rfc3339),
                _ => None,
            },
            missing_since: match secret.presence {
                Presence::Missing { since, .. } => Some(rfc3339(since)),
                _ => None,
            },
            due: due(state),
            consumers: state.consumers.len(),
            consumers_not_moved: not_moved.map(|one| one.service.clone()).collect(),
            created_at: secret.created_at.map(rfc3339),
            registered_at: rfc3339(secret.registered_at),
            found_late: secret.found_late,
        }
    }
}

fn due(state: &SecretState) -> Vec<DueView> {
    let mut dues = state.dues();
    dues.sort_by_key(|due| due.due_at);
    dues.iter()
        .map(|due| DueView {
            what: due.what.as_str(),
            version: VersionName::of(state, &due.version),
            promised: rfc3339(due.promised),
            due_at: rfc3339(due.due_at),
        })
        .collect()
}

/// What falls due, as people say it.
pub const fn said(what: What) -> &'static str {
    match what {
        What::GraceEnding => "warning",
        What::Retire => "retirement",
        What::NearExpiry30 => "30 days' notice",
        What::NearExpiry10 => "10 days' notice",
        What::NearExpiry1 => "1 day's notice",
        What::OverdueAge => "end of its age",
        What::OverdueRotation => "late rotation",
        What::Rotate => "request for the rotation",
    }
}
