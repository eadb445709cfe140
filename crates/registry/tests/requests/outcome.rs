//! What became of a request is joined to it by the id of the version.

use rekey_events::Source;
use rekey_registry::request::{Requests as _, Standing};
use rekey_registry::{Happening, Observation, observe};
use serde_json::json;

use crate::office::{HOUR, MINUTE, NAME, Office, PAYMENTS, SECURITY};
use crate::world::label_moved;

#[tokio::test]
async fn a_rotation_that_succeeds_names_its_requester_reason_and_correlation() {
    let mut office = Office::open().await;
    office.tag("rekey:sites", "shop blog").await;
    let more = json!({ "correlation_id": "flow-789", "pack_id": "billing-pack@1.2.3" });
    let request = office.rotating(PAYMENTS, more).await;
    office.now += MINUTE;
    office.finish(&request.token).await;
    let told = office.announced("greentic.secrets.rotate.completed");
    assert_eq!(told.len(), 1);
    let told = &told[0].detail;
    assert_eq!(told["result"], "success");
    assert_eq!(told["version_id"], json!(request.token));
    assert_eq!(told["requested_by"], "team payments");
    assert_eq!(told["reason"], "the quarter's rotation");
    assert_eq!(told["correlation_id"], "flow-789");
    assert_eq!(told["pack_id"], "billing-pack@1.2.3");
    assert_eq!(told["metadata"]["sites"], json!(["blog", "shop"]));
    let known = office.store.request(&request.token).await.unwrap().unwrap();
    let Standing::Ended { outcome, .. } = known.standing else {
        panic!("{:?}", known.standing);
    };
    assert_eq!(outcome, "success");
    let version = office.state().versions[&request.token].clone();
    assert_eq!(
        version.rotation_reason.as_deref(),
        Some("the quarter's rotation")
    );
}

#[tokio::test]
async fn a_label_event_that_outruns_the_record_of_the_call_is_joined_too() {
    let mut office = Office::open().await;
    let request = office.rotating(PAYMENTS, json!({})).await;
    office.now += MINUTE;
    let moved = Observation {
        arn: None,
        what: label_moved(&request.token, office.now),
    };
    let touched = Observation {
        arn: None,
        what: Happening::Touched,
    };
    office.finish(&request.token).await;
    let bus = office.bus.as_seen_by(Source::Observe);
    for observation in [moved, touched] {
        let heard = &[observation];
        let policy = &office.policy;
        observe(
            &office.store,
            &office.secrets,
            &bus,
            policy,
            NAME,
            office.now,
            heard,
        )
        .await
        .unwrap();
    }
    assert_eq!(
        office.announced("greentic.secrets.rotate.completed").len(),
        1
    );
    let known = office.store.request(&request.token).await.unwrap().unwrap();
    assert_eq!(known.standing.as_str(), "ended");
}

#[tokio::test]
async fn a_forced_request_inside_the_grace_retires_first_and_then_rotates() {
    let force = json!({ "metadata": { "force": true, "rollout_note": "INC-1" } });
    let mut office = Office::open().await;
    let first = office.rotating(PAYMENTS, json!({})).await;
    office.now += MINUTE;
    office.finish(&first.token).await;
    office.now += HOUR;
    let ask = crate::office::asked(SECURITY, office.now, force);
    let waits = office.handle(&ask).await.unwrap();
    assert!(
        matches!(waits, rekey_registry::request::Handled::Again { .. }),
        "{waits:?}"
    );
    let old = office.secrets.holder(NAME, "AWSPREVIOUS").unwrap();
    let orders = office.queue.taken();
    assert!(
        matches!(&orders[0], rekey_registry::Order::RetireNow { version, request, by, .. }
            if *version == old && *request == ask.token && by == "team security"),
        "{orders:?}"
    );
    assert_eq!(office.calls(), 1);
    // The function that retires has done it.
    let gone = crate::world::Change::Label("AWSPREVIOUS", None);
    office.secrets.apply(NAME, &gone, office.now);
    office.now += 20;
    let done = office.handle(&ask).await.unwrap();
    let rekey_registry::request::Handled::Done(request) = done else {
        panic!("{done:?}");
    };
    assert_eq!(request.standing.as_str(), "rotating");
    assert_eq!(office.calls(), 2);
}

#[tokio::test]
async fn a_forced_request_whose_retirement_never_comes_is_given_up_with_the_reason() {
    let force = json!({ "metadata": { "force": true, "rollout_note": "INC-1" } });
    let mut office = Office::open().await;
    let first = office.rotating(PAYMENTS, json!({})).await;
    office.now += MINUTE;
    office.finish(&first.token).await;
    office.now += HOUR;
    let ask = crate::office::asked(SECURITY, office.now, force);
    office.handle(&ask).await.unwrap();
    office.now += 15 * MINUTE;
    let done = office.handle(&ask).await.unwrap();
    let rekey_registry::request::Handled::Done(request) = done else {
        panic!("{done:?}");
    };
    assert_eq!(crate::office::refusal(&request).class, "still_in_use");
    assert_eq!(office.calls(), 1);
}
