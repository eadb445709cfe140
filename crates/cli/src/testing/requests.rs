//! `rekey requests ...`

use rekey_registry::Look;
use rekey_registry::request::{Request, Requests, Standing};
use serde_json::json;

use super::cast::{orders, orders_rotated};
use super::golden::golden;
use super::office::Later;
use super::rotate::{LINE, refusal_of, shop};
use super::typed::{Seen, at_a_terminal, at_width, typed};
use super::world::{NOW, TestWorld, snapshot};
use crate::exit::Exit;

const DAY: i64 = 24 * 60 * 60;

fn request(number: u32, received_at: i64, said: serde_json::Value) -> Request {
    let mut whole = json!({
        "token": format!("00000000-0000-5000-8000-{number:012}"),
        "source": "rekey.requester.operators",
        "key": "db/orders", "secret": "prod/db/orders",
        "received_at": received_at, "asked_at": received_at,
        "actor": "platform on-call", "role": "internal_admin",
        "reason": "ticket 7", "wishes": {}, "revision": 1,
        "standing": { "is": "ended", "outcome": "success", "at": received_at + 60 },
    });
    let said = said.as_object().unwrap().clone();
    whole.as_object_mut().unwrap().extend(said);
    serde_json::from_value(whole).unwrap()
}

/// What was asked for in the last days.
async fn history() -> TestWorld {
    let world = shop().await;
    let refusal = refusal_of("window_closed", "the window is closed");
    let refused = serde_json::to_value(Standing::Refused(refusal)).unwrap();
    for one in [
        request(1, NOW - 9 * DAY, json!({ "reason": "an old one" })),
        request(
            2,
            NOW - 2 * DAY,
            json!({ "reason": "schedule", "source": "rekey.requester.schedule", "actor": "schedule" }),
        ),
        request(
            3,
            NOW - DAY,
            json!({ "secret": "prod/db/ledger", "key": "db/ledger", "standing": refused }),
        ),
        request(
            4,
            NOW - 7_200,
            json!({
                "source": "rekey.requester.strangers", "actor": null, "role": null, "secret": null, "key": null,
                "standing": { "is": "refused", "class": "forbidden", "message": "no", "advice": "no", "at": NOW },
            }),
        ),
        request(
            5,
            NOW - 600,
            json!({ "standing": { "is": "awaiting_approval", "until": NOW + DAY } }),
        ),
    ] {
        world.office.settle(one, None).await;
    }
    world
}

async fn ids(world: &TestWorld, options: &str) -> Vec<u64> {
    let seen = typed(world, &format!("requests list --json {options}")).await;
    assert_eq!(seen.exit, Exit::Ok);
    let document = seen.json();
    let requests = document["requests"].as_array().unwrap().iter();
    let id = |one: &serde_json::Value| one["id"].as_str().unwrap()[24..].parse().unwrap();
    requests.map(id).collect()
}

#[tokio::test]
async fn requests_are_listed_newest_first() {
    let world = history().await;
    let seen = at_width(&world, "requests list", 150).await;
    golden("requests-list", &seen.out);
    assert_eq!((seen.exit, seen.err.as_str()), (Exit::Ok, ""));
    assert_eq!(ids(&world, "").await, [5, 4, 3, 2]);
}

#[tokio::test]
async fn a_list_of_requests_is_narrowed_by_each_of_its_options() {
    let world = history().await;
    for (options, found) in [
        ("--since 30d", &[5, 4, 3, 2, 1][..]),
        ("--since 3h", &[5, 4]),
        ("--since 2026-11-21", &[5, 4, 3]),
        ("--limit 2", &[5, 4]),
        ("--standing refused", &[4, 3]),
        ("--standing refused,awaiting_approval --limit 2", &[5, 4]),
        ("--secret prod/db/ledger", &[3]),
        ("--secret db/ledger", &[3]),
        ("--secret db/orders --since 30d", &[5, 2, 1]),
        ("--standing planned", &[]),
    ] {
        assert_eq!(ids(&world, options).await, found, "{options}");
    }
    let seen = typed(&world, "requests list --standing planned").await;
    assert!(
        seen.err.contains("no such request came since 2026-11-15"),
        "{}",
        seen.err
    );
    let seen = typed(&world, "requests list --limit 2").await;
    assert!(seen.err.contains("there may be more"), "{}", seen.err);
}

