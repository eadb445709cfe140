//! Records to try a store with: every field has something in it.

use std::collections::BTreeMap;

use rekey_events::{Announcement, DetailType, EventId, Source};
use serde_json::{Value, json};

use crate::deadline::{Deadline, DeadlineKey, What};
use crate::lifecycle::State;
use crate::record::{DeletionAsked, Pending, Presence, Quarantine, Rollback, Secret};
use crate::request::{
    Actor, Affected, Checked, Impact, Planned, Refusal, Request, Requested, Standing, Wishes,
};
use crate::state::{SecretState, Unsent};
use crate::version::{
    Deed, Failure, Hold, Intent, Retirement, RolledBack, Rotation, Told, Version, VersionId, Void,
};

pub(super) const NOW: i64 = 1_790_000_000;

/// The id of a version, as long as those of Secrets Manager are.
pub(super) fn id(number: u32) -> VersionId {
    VersionId::new(format!("00000000-0000-4000-8000-{number:012}"))
}

/// A secret with three versions, two deadlines and something in the outbox.
pub(super) fn state(name: &str, due_at: i64) -> SecretState {
    let mut deadlines = BTreeMap::new();
    deadlines.insert(
        DeadlineKey::new(What::Retire, &id(1)),
        Deadline {
            promised: due_at - 7,
            due_at: Some(due_at),
            attempt: 2,
            done_at: None,
        },
    );
    deadlines.insert(
        DeadlineKey::new(What::GraceEnding, &id(1)),
        Deadline {
            promised: NOW - 5,
            due_at: None,
            attempt: 1,
            done_at: Some(NOW),
        },
    );
    let versions = [full(1), bare(2), bare(3)];
    SecretState {
        secret: Secret {
            deadlines,
            ..secret(name)
        },
        versions: versions.into_iter().map(|it| (it.id.clone(), it)).collect(),
        consumers: Vec::new(),
        unsent: vec![unsent(name, "first")],
    }
}

/// An announcement in the outbox of a secret.
pub(super) fn unsent(name: &str, what: &str) -> Unsent {
    Unsent {
        source: Source::Observe,
        at: NOW,
        announcement: Announcement {
            event_id: EventId::derive(name, what),
            detail_type: DetailType::RotateCompleted,
            resource: format!("arn of {name}"),
            detail: json!({ "key": name, "nested": { "list": [1, 2.5, null, true, ""] } }),
        },
    }
}

fn secret(name: &str) -> Secret {
    Secret {
        name: name.to_owned(),
        arn: format!("arn:aws:secretsmanager:eu-west-1:000000000000:secret:{name}-AbCdEf"),
        kind: "postgres".to_owned(),
        owner: Some("payments".to_owned()),
        created_at: Some(NOW - 1000),
        registered_at: NOW,
        grace_tag: Some(60),
        max_age_days: Some(90),
        health: vec!["https://a.example/health".to_owned()],
        window_tag: Some("Mon-Fri 02:00-04:00 / Sat 00:00-24:00".to_owned()),
        approval_manual: true,
        every: Some(30 * 24 * 3600),
        service: Some("payments".to_owned()),
        sites: vec!["eu-1".to_owned(), "eu-2".to_owned()],
        strategy_tag: Some("single-user".to_owned()),
        strategy_seen: Some("alternating-users".to_owned()),
        strategy_seen_at: Some(NOW - 4),
        bad_tags: vec!["rekey:max-age".to_owned()],
        owning_service: Some("rds".to_owned()),
        rotation_enabled: true,
        rotation_function: Some("arn of a function".to_owned()),
        next_rotation: Some(NOW + 100),
        last_rotated: Some(NOW - 100),
        last_changed: Some(NOW - 50),
        presence: Presence::Missing {
            since: NOW,
            told: true,
        },
        current: Some(id(2)),
        previous: Some(id(1)),
        current_seen_since: Some(NOW - 3),
        pending: Some(Pending {
            version: id(3),
            since: NOW - 2,
            resumes: 1,
            last_resume: Some(NOW - 1),
        }),
        quarantine: Some(Quarantine {
            since: NOW,
            version: id(3),
            step: Some("setSecret".to_owned()),
            class: Some("permission".to_owned()),
            clearing: Some("kept: it works".to_owned()),
            clear_asked_at: Some(NOW),
        }),
        rollbacks: vec![Rollback {
            from: id(2),
            to: id(1),
            intended_at: NOW,
            requested_by: Some("somebody".to_owned()),
            reason: Some("it \"broke\"".to_owned()),
            done_at: Some(NOW),
            told: true,
        }],
        abandonments: vec![NOW - 9],
        rotation_failed_at: Some(NOW - 8),
        deletion_asked: Some(DeletionAsked {
            at: NOW - 7,
            until: Some(NOW + 7),
            actor: Some("somebody".to_owned()),
        }),
        restored_at: Some(NOW - 6),
        told: vec!["an id".to_owned()],
        requests: vec![requested(7)],
        highest_number: 3,
        found_late: 4,
        revision: 0,
        deadlines: BTreeMap::new(),
    }
}

/// A version of which nothing is known.
pub(super) fn bare(number: u32) -> Version {
    Version::new(id(number), number, Some(NOW))
}

