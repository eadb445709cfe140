use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use rekey_audit::testing::{Attacker, MemoryTrail, keyring, record};
use rekey_audit::{Chain, Inspection, Signatures, Trail as _, write};
use rekey_events::Timestamp;
use rekey_function::batch::CallError;
use rekey_function::testing::HeldKeys;
use serde_json::json;

use super::{comes_again, count, of_somebody_else, read_of, writer};
use crate::event::event;
use crate::wait::Backoff;

#[tokio::test]
async fn an_event_is_recorded_once_however_often_it_is_delivered() {
    let keys = HeldKeys::of(1);
    let writer = writer(&keys).await;
    let batch = [
        read_of("acme", 1),
        read_of("acme", 2),
        read_of("acme", 1),
        read_of("globex", 3),
    ];
    for _ in 0..3 {
        assert_eq!(comes_again(&writer, &batch).await, [0; 0]);
    }
    assert_eq!(count(&writer, "acme").await, 2);
    assert_eq!(count(&writer, "globex").await, 1);
    for chain in ["acme", "globex"] {
        let chain = Chain::parse(chain).unwrap();
        let ring = keyring(1).unwrap();
        let mut inspection = Inspection::new(chain.clone(), Some(&ring), &Signatures::default());
        for stored in writer.trail.links(&chain, 0, 100).await.unwrap() {
            inspection.look(&stored);
        }
        assert_eq!(inspection.findings(), []);
    }
    assert_eq!(keys.reads(), 1);
}

#[tokio::test]
async fn every_event_of_the_inner_bus_has_its_place() {
    let keys = HeldKeys::of(1);
    let writer = writer(&keys).await;
    let samples = [
        include_str!("../../../../events/samples/rotate-completed.json"),
        include_str!("../../../../events/samples/step-failed.json"),
        include_str!("../../../../events/samples/secret-retired.json"),
        include_str!("../../../../events/samples/request-refused.json"),
    ];
    let batch = samples.map(str::to_owned);
    assert_eq!(comes_again(&writer, &batch).await, [0; 0]);
    assert_eq!(count(&writer, "platform").await, 4);
}

