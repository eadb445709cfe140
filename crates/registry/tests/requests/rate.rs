//! RotateSecret is called within a rate, fairly, and nothing is lost for it.

use rekey_registry::request::{Handled, Requests as _, share};
use serde_json::json;

use crate::office::{Office, PAYMENTS, asked};

async fn many(names: &[String]) -> Office {
    let mut office = Office::open().await;
    office.policy.rotations_per_second = 4;
    for name in names {
        office.register(name).await;
    }
    office
}

/// Every request is handled again and again, as a queue does, until it is done. How many seconds that
/// takes, and when each was.
async fn run(office: &mut Office, keys: &[String]) -> Vec<(String, i64)> {
    let begun = office.now;
    let mut open: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(number, key)| {
            let id = crate::rules::id(u32::try_from(number).unwrap());
            let more = json!({ "event_id": id, "key": key });
            (begun, asked(PAYMENTS, begun, more))
        })
        .collect();
    let mut done = Vec::new();
    while !open.is_empty() {
        let mut left = Vec::new();
        for (due, ask) in open {
            if due > office.now {
                left.push((due, ask));
                continue;
            }
            match office.handle(&ask).await.unwrap() {
                Handled::Again { after, .. } => left.push((office.now + after, ask)),
                Handled::Done(request) => {
                    assert_eq!(request.standing.as_str(), "rotating");
                    done.push((ask.key.clone(), office.now - begun));
                }
                Handled::Clash => panic!("no id was used twice"),
            }
        }
        open = left;
        office.now += 1;
        assert!(office.now - begun < 600, "{} are left", open.len());
    }
    done
}

#[tokio::test]
async fn no_second_has_more_calls_than_the_rate_and_none_is_lost() {
    let keys: Vec<_> = (0..60).map(|number| format!("db/n{number}")).collect();
    let names: Vec<_> = keys.iter().map(|key| format!("prod/{key}")).collect();
    let mut office = many(&names).await;
    let done = run(&mut office, &keys).await;
    assert_eq!(done.len(), 60);
    assert_eq!(office.calls(), 60);
    for second in 0..600 {
        let calls = done.iter().filter(|(_, at)| *at == second).count();
        assert!(calls <= 4, "{calls} in second {second}");
    }
}

#[tokio::test]
async fn a_small_tenant_is_not_kept_waiting_by_a_flood_of_another() {
    let flood = (0..80).map(|number| format!("tenant.flood.a.k{number}"));
    let few = (0..4).map(|number| format!("tenant.small.a.k{number}"));
    let keys: Vec<_> = flood.chain(few).collect();
    let mut office = many(&keys).await;
    let done = run(&mut office, &keys).await;
    assert_eq!(done.len(), 84);
    let last = |tenant: &str| {
        let of = done.iter().filter(|(key, _)| key.contains(tenant));
        of.map(|(_, at)| *at).max().unwrap()
    };
    let (small, flood) = (last("small"), last("flood"));
    assert!(small * 3 < flood, "{small} s and {flood} s");
}

#[tokio::test]
async fn a_tenant_that_is_alone_has_the_whole_rate() {
    let office = many(&[]).await;
    let mut taken = 0;
    for _ in 0..10 {
        let slot = office.store.take_slot(office.now, "acme", 4).await.unwrap();
        taken += u32::from(slot);
    }
    assert_eq!(taken, 4);
    assert_eq!((share(4, 1), share(4, 2), share(4, 9)), (4, 2, 1));
}
