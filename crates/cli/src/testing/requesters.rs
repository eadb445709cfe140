//! `rekey requesters ...`

use rekey_registry::request::Requests;

use super::golden::golden;
use super::rotate::{LINE, shop};
use super::typed::{at_width, typed};
use super::world::{NOW, TestWorld};
use crate::exit::Exit;

const ALLOW: &str = "requesters allow deploy-pipeline --actor ci --role internal_admin";

#[tokio::test]
async fn whoever_may_ask_is_listed_with_what_counts_of_it() {
    let world = shop().await;
    typed(&world, &format!("{ALLOW} --scope db/ --scope tenant.acme")).await;
    let seen = at_width(&world, "requesters list", 150).await;
    golden("requesters-list", &seen.out);
    assert_eq!((seen.exit, seen.err.as_str()), (Exit::Ok, ""));
    let seen = typed(&world, "requesters list --json").await;
    golden("requesters-list-json", &seen.out);
    let seen = typed(&TestWorld::empty(), "requesters list").await;
    assert!(
        seen.err.contains("rekey requesters allow operators"),
        "{}",
        seen.err
    );
}

#[tokio::test]
async fn what_is_allowed_is_recorded_with_who_said_so_and_when() {
    let world = shop().await;
    let line = format!("{ALLOW} --may-approve --scope db/");
    let seen = typed(&world, &line).await;
    golden("requesters-allow", &format!("{}{}", seen.out, seen.err));
    assert_eq!(seen.exit, Exit::Ok);
    let source = "rekey.requester.deploy-pipeline";
    let actor = world.store.actor(source).await.unwrap().unwrap();
    assert!(actor.may_approve && !actor.may_force);
    assert_eq!(actor.since, NOW);
    assert_eq!(actor.recorded_by, world.caller);
    // In place of what was recorded, which is told.
    let seen = typed(&world, &ALLOW.replace("--actor ci", "--actor cd")).await;
    assert!(
        seen.err
            .contains("before: ci (internal_admin); may: rotate, approve"),
        "{}",
        seen.err
    );
    let actor = world.store.actor(source).await.unwrap().unwrap();
    assert!(!actor.may_approve && actor.scope.is_empty());
    assert_eq!(actor.name, "cd");
}

#[tokio::test]
async fn what_is_recorded_is_what_counts_from_then_on() {
    let world = shop().await;
    let line = format!("{LINE} --as deploy-pipeline");
    assert_eq!(typed(&world, &line).await.exit, Exit::Refused);
    typed(&world, &format!("{ALLOW} --scope smtp/")).await;
    assert_eq!(typed(&world, &line).await.exit, Exit::Refused);
    typed(&world, ALLOW).await;
    assert_eq!(typed(&world, &line).await.exit, Exit::Ok);
}

#[tokio::test]
async fn another_role_is_recorded_with_a_warning() {
    let world = shop().await;
    let line = "requesters allow audit --actor auditors --role viewer --may-force";
    let seen = typed(&world, line).await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(
        seen.err
            .contains("warning: the role viewer may ask for nothing"),
        "{}",
        seen.err
    );
    assert!(seen.out.contains("may: -"), "{}", seen.out);
}

#[tokio::test]
async fn a_scope_is_the_beginning_of_a_key() {
    let world = shop().await;
    for scope in ["prod/db/", "' '", "/", "db/*"] {
        let seen = typed(&world, &format!("{ALLOW} --scope {scope}")).await;
        assert_eq!(seen.exit, Exit::Usage, "{scope}");
    }
    let source = "rekey.requester.deploy-pipeline";
    assert_eq!(world.store.actor(source).await.unwrap(), None);
}

#[tokio::test]
async fn a_requester_is_forgotten_once() {
    let world = shop().await;
    let seen = typed(&world, "requesters remove leads").await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(seen.out.contains("removed"), "{}", seen.out);
    let seen = typed(&world, "requesters remove leads --json").await;
    assert_eq!(seen.exit, Exit::Ok);
    assert_eq!(seen.json()["removed"], false);
    let source = "rekey.requester.leads";
    assert_eq!(world.store.actor(source).await.unwrap(), None);
}

#[test]
fn what_may_not_be_written_is_told_with_the_administrators_policy() {
    let error = rekey_registry::StoreError::Denied("dynamodb:PutItem".into());
    let error = crate::world::of_write(&TestWorld::empty(), error);
    let advice = error.advice().join(" ");
    assert!(
        advice.contains("rekey-prod-eu-west-1-administrator"),
        "{advice}"
    );
}
