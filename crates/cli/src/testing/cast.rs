//! The secrets that the tests and the examples in docs/cli.md are about.

use rekey_events::EventId;
use rekey_registry::{Read, SecretState, Version};
use serde_json::{Value, json};

use super::world::{NOW, TestWorld};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// The id of a version.
pub fn id(secret: char, number: u32) -> String {
    format!("{secret}0000000-0000-4000-8000-{number:012}")
}

/// All of them.
pub async fn everybody() -> TestWorld {
    let mut world = TestWorld::empty();
    for state in [app(), ledger(), reporting(), sendgrid(), managed()] {
        world = world.with(state).await;
    }
    world
}

/// Rotated two hours ago; the old credential has 22 hours to go. One consumer has not moved.
pub fn app() -> SecretState {
    state(
        json!({
            "name": "prod/db/app-primary",
            "owner": "payments",
            "last_rotated": NOW - 2 * HOUR,
            "next_rotation": NOW + 28 * DAY,
            "rotation_enabled": true,
            "rotation_function": "arn:aws:lambda:eu-west-1:123456789012:function:rekey-prod-rotate-database",
            "health": ["https://shop.example.com/health"],
            "deadlines": {
                format!("grace_ending#{}", id('a', 2)): { "promised": NOW + 21 * HOUR, "due_at": NOW + 21 * HOUR },
                format!("retire#{}", id('a', 2)): { "promised": NOW + 22 * HOUR, "due_at": NOW + 22 * HOUR },
            },
        }),
        vec![
            json!({
                "id": id('a', 1), "number": 1, "state": "retired",
                "created_at": NOW - 60 * DAY, "activations": [NOW - 60 * DAY],
                "put": { "at": NOW - 60 * DAY, "actor": "arn:aws:iam::123456789012:user/anna" },
                "retirement": { "at": NOW - 29 * DAY, "sessions_ended": 3 },
            }),
            json!({
                "id": id('a', 2), "number": 2, "state": "previous", "labels": ["AWSPREVIOUS"],
                "created_at": NOW - 30 * DAY, "activations": [NOW - 30 * DAY],
                "rotated_from": id('a', 1), "rotation": {},
            }),
            json!({
                "id": id('a', 3), "number": 3, "state": "current", "labels": ["AWSCURRENT"],
                "created_at": NOW - 2 * HOUR, "activations": [NOW - 2 * HOUR],
                "rotated_from": id('a', 2), "rotation": {},
            }),
        ],
    )
}

/// Rotated a month ago, and nothing speaks against its next rotation.
pub fn orders() -> SecretState {
    state(
        json!({
            "name": "prod/db/orders",
            "owner": "shop",
            "last_rotated": NOW - 31 * DAY,
            "rotation_enabled": true,
            "rotation_function": "arn:aws:lambda:eu-west-1:123456789012:function:rekey-prod-rotate-database",
            "strategy_seen": "alternating-users",
            "service": "shop",
            "sites": ["berlin", "porto"],
            "health": ["https://shop.example.com/health"],
        }),
        vec![json!({
            "id": id('f', 4), "number": 4, "state": "current", "labels": ["AWSCURRENT"],
            "created_at": NOW - 31 * DAY, "activations": [NOW - 31 * DAY],
        })],
    )
}

/// The same, as it is after the rotation that made version 5 with this id.
pub fn orders_rotated(made: &str) -> SecretState {
    let mut after = orders();
    let old = id('f', 4);
    let due = json!({ "promised": NOW + DAY, "due_at": NOW + DAY });
    let whole = json!({
        "id": made, "number": 5, "state": "current", "labels": ["AWSCURRENT"],
        "created_at": NOW, "activations": [NOW], "rotated_from": old, "rotation": {},
    });
    let new: Version = serde_json::from_value(whole).unwrap();
    let before = after.versions.values_mut().next().unwrap();
    before.labels = vec!["AWSPREVIOUS".into()];
    before.state = rekey_registry::State::Previous;
    after.secret.previous = after.secret.current.replace(new.id.clone());
    after.secret.highest_number = 5;
    let deadlines = json!({ format!("retire#{old}"): due });
    after.secret.deadlines = serde_json::from_value(deadlines).unwrap();
    after.versions.insert(new.id.clone(), new);
    after
}

