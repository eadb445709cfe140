//! `rekey audit list`

use rekey_audit::Chain;
use rekey_audit::testing::{Attacker, keyring};
use serde_json::json;

use super::golden::golden;
use super::trail::{kept, record, writes};
use super::typed::{at_width, typed};
use super::world::{NOW, TestWorld};
use crate::exit::Exit;

/// Some of everything.
async fn mixed() -> TestWorld {
    let world = TestWorld::empty();
    let records = [
        record(1, NOW - 40 * 86_400, json!({ "action": "secret.created" })),
        record(
            2,
            NOW - 86_400,
            json!({ "action": "secret.rotated", "request_id": "req-1",
            "actor_id": "platform on-call", "actorRole": "internal_admin",
            "metadata": { "version": 2, "consumers": ["web"] } }),
        ),
        record(
            3,
            NOW - 7_200,
            json!({ "tenant": "platform", "target_id": "prod/db/app-primary",
            "ip_address": "192.0.2.7", "user_agent": "=cmd|' /C calc'!A0", "request_id": "req-2" }),
        ),
        record(
            4,
            NOW - 60,
            json!({ "actor_id": "rekey.retire", "actor_type": "system",
            "action": "credential.retired", "request_id": "req-1",
            "metadata": { "proof": { "method": "login_refused", "sessions_ended": 2 } } }),
        ),
    ];
    writes(&world, &records, NOW - 30).await;
    world
}

fn actions(seen: &super::typed::Seen) -> Vec<String> {
    let document = seen.json();
    let records = document["records"].as_array().unwrap().iter();
    let action = |one: &serde_json::Value| one["record"]["action"].as_str().unwrap().to_owned();
    records.map(action).collect()
}

#[tokio::test]
async fn what_was_done_is_listed_newest_first_with_where_it_is_recorded() {
    let world = mixed().await;
    let seen = at_width(&world, "audit list", 150).await;
    golden("audit-list", &format!("{}{}", seen.out, seen.err));
    assert_eq!(seen.exit, Exit::Ok);
    let seen = typed(&world, "audit list --limit 2 --json").await;
    golden("audit-list-json", &seen.out);
}

#[tokio::test]
async fn the_trail_is_narrowed_by_each_of_its_options() {
    let world = mixed().await;
    for (options, found) in [
        (
            "",
            &["credential.retired", "secret.accessed", "secret.rotated"][..],
        ),
        (
            "--since 60d",
            &[
                "credential.retired",
                "secret.accessed",
                "secret.rotated",
                "secret.created",
            ],
        ),
        ("--since 60d --until 2d", &["secret.created"]),
        (
            "--since 2026-11-21 --until 2026-11-21T23:00:00Z",
            &["secret.accessed", "secret.rotated"],
        ),
        ("--actor rekey.retire", &["credential.retired"]),
        ("--action secret.rotated", &["secret.rotated"]),
        ("--target prod/db/app-primary", &["secret.accessed"]),
        ("--tenant platform", &["secret.accessed"]),
        ("--request req-1", &["credential.retired", "secret.rotated"]),
        ("--request req-1 --tenant platform", &[]),
    ] {
        let seen = typed(&world, &format!("audit list --json {options}")).await;
        assert_eq!(actions(&seen), found, "{options}");
        assert_eq!(seen.exit, Exit::Ok);
    }
}

#[tokio::test]
async fn a_list_goes_on_where_it_ended_until_nothing_is_left() {
    let world = kept().await;
    let mut found = Vec::new();
    let mut options = String::new();
    loop {
        let seen = typed(&world, &format!("audit list --limit 3 --json{options}")).await;
        let document = seen.json();
        let records = document["records"].as_array().unwrap();
        assert!(records.len() <= 3);
        found.extend(records.iter().map(|one| one["record"]["id"].clone()));
        let Some(next) = document["next"].as_str() else {
            break;
        };
        assert!(seen.err.contains(next), "{}", seen.err);
        options = format!(" --cursor {next}");
    }
    let all = typed(&world, "audit list --all --json").await.json();
    let all: Vec<_> = all["records"].as_array().unwrap().iter().collect();
    assert_eq!(found.len(), 10);
    assert!(all.iter().map(|one| &one["record"]["id"]).eq(found.iter()));
}

#[tokio::test]
async fn in_csv_nothing_is_a_formula() {
    let world = mixed().await;
    let seen = typed(&world, "audit list --csv").await;
    golden("audit-list-csv", &seen.out);
    assert!(seen.out.contains(",'=cmd|"), "{}", seen.out);
    let rows = csv::Reader::from_reader(seen.out.as_bytes()).into_records();
    for row in rows {
        let row = row.unwrap();
        assert_eq!(row.len(), 13);
        assert!(
            !row.iter()
                .any(|cell| cell.starts_with(['=', '+', '-', '@'])),
            "{row:?}"
        );
    }
    let seen = typed(&world, "audit list --csv --no-headers --limit 1").await;
    assert_eq!(seen.out.lines().count(), 1);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_told_and_stops_nothing() {
    let world = mixed().await;
    let attacker = Attacker::new(
        &world.trail,
        Chain::parse("acme").unwrap(),
        keyring(1).unwrap(),
    );
    attacker.edits(2, "createdAt", "long ago");
    let seen = typed(&world, "audit list --json").await;
    assert_eq!(seen.exit, Exit::Ok);
    assert_eq!(seen.json()["unreadable"], 1);
    assert_eq!(actions(&seen), ["credential.retired", "secret.accessed"]);
    assert!(seen.err.contains("rekey audit verify"), "{}", seen.err);
}

#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_a_matter_of_the_command_line() {
    let seen = typed(&mixed().await, "audit list --since 1d --until 2d").await;
    assert_eq!(seen.exit, Exit::Usage);
}

#[tokio::test]
async fn an_empty_range_says_so_and_what_range_it_was() {
    let seen = typed(&TestWorld::empty(), "audit list").await;
    assert_eq!(
        (seen.exit, seen.out.as_str()),
        (Exit::Ok, "WHEN  ACTION  TARGET  ACTOR  REQUEST  RECORD\n")
    );
    assert!(seen.err.contains("2026-10-23"), "{}", seen.err);
}
