//! The registry's store on DynamoDB.

use rekey_events::EventId;
use rekey_registry::testing::store_suite;
use rekey_registry::{Next, Noted, Read, Store, Taken, What};

use crate::cloud::table;
use crate::given::{armed, loaded, registered, secret};

const AT: i64 = 1_700_003_600;

#[tokio::test]
async fn the_table_keeps_every_promise_of_a_store() {
    let table = table().await;
    match store_suite::run(&table.store).await {
        Ok(kept) => println!("the registry on DynamoDB: {kept} promises kept"),
        Err(broken) => panic!("{broken}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_take_the_same_deadline_at_once_one_has_it() {
    let table = table().await;
    let state = registered(&table, &armed(secret("db/app"), What::Retire, AT)).await;
    let due = state.dues().remove(0);
    let takers: Vec<_> = (0..8)
        .map(|_| {
            let (store, due) = (table.store.clone(), due.clone());
            tokio::spawn(async move { store.take(&due, Next::At(AT + 900)).await.unwrap() })
        })
        .collect();
    let mut ours = 0;
    for taker in takers {
        match taker.await.unwrap() {
            Taken::Ours(moved) => {
                assert_eq!(moved, due.after(Next::At(AT + 900)));
                ours += 1;
            }
            Taken::Gone => {}
        }
    }
    assert_eq!(ours, 1);
    let after = loaded(&table, "db/app").await;
    assert_eq!(after.secret.revision, state.secret.revision + 1);
    assert_eq!(after.dues(), [due.after(Next::At(AT + 900)).unwrap()]);
}

#[tokio::test]
async fn a_deadline_that_stays_in_its_place_is_taken_too() {
    let table = table().await;
    let state = registered(&table, &armed(secret("db/app"), What::Retire, AT)).await;
    let due = state.dues().remove(0);
    let Taken::Ours(Some(moved)) = table.store.take(&due, Next::At(AT)).await.unwrap() else {
        panic!("somebody else has it");
    };
    assert_eq!((moved.place(), moved.attempt), (due.place(), 1));
    let page = table.store.due(due.bucket(), AT, None).await.unwrap();
    assert_eq!(page.due, [moved]);
}

#[tokio::test]
async fn a_bucket_of_many_pages_is_read_to_its_end_while_it_is_emptied() {
    let table = table().await;
    // Names of one shard, more than two pages of them.
    let names = (0..).map(|number| format!("db/{number:04}"));
    let shard = rekey_registry::Bucket::shard_of("db/app");
    let names = names.filter(|name| rekey_registry::Bucket::shard_of(name) == shard);
    let mut expected = Vec::new();
    for name in names.take(205) {
        let state = registered(&table, &armed(secret(&name), What::Retire, AT)).await;
        expected.push(state.dues().remove(0));
    }
    let bucket = expected[0].bucket();
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = table.store.due(bucket, AT, after.as_deref()).await.unwrap();
        pages += 1;
        for due in &page.due {
            let taken = table.store.take(due, Next::Done(AT)).await.unwrap();
            assert_eq!(taken, Taken::Ours(None));
        }
        found.extend(page.due);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(found, expected);
    let left = table.store.due(bucket, AT, None).await.unwrap();
    assert!(left.due.is_empty());
}

#[tokio::test]
async fn the_record_of_a_read_expires_and_not_before_it_can_come_again() {
    let table = table().await;
    registered(&table, &armed(secret("db/app"), What::Retire, AT)).await;
    let read = Read {
        event_id: EventId::derive("event", "read"),
        name: "db/app".into(),
        service: Some("api".into()),
        at: AT,
        of_current: true,
    };
    assert_eq!(table.store.note_read(&read).await, Ok(Noted::New));
    table.store.move_cursor("sweep", None, "1").await.unwrap();
    let pk = format!("READ#{}", read.event_id);
    assert_eq!(table.with("expires_at").await, [pk.as_str()]);
    let expires = table.get(&pk, "META", "expires_at").await.unwrap();
    let expires: i64 = expires.as_n().unwrap().parse().unwrap();
    // A queue keeps a message for 14 days at most.
    assert!(expires > AT + 15 * 24 * 60 * 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_one_service_that_come_at_once_are_all_in_its_record() {
    let table = table().await;
    registered(&table, &secret("db/app")).await;
    let readers: Vec<_> = (0..4)
        .map(|number| {
            let store = table.store.clone();
            let read = Read {
                event_id: EventId::derive(&format!("event-{number}"), "read"),
                name: "db/app".into(),
                service: Some("api".into()),
                at: AT + number,
                of_current: number == 1,
            };
            tokio::spawn(async move { store.note_read(&read).await.unwrap() })
        })
        .collect();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), Noted::New);
    }
    let consumers = table.store.consumers("db/app").await.unwrap();
    let [consumer] = consumers.as_slice() else {
        panic!("one service");
    };
    assert_eq!(
        (consumer.first_used_at, consumer.last_used_at),
        (AT, AT + 3)
    );
    assert_eq!(consumer.last_current_read_at, Some(AT + 1));
}