/// A rotation has been failing for three hours.
fn ledger() -> SecretState {
    state(
        json!({
            "name": "prod/db/ledger",
            "rotation_enabled": true,
            "owner": "finance",
            "last_rotated": NOW - 31 * DAY,
            "pending": { "version": id('b', 2), "since": NOW - 3 * HOUR, "resumes": 2, "last_resume": NOW - HOUR },
        }),
        vec![
            json!({
                "id": id('b', 1), "number": 1, "state": "current", "labels": ["AWSCURRENT"],
                "created_at": NOW - 31 * DAY, "activations": [NOW - 31 * DAY],
            }),
            json!({
                "id": id('b', 2), "number": 2, "state": "pending", "labels": ["AWSPENDING"],
                "created_at": NOW - 3 * HOUR, "rotation": {},
                "last_failure": {
                    "step": "setSecret", "class": "permission", "at": NOW - HOUR,
                    "message": "the superuser may not alter this role; grant it ADMIN OPTION",
                    "ids": [[NOW - 2 * HOUR, "one"], [NOW - HOUR, "two"]],
                },
            }),
        ],
    )
}

/// Its grace has ended, and sessions of the old credential are open.
fn reporting() -> SecretState {
    state(
        json!({
            "name": "prod/db/reporting-ro",
            "rotation_enabled": true,
            "owner": "data",
            "last_rotated": NOW - 26 * HOUR,
            "deadlines": {
                format!("retire#{}", id('c', 1)): { "promised": NOW - 2 * HOUR, "due_at": NOW + 600, "attempt": 2 },
            },
        }),
        vec![
            json!({
                "id": id('c', 1), "number": 1, "state": "held", "labels": ["AWSPREVIOUS"],
                "created_at": NOW - 90 * DAY, "activations": [NOW - 90 * DAY],
                "hold": {
                    "cause": "sessions_open", "since": NOW - 2 * HOUR, "at": NOW - 300,
                    "message": "2 sessions of the old credential are open; let the application renew its connections",
                },
            }),
            json!({
                "id": id('c', 2), "number": 2, "state": "current", "labels": ["AWSCURRENT"],
                "created_at": NOW - 26 * HOUR, "activations": [NOW - 26 * HOUR],
                "rotated_from": id('c', 1),
            }),
        ],
    )
}

/// Nothing is due but its age.
fn sendgrid() -> SecretState {
    state(
        json!({
            "name": "prod/smtp/sendgrid",
            "kind": "generic",
            "owner": "growth",
            "max_age_days": 30,
        }),
        vec![json!({
            "id": id('d', 1), "number": 1, "state": "current", "labels": ["AWSCURRENT"],
            "created_at": NOW - 9 * DAY, "activations": [NOW - 9 * DAY],
        })],
    )
}

/// RDS rotates it.
fn managed() -> SecretState {
    state(
        json!({ "name": "rds!db-5f2c", "owner": "payments", "owning_service": "rds" }),
        vec![json!({
            "id": id('e', 1), "number": 1, "state": "current", "labels": ["AWSCURRENT"],
            "created_at": NOW - 9 * DAY, "activations": [NOW - 9 * DAY],
        })],
    )
}

/// A record as the store keeps it, what is not said being as it is for most.
pub fn state(secret: Value, versions: Vec<Value>) -> SecretState {
    let versions: Vec<Version> = versions
        .into_iter()
        .map(|version| serde_json::from_value(version).unwrap())
        .collect();
    let with = |label: &str| {
        let mut found = versions.iter();
        let found = found.find(|version| version.labels.iter().any(|one| one == label));
        found.map(|version| version.id.clone())
    };
    let name = secret["name"].as_str().unwrap().to_owned();
    let mut whole = json!({
        "arn": format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbC123"),
        "kind": "postgres",
        "registered_at": NOW - 90 * DAY,
        "presence": { "is": "present" },
        "current": with("AWSCURRENT"),
        "previous": with("AWSPREVIOUS"),
        "highest_number": versions.len(),
    });
    let said = secret.as_object().unwrap().clone();
    whole.as_object_mut().unwrap().extend(said);
    SecretState {
        secret: serde_json::from_value(whole).unwrap(),
        versions: versions
            .into_iter()
            .map(|one| (one.id.clone(), one))
            .collect(),
        consumers: Vec::new(),
        unsent: Vec::new(),
    }
}

/// Who has read a secret. The one of the first secret that is called `web` has not moved.
pub fn reads(state: &SecretState) -> Vec<Read> {
    let reads: &[(&str, i64)] = match state.secret.name.as_str() {
        "prod/db/app-primary" => &[
            ("billing-worker", 20 * DAY),
            ("billing-worker", HOUR),
            ("web", 25 * DAY),
            ("web", 5 * HOUR),
        ],
        "prod/db/reporting-ro" => &[("nightly-report", 20 * HOUR)],
        "prod/db/orders" => &[("checkout", HOUR), ("invoices", 3 * DAY)],
        _ => &[],
    };
    let name = &state.secret.name;
    let read = |(service, ago): &(&str, i64)| Read {
        event_id: EventId::derive(name, &format!("{service} {ago}")),
        name: name.clone(),
        service: Some((*service).to_owned()),
        at: NOW - ago,
        of_current: true,
    };
    reads.iter().map(read).collect()
}
