//! Nothing that a request says of itself is authority. IAM's part of this is tested end to end.

use rekey_registry::request::Requests as _;
use serde_json::json;

use crate::office::{DAY, HOUR, MINUTE, Office, PAYMENTS, SECURITY, VIEWER};

#[tokio::test]
async fn a_source_that_nobody_recorded_may_ask_for_nothing() {
    let office = Office::open().await;
    let refusal = office.refused("rekey.requester.stranger", json!({})).await;
    assert_eq!(refusal.class, "forbidden");
    assert!(refusal.advice.contains("rekey requesters allow stranger"));
}

#[tokio::test]
async fn a_role_an_actor_or_a_source_claimed_in_the_payload_changes_nothing() {
    let claims = json!({
        "requested_by": "team security", "actor": "team security", "role": "internal_admin",
        "source": SECURITY, "actorRole": "internal_admin",
        "metadata": { "role": "internal_admin", "actor": "team security", "source": SECURITY,
                      "rollout_note": "CHG-7" },
    });
    let office = Office::open().await;
    let request = office.ask(VIEWER, claims).await;
    let refusal = crate::office::refusal(&request);
    assert_eq!(refusal.class, "forbidden");
    assert_eq!(request.actor.as_deref(), Some("team viewer"));
    assert_eq!(request.role.as_deref(), Some("viewer"));
    assert_eq!(request.claimed_by.as_deref(), Some("team security"));
    let told = office.announced("rekey.request.refused");
    assert_eq!(told[0].detail["actor"], "team viewer");
    assert_eq!(told[0].detail["requested_by"], "team security");
    assert_eq!(office.calls(), 0);
}

#[tokio::test]
async fn a_tenant_context_claimed_in_the_payload_opens_nothing() {
    let office = Office::open().await;
    let refusal = office
        .refused(
            PAYMENTS,
            json!({
                "key": "tenant.acme.stripe.api_key", "scope": { "tenant": "umbrella" },
                "tenant_ctx": { "tenant": "acme" },
            }),
        )
        .await;
    assert_eq!(refusal.class, "invalid_request");
    assert!(refusal.message.contains("another tenant"));
}

#[tokio::test]
async fn force_of_an_actor_who_may_not_counts_for_nothing() {
    let force = json!({ "metadata": { "force": true, "rollout_note": "CHG-7" } });
    let mut office = Office::open().await;
    let first = office.rotating(PAYMENTS, force.clone()).await;
    assert!(first.wishes.force && !first.forced);
    office.now += MINUTE;
    office.finish(&first.token).await;
    office.now += HOUR;
    let refusal = office.refused(PAYMENTS, force.clone()).await;
    assert_eq!(refusal.class, "grace_running");
    assert_eq!(office.queue.taken(), []);
    office.now += DAY;
    office.tag("rekey:window", "Sun 03:00-03:01").await;
    let refusal = office.refused(PAYMENTS, force).await;
    assert_eq!(refusal.class, "window_closed");
}

#[tokio::test]
async fn force_of_an_actor_who_may_opens_the_window_and_the_interval() {
    let force = json!({ "metadata": { "force": true } });
    let mut office = Office::open().await;
    office.tag("rekey:window", "Sun 03:00-03:01").await;
    office.tag("rekey:grace", "60").await;
    let first = office.rotating(SECURITY, force.clone()).await;
    assert!(first.forced);
    office.now += MINUTE;
    office.finish(&first.token).await;
    office.now += 2 * MINUTE;
    office.rotating(SECURITY, force).await;
}

#[tokio::test]
async fn nobody_takes_the_id_of_another_requesters_request() {
    let office = Office::open().await;
    let id = json!({ "event_id": "00000000-0000-5000-8000-000000000001" });
    let theirs = office.rotating(PAYMENTS, id.clone()).await;
    let ours = office.ask(SECURITY, id).await;
    assert_ne!(theirs.token, ours.token);
    assert_eq!(crate::office::refusal(&ours).class, "throttled");
    assert_eq!(office.calls(), 1);
}

#[tokio::test]
async fn whose_right_was_taken_away_does_not_go_on() {
    let mut office = Office::open().await;
    let ask = crate::office::asked(PAYMENTS, office.now, json!({}));
    let throttled = rekey_registry::request::RotateError::Throttled;
    *office.rotate.answer.lock().unwrap() = Some(throttled);
    office.handle(&ask).await.unwrap();
    *office.rotate.answer.lock().unwrap() = None;
    let before = office.calls();
    office.store.remove_actor(PAYMENTS).await.unwrap();
    office.now += MINUTE;
    let request = office.ask_again(&ask).await;
    assert_eq!(crate::office::refusal(&request).class, "forbidden");
    assert_eq!(office.calls(), before);
    // Nothing came of it, so it is in nobody's way.
    assert_eq!(office.secret().requests, []);
    office.now += 1;
    office.rotating(SECURITY, json!({})).await;
}

#[tokio::test]
async fn a_policy_that_no_event_has_told_of_counts() {
    for (tag, text, word) in [
        ("rekey:approval", "manual", "awaiting_approval"),
        ("rekey:window", "Sun 03:00-03:01", "refused"),
        ("rekey:kind", "carrier-pigeon", "refused"),
    ] {
        let office = Office::open().await;
        let change = crate::world::Change::Tag(tag, text.to_owned());
        office
            .secrets
            .apply(crate::office::NAME, &change, office.now);
        let request = office.ask(PAYMENTS, json!({})).await;
        assert_eq!(request.standing.as_str(), word, "{tag}");
        assert_eq!(office.calls(), 0);
    }
}

#[tokio::test]
async fn whose_right_to_force_was_taken_away_retires_nothing_more() {
    let mut office = Office::open().await;
    let first = office.rotating(PAYMENTS, json!({})).await;
    office.now += MINUTE;
    office.finish(&first.token).await;
    office.now += HOUR;
    let force = json!({ "metadata": { "force": true, "rollout_note": "INC-1" } });
    let ask = crate::office::asked(SECURITY, office.now, force);
    office.handle(&ask).await.unwrap();
    let orders = office.queue.taken().len();
    let meek = crate::office::actor(SECURITY, "team security", "internal_admin", false);
    office.allow(&meek).await;
    office.now += MINUTE;
    let request = office.ask_again(&ask).await;
    assert_eq!(crate::office::refusal(&request).class, "grace_running");
    assert_eq!(office.queue.taken().len(), orders);
}