#[tokio::test]
async fn more_requests_than_one_page_of_a_day_are_all_listed() {
    let world = shop().await;
    for number in 0..230 {
        let one = request(number, NOW - 3_600 - i64::from(number), json!({}));
        world.office.settle(one, None).await;
    }
    let found = ids(&world, "--limit 1000").await;
    assert_eq!(found, (0..230).collect::<Vec<u64>>());
}

#[tokio::test]
async fn everything_that_is_known_of_a_request_is_shown() {
    let world = shop().await;
    typed(&world, &format!("{LINE} --correlation-id rollout-42")).await;
    let token = world.office.last();
    world.office.is(&orders_rotated(token.as_str())).await;
    let end = Standing::Ended {
        outcome: "success".into(),
        at: NOW,
        class: None,
        message: None,
    };
    world.office.stands(&token, end).await;
    let seen = at_width(&world, &format!("requests show {token}"), 110).await;
    golden("requests-show", &seen.out);
    let seen = typed(&world, &format!("requests show {token} --json")).await;
    golden("requests-show-json", &seen.out);
    assert_eq!(seen.exit, Exit::Ok);
}

#[tokio::test]
async fn a_refusal_is_shown_with_its_advice() {
    let world = history().await;
    let id = "00000000-0000-5000-8000-000000000003";
    let seen = typed(&world, &format!("requests show {id}")).await;
    assert_eq!(seen.exit, Exit::Ok);
    for text in [
        "refused (window_closed)",
        "the window is closed",
        "mend that",
    ] {
        assert!(seen.out.contains(text), "{}", seen.out);
    }
}

#[tokio::test]
async fn an_id_that_nobody_knows_and_one_that_is_none() {
    let world = shop().await;
    let id = "00000000-0000-5000-8000-000000000009";
    let seen = typed(&world, &format!("requests show {id}")).await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(seen.err.contains("rekey replay list"), "{}", seen.err);
    let seen = typed(&world, "requests show nine").await;
    assert_eq!(seen.exit, Exit::Usage);
    assert!(seen.err.contains("UUID"), "{}", seen.err);
}

/// A request of operators that waits, and its id.
async fn waiting() -> (TestWorld, String) {
    let mut state = orders();
    state.secret.approval_manual = true;
    let world = TestWorld::empty().with(state).await;
    for (name, actor) in [
        ("operators", "platform on-call"),
        ("leads", "team leads"),
        ("readers", "auditors"),
    ] {
        world.office.allows(name, actor).await;
    }
    typed(&world, LINE).await;
    let id = world.office.last().as_str().to_owned();
    (world, id)
}

#[tokio::test]
async fn somebody_else_approves_and_it_goes_on() {
    let (world, id) = waiting().await;
    let line = format!("requests approve {id} --reason 'seen it' --as leads");
    let seen = at_a_terminal(&world, &line, "y\n").await;
    golden("requests-approve", &seen.both());
    assert_eq!(seen.exit, Exit::Ok);
    let (source, event, _) = world.office.asked().remove(1);
    assert_eq!(source, "rekey.requester.leads");
    assert_eq!(event["key"], "db/orders");
    assert_eq!(event["metadata"], json!({ "approves": id }));
    assert_eq!(event["reason"], "seen it");
    let request = world
        .store
        .request(&id.as_str().into())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(request.approved_by.as_deref(), Some("team leads"));
    assert_eq!(request.standing, Standing::Rotating { at: NOW });
}

#[tokio::test]
async fn an_approval_is_a_document_of_both_requests() {
    let (world, id) = waiting().await;
    let line = format!("requests approve {id} --as leads --yes --json");
    let seen = typed(&world, &line).await;
    let document = seen.json();
    assert_eq!(document["approval"]["standing"], "approved");
    assert_eq!(document["approval"]["approves"], id.as_str());
    assert_eq!(document["request"]["id"], id.as_str());
    assert_eq!(document["request"]["approved_by"], "team leads");
}

/// A request that waits, approved while RotateSecret is throttled, and what happens then.
async fn approved_and_then(standing: Option<Standing>) -> (Seen, String) {
    let (world, id) = waiting().await;
    *world.office.is_throttled.lock().unwrap() = true;
    let then = standing.map(|standing| Later::Other(id.as_str().into(), standing));
    world.office.later(then);
    let line = format!("requests approve {id} --as leads --yes");
    (typed(&world, &line).await, id)
}

