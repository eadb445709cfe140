//! What is looked for is found, the newest first, page by page, and nothing twice.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use proptest::prelude::*;
use rekey_audit::testing::{MemoryTrail, keyring, record};
use rekey_audit::{Entry, Link, Onward, OnwardError, Wait, Wanted, list, write};
use rekey_events::{Action, Actor, AuditRecord};

const NOW: i64 = 1_795_312_800;
const DAY: i64 = 86_400;

struct Nowhere;

impl Onward for Nowhere {
    async fn send(&self, _: &[Link]) -> Result<(), OnwardError> {
        Ok(())
    }
}

struct AtOnce;

impl Wait for AtOnce {
    async fn wait(&self, _: u32) {}
}

fn records() -> Vec<AuditRecord> {
    let tenants = ["acme", "globex", "platform"];
    let actions = ["secret.rotated", "secret.accessed", "rotation.refused"];
    let mut all = Vec::new();
    for one in 0..90_u64 {
        let number = usize::try_from(one).unwrap();
        // Over some days, several in one second, and not in the order of their writing.
        let at = NOW - i64::try_from(one * 37 % 11).unwrap() * DAY / 3;
        let target = format!("db/{}", one % 4);
        let mut record = record(tenants[number % 3], one, &target, at).unwrap();
        record.action = Action::new(actions[number % 2]).unwrap();
        record.actor_id =
            Actor::new(format!("arn:aws:iam::123456789012:user/{}", one % 5)).unwrap();
        all.push(record);
    }
    all
}

async fn trail(records: &[AuditRecord]) -> MemoryTrail {
    let trail = MemoryTrail::default();
    let keys = keyring(1).unwrap();
    for batch in records.chunks(30) {
        write(&trail, &Nowhere, &AtOnce, &keys, batch, NOW).await;
    }
    trail
}

/// Every page, one after the other.
async fn all(trail: &MemoryTrail, wanted: &Wanted, limit: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let page = list(trail, wanted, cursor.as_deref(), limit).await.unwrap();
        assert!(page.entries.len() <= limit);
        entries.extend(page.entries);
        cursor = page.next;
        if cursor.is_none() {
            return entries;
        }
    }
}

fn expected<'a>(records: &'a [AuditRecord], wanted: &Wanted) -> Vec<&'a AuditRecord> {
    let is = |wanted: &Option<String>, there: &str| wanted.as_deref().is_none_or(|it| it == there);
    let wants = |record: &&AuditRecord| {
        let request = record.request_id.as_ref().unwrap();
        is(&wanted.actor, record.actor_id.as_str())
            && is(&wanted.action, record.action.as_str())
            && is(&wanted.target, record.target_id.as_str())
            && is(&wanted.tenant, record.tenant.as_str())
            && is(&wanted.request, request.as_str())
            && (wanted.since..wanted.until).contains(&record.created_at.unix())
    };
    records.iter().filter(wants).collect()
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let maybe = |texts: Vec<&'static str>| {
        proptest::option::of(proptest::sample::select(texts).prop_map(str::to_owned))
    };
    let actors = vec![
        "arn:aws:iam::123456789012:user/1",
        "arn:aws:iam::123456789012:user/3",
        "nobody",
    ];
    (
        maybe(actors),
        maybe(vec!["secret.rotated", "secret.accessed", "secret.deleted"]),
        maybe(vec!["db/0", "db/3"]),
        maybe(vec!["acme", "platform"]),
        maybe(vec!["request-17", "request-40"]),
        0..6_i64,
        0..3_i64,
    )
        .prop_map(
            |(actor, action, target, tenant, request, back, until)| Wanted {
                actor,
                action,
                target,
                tenant,
                request,
                since: NOW - back * DAY,
                until: NOW + 1 - until * DAY / 2,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn every_filter_finds_what_it_should_page_by_page(wanted in wanted(), limit in 1_usize..40) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let records = records();
            let trail = trail(&records).await;
            let found = all(&trail, &wanted, limit).await;
            let times: Vec<_> = found.iter().map(|it| it.record.created_at.unix()).collect();
            assert!(times.is_sorted_by(|one, other| one >= other), "the newest first");
            let mut ids: Vec<_> = found.iter().map(|it| it.record.id.to_string()).collect();
            let expected = expected(&records, &wanted);
            let mut right: Vec<_> = expected.iter().map(|it| it.id.to_string()).collect();
            ids.sort();
            right.sort();
            assert_eq!(ids, right);
        });
    }
}

#[tokio::test]
async fn a_cursor_that_is_no_cursor_finds_nothing_and_does_not_fail() {
    let trail = trail(&records()).await;
    let wanted = Wanted {
        since: NOW - 10 * DAY,
        until: NOW + 1,
        ..Wanted::default()
    };
    let page = list(&trail, &wanted, Some(""), 10).await.unwrap();
    assert!(page.entries.is_empty());
}