fn full(number: u32) -> Version {
    let deed = Deed {
        at: NOW,
        actor: Some("somebody".to_owned()),
    };
    Version {
        state: State::Held,
        labels: vec!["AWSPREVIOUS".to_owned(), "mine".to_owned()],
        activations: vec![NOW - 30, NOW - 20],
        seen_current: Some(NOW),
        seen_pending: true,
        rotated_from: Some(id(9)),
        rotation_reason: Some("it was time".to_owned()),
        rotation: Some(Rotation {
            requested: Some(deed.clone()),
            begun_at: Some(NOW),
            failed_at: Some(NOW),
            abandoned_at: Some(NOW),
            request: Some(id(7)),
            asked_by: Some("somebody".to_owned()),
            reason: Some("it was time".to_owned()),
        }),
        put: Some(deed),
        last_failure: Some(Failure {
            step: Some("testSecret".to_owned()),
            class: "wrong_password".to_owned(),
            message: "it was refused".to_owned(),
            at: NOW,
            ids: vec![(NOW, "an id".to_owned())],
        }),
        retire_intent: Some(Intent {
            at: NOW,
            requested_by: None,
            reason: Some("it leaked".to_owned()),
        }),
        retirement: Some(Retirement {
            at: NOW,
            sessions_ended: 3,
            forced: true,
            requested_by: Some("somebody".to_owned()),
            reason: None,
        }),
        hold: Some(Hold {
            cause: "sessions_open".to_owned(),
            since: NOW,
            waiting_since: Some(NOW),
            at: NOW,
            message: "3 sessions".to_owned(),
            services: vec!["worker".to_owned()],
            told: vec![("sessions_open".to_owned(), 0)],
        }),
        void: Some(Void {
            at: NOW,
            why: "it is gone".to_owned(),
        }),
        rolled_back: Some(RolledBack {
            at: NOW,
            to: id(1),
            reason: "it broke".to_owned(),
            by: None,
        }),
        revived_at: Some(NOW),
        told: Told {
            put: true,
            requested: true,
            ends: vec!["success".to_owned()],
        },
        ..bare(number)
    }
}

/// What ties a request to the work around it.
fn correlation() -> BTreeMap<String, Value> {
    [
        ("correlation_id".to_owned(), json!("c-1")),
        (
            "tenant_ctx".to_owned(),
            json!({ "env": "prod", "list": [1, -2.5, true, null, "", {}] }),
        ),
    ]
    .into()
}

fn requested(number: u32) -> Requested {
    Requested {
        token: id(number),
        at: NOW,
        source: "rekey.requester.release".to_owned(),
        actor: Some("release".to_owned()),
        reason: Some("it was time".to_owned()),
        correlation: correlation(),
        superseded_by: Some(id(8)),
        outcome: Some("success".to_owned()),
    }
}

/// A request that came at a time, with something in every field.
pub(super) fn request(number: u32, received_at: i64) -> Request {
    Request {
        token: id(number),
        source: "rekey.requester.release".to_owned(),
        key: Some("db/app".to_owned()),
        secret: Some("prod/db/app".to_owned()),
        arn: Some("arn of the secret".to_owned()),
        received_at,
        asked_at: received_at - 2,
        actor: Some("release".to_owned()),
        role: Some("internal_admin".to_owned()),
        claimed_by: Some("somebody".to_owned()),
        reason: Some("it \"leaked\"".to_owned()),
        wishes: Wishes {
            force: true,
            dry_run: true,
            accept_no_overlap: true,
            rollout_note: Some("rollout 7".to_owned()),
            window: Some((NOW, NOW + 60)),
            approves: Some(id(5)),
        },
        forced: true,
        approved_by: Some("another".to_owned()),
        correlation: correlation(),
        extra: Some(json!({ "urgency": 3, "nothing": null }).to_string()),
        impact: Some(Impact {
            owner: Some("payments".to_owned()),
            consumers: vec![Affected {
                service: "worker".to_owned(),
                last_used_at: NOW,
            }],
            more_consumers: 2,
            sites: vec!["eu-1".to_owned()],
            health: vec!["https://a.example/health".to_owned()],
            service: Some("payments".to_owned()),
            overlap: Some(false),
            grace: 60,
        }),
        standing: Standing::Accepted { at: NOW },
        told: Some("accepted".to_owned()),
        revision: 1,
    }
}

/// Everything that a request may stand at.
pub(super) fn standings() -> Vec<Standing> {
    let checked = Checked {
        name: "login".to_owned(),
        result: "failed".to_owned(),
        class: Some("wrong_password".to_owned()),
        message: Some("it was refused".to_owned()),
    };
    let planned = Planned {
        step: "setSecret".to_owned(),
        message: "sets the password".to_owned(),
    };
    vec![
        Standing::AwaitingApproval { until: NOW },
        Standing::Approved { request: id(5) },
        Standing::Retiring { since: NOW },
        Standing::Accepted { at: NOW },
        Standing::Rotating { at: NOW },
        Standing::Superseded { by: id(6), at: NOW },
        Standing::Rehearsing { since: NOW },
        Standing::Planned {
            at: NOW,
            checks: vec![checked.clone()],
            steps: vec![planned],
        },
        Standing::Refused(Refusal {
            class: "window_closed".to_owned(),
            message: "it is closed".to_owned(),
            advice: "ask again".to_owned(),
            retry_at: Some(NOW + 60),
            version: Some(id(6)),
            checks: vec![checked],
            at: NOW,
        }),
        Standing::Ended {
            outcome: "failed".to_owned(),
            at: NOW,
            class: Some("permission".to_owned()),
            message: None,
        },
    ]
}

/// Who a source belongs to.
pub(super) fn actor(source: &str) -> Actor {
    Actor {
        source: source.to_owned(),
        name: "release".to_owned(),
        role: "internal_admin".to_owned(),
        may_force: true,
        may_approve: true,
        scope: vec!["db/".to_owned(), "tenant.acme".to_owned()],
        since: NOW,
        recorded_by: Some("somebody".to_owned()),
    }
}
