//! How a secret comes to its keys.

use rekey_rotation::{Kinship, Login, Revoker as _, Rotator as _};

use crate::issuer::{
    NOW, changed, failure, is_taken, json, kid, login, next, restore, retire, rotate, rotator, set,
    unborn, without,
};
use crate::memory::{Memory, kids};

const PLACE: &str = "s3://keys/jwks.json";

#[tokio::test]
async fn a_secret_without_keys_gets_both_and_the_key_set_is_made() {
    let jwks = Memory::default();
    let unborn = unborn("EdDSA", PLACE);
    assert_eq!(login(&jwks, &unborn).await, Ok(Login::Refused));
    let value = rotate(&jwks, &unborn, NOW).await;
    let published = jwks.text(PLACE).unwrap();
    assert_eq!(
        kids(&published),
        [kid(&value, "current"), kid(&value, "next")]
    );
    assert!(is_taken(&value, &published));
    assert!(json(&value).get("previous").is_none());
    let kinship = rotator(&jwks).kinship(&unborn, &value);
    assert_eq!(kinship, Ok(Kinship::Separate));
    retire(&jwks, &unborn, &value).await.unwrap();
    assert!(is_taken(&value, &jwks.text(PLACE).unwrap()));
}

#[tokio::test]
async fn there_is_no_way_back_to_a_version_without_keys() {
    let jwks = Memory::default();
    let unborn = unborn("EdDSA", PLACE);
    let value = rotate(&jwks, &unborn, NOW).await;
    let (class, _) = failure(restore(&jwks, &unborn, &value).await);
    assert_eq!(class, "invalid_request");
}

/// Nothing that verifiers do not know yet may sign: the first rotation makes the next key only.
#[tokio::test]
async fn a_key_that_was_brought_along_signs_on_through_the_first_rotation() {
    let jwks = Memory::default();
    let made = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let mut brought = without(&without(&made, "next"), "lineage");
    let mut key = json(&brought)["current"].clone();
    key["kid"] = "our-key-of-2024".into();
    brought = changed(&brought, "current", key.clone());
    let mut public = key;
    public.as_object_mut().unwrap().remove("d");
    jwks.put(PLACE, serde_json::json!({"keys": [public]}).to_string());

    let first = rotate(&jwks, &brought, NOW).await;
    assert_eq!(kid(&first, "current"), "our-key-of-2024");
    let published = jwks.text(PLACE).unwrap();
    assert_eq!(
        kids(&published),
        ["our-key-of-2024".to_owned(), kid(&first, "next")]
    );
    let kinship = rotator(&jwks).kinship(&brought, &first);
    assert_eq!(kinship, Ok(Kinship::Same), "there is nothing to retire");

    let second = rotate(&jwks, &first, NOW).await;
    assert_eq!(kid(&second, "current"), kid(&first, "next"));
    assert_eq!(kid(&second, "previous"), "our-key-of-2024");
    retire(&jwks, &first, &second).await.unwrap();
    assert!(!kids(&jwks.text(PLACE).unwrap()).contains(&"our-key-of-2024".to_owned()));
}

#[tokio::test]
async fn a_key_that_was_brought_along_and_never_published_is_not_rotated() {
    let jwks = Memory::default();
    let made = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    jwks.delete(PLACE);
    let pending = next(&jwks, &made, NOW);
    let (class, text) = failure(set(&jwks, &made, &pending).await);
    assert_eq!(class, "wrong_password");
    assert!(text.contains("nothing is published"), "{text}");
    assert_eq!(jwks.text(PLACE), None);
}

#[tokio::test]
async fn the_algorithm_may_be_changed_and_comes_with_the_next_key() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let first = changed(&first, "alg", "ES256".into());
    let second = rotate(&jwks, &first, NOW).await;
    let third = rotate(&jwks, &second, NOW).await;
    let algs = |value, fields: [&str; 2]| fields.map(|field| json(value)[field]["alg"].clone());
    assert_eq!(algs(&second, ["current", "next"]), ["EdDSA", "ES256"]);
    assert_eq!(algs(&third, ["current", "next"]), ["ES256", "ES256"]);
}

/// S3 denies to read what is not there, where the bucket may not be listed.
#[tokio::test]
async fn the_first_key_set_is_made_by_a_role_that_may_not_list_the_bucket() {
    let jwks = Memory::default();
    jwks.state().unlisted = true;
    let unborn = unborn("EdDSA", PLACE);
    rotator(&jwks).probe(&unborn, None).await.unwrap();
    let value = rotate(&jwks, &unborn, NOW).await;
    assert_eq!(login(&jwks, &value).await, Ok(Login::Accepted));
}

#[tokio::test]
async fn a_key_set_that_may_not_be_read_is_not_written_over_and_proves_nothing() {
    let jwks = Memory::default();
    let unborn = unborn("EdDSA", PLACE);
    let value = rotate(&jwks, &unborn, NOW).await;
    let published = jwks.text(PLACE);
    jwks.state().unread = true;
    for current in [&unborn, &value] {
        let pending = next(&jwks, current, NOW);
        let (class, _) = failure(set(&jwks, current, &pending).await);
        assert_eq!(class, "permission");
    }
    let (class, _) = failure(login(&jwks, &value).await);
    assert_eq!(class, "permission");
    assert_eq!(jwks.text(PLACE), published);
}
