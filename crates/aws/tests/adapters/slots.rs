//! The calls of RotateSecret in a second, over many processes.

use std::time::Instant;

use rekey_aws::RegistryTable;
use rekey_registry::request::Requests;

use crate::cloud::{Table, connection, table};

const SECOND: i64 = 1_795_326_000;
const MOST: u32 = 25;
const PROCESSES: usize = 6;

/// The store of another process.
fn process(table: &Table) -> RegistryTable {
    RegistryTable::new(&connection(), table.name.clone())
}

/// How many slots each tenant gets when several processes ask for both at once, 20 times each.
async fn taken(table: &Table, second: i64, tenants: [&'static str; 2]) -> ([u32; 2], u64) {
    let asking: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let store = process(table);
            tokio::spawn(async move {
                let mut taken = [0; 2];
                for _ in 0..20 {
                    for (tenant, count) in tenants.iter().zip(&mut taken) {
                        let slot = store.take_slot(second, tenant, MOST).await.unwrap();
                        *count += u32::from(slot);
                    }
                }
                (taken, store.usage().requests)
            })
        })
        .collect();
    let (mut all, mut requests) = ([0; 2], 0);
    for process in asking {
        let (taken, used) = process.await.unwrap();
        all = [all[0] + taken[0], all[1] + taken[1]];
        requests += used;
    }
    (all, requests)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_slots_of_a_second_are_taken_than_there_are_and_none_is_lost() {
    let table = table().await;
    let begun = Instant::now();
    let (all, requests) = taken(&table, SECOND, ["acme", "globex"]).await;
    assert_eq!(all[0] + all[1], MOST, "{all:?}");
    println!(
        "slots: {PROCESSES} processes asked 240 times and took {all:?} of {MOST} with {requests} requests in {:?}",
        begun.elapsed()
    );

    // Both have been seen: half each.
    let (halves, _) = taken(&table, SECOND + 1, ["globex", "acme"]).await;
    assert_eq!(halves[0] + halves[1], MOST, "{halves:?}");
    assert!(
        halves.iter().all(|half| *half <= MOST.div_ceil(2)),
        "{halves:?}"
    );
}

#[tokio::test]
async fn a_tenant_that_is_alone_gets_all_and_a_second_later_shares_with_who_came_too_late() {
    let table = table().await;
    let (one, two) = (process(&table), process(&table));
    for _ in 0..MOST {
        assert_eq!(one.take_slot(SECOND, "acme", MOST).await, Ok(true));
    }
    assert_eq!(one.take_slot(SECOND, "acme", MOST).await, Ok(false));
    assert_eq!(two.take_slot(SECOND, "globex", MOST).await, Ok(false));
    let mut taken = 0;
    while one.take_slot(SECOND + 1, "acme", MOST).await.unwrap() {
        taken += 1;
    }
    assert_eq!(taken, MOST.div_ceil(2));
    // Whoever is not heard of any more has no share.
    for _ in 0..MOST {
        assert_eq!(two.take_slot(SECOND + 3, "acme", MOST).await, Ok(true));
    }
}

#[tokio::test]
async fn a_second_is_forgotten_after_a_while() {
    let table = table().await;
    table.store.take_slot(SECOND, "acme", MOST).await.unwrap();
    let pk = format!("RATE#{SECOND}");
    assert_eq!(table.with("expires_at").await, [pk.as_str()]);
    let expires = table.get(&pk, "META", "expires_at").await.unwrap();
    let expires: i64 = expires.as_n().unwrap().parse().unwrap();
    assert!(expires > SECOND + 60);
}
