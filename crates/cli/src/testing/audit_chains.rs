//! Chains whose names somebody took out of the list of chains.

use rekey_audit::Chain;
use rekey_audit::testing::Attacker;
use serde_json::json;

use super::audit_verify::{findings, own_keys};
use super::trail::{kept, record, writes};
use super::typed::typed;
use super::world::{NOW, TestWorld};
use crate::exit::Exit;

/// The trail, and a chain that no checkpoint speaks of and that is not in the list of chains.
async fn nameless() -> TestWorld {
    let mut world = kept().await;
    let records: Vec<_> = (300..303)
        .map(|number| record(number, NOW - 60, json!({ "tenant": "initech" })))
        .collect();
    writes(&world, &records, NOW - 60).await;
    world.trail.nameless = vec![Chain::parse("initech").unwrap()];
    world
}

#[tokio::test]
async fn a_chain_whose_name_is_gone_is_looked_at_when_it_is_named() {
    let line = "audit verify --json --tenant initech";
    let initech = Chain::parse("initech").unwrap();
    let world = nameless().await;
    let seen = typed(&world, line).await;
    assert_eq!(seen.exit, Exit::Ok, "{}{}", seen.out, seen.err);
    assert_eq!(seen.json()["chains"][0]["records"], 3);
    assert!(
        seen.err.contains("initech is not in the list of chains"),
        "{}",
        seen.err
    );
    Attacker::new(&world.trail, initech.clone(), own_keys()).edits(2, "actor_id", "nobody");
    let seen = typed(&world, line).await;
    assert_eq!(
        (seen.exit, findings(&seen)),
        (
            Exit::Drift,
            vec!["altered".to_owned(), "misfiled".to_owned()]
        )
    );
    // Its end alone is left.
    let world = nameless().await;
    Attacker::new(&world.trail, initech.clone(), own_keys()).cuts_off_after(0);
    let seen = typed(&world, line).await;
    assert_eq!(
        (seen.exit, findings(&seen)),
        (Exit::Drift, vec!["cut_tail".to_owned()])
    );
    // Nothing at all is left.
    Attacker::new(&world.trail, initech, own_keys()).removes_the_chain();
    assert_eq!(typed(&world, line).await.exit, Exit::Usage);
}

#[tokio::test]
async fn a_chain_that_checkpoints_name_is_told_when_its_own_name_is_gone() {
    let mut world = kept().await;
    world.trail.nameless = vec![Chain::parse("acme").unwrap()];
    let seen = typed(&world, "audit verify --json").await;
    assert_eq!(
        (seen.exit, &seen.json()["chains"][0]["records"]),
        (Exit::Ok, &json!(7))
    );
    assert!(
        seen.err.contains("acme is not in the list of chains"),
        "{}",
        seen.err
    );
}