#[tokio::test]
async fn what_was_approved_and_refused_after_that_is_told_as_refused() {
    let refusal = refusal_of("permission", "Secrets Manager does not let us");
    let (seen, id) = approved_and_then(Some(Standing::Refused(refusal))).await;
    golden("requests-approve-refused", &seen.both());
    assert_eq!((seen.exit, seen.out.as_str()), (Exit::Refused, ""));
    let told = format!("the request {id} was approved, and refused after that");
    assert!(seen.err.contains(&told), "{}", seen.err);
}

#[tokio::test]
async fn what_was_approved_and_waits_for_its_turn_goes_on() {
    let (seen, _) = approved_and_then(None).await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(seen.out.contains("goes on; it is accepted"), "{}", seen.out);
}

#[tokio::test]
async fn an_approval_that_nobody_goes_on_with_is_no_end() {
    let (world, id) = waiting().await;
    let token = id.as_str().into();
    let request = world.store.request(&token).await.unwrap().unwrap();
    let awaits = request.standing;
    *world.office.is_throttled.lock().unwrap() = true;
    world.office.later([Later::Other(token.clone(), awaits)]);
    let line = format!("requests approve {id} --as leads --yes --timeout 20s");
    let seen = typed(&world, &line).await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(
        seen.err
            .contains("approved, and was not gone on with after 20 s"),
        "{}",
        seen.err
    );
}

#[tokio::test]
async fn an_approval_that_time_alone_is_in_the_way_of_is_refused_and_the_request_waits_on() {
    let (world, id) = waiting().await;
    // The owner gave it a window meanwhile, and this is a Sunday.
    let mut state = orders();
    state.secret.approval_manual = true;
    state.secret.window_tag = Some("Mon 02:00-04:00".into());
    world.looks(
        "prod/db/orders",
        Ok(Look::Found(Box::new(snapshot(&state)))),
    );
    let line = format!("requests approve {id} --as leads --yes");
    let seen = typed(&world, &line).await;
    assert_eq!(seen.exit, Exit::Refused);
    for told in [
        "refused (window_closed)",
        "the same may be accepted in 26 h",
        "waits for its approval still, until in 24 h",
    ] {
        assert!(seen.err.contains(told), "{}", seen.err);
    }
    let request = world.store.request(&id.as_str().into()).await.unwrap();
    let request = request.unwrap();
    assert!(matches!(
        request.standing,
        Standing::AwaitingApproval { .. }
    ));
    assert_eq!(request.approved_by, None);
    // As it is again, it is approved.
    state.secret.window_tag = None;
    world.looks(
        "prod/db/orders",
        Ok(Look::Found(Box::new(snapshot(&state)))),
    );
    assert_eq!(typed(&world, &line).await.exit, Exit::Ok);
}

#[tokio::test]
async fn nobody_approves_their_own_or_without_being_asked() {
    let (world, id) = waiting().await;
    let seen = typed(&world, &format!("requests approve {id} --as leads")).await;
    assert_eq!(seen.exit, Exit::Usage);
    assert_eq!(world.office.asked().len(), 1);
    for name in ["operators", "readers", "strangers"] {
        let seen = typed(&world, &format!("requests approve {id} --as {name} --yes")).await;
        assert_eq!(seen.exit, Exit::Refused, "{name}");
        assert!(seen.err.contains("forbidden"), "{}", seen.err);
    }
    let waits = world
        .store
        .request(&id.as_str().into())
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(waits.standing, Standing::AwaitingApproval { .. }));
    let seen = typed(&world, &format!("requests approve {id} --as readers --yes")).await;
    assert!(
        seen.err
            .contains("waits for its approval still, until in 24 h"),
        "{}",
        seen.err
    );
}

#[tokio::test]
async fn what_does_not_wait_cannot_be_approved() {
    let world = history().await;
    let refused = "00000000-0000-5000-8000-000000000003";
    let seen = typed(
        &world,
        &format!("requests approve {refused} --as leads --yes"),
    )
    .await;
    assert_eq!(seen.exit, Exit::Refused);
    // One that names no secret is not even asked for.
    let asked = world.office.asked().len();
    let nameless = "00000000-0000-5000-8000-000000000004";
    let seen = typed(
        &world,
        &format!("requests approve {nameless} --as leads --yes"),
    )
    .await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.err.contains("waits for nobody"), "{}", seen.err);
    assert_eq!(world.office.asked().len(), asked);
}
