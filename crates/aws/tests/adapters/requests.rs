//! Requests, and who may make them, on DynamoDB.

use rekey_registry::request::{Actor, Request, Requests, Settlement, Standing};
use rekey_registry::{StoreError, VersionId};
use serde_json::{Value, json};

use crate::cloud::{Table, table, text};
use crate::given::{registered, secret};

/// 2026-11-22, 05:40 UTC.
const AT: i64 = 1_795_326_000;
const DAY: i64 = AT / 86_400;

/// A request with all that one can have.
fn request(token: &str, received_at: i64) -> Request {
    let check =
        json!({ "name": "tls", "result": "failed", "class": "tls_refused", "message": "m" });
    let passed = json!({ "name": "reachable", "result": "passed" });
    let request = json!({
        "token": token, "source": "rekey.requester.billing", "key": "db/app", "secret": "db/app",
        "arn": "arn", "received_at": received_at, "asked_at": received_at - 1, "actor": "billing",
        "role": "internal_admin", "claimed_by": "arn:aws:iam::1:user/x", "reason": "ä \"quoted\"",
        "wishes": {
            "force": true, "accept_no_overlap": true, "rollout_note": "", "window": [1, 2],
            "approves": "another",
        },
        "forced": true, "approved_by": "security",
        "correlation": {
            "correlation_id": "7f3a", "session_id": null, "whole": 1.0, "big": u64::MAX,
            "tenant_ctx": { "none": null, "list": [1, null, { "deep": [] }], "": "" },
        },
        "impact": {
            "owner": "team-a", "consumers": [{ "service": "api", "last_used_at": 1 }], "sites": ["a"],
            "overlap": true, "grace": 3600,
        },
        "standing": {
            "is": "planned", "at": received_at, "checks": [passed, check],
            "steps": [{ "step": "createSecret", "message": "m" }],
        },
        "told": "planned", "revision": 1,
    });
    serde_json::from_value(request).unwrap()
}

fn settled(request: Request, expected: Option<u64>) -> Settlement {
    Settlement {
        request,
        expected,
        other: None,
        secret: None,
        turn: None,
    }
}

async fn recorded(table: &Table, request: &Request) {
    let settlement = settled(request.clone(), None);
    table.store.settle(&settlement).await.unwrap();
}

async fn read(table: &Table, token: &str) -> Option<Request> {
    table.store.request(&VersionId::new(token)).await.unwrap()
}

#[tokio::test]
async fn a_request_comes_back_as_it_was_recorded() {
    let table = table().await;
    let full = request("one", AT);
    recorded(&table, &full).await;
    assert_eq!(read(&table, "one").await, Some(full.clone()));

    // What it no longer has is no longer there, and what a newer version wrote beside it stays.
    table
        .set("REQUEST#one", "META", "colour", text("blue"))
        .await;
    let mut bare = full;
    bare.actor = None;
    bare.impact = None;
    bare.correlation.clear();
    bare.standing = Standing::Rotating { at: AT };
    bare.revision = 2;
    let settlement = settled(bare.clone(), Some(1));
    table.store.settle(&settlement).await.unwrap();
    assert_eq!(read(&table, "one").await, Some(bare));
    let colour = table.get("REQUEST#one", "META", "colour").await;
    assert_eq!(colour, Some(text("blue")));
    assert_eq!(read(&table, "two").await, None);
}

#[tokio::test]
async fn what_a_secret_keeps_of_its_requests_comes_back_as_it_was_recorded() {
    let table = table().await;
    let mut state = secret("db/app");
    let kept = |token: &str, correlation: Value| {
        let kept = json!({
            "token": token, "at": AT, "source": "rekey.requester.billing", "correlation": correlation,
        });
        serde_json::from_value(kept).unwrap()
    };
    state.secret.requests = vec![
        kept(
            "one",
            json!({ "whole": 1.0, "none": null, "list": [null, {}] }),
        ),
        kept("two", json!({})),
        kept("three", json!({ "big": u64::MAX })),
    ];
    let loaded = registered(&table, &state).await;
    assert_eq!(loaded.secret.requests, state.secret.requests);
}

#[tokio::test]
async fn the_requests_of_a_day_are_listed_the_newest_first_page_by_page() {
    let table = table().await;
    let token = |number: i64| format!("token-{number:02}");
    for number in 0..20 {
        recorded(&table, &request(&token(number), AT + number)).await;
    }
    recorded(&table, &request("yesterday", AT - 86_400)).await;
    table
        .delete(&format!("REQUEST#{}", token(13)), "META")
        .await;
    let (mut found, mut sizes, mut before) = (Vec::new(), Vec::new(), None::<String>);
    loop {
        let page = table.store.requests_of(DAY, before.as_deref(), 5).await;
        let page = page.unwrap();
        sizes.push(page.requests.len());
        found.extend(page.requests.into_iter().map(|one| one.token.to_string()));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let expected = (0..20).rev().filter(|number| *number != 13).map(token);
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert_eq!(sizes, [5, 4, 5, 5], "one was deleted by hand");
    let none = table.store.requests_of(DAY + 1, None, 5).await.unwrap();
    assert!(none.requests.is_empty() && none.next.is_none());
}

fn actor(number: u32) -> Actor {
    Actor {
        source: format!("rekey.requester.r{number:02}"),
        name: format!("team {number}"),
        scope: vec!["db".into()],
        may_force: true,
        recorded_by: None,
        since: AT,
        ..Actor::schedule()
    }
}

#[tokio::test]
async fn whoever_is_recorded_is_listed_until_they_are_removed() {
    let table = table().await;
    let mut all: Vec<_> = (0..20).map(actor).collect();
    for actor in all.iter().rev() {
        table.store.put_actor(actor).await.unwrap();
    }
    assert_eq!(table.store.actors().await, Ok(all.clone()));
    let mut changed = actor(3);
    changed.may_force = false;
    changed.scope.clear();
    table.store.put_actor(&changed).await.unwrap();
    let known = table.store.actor(&changed.source).await;
    assert_eq!(known, Ok(Some(changed.clone())));
    all[3] = changed;

    let gone = all.remove(7).source;
    assert_eq!(table.store.remove_actor(&gone).await, Ok(true));
    assert_eq!(table.store.remove_actor(&gone).await, Ok(false));
    assert_eq!(table.store.actor(&gone).await, Ok(None));
    assert_eq!(table.store.actors().await, Ok(all));
}

#[tokio::test]
async fn nobody_gets_what_was_recorded_for_another_source() {
    let table = table().await;
    table.store.put_actor(&actor(1)).await.unwrap();
    let pk = "ACTOR#rekey.requester.r01";
    table
        .set(pk, "META", "source", text("rekey.requester.r02"))
        .await;
    let error = table.store.actor("rekey.requester.r01").await;
    assert_eq!(error, Err(StoreError::Corrupt(format!("{pk} / META"))));
}