#[tokio::test]
async fn what_cannot_be_read_comes_again_alone() {
    let keys = HeldKeys::of(1);
    let writer = writer(&keys).await;
    let mut broken: serde_json::Value = serde_json::from_str(&read_of("acme", 1)).unwrap();
    broken["detail"]["reader"] = json!("hunter2");
    let batch = [
        "hunter2".to_owned(),
        read_of("acme", 2),
        broken.to_string(),
        "{}".to_owned(),
    ];
    assert_eq!(comes_again(&writer, &batch).await, [0, 2, 3]);
    assert_eq!(count(&writer, "acme").await, 1);
    for body in batch.iter().filter(|body| !body.contains("000002")) {
        let refused = event(body).unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}

#[tokio::test]
async fn a_chain_that_was_bent_gives_its_records_back_and_no_other_does() {
    let keys = HeldKeys::of(1);
    let writer = writer(&keys).await;
    let first = [read_of("acme", 1), read_of("globex", 2)];
    assert_eq!(comes_again(&writer, &first).await, [0; 0]);
    let chain = Chain::parse("acme").unwrap();
    Attacker::new(&writer.trail, chain, of_somebody_else()).writes_the_head();
    let second = [
        read_of("globex", 3),
        read_of("acme", 4),
        read_of("initech", 5),
        read_of("acme", 6),
    ];
    assert_eq!(comes_again(&writer, &second).await, [1, 3]);
    assert_eq!(count(&writer, "acme").await, 1);
    assert_eq!(count(&writer, "globex").await, 2);
    assert_eq!(count(&writer, "initech").await, 1);
}

#[tokio::test]
async fn a_chain_that_does_not_come_to_an_end_holds_up_no_other() {
    let keys = HeldKeys::of(1);
    let writer = writer(&keys).await;
    writer.onward.hangs_for("acme");
    let batch = [read_of("acme", 1), read_of("globex", 2)];
    assert_eq!(comes_again(&writer, &batch).await, [0]);
    assert_eq!(count(&writer, "globex").await, 1);
    let sent = writer.onward.links();
    assert!(sent.contains(&("globex".to_owned(), 1)), "{sent:?}");
}

/// Another process has read the newer keys already, and wrote.
async fn somebody_sealed_with(trail: &MemoryTrail, keys: u32, tenants: &[&str]) {
    for tenant in tenants {
        let records = [record(tenant, 7, "tenant.acme.stripe.key", 0).unwrap()];
        let ring = keyring(keys).unwrap();
        let nowhere = super::Sent::default();
        for written in write(trail, &nowhere, &Backoff, &ring, &records, 0).await {
            assert_eq!(written.result, Ok(1));
        }
    }
}

#[tokio::test]
async fn a_key_that_was_made_meanwhile_is_read_once_for_the_whole_batch() {
    let keys = HeldKeys::of(1);
    let writer = writer(&keys).await;
    keys.hold(2);
    somebody_sealed_with(&writer.trail, 2, &["acme", "globex"]).await;
    let batch = [
        read_of("acme", 1),
        read_of("globex", 2),
        read_of("initech", 3),
    ];
    assert_eq!(comes_again(&writer, &batch).await, [0; 0]);
    assert_eq!(count(&writer, "acme").await, 2);
    assert_eq!(count(&writer, "globex").await, 2);
    assert_eq!(keys.reads(), 2);
    // And it stays known.
    assert_eq!(comes_again(&writer, &[read_of("acme", 4)]).await, [0; 0]);
    assert_eq!(keys.reads(), 2);
}

#[tokio::test]
async fn a_key_that_is_nowhere_gives_the_records_back_and_is_looked_for_once_a_batch() {
    let keys = HeldKeys::of(1);
    let writer = writer(&keys).await;
    somebody_sealed_with(&writer.trail, 2, &["acme", "globex"]).await;
    let batch = [
        read_of("acme", 1),
        read_of("globex", 2),
        read_of("initech", 3),
    ];
    for (held, reads) in [(1, 2), (0, 3)] {
        keys.hold(held);
        assert_eq!(comes_again(&writer, &batch).await, [0, 1]);
        assert_eq!(keys.reads(), reads);
    }
    assert_eq!(count(&writer, "initech").await, 1);
}

#[tokio::test]
async fn what_the_siem_did_not_take_is_sent_again_and_written_once() {
    let keys = HeldKeys::of(1);
    let writer = writer(&keys).await;
    writer.onward.is_away(true);
    let batch = [read_of("acme", 1), read_of("acme", 2)];
    assert_eq!(comes_again(&writer, &batch).await, [0, 1]);
    assert_eq!(count(&writer, "acme").await, 2);
    writer.onward.is_away(false);
    assert_eq!(comes_again(&writer, &batch).await, [0; 0]);
    assert_eq!(count(&writer, "acme").await, 2);
    let acme = |seq| ("acme".to_owned(), seq);
    assert_eq!(writer.onward.links(), [acme(1), acme(2)]);
}

#[test]
fn an_event_is_late_from_when_it_came_onto_the_bus() {
    let unix = |text: &str| Timestamp::parse(text).unwrap().unix();
    let read = event(&read_of("acme", 1)).unwrap();
    assert_eq!(read.published, unix("2026-03-02T05:11:02Z"));
    assert_eq!(read.record.created_at.unix(), unix("2026-03-02T05:10:44Z"));
}

#[tokio::test]
async fn what_is_no_batch_of_the_queue_is_refused() {
    let keys = HeldKeys::of(1);
    let writer = writer(&keys).await;
    let bare = serde_json::from_str(&read_of("acme", 1)).unwrap();
    for payload in [json!({}), bare] {
        let event = LambdaEvent::new(payload, lambda_runtime::Context::default());
        let refused = Arc::clone(&writer).batch(event).await;
        assert!(matches!(refused, Err(CallError::NoBatch)));
    }
    assert_eq!(count(&writer, "acme").await, 0);
}
