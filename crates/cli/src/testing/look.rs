//! `rekey secrets ...`

use serde_json::json;

use super::cast::{app, everybody, id, state};
use super::golden::golden;
use super::typed::{at_width, typed};
use super::world::{NOW, TestWorld};
use crate::exit::Exit;

#[tokio::test]
async fn every_registered_secret_is_listed_with_how_it_stands() {
    let world = everybody().await;
    let seen = at_width(&world, "secrets list", 110).await;
    golden("secrets-list", &seen.out);
    assert_eq!((seen.exit, seen.err.as_str()), (Exit::Ok, ""));
    let seen = typed(&world, "secrets list --json --state grace").await;
    let shown = typed(&world, "secrets show prod/db/app-primary --json").await;
    assert_eq!(seen.json()["secrets"][0], shown.json()["secret"]);
}

#[tokio::test]
async fn a_list_is_narrowed_by_each_of_its_options() {
    let world = everybody().await;
    for (options, names) in [
        ("--kind generic", &["prod/smtp/sendgrid"][..]),
        ("--owner payments", &["prod/db/app-primary", "rds!db-5f2c"]),
        (
            "--state held,stuck",
            &["prod/db/ledger", "prod/db/reporting-ro"],
        ),
        ("--state managed", &["rds!db-5f2c"]),
        ("--state steady", &["prod/smtp/sendgrid"]),
        ("--consumer web", &["prod/db/app-primary"]),
        ("--prefix prod/smtp/", &["prod/smtp/sendgrid"]),
        (
            "--owner payments --kind postgres --state grace",
            &["prod/db/app-primary"],
        ),
        ("--owner nobody", &[]),
    ] {
        let seen = typed(&world, &format!("secrets list --json {options}")).await;
        let document = seen.json();
        let found = document["secrets"].as_array().unwrap().iter();
        let found: Vec<_> = found.map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(found, names, "{options}");
        assert_eq!(seen.exit, Exit::Ok);
    }
}

#[tokio::test]
async fn more_secrets_than_one_page_of_names_are_all_listed() {
    let mut world = TestWorld::empty();
    for number in 0..1_001 {
        let name = format!("prod/many/{number:04}");
        world = world.with(state(json!({ "name": name }), vec![])).await;
    }
    let seen = typed(&world, "secrets list --no-headers").await;
    assert_eq!(seen.out.lines().count(), 1_001);
}

#[tokio::test]
async fn an_empty_registry_says_how_a_secret_comes_into_it() {
    let seen = typed(&TestWorld::empty(), "secrets list").await;
    assert!(seen.err.contains("rekey:owner"), "{}", seen.err);
    let world = everybody().await;
    let seen = typed(&world, "secrets list --owner nobody").await;
    assert!(seen.err.contains("none of 5"), "{}", seen.err);
}

#[tokio::test]
async fn headings_are_left_out_when_they_are_not_wanted() {
    let world = everybody().await;
    let seen = typed(&world, "secrets list --no-headers").await;
    assert_eq!(seen.out.lines().count(), 5);
    assert!(!seen.out.contains("NAME"));
}

#[tokio::test]
async fn one_secret_is_shown_whole() {
    let world = everybody().await;
    let seen = at_width(&world, "secrets show prod/db/app-primary", 110).await;
    golden("secrets-show", &seen.out);
    let seen = typed(&world, "secrets show prod/db/app-primary --json").await;
    golden("secrets-show-json", &seen.out);
    let seen = at_width(&world, "secrets show prod/db/ledger", 110).await;
    assert!(seen.out.contains("resumed 2"), "{}", seen.out);
}

#[tokio::test]
async fn versions_are_listed_newest_first_with_what_became_of_each() {
    let world = everybody().await;
    let seen = at_width(&world, "secrets versions prod/db/app-primary", 130).await;
    golden("secrets-versions", &seen.out);
    let seen = typed(&world, "secrets versions prod/db/reporting-ro --json").await;
    golden("secrets-versions-json", &seen.out);
    let seen = typed(&world, "secrets versions prod/db/ledger").await;
    assert!(seen.out.contains("setSecret failed"), "{}", seen.out);
}

#[tokio::test]
async fn consumers_are_listed_with_whether_they_have_moved() {
    let world = everybody().await;
    let seen = at_width(&world, "secrets consumers prod/db/app-primary", 110).await;
    golden("secrets-consumers", &seen.out);
    let seen = typed(&world, "secrets consumers prod/db/app-primary --json").await;
    golden("secrets-consumers-json", &seen.out);
    let seen = typed(&world, "secrets consumers prod/smtp/sendgrid").await;
    assert!(seen.err.contains("AuditReads"), "{}", seen.err);
}

#[tokio::test]
async fn a_secret_is_found_by_its_arn() {
    let world = everybody().await;
    let arn = app().secret.arn;
    let seen = typed(&world, &format!("secrets versions {arn} --json")).await;
    assert_eq!(seen.json()["name"], "prod/db/app-primary");
}

#[tokio::test]
async fn an_arn_of_another_region_is_a_matter_of_the_command_line() {
    let world = everybody().await;
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db/app-primary-AbC123";
    let seen = typed(&world, &format!("secrets show {arn}")).await;
    assert_eq!(seen.exit, Exit::Usage);
    assert!(seen.err.contains("--region eu-central-1"), "{}", seen.err);
}

#[tokio::test]
async fn a_name_that_is_not_registered_brings_near_ones_and_the_way_in() {
    let world = everybody().await;
    let seen = typed(&world, "secrets show prod/db/app-primry").await;
    assert_eq!(seen.exit, Exit::Failed);
    golden("not-registered", &seen.err);
}

#[tokio::test]
async fn a_narrow_terminal_gets_narrow_tables() {
    let world = everybody().await;
    for line in [
        "secrets list",
        "secrets show prod/db/app-primary",
        "secrets versions prod/db/ledger",
    ] {
        for width in [60, 80, 100] {
            let seen = at_width(&world, line, width).await;
            let longest = seen.out.lines().map(|line| line.chars().count()).max();
            assert!(
                longest <= Some(usize::from(width)),
                "{line} at {width}:\n{}",
                seen.out
            );
        }
    }
}

#[tokio::test]
async fn what_somebody_wrote_into_a_record_moves_no_cursor() {
    let secret = json!({ "name": "prod/a", "owner": "\u{1b}]0;owned\u{7}payments" });
    let world = TestWorld::empty().with(state(
        secret,
        vec![json!({
            "id": id('a', 1), "number": 1, "state": "current", "labels": ["AWSCURRENT"],
            "rotation_reason": "\u{1b}[2J", "created_at": NOW,
        })],
    ));
    let world = world.await;
    for line in [
        "secrets list",
        "secrets show prod/a",
        "secrets versions prod/a",
        "doctor",
    ] {
        let seen = typed(&world, line).await;
        assert!(!seen.both().contains('\u{1b}'), "{line}");
    }
}
