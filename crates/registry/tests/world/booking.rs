//! What the function that takes requests records, before and after it calls RotateSecret.

use std::collections::BTreeMap;

use rekey_registry::request::{Request, Requested, Requests, Settlement, Standing, Wishes};
use rekey_registry::testing::MemoryStore;
use rekey_registry::{Changes, Store, VersionId};
use serde_json::json;

/// Records a request that was accepted, and notes it in the record of its secret.
pub async fn book(store: &MemoryStore, name: &str, token: &VersionId, now: i64) {
    let correlation = BTreeMap::from([("correlation_id".to_owned(), json!("c-1"))]);
    let request = Request {
        token: token.clone(),
        source: "rekey.requester.release".to_owned(),
        key: Some("db/app-primary".to_owned()),
        secret: Some(name.to_owned()),
        arn: None,
        received_at: now,
        asked_at: now,
        actor: Some("release train".to_owned()),
        role: Some("internal_admin".to_owned()),
        claimed_by: None,
        reason: Some("the quarter's rotation".to_owned()),
        wishes: Wishes::default(),
        forced: false,
        approved_by: None,
        extra: None,
        correlation: correlation.clone(),
        impact: None,
        standing: Standing::Accepted { at: now },
        told: None,
        revision: 1,
    };
    let before = store.load(name).await.unwrap().unwrap();
    let mut after = before.clone();
    after.secret.requests.push(Requested {
        token: token.clone(),
        at: now,
        source: request.source.clone(),
        actor: request.actor.clone(),
        reason: request.reason.clone(),
        correlation,
        superseded_by: None,
        outcome: None,
    });
    let settlement = Settlement {
        request,
        expected: None,
        other: None,
        secret: Changes::between(Some(&before), &after),
        turn: None,
    };
    store.settle(&settlement).await.unwrap();
}

/// Records that Secrets Manager took up an older rotation in place of a request.
pub async fn supersede(store: &MemoryStore, name: &str, token: &VersionId, by: &VersionId) {
    let mut request = store.request(token).await.unwrap().unwrap();
    let expected = Some(request.revision);
    request.revision += 1;
    request.standing = Standing::Superseded {
        by: by.clone(),
        at: request.received_at,
    };
    let before = store.load(name).await.unwrap().unwrap();
    let mut after = before.clone();
    for one in &mut after.secret.requests {
        if one.token == *token {
            one.superseded_by = Some(by.clone());
        }
    }
    let settlement = Settlement {
        request,
        expected,
        other: None,
        secret: Changes::between(Some(&before), &after),
        turn: None,
    };
    store.settle(&settlement).await.unwrap();
}
