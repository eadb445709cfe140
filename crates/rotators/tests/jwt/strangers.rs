//! What a secret is refused that names the key set of another.

use getrandom::SysRng;
use rekey_rotation::{Login, Occasion, Rotator as _, SecretValue};
use serde_json::json as to_json;

use crate::issuer::{
    NOW, changed, failure, json, login, next, restore, retire, rotate, rotator, set, shared,
    unborn, without,
};
use crate::memory::{Memory, kids};

const PLACE: &str = "s3://keys/jwks.json";
const OWN: &str = "s3://keys/own.json";

/// A secret that was rotated at its own place and then names the other one.
async fn stranger(jwks: &Memory) -> SecretValue {
    let own = rotate(jwks, &unborn("EdDSA", OWN), NOW).await;
    changed(&own, "jwks", PLACE.into())
}

#[tokio::test]
async fn a_secret_does_not_publish_where_others_do_unless_the_key_set_says_so() {
    let jwks = Memory::default();
    let theirs = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let before = jwks.text(PLACE).unwrap();
    let new = unborn("EdDSA", PLACE);
    let pending = next(&jwks, &new, NOW);
    for refused in [
        set(&jwks, &new, &pending).await,
        rotator(&jwks).probe(&new, None).await,
    ] {
        let (class, text) = failure(refused);
        assert_eq!(class, "permission");
        assert!(text.contains("\"shared\": true"), "{text}");
    }
    assert_eq!(jwks.text(PLACE).unwrap(), before);

    let mut key_set: serde_json::Value = serde_json::from_str(&before).unwrap();
    key_set["rekey"]["shared"] = true.into();
    jwks.put(PLACE, key_set.to_string());
    rotator(&jwks).probe(&new, None).await.unwrap();
    set(&jwks, &new, &pending).await.unwrap();
    assert_eq!(login(&jwks, &theirs).await, Ok(Login::Accepted));
}

#[tokio::test]
async fn keys_that_nobody_here_has_made_are_no_less_anothers() {
    let jwks = Memory::default();
    let theirs = to_json!({"keys": [{"kty": "oct-of-tomorrow", "kid": "theirs"}]});
    jwks.put(PLACE, theirs.to_string());
    let new = unborn("EdDSA", PLACE);
    let (class, _) = failure(set(&jwks, &new, &next(&jwks, &new, NOW)).await);
    assert_eq!(class, "permission");
    assert_eq!(jwks.text(PLACE), Some(theirs.to_string()));
}

/// The lineage is the name of a public key: anybody can read it.
#[tokio::test]
async fn a_copied_lineage_removes_no_key_of_anothers() {
    let jwks = Memory::default();
    jwks.put(PLACE, shared());
    let theirs = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let before = jwks.text(PLACE).unwrap();
    let copied = json(&theirs)["lineage"].clone();
    let new = changed(&unborn("EdDSA", PLACE), "lineage", copied.clone());
    let (class, _) = failure(set(&jwks, &new, &next(&jwks, &new, NOW)).await);
    assert_eq!(class, "permission");

    let brought = changed(&stranger(&jwks).await, "lineage", copied);
    let occasion = Occasion {
        now: NOW + 1000,
        ..Occasion::default()
    };
    let later = rotator(&jwks)
        .next(&brought, occasion, &mut SysRng)
        .unwrap();
    assert_eq!(
        failure(set(&jwks, &brought, &later).await).0,
        "wrong_password"
    );
    for refused in [
        restore(&jwks, &brought, &later).await,
        retire(&jwks, &brought, &later).await,
    ] {
        assert_eq!(failure(refused).0, "permission");
    }
    assert_eq!(jwks.text(PLACE).unwrap(), before);
}

/// A rollback publishes keys: not those of a secret that has none there.
#[tokio::test]
async fn a_rollback_publishes_nothing_where_the_secret_has_no_key() {
    let jwks = Memory::default();
    rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let before = jwks.text(PLACE).unwrap();
    let old = stranger(&jwks).await;
    let current = next(&jwks, &old, NOW + 1000);
    assert_eq!(
        failure(restore(&jwks, &old, &current).await).0,
        "permission"
    );
    assert_eq!(jwks.text(PLACE).unwrap(), before);
}

#[tokio::test]
async fn a_public_key_of_anothers_under_previous_is_not_taken_over() {
    let jwks = Memory::default();
    jwks.put(PLACE, shared());
    let theirs = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let mine = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let mut public = json(&theirs)["current"].clone();
    public.as_object_mut().unwrap().remove("d");
    let before = kids(&jwks.text(PLACE).unwrap());
    let claiming = without(&changed(&mine, "previous", public), "next");
    let (class, text) = failure(set(&jwks, &claiming, &next(&jwks, &claiming, NOW)).await);
    assert_eq!(class, "invalid_request");
    assert!(text.contains("of another secret"), "{text}");
    assert_eq!(kids(&jwks.text(PLACE).unwrap()), before);
}

/// An earlier version of the object is not at hand, and somebody has emptied it.
#[tokio::test]
async fn a_rollback_mends_a_key_set_that_was_emptied() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    for emptied in [
        to_json!({"keys": []}),
        to_json!({"keys": [], "rekey": serde_json::from_str::<serde_json::Value>(
            &jwks.text(PLACE).unwrap()).unwrap()["rekey"]}),
    ] {
        jwks.put(PLACE, emptied.to_string());
        restore(&jwks, &first, &second).await.unwrap();
        assert_eq!(login(&jwks, &first).await, Ok(Login::Accepted));
    }
}
