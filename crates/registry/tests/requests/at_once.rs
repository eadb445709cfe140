//! Two handlers at once, each standing still before each of its calls while the other goes on.

use std::pin::Pin;

use rekey_registry::Failed;
use rekey_registry::request::{Ask, Desk, Handled, Standing};
use serde_json::{Value, json};

use crate::office::{Caller, NAME, Office, PAYMENTS, asked};
use crate::world::{Process, Seeded, drive};

/// How many orders of the two are tried besides those in which each overtakes the other once.
const ORDERS: u64 = 300;

type Handling<'a> = Pin<Box<dyn Future<Output = Result<Handled, Failed>> + 'a>>;

/// Runs both, whichever is next by the seed; how often each was called upon.
fn both(office: &Office, asks: [&Ask; 2], seed: u64) -> [Result<Handled, Failed>; 2] {
    let ports = [Process::stepping(), Process::stepping()].map(|process| {
        let rotate = Caller {
            at: office.now,
            ..office.rotate.clone()
        };
        (
            process.through(office.store.clone()),
            process.through(office.secrets.clone()),
            process.through(office.bus.clone()),
            process.through(office.queue.clone()),
            process.through(rotate),
        )
    });
    let desks = ports
        .each_ref()
        .map(|(store, secrets, publisher, orders, rotate)| Desk {
            store,
            secrets,
            publisher,
            rotate,
            orders,
            policy: &office.policy,
        });
    let [one, other] = &desks;
    let mut handling: [Handling<'_>; 2] = [
        Box::pin(one.handle(asks[0], office.now)),
        Box::pin(other.handle(asks[1], office.now)),
    ];
    let mut done = [None, None];
    let mut seeded = Seeded::new(seed);
    // The first seeds let one go far ahead of the other, the others mix.
    let ahead = usize::try_from(seed % 30).unwrap();
    for step in 0.. {
        if done.iter().all(Option::is_some) {
            break;
        }
        assert!(step < 10_000, "neither comes to an end");
        let next = if step < ahead { 0 } else { seeded.below(2) };
        if done[next].is_none() {
            done[next] = drive(&mut handling[next]);
        }
    }
    done.map(Option::unwrap)
}

fn words(handled: &[Result<Handled, Failed>; 2]) -> Vec<&'static str> {
    let mut words: Vec<_> = handled
        .iter()
        .map(|one| match one.as_ref().unwrap() {
            Handled::Done(request) => request.standing.as_str(),
            Handled::Again { .. } => "again",
            Handled::Clash => "clash",
        })
        .collect();
    words.sort_unstable();
    words
}

fn with_id(number: u32, more: Value) -> Value {
    let mut all = json!({ "event_id": crate::rules::id(number) });
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

#[tokio::test]
async fn of_two_copies_of_a_request_one_rotates_and_both_say_so() {
    for seed in 1..=ORDERS {
        let office = Office::open().await;
        let ask = asked(PAYMENTS, office.now, json!({}));
        let handled = both(&office, [&ask, &ask], seed);
        assert_eq!(words(&handled), ["rotating", "rotating"], "{seed}");
        let versions = office.secrets.snapshot(NAME).versions;
        assert_eq!(versions.len(), 2, "{seed}: one version came of it");
        let mut told = office.announced("rekey.request.answered");
        told.dedup_by_key(|one| one.event_id);
        assert_eq!(told.len(), 1, "{seed}");
    }
}

#[tokio::test]
async fn of_two_requests_for_one_secret_one_is_accepted() {
    for seed in 1..=ORDERS {
        let office = Office::open().await;
        let one = asked(PAYMENTS, office.now, with_id(1, json!({})));
        let other = asked(PAYMENTS, office.now, with_id(2, json!({})));
        let handled = both(&office, [&one, &other], seed);
        assert_eq!(words(&handled), ["refused", "rotating"], "{seed}");
        assert_eq!(office.calls(), 1, "{seed}");
        assert_eq!(office.secret().requests.len(), 1, "{seed}");
    }
}

#[tokio::test]
async fn of_two_secrets_of_one_service_one_is_accepted() {
    for seed in 1..=ORDERS {
        let office = Office::open().await;
        office.register("prod/db/app-two").await;
        for name in [NAME, "prod/db/app-two"] {
            let change = crate::world::Change::Tag("rekey:service", "checkout".to_owned());
            office.secrets.apply(name, &change, office.now);
            office.see(name).await;
        }
        let one = asked(PAYMENTS, office.now, with_id(1, json!({})));
        let other = with_id(2, json!({ "key": "db/app-two" }));
        let other = asked(PAYMENTS, office.now, other);
        let handled = both(&office, [&one, &other], seed);
        assert_eq!(words(&handled), ["refused", "rotating"], "{seed}");
        assert_eq!(office.calls(), 1, "{seed}");
    }
}

#[tokio::test]
async fn a_request_and_its_outcome_do_not_overwrite_each_other() {
    // The switch is seen while the request is about to note that Secrets Manager has begun.
    let office = Office::open().await;
    let request = office.rotating(PAYMENTS, json!({})).await;
    office.finish(&request.token).await;
    let ended = office.stands(&request.token).await;
    assert!(matches!(ended.standing, Standing::Ended { .. }));
    let ask = asked(PAYMENTS, office.now, json!({}));
    let again = office.ask_again(&ask).await;
    assert_eq!(again.standing, ended.standing);
}
