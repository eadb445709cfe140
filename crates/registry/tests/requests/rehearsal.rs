//! A dry run: every check, the target asked, and nothing changed.

use rekey_events::Source;
use rekey_registry::request::{
    Checked, Handled, Planned, Rehearsal, Requests as _, Standing, rehearsed,
};
use rekey_registry::{Order, VersionId};
use serde_json::{Value, json};

use crate::office::{NAME, Office, PAYMENTS, VIEWER, refusal};

fn dry() -> Value {
    json!({ "metadata": { "dry_run": true, "rollout_note": "CHG-7" } })
}

fn checked(name: &str, result: &str) -> Checked {
    Checked {
        name: name.to_owned(),
        result: result.to_owned(),
        class: None,
        message: None,
    }
}

async fn answer(office: &Office, token: &VersionId, failure: Option<(&str, &str)>) -> bool {
    let rehearsal = Rehearsal {
        checks: vec![checked("reachable", "passed"), checked("tls", "passed")],
        steps: vec![Planned {
            step: "setSecret".to_owned(),
            message: "sets the password of the idle user".to_owned(),
        }],
        failure: failure.map(|(class, message)| (class.to_owned(), message.to_owned())),
    };
    let bus = office.bus.as_seen_by(Source::Retire);
    rehearsed(
        &office.store,
        &bus,
        token,
        &rehearsal,
        &office.policy,
        office.now,
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn it_asks_the_target_through_the_function_that_can_and_calls_nothing() {
    let office = Office::open().await;
    let before = (office.secrets.snapshot(NAME), office.secret());
    let request = office.ask(PAYMENTS, dry()).await;
    assert_eq!(request.standing.as_str(), "rehearsing");
    let orders = office.queue.taken();
    let current = office.secrets.holder(NAME, "AWSCURRENT").unwrap();
    assert!(
        matches!(&orders[..], [Order::Rehearse { version, request: of, .. }]
            if *version == current && *of == request.token),
        "{orders:?}"
    );
    assert_eq!(office.calls(), 0);
    assert!(answer(&office, &request.token, None).await);
    let known = office.store.request(&request.token).await.unwrap().unwrap();
    assert!(matches!(known.standing, Standing::Planned { .. }));
    let told = office.announced("rekey.request.answered");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].detail["answer"], "planned");
    assert_eq!(told[0].detail["dry_run"], true);
    assert_eq!(told[0].detail["checks"][0]["name"], "reachable");
    assert_eq!(told[0].detail["steps"][0]["step"], "setSecret");
    let after = (office.secrets.snapshot(NAME), office.secret());
    assert_eq!(before, after, "a dry run changed something");
}

#[tokio::test]
async fn what_fails_at_the_target_is_refused_with_the_checks_that_passed() {
    let office = Office::open().await;
    let request = office.ask(PAYMENTS, dry()).await;
    let failure = Some(("permission", "the superuser may not alter the role"));
    answer(&office, &request.token, failure).await;
    let known = office.store.request(&request.token).await.unwrap().unwrap();
    assert_eq!(refusal(&known).class, "permission");
    assert_eq!(refusal(&known).checks.len(), 2);
    let told = office.announced("rekey.request.refused");
    assert_eq!(told[0].detail["dry_run"], true);
    assert_eq!(told[0].detail["checks"][1]["name"], "tls");
}

#[tokio::test]
async fn what_would_be_refused_is_refused_without_asking_the_target() {
    let office = Office::open().await;
    office.tag("rekey:window", "Sun 03:00-03:01").await;
    assert_eq!(office.refused(PAYMENTS, dry()).await.class, "window_closed");
    let mut later = office.clone();
    later.now += 1;
    assert_eq!(later.refused(VIEWER, dry()).await.class, "forbidden");
    assert_eq!(office.queue.taken(), []);
}

#[tokio::test]
async fn before_the_first_rotation_it_need_not_accept_a_gap_that_nobody_knows_of() {
    let office = Office::open().await;
    office.tag("rekey:strategy", "").await;
    let request = office.ask(PAYMENTS, dry()).await;
    assert_eq!(request.standing.as_str(), "rehearsing");
    office.tag("rekey:strategy", "single-user").await;
    let mut later = office.clone();
    later.now += 1;
    assert_eq!(
        later.refused(PAYMENTS, dry()).await.class,
        "invalid_request"
    );
}

#[tokio::test]
async fn it_does_not_count_as_a_rotation() {
    let mut office = Office::open().await;
    let request = office.ask(PAYMENTS, dry()).await;
    answer(&office, &request.token, None).await;
    office.now += 1;
    office.rotating(PAYMENTS, json!({})).await;
}

#[tokio::test]
async fn an_answer_that_comes_twice_is_told_once_and_one_that_nobody_waits_for_is_left() {
    let office = Office::open().await;
    let request = office.ask(PAYMENTS, dry()).await;
    answer(&office, &request.token, None).await;
    answer(&office, &request.token, Some(("internal", "late"))).await;
    assert_eq!(office.announced("rekey.request.answered").len(), 1);
    assert_eq!(office.announced("rekey.request.refused").len(), 0);
    let unknown = VersionId::new("00000000-0000-5000-8000-000000000001");
    assert!(!answer(&office, &unknown, None).await);
    let mut later = office.clone();
    later.now += 1;
    let rotating = later.rotating(PAYMENTS, json!({})).await;
    assert!(!answer(&later, &rotating.token, None).await);
}

#[tokio::test]
async fn an_order_that_was_lost_is_sent_again_by_the_repeated_message() {
    let office = Office::open().await;
    let ask = crate::office::asked(PAYMENTS, office.now, dry());
    office.handle(&ask).await.unwrap();
    let again = office.handle(&ask).await.unwrap();
    assert!(matches!(again, Handled::Again { .. }), "{again:?}");
    assert_eq!(office.queue.taken().len(), 2);
    answer(&office, &ask.token, None).await;
    let done = office.handle(&ask).await.unwrap();
    assert!(matches!(done, Handled::Done(_)), "{done:?}");
    assert_eq!(office.queue.taken().len(), 2);
}

#[tokio::test]
async fn one_that_nobody_answers_is_given_up() {
    let mut office = Office::open().await;
    let ask = crate::office::asked(PAYMENTS, office.now, dry());
    office.handle(&ask).await.unwrap();
    office.now += 15 * crate::office::MINUTE;
    office.handle(&ask).await.unwrap();
    let request = office.stands(&ask.token).await;
    assert_eq!(refusal(&request).class, "target_unreachable");
    assert_eq!(office.announced("rekey.request.refused").len(), 1);
}
