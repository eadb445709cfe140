//! The in-memory Secrets Manager obeys the rules of labels; what takes a day on a real one is only here.

use rekey_rotation::testing::{
    INVALID_PARAMETER, LIMIT_EXCEEDED, NOT_FOUND, SecretsManager, Verbs, label_rules,
};
use rekey_rotation::{SecretId, SecretStore, Selector, StagingLabel, StoreError};

const DAY: i64 = 86_400;
const SECRET: &str = "db/app";

fn token(n: usize) -> String {
    format!("version-{n:0>32}")
}

async fn with_a_value() -> SecretsManager {
    let manager = SecretsManager::new(0);
    let first = manager
        .create_secret(SECRET, Some("0"), Some(&token(0)))
        .await;
    assert!(first.is_ok());
    manager
}

/// Puts the value `n` as the version `n`, under `AWSCURRENT`.
async fn put(manager: &SecretsManager, n: usize) -> Result<String, String> {
    put_under(manager, n, &[]).await
}

async fn put_under(manager: &SecretsManager, n: usize, labels: &[&str]) -> Result<String, String> {
    let (token, value) = (token(n), n.to_string());
    let put = manager.put_secret_value(SECRET, Some(&token), &value, labels);
    put.await.map_err(|error| error.code)
}

async fn read(manager: &SecretsManager, n: usize) -> Result<String, String> {
    let token = token(n);
    let read = manager.get_secret_value(SECRET, Some(&token), None).await;
    read.map(|read| read.value).map_err(|error| error.code)
}

#[tokio::test]
async fn every_rule_of_labels_is_kept() {
    let rules = label_rules::all(&SecretsManager::default(), "rules").await;
    let rules = rules.unwrap_or_else(|broken| panic!("{broken}"));
    println!("label rules: {rules} kept in memory");
    assert!(rules >= 30);
}

#[tokio::test]
async fn a_hundred_young_versions_are_the_limit() {
    let manager = with_a_value().await;
    for n in 1..100 {
        put(&manager, n).await.unwrap();
    }
    assert_eq!(put(&manager, 100).await, Err(LIMIT_EXCEEDED.to_owned()));
    let listed = manager.list_secret_version_ids(SECRET, true).await.unwrap();
    assert_eq!(listed.len(), 100);
}

#[tokio::test]
async fn over_a_hundred_the_oldest_unlabelled_version_of_a_day_goes() {
    let manager = with_a_value().await;
    for n in 1..100 {
        put(&manager, n).await.unwrap();
        manager.pass(1);
    }
    manager.pass(DAY - 99);
    // Only the first two are a day old; the labelled ones would never go.
    put(&manager, 100).await.unwrap();
    assert_eq!(read(&manager, 0).await, Err(NOT_FOUND.to_owned()));
    assert_eq!(read(&manager, 2).await, Ok("2".to_owned()));
}

#[tokio::test]
async fn versions_under_a_hundred_are_kept_for_ever() {
    let manager = with_a_value().await;
    put(&manager, 1).await.unwrap();
    put(&manager, 2).await.unwrap();
    manager.pass(1_000 * DAY);
    put(&manager, 3).await.unwrap();
    assert_eq!(read(&manager, 0).await, Ok("0".to_owned()));
}

#[tokio::test]
async fn a_deleted_secret_is_gone_after_its_days() {
    let manager = with_a_value().await;
    manager.delete_secret(SECRET, 30).await.unwrap();
    manager.pass(30 * DAY - 1);
    assert!(manager.describe_secret(SECRET).await.is_ok());
    manager.pass(1);
    let gone = manager.restore_secret(SECRET).await.unwrap_err();
    assert_eq!(gone.code, NOT_FOUND);
}

#[tokio::test]
async fn a_value_of_over_64_kilobytes_is_refused() {
    let manager = with_a_value().await;
    let (token, long) = (token(1), "x".repeat(65_537));
    let put = manager.put_secret_value(SECRET, Some(&token), &long, &[]);
    assert_eq!(put.await.unwrap_err().code, INVALID_PARAMETER);
}

#[tokio::test]
async fn a_written_pending_value_is_unreadable_for_as_many_reads_as_asked() {
    let manager = with_a_value().await;
    let secret = SecretId::parse(SECRET).unwrap();
    let function = manager.rotation_function().to_owned();
    let new = token(1);
    let begun = manager.rotate_secret(SECRET, Some(&new), Some(&function), true);
    begun.await.unwrap();
    manager.hide_pending(&secret, 2);
    let pending = Selector::Label(&StagingLabel::Pending);
    // Not written yet: these reads do not count.
    for _ in 0..3 {
        let read = SecretStore::value(&manager, &secret, pending).await;
        assert!(matches!(read, Err(StoreError::NotFound(_))));
    }
    put_under(&manager, 1, &["AWSPENDING"]).await.unwrap();
    for _ in 0..2 {
        let read = SecretStore::value(&manager, &secret, pending).await;
        assert!(matches!(read, Err(StoreError::NotFound(_))));
    }
    assert!(SecretStore::value(&manager, &secret, pending).await.is_ok());
}

#[tokio::test]
async fn pending_may_stay_on_the_promoted_version_or_leave_it() {
    for drops in [false, true] {
        let manager = with_a_value().await;
        manager.drop_pending_when_promoted(drops);
        put_under(&manager, 1, &["AWSPENDING"]).await.unwrap();
        let (old, new) = (token(0), token(1));
        let moved =
            manager.update_secret_version_stage(SECRET, "AWSCURRENT", Some(&new), Some(&old));
        moved.await.unwrap();
        let labels = &manager.describe_secret(SECRET).await.unwrap().versions[&new];
        assert_eq!(labels.iter().any(|label| label == "AWSPENDING"), !drops);
    }
}

#[tokio::test]
async fn a_secret_that_was_handed_over_says_to_whom() {
    let manager = with_a_value().await;
    let secret = SecretId::parse(SECRET).unwrap();
    for owner in [None, Some("rds")] {
        if let Some(service) = owner {
            manager.hand_over(&secret, service);
        }
        let description = SecretStore::describe(&manager, &secret).await.unwrap();
        assert_eq!(description.owning_service.as_deref(), owner);
    }
}
