//! What lies in the table, and what is made of it.

use aws_sdk_dynamodb::types::AttributeValue;
use rekey_registry::{Bucket, Changes, Read, Store, StoreError, VersionId, What};

use crate::cloud::{Table, table, text};
use crate::given::{armed, changed, loaded, registered, secret, unsent, version};

const PK: &str = "SECRET#db/app";

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[tokio::test]
async fn what_a_newer_version_wrote_beside_our_attributes_stays() {
    let table = table().await;
    let first = registered(&table, &secret("db/app")).await;
    for sk in ["META", "VERSION#v1"] {
        table.set(PK, sk, "colour", text("blue")).await;
    }
    table
        .set(PK, "REQUEST#1", "reason", text("a kind of its own"))
        .await;

    let mut second = first.clone();
    second.secret.owner = None;
    let one = second.versions.get_mut(&VersionId::new("v1")).unwrap();
    one.rotation_reason = Some("asked for".into());
    let loaded = changed(&table, &first, &second).await;

    assert_eq!(loaded.secret.owner, None);
    assert_eq!(loaded.versions, second.versions);
    for sk in ["META", "VERSION#v1"] {
        assert_eq!(
            table.get(PK, sk, "colour").await,
            Some(text("blue")),
            "{sk}"
        );
    }
    assert_eq!(table.get(PK, "META", "owner").await, None);
}

#[tokio::test]
async fn an_announcement_leaves_the_outbox_as_it_was_put_there() {
    let table = table().await;
    let mut state = secret("db/app");
    state.unsent = vec![unsent("one"), unsent("two")];
    let loaded = registered(&table, &state).await;
    let mut found = loaded.unsent.clone();
    found.sort_by_key(|unsent| unsent.announcement.event_id);
    state
        .unsent
        .sort_by_key(|unsent| unsent.announcement.event_id);
    assert_eq!(found, state.unsent);
}

async fn load_error(table: &Table) -> StoreError {
    table.store.load("db/app").await.expect_err("an error")
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_named_and_never_shown() {
    let table = table().await;
    let mut state = armed(secret("db/app"), What::Retire, 1_700_003_600);
    state.unsent = vec![unsent("one")];
    registered(&table, &state).await;
    let id = state.unsent[0].announcement.event_id;
    let outbox = format!("UNSENT#{id}");
    let read = Read {
        event_id: id,
        name: "db/app".into(),
        service: Some("api".into()),
        at: 1_700_000_000,
        of_current: true,
    };
    table.store.note_read(&read).await.unwrap();

    for (sk, attribute, sound) in [
        ("META", "kind", text("postgres")),
        ("META", "revision", number(1)),
        ("META", "name", text("db/app")),
        ("VERSION#v1", "number", number(1)),
        ("VERSION#v1", "id", text("v1")),
        ("CONSUMER#api", "last_used_at", number(1_700_000_000)),
        (&outbox, "source", text("rekey.observe")),
    ] {
        for broken in [
            AttributeValue::Bool(true),
            text("hunter2"),
            AttributeValue::L(vec![text("hunter2")]),
        ] {
            if broken.is_s() && attribute == "kind" {
                continue; // any text is one
            }
            table.set(PK, sk, attribute, broken.clone()).await;
            let error = load_error(&table).await;
            let named = StoreError::Corrupt(format!("{PK} / {sk}"));
            assert_eq!(error, named, "{sk} {attribute} {broken:?}");
            assert!(!error.to_string().contains("hunter2"));
        }
        table.set(PK, sk, attribute, sound).await;
    }
    assert_eq!(loaded(&table, "db/app").await.versions.len(), 1);

    let announcement = table.get(PK, &outbox, "announcement").await.unwrap();
    table
        .set(PK, &outbox, "announcement", text("{\"hunter2\""))
        .await;
    assert!(
        matches!(load_error(&table).await, StoreError::Corrupt(item) if item.ends_with(&outbox))
    );
    table.set(PK, &outbox, "announcement", announcement).await;
    loaded(&table, "db/app").await;
}

#[tokio::test]
async fn a_deadline_that_cannot_be_read_or_lies_elsewhere_is_named() {
    let table = table().await;
    let at = 1_700_003_600;
    let state = armed(secret("db/app"), What::Retire, at);
    registered(&table, &state).await;
    let due = state.dues().remove(0);
    let (pk, sk) = (format!("DUE#{}", due.bucket()), due.place());
    let page = async || table.store.due(due.bucket(), at, None).await;
    assert_eq!(page().await.unwrap().due, std::slice::from_ref(&due));

    for (attribute, broken) in [("what", text("something_new")), ("due_at", number(at + 1))] {
        let sound = table.get(&pk, &sk, attribute).await.unwrap();
        table.set(&pk, &sk, attribute, broken).await;
        let named = StoreError::Corrupt(format!("{pk} / {sk}"));
        assert_eq!(page().await, Err(named));
        table.set(&pk, &sk, attribute, sound).await;
    }
    table.set(&pk, &sk, "colour", text("blue")).await;
    assert_eq!(page().await.unwrap().due, [due]);
}

#[tokio::test]
async fn a_record_of_more_than_a_page_is_loaded_whole() {
    let table = table().await;
    let mut state = registered(&table, &secret("db/app")).await;
    // A page of a query is 1 MB.
    for number in 2..=60 {
        let (id, mut version) = version(&format!("v{number}"), number);
        version.rotation_reason = Some("x".repeat(30_000));
        state.versions.insert(id, version);
    }
    let before = loaded(&table, "db/app").await;
    let requests = table.store.usage().requests;
    let mut expected = changed(&table, &before, &state).await;
    assert_eq!(
        table.store.usage().requests - requests,
        3,
        "a commit and two pages"
    );
    expected.secret.revision = state.secret.revision;
    assert_eq!(expected, state);
}

#[tokio::test]
async fn a_commit_of_as_many_parts_as_a_transaction_takes_is_written() {
    let table = table().await;
    let mut state = secret("db/app");
    let index_and_secret = 2;
    for number in 2..=u32::try_from(Changes::MOST - index_and_secret).unwrap() {
        let (id, version) = version(&format!("{number:032}"), number);
        state.versions.insert(id, version);
    }
    let changes = Changes::between(None, &state).unwrap();
    assert_eq!(changes.parts(), Changes::MOST);
    let loaded = registered(&table, &state).await;
    assert_eq!(loaded.versions, state.versions);

    // The same again, as changes of what is there.
    let mut next = loaded.clone();
    for version in next.versions.values_mut() {
        version.rotation_reason = Some("asked for".into());
    }
    let again = changed(&table, &loaded, &next).await;
    assert_eq!(again.versions, next.versions);
}

#[tokio::test]
async fn a_table_that_is_not_there_is_said_to_be_missing() {
    let table = table().await;
    let client = table.client.delete_table().table_name(&table.name);
    client.send().await.unwrap();
    for error in [
        load_error(&table).await,
        table.store.list(None, 1).await.unwrap_err(),
        table
            .store
            .due(Bucket { hour: 0, shard: 0 }, 0, None)
            .await
            .unwrap_err(),
    ] {
        assert!(
            error.to_string().contains("there is no such table"),
            "{error}"
        );
    }
    let changes = Changes::between(None, &secret("db/app")).unwrap();
    let error = table.store.commit(&changes).await.unwrap_err();
    assert!(
        error.to_string().contains("there is no such table"),
        "{error}"
    );
}
