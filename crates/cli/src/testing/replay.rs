//! `rekey replay ...`

use serde_json::{Value, json};

use super::golden::golden;
use super::typed::{at_width, typed};
use super::world::TestWorld;
use crate::exit::Exit;
use crate::functions::InvokeError;

const ID: &str = "5fea7756-0ea4-451a-a703-a558b933e274";

fn parked() -> Value {
    json!({
        "messages": [
            {
                "id": ID, "parked_at": "2026-11-21T22:00:00Z", "class": "invalid_request", "received": 1,
                "reason": "`detail.metadata.force` is no boolean",
                "body": "{\"detail\":{\"key\":\"db/orders\",\"metadata\":{\"force\":\"yes\"}}}",
            },
            {
                "id": "0c1c0a34-7a6e-4be0-a6d1-9cf1d9a92a11", "parked_at": 1_795_302_000, "class": null,
                "reason": null, "received": 5, "body": "\u{1b}[2Jnot JSON",
            },
        ],
        "more": false,
    })
}

fn answering(answer: Value) -> TestWorld {
    TestWorld::empty().answers([Ok(answer)])
}

#[tokio::test]
async fn what_was_set_aside_is_listed_with_the_reason_and_without_what_stands_in_it() {
    let world = answering(parked());
    let seen = at_width(&world, "replay list", 120).await;
    golden("replay-list", &seen.out);
    assert_eq!((seen.exit, seen.err.as_str()), (Exit::Ok, ""));
    let asked = world.asked();
    assert_eq!(
        asked,
        [("rekey-prod-sweep".to_owned(), json!({ "job": "parked" }))]
    );
    let seen = typed(&world, "replay list --json").await;
    golden("replay-list-json", &seen.out);
    assert!(!seen.out.contains("body"));
    let seen = typed(
        &answering(json!({ "messages": [], "more": false })),
        "replay list",
    )
    .await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(
        seen.err.contains("no request was set aside"),
        "{}",
        seen.err
    );
}

#[tokio::test]
async fn one_is_shown_with_what_stands_in_it() {
    let world = answering(parked());
    let seen = typed(&world, &format!("replay show {ID}")).await;
    golden("replay-show", &seen.out);
    let seen = typed(&world, &format!("replay show {ID} --json")).await;
    assert_eq!(seen.json()["body"]["detail"]["key"], "db/orders");
    assert_eq!(seen.json()["class"], "invalid_request");
}

#[tokio::test]
async fn what_somebody_sent_moves_no_cursor() {
    let world = answering(parked());
    let line = "replay show 0c1c0a34-7a6e-4be0-a6d1-9cf1d9a92a11";
    let seen = typed(&world, line).await;
    assert!(
        seen.out.contains("not JSON") && !seen.out.contains('\u{1b}'),
        "{}",
        seen.out
    );
    assert!(seen.out.contains("2026-11-21T23:00:00Z"), "{}", seen.out);
    let seen = typed(&world, &format!("{line} --json")).await;
    assert_eq!(seen.json()["body"], "\u{1b}[2Jnot JSON");
}

#[tokio::test]
async fn one_that_is_not_there_is_a_failure() {
    let mut many = parked();
    many["more"] = json!(true);
    let seen = typed(&answering(many), "replay show nothing").await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(
        seen.err.contains("more messages than one look"),
        "{}",
        seen.err
    );
}

#[tokio::test]
async fn some_or_all_are_sent_back() {
    let world = answering(json!({ "sent": [ID], "missing": [] }));
    let seen = typed(&world, &format!("replay send {ID}")).await;
    golden("replay-send", &format!("{}{}", seen.out, seen.err));
    assert_eq!(seen.exit, Exit::Ok);
    assert_eq!(world.asked()[0].1, json!({ "job": "replay", "ids": [ID] }));
    typed(&world, "replay send --all").await;
    assert_eq!(world.asked()[1].1, json!({ "job": "replay", "all": true }));
}

#[tokio::test]
async fn more_than_the_job_takes_at_once_are_sent_in_parts() {
    let world = answering(json!({ "sent": [ID], "missing": [] }));
    let many: Vec<_> = (0..150).map(|number| number.to_string()).collect();
    let seen = typed(&world, &format!("replay send {}", many.join(" "))).await;
    assert!(seen.out.contains("2 messages"), "{}", seen.out);
    let asked = world.asked();
    let counts: Vec<_> = asked
        .iter()
        .map(|(_, order)| order["ids"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [100, 50]);
    let hundred = vec![ID; 100];
    let world = answering(json!({ "sent": hundred, "missing": [] }));
    let seen = typed(&world, "replay send --all").await;
    assert!(seen.err.contains("there may be more"), "{}", seen.err);
    assert_eq!(world.asked().len(), 1);
}

#[tokio::test]
async fn one_that_is_gone_is_told_and_the_others_are_sent() {
    let world = answering(json!({ "sent": [ID], "missing": ["other"] }));
    let seen = typed(&world, &format!("replay send {ID} other --json")).await;
    assert_eq!(seen.exit, Exit::Failed);
    assert_eq!(seen.json(), json!({ "sent": [ID], "missing": ["other"] }));
    assert!(seen.err.contains("not there: other"), "{}", seen.err);
}

#[tokio::test]
async fn replaying_is_the_operators() {
    let denied = InvokeError::Denied("lambda:InvokeFunction".into());
    let world = TestWorld::empty().answers([Err(denied)]);
    for line in ["replay list", "replay send --all"] {
        let seen = typed(&world, line).await;
        assert_eq!(seen.exit, Exit::Failed);
        assert!(
            seen.err.contains("rekey-prod-eu-west-1-operator"),
            "{}",
            seen.err
        );
    }
    let seen = typed(&answering(json!({ "lag": 3 })), "replay list").await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(seen.err.contains("different versions"), "{}", seen.err);
}
