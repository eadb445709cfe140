//! Secrets Manager as the registry looks at it.

use rekey_aws::SecretsManager;
use rekey_registry::request::{Rotate, RotateError};
use rekey_registry::{Look, Resume, Secrets, Snapshot, VersionId};
use rekey_rotation::{SecretId, SecretStore, Selector, StagingLabel, StoreError};

use crate::cloud::{connection, secrets_manager as sdk, unique};

fn adapter() -> SecretsManager {
    SecretsManager::new(&connection())
}

/// Makes a secret, with the tag that registers it.
async fn made(name: &str) {
    use aws_sdk_secretsmanager::types::Tag;
    let owner = Tag::builder().key("rekey:owner").value("team-a").build();
    sdk()
        .create_secret()
        .name(name)
        .secret_string("{}")
        .tags(owner)
        .send()
        .await
        .unwrap();
}

async fn put(name: &str, token: &str, stages: &[&str]) {
    let stages = stages.iter().map(ToString::to_string).collect();
    sdk()
        .put_secret_value()
        .secret_id(name)
        .client_request_token(token)
        .secret_string(format!("{{\"is\": \"{token}\"}}"))
        .set_version_stages(Some(stages))
        .send()
        .await
        .unwrap();
}

async fn looked(name: &str) -> Snapshot {
    match adapter().look(name).await.unwrap() {
        Look::Found(snapshot) => *snapshot,
        Look::Missing => panic!("{name} is missing"),
    }
}

fn token(letter: &str) -> String {
    letter.repeat(32)
}

#[tokio::test]
async fn a_look_finds_every_version_with_its_labels_and_its_time() {
    let name = unique("look");
    made(&name).await;
    for letter in ["b", "c"] {
        put(&name, &token(letter), &["AWSCURRENT"]).await;
    }
    put(&name, &token("d"), &["AWSPENDING"]).await;
    let seen = looked(&name).await;
    assert_eq!(seen.name, name);
    assert!(seen.arn.contains(&name));
    assert_eq!(seen.owner(), Some("team-a"));
    assert!(!seen.rotation_enabled);
    assert_eq!((seen.deleted, seen.owning_service), (None, None));
    let labels = |id: &str| {
        let id = VersionId::new(id);
        let found = seen.versions.iter().find(|version| version.id == id);
        found.unwrap().labels.clone()
    };
    assert_eq!(seen.versions.len(), 4, "the one without a label too");
    assert_eq!(labels(&token("b")), ["AWSPREVIOUS"]);
    assert_eq!(labels(&token("c")), ["AWSCURRENT"]);
    assert_eq!(labels(&token("d")), ["AWSPENDING"]);
    let mut times: Vec<_> = seen
        .versions
        .iter()
        .map(|version| version.created_ms)
        .collect();
    times.sort_unstable();
    times.dedup();
    assert_eq!(times.len(), 4, "milliseconds tell them apart: {times:?}");
}

#[tokio::test]
async fn only_an_absent_secret_is_missing_and_a_deleted_one_says_until_when() {
    let name = unique("gone");
    assert_eq!(adapter().look(&name).await, Ok(Look::Missing));
    made(&name).await;
    let deletion = sdk().delete_secret().secret_id(&name);
    deletion.recovery_window_in_days(7).send().await.unwrap();
    assert!(looked(&name).await.deleted.is_some());
    let restored = sdk().restore_secret().secret_id(&name);
    restored.send().await.unwrap();
    assert_eq!(looked(&name).await.deleted, None);
}

#[tokio::test]
async fn every_secret_with_the_owners_tag_is_listed_page_by_page() {
    let prefix = unique("listed");
    let mut names: Vec<_> = (0..103)
        .map(|number| format!("{prefix}/{number:03}"))
        .collect();
    for name in &names {
        made(name).await;
    }
    let deletion = sdk().delete_secret().secret_id(&names[7]);
    deletion.recovery_window_in_days(7).send().await.unwrap();
    let untagged = format!("{prefix}/untagged");
    let creation = sdk().create_secret().name(&untagged).secret_string("{}");
    creation.send().await.unwrap();

    let (mut found, mut page, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let answer = adapter().registered(page.as_deref()).await.unwrap();
        found.extend(answer.names);
        pages += 1;
        page = answer.next;
        if page.is_none() {
            break;
        }
    }
    found.retain(|name| name.starts_with(&prefix));
    found.sort();
    names.sort();
    assert!(pages > 1);
    assert_eq!(found, names);
}

#[tokio::test]
async fn a_page_whose_token_is_stale_begins_anew() {
    let first = adapter().registered(None).await.unwrap();
    let anew = adapter().registered(Some("stale")).await.unwrap();
    assert_eq!(anew.names.first(), first.names.first());
}

#[tokio::test]
async fn a_label_is_taken_from_the_version_that_has_it_and_from_no_other() {
    let name = unique("label");
    made(&name).await;
    put(&name, &token("b"), &["AWSCURRENT"]).await;
    put(&name, &token("c"), &["AWSCURRENT"]).await;
    let adapter = adapter();
    let secret = SecretId::parse(&name).unwrap();
    let id = |letter: &str| rekey_rotation::VersionId::parse(&token(letter)).unwrap();
    let previous = StagingLabel::Previous;

    let elsewhere = adapter.remove_label(&secret, &previous, &id("c")).await;
    assert!(
        matches!(elsewhere, Err(StoreError::Refused(_))),
        "{elsewhere:?}"
    );
    adapter
        .remove_label(&secret, &previous, &id("b"))
        .await
        .unwrap();
    let description = adapter.describe(&secret).await.unwrap();
    assert_eq!(description.version_with(&previous), None);

    // Its value can still be read, by its id.
    let value = adapter
        .value(&secret, Selector::Id(&id("b")))
        .await
        .unwrap();
    assert_eq!((value.version, value.labels), (id("b"), Vec::new()));
    let absent = adapter.value(&secret, Selector::Id(&id("e"))).await;
    assert!(matches!(absent, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_rotation_that_cannot_begin_is_an_error_that_names_the_call() {
    let name = unique("resume");
    made(&name).await;
    let error = adapter().resume(&name).await.unwrap_err();
    assert!(error.to_string().contains("RotateSecret"), "{error}");
}

#[tokio::test]
async fn a_request_for_a_secret_without_a_rotation_function_is_refused_for_good() {
    let name = unique("rotate");
    made(&name).await;
    let token = VersionId::new(token("r"));
    let error = adapter().rotate(&name, &token).await.unwrap_err();
    assert!(matches!(error, RotateError::Refused(_)), "{error}");
    let gone = adapter().rotate(&unique("gone"), &token).await.unwrap_err();
    assert!(matches!(gone, RotateError::Refused(_)), "{gone}");
}
