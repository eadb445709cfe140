//! `rekey impact`

use rekey_registry::request::{Requests, Settlement, Turn};
use rekey_registry::{Look, LookError, SeenVersion};
use serde_json::json;

use super::cast::{everybody, orders, state};
use super::golden::golden;
use super::rotate::{LINE, shop};
use super::typed::{at_width, typed};
use super::world::{NOW, TestWorld, snapshot};
use crate::exit::Exit;

#[tokio::test]
async fn whoever_is_affected_is_shown_and_what_a_request_would_come_to() {
    let world = shop().await;
    let seen = at_width(&world, "impact prod/db/orders", 110).await;
    golden("impact", &seen.out);
    assert_eq!((seen.exit, seen.err.as_str()), (Exit::Ok, ""));
    let seen = typed(&world, "impact prod/db/orders --json").await;
    golden("impact-json", &seen.out);
    assert!(world.office.asked().is_empty());
}

#[tokio::test]
async fn what_time_alone_is_in_the_way_of_is_told_with_that_time() {
    let world = everybody().await;
    let seen = typed(&world, "impact prod/db/app-primary --json").await;
    let request = &seen.json()["request"];
    assert_eq!(request["accepted"], false);
    assert_eq!(request["class"], "grace_running");
    assert_eq!(request["accepted_at"], "2026-11-22T22:00:00Z");
    assert_eq!(
        seen.json()["needs"],
        json!(["--note or --window", "--accept-no-overlap"])
    );
    let seen = typed(&world, "impact prod/smtp/sendgrid --json").await;
    assert_eq!(seen.json()["request"]["class"], "invalid_request");
    assert!(seen.json()["request"]["accepted_at"].is_null());
}

#[tokio::test]
async fn a_look_at_the_secret_counts_and_without_one_it_is_judged_by_the_record() {
    let world = shop().await;
    let mut seen = snapshot(&orders());
    seen.versions.push(SeenVersion {
        id: "f0000000-0000-4000-8000-000000000005".into(),
        created_ms: Some(NOW * 1_000),
        labels: ["AWSPENDING".to_owned()].into(),
    });
    world.looks("prod/db/orders", Ok(Look::Found(Box::new(seen))));
    // Its event has not come: the record knows of no rotation.
    let seen = typed(&world, "impact prod/db/orders --json").await;
    assert_eq!(seen.json()["request"]["class"], "rotation_open");
    assert_eq!(seen.json()["request"]["judged_by"], "look");

    for look in [
        Err(LookError::Denied("no such right".into())),
        Ok(Look::Missing),
    ] {
        world.looks("prod/db/orders", look);
        let seen = typed(&world, "impact prod/db/orders --json").await;
        assert_eq!(seen.exit, Exit::Ok);
        assert_eq!(seen.json()["request"]["accepted"], true);
        assert_eq!(seen.json()["request"]["judged_by"], "record");
        let seen = typed(&world, "impact prod/db/orders").await;
        assert!(seen.out.contains("by the record alone"), "{}", seen.out);
    }
}

/// A secret with a policy of its own.
async fn careful(window: &str) -> TestWorld {
    let mut careful = orders();
    careful.secret.window_tag = Some(window.into());
    careful.secret.approval_manual = true;
    TestWorld::empty().with(careful).await
}

#[tokio::test]
async fn a_window_says_until_when_or_from_when_it_is_open() {
    // A Sunday, at midnight.
    for (window, told) in [
        ("Sun 00:00-04:00", "open, until in 4 h"),
        ("Mon 02:00-04:00", "closed, opens in 26 h"),
        ("whenever", "never opens"),
    ] {
        let seen = typed(&careful(window).await, "impact prod/db/orders").await;
        assert!(seen.out.contains(told), "{}", seen.out);
        assert!(
            seen.out.contains("somebody else must approve"),
            "{}",
            seen.out
        );
    }
    let seen = typed(
        &careful("Mon 02:00-04:00").await,
        "impact prod/db/orders --json",
    )
    .await;
    let document = seen.json();
    assert_eq!(document["window"]["open"], false);
    assert_eq!(document["window"]["opens_at"], "2026-11-23T02:00:00Z");
    assert_eq!(document["request"]["accepted_at"], "2026-11-23T02:00:00Z");
    assert_eq!(document["approval"], true);
    // A window of its own is all that production asks for.
    assert_eq!(document["needs"], json!([]));
}

#[tokio::test]
async fn the_turn_of_another_secret_of_the_service_is_told() {
    let world = shop().await;
    let other = json!({
        "name": "prod/db/carts", "owner": "shop", "service": "shop", "rotation_enabled": true,
    });
    let world = world.with(state(other, vec![])).await;
    typed(&world, LINE).await;
    let token = world.office.last();
    let request = world.store.request(&token).await.unwrap().unwrap();
    let taken = world.store.turn("shop").await.unwrap().unwrap();
    assert_eq!(taken.secret, "prod/db/orders");
    let seen = typed(&world, "impact prod/db/carts --json").await;
    assert_eq!(seen.json()["turn"]["free_at"], "2026-11-22T01:00:00Z");
    let seen = typed(&world, "impact prod/db/carts").await;
    assert!(
        seen.out.contains("prod/db/orders was rotated now"),
        "{}",
        seen.out
    );
    // Its own turn is in nobody's way, and an old one neither.
    let seen = typed(&world, "impact prod/db/orders --json").await;
    assert!(seen.json()["turn"]["free_at"].is_null());
    let old = Turn {
        at: NOW - 2 * 60 * 60,
        ..taken.clone()
    };
    let mut settled = request.clone();
    settled.revision += 1;
    let settlement = Settlement {
        expected: Some(request.revision),
        request: settled,
        other: None,
        secret: None,
        turn: Some((old, Some(taken))),
    };
    world.store.settle(&settlement).await.unwrap();
    let seen = typed(&world, "impact prod/db/carts").await;
    assert!(seen.out.contains("no other secret of it"), "{}", seen.out);
}
