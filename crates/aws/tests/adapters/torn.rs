//! A query may see a part of a transaction. Here the parts are planted: the local cloud writes a
//! transaction at once.

use aws_sdk_dynamodb::types::AttributeValue;
use rekey_registry::{Store, StoreError, VersionId};

use crate::cloud::{Table, table};
use crate::given::{changed, loaded, registered, secret, version};

const PK: &str = "SECRET#db/app";

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

async fn is_refused(table: &Table) {
    let requests = table.store.usage().requests;
    let error = table.store.load("db/app").await.expect_err("a mixture");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(
        error.is_passing(),
        "a transaction that is being written ends"
    );
    assert!(error.to_string().contains("SECRET#db/app / META"));
    assert!(
        table.store.usage().requests - requests > 1,
        "it is read again"
    );
}

#[tokio::test]
async fn a_version_that_is_older_or_newer_than_its_secret_says_is_not_taken_for_the_record() {
    let table = table().await;
    let first = registered(&table, &secret("db/app")).await;
    let mut second = first.clone();
    let one = second.versions.get_mut(&VersionId::new("v1")).unwrap();
    one.rotation_reason = Some("asked for".into());
    changed(&table, &first, &second).await;

    for written in [1, 3] {
        table
            .set(PK, "VERSION#v1", "written", number(written))
            .await;
        is_refused(&table).await;
    }
    table.set(PK, "VERSION#v1", "written", number(2)).await;
    assert_eq!(loaded(&table, "db/app").await.versions, second.versions);
}

#[tokio::test]
async fn a_version_that_is_not_there_yet_or_not_gone_yet_is_waited_for() {
    let table = table().await;
    let state = registered(&table, &secret("db/app")).await;
    table.set(PK, "VERSION#v2", "written", number(2)).await;
    table
        .set(PK, "VERSION#v2", "id", AttributeValue::S("v2".into()))
        .await;
    table.set(PK, "VERSION#v2", "number", number(2)).await;
    let made = serde_json::to_value(rekey_registry::State::Made).unwrap();
    let made = AttributeValue::S(made.as_str().unwrap().into());
    table.set(PK, "VERSION#v2", "state", made).await;
    is_refused(&table).await;

    table.delete(PK, "VERSION#v2").await;
    loaded(&table, "db/app").await;
    table.delete(PK, "VERSION#v1").await;
    is_refused(&table).await;

    // A secret that is not there yet has no record.
    table.delete(PK, "META").await;
    assert_eq!(table.store.load("db/app").await, Ok(None));
    assert_eq!(state.versions.len(), 1);
}

#[tokio::test]
async fn what_the_secret_says_of_its_versions_follows_every_commit() {
    let table = table().await;
    let first = registered(&table, &secret("db/app")).await;
    let mut second = first.clone();
    for (id, record) in [version("v2", 2), version("v3", 3)] {
        second.versions.insert(id, record);
    }
    let second = changed(&table, &first, &second).await;
    let mut third = second.clone();
    third.versions.remove(&VersionId::new("v1"));
    third
        .versions
        .get_mut(&VersionId::new("v2"))
        .unwrap()
        .number = 7;
    let third = changed(&table, &second, &third).await;
    assert_eq!(third.versions.len(), 2);

    let writes = table.get(PK, "META", "writes").await.unwrap();
    let mut writes: Vec<_> = writes.as_m().unwrap().clone().into_iter().collect();
    writes.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(writes, [("v2".into(), number(3)), ("v3".into(), number(2))]);
}
