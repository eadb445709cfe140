//! What a key set holds, and what in it is left alone.

use rekey_rotation::{Kinship, Login, Revoker as _, Rotator as _};
use serde_json::{Value, json};

use crate::issuer::{
    NOW, changed, failure, is_taken, kid, login, login_beside, next, restore, retire, revocation,
    rotate, rotator, set, shared, unborn,
};
use crate::memory::{Memory, kids};

const PLACE: &str = "s3://keys/jwks.json";

fn published(jwks: &Memory) -> Value {
    serde_json::from_str(&jwks.text(PLACE).unwrap()).unwrap()
}

#[tokio::test]
async fn after_a_rotation_previous_current_and_next_are_published_and_no_private_part() {
    for alg in ["EdDSA", "ES256"] {
        let jwks = Memory::default();
        let first = rotate(&jwks, &unborn(alg, PLACE), NOW).await;
        let second = rotate(&jwks, &first, NOW).await;
        let three = ["previous", "current", "next"].map(|field| kid(&second, field));
        assert_eq!(kids(&jwks.text(PLACE).unwrap()), three);
        assert_eq!([kid(&first, "current"), kid(&first, "next")], three[..2]);
        for key in published(&jwks)["keys"].as_array().unwrap() {
            assert_eq!((&key["use"], &key["alg"]), (&"sig".into(), &alg.into()));
            assert!(key.get("d").is_none());
        }
    }
}

#[tokio::test]
async fn what_others_publish_in_the_same_key_set_stays_as_it_is() {
    let jwks = Memory::default();
    let theirs = json!({
        "issuer": "https://example.com", "rekey": {"shared": true},
        "keys": [{"kty": "oct-of-tomorrow", "kid": "theirs", "x": [1, null]}, "no key at all"],
    });
    jwks.put(PLACE, theirs.to_string());
    let mine = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let other = rotate(&jwks, &unborn("ES256", PLACE), NOW).await;
    let mine = rotate(&jwks, &mine, NOW).await;
    let third = rotate(&jwks, &mine, NOW).await;
    retire(&jwks, &mine, &third).await.unwrap();
    let set = published(&jwks);
    assert_eq!(set["issuer"], theirs["issuer"]);
    assert_eq!(
        set["keys"].as_array().unwrap()[..2],
        theirs["keys"].as_array().unwrap()[..]
    );
    assert_eq!(set["keys"].as_array().unwrap().len(), 2 + 2 + 2);
    assert_eq!(set["rekey"]["shared"], true);
    assert_eq!(login(&jwks, &other).await, Ok(Login::Accepted));
    assert_eq!(login(&jwks, &third).await, Ok(Login::Accepted));
}

#[tokio::test]
async fn two_keys_under_one_name_are_refused() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let pending = next(&jwks, &first, NOW);
    let mut set_by_hand = published(&jwks);
    let mut theirs = set_by_hand["keys"][0].clone();
    theirs["kid"] = kid(&pending, "next").into();
    set_by_hand["keys"].as_array_mut().unwrap().push(theirs);
    jwks.put(PLACE, set_by_hand.to_string());
    let (class, text) = failure(set(&jwks, &first, &pending).await);
    assert_eq!(class, "invalid_request");
    assert!(text.contains("`kid`"), "{text}");
}

#[tokio::test]
async fn a_key_of_ours_under_anothers_name_is_no_proof_of_anything() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let mut set = published(&jwks);
    set["keys"][0]["kid"] = "renamed".into();
    jwks.put(PLACE, set.to_string());
    let (class, text) = failure(login(&jwks, &first).await);
    assert_eq!(class, "invalid_request");
    assert!(text.contains("another `kid`"), "{text}");
}

/// A verifier goes by the name: a foreign key under ours would take no token of ours.
#[tokio::test]
async fn a_foreign_key_under_our_name_is_not_taken_for_ours() {
    let jwks = Memory::default();
    jwks.put(PLACE, shared());
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let other = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let mut set = published(&jwks);
    set["keys"][0]["x"] = crate::issuer::json(&other)["current"]["x"].clone();
    jwks.put(PLACE, set.to_string());
    assert_eq!(login(&jwks, &first).await, Ok(Login::Refused));
    let (class, _) = failure(rotator(&jwks).test(&first).await);
    assert_eq!(class, "wrong_password");
}

#[tokio::test]
async fn the_old_key_leaves_at_its_retirement_and_comes_back_at_a_rollback() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    retire(&jwks, &first, &second).await.unwrap();
    assert_eq!(
        kids(&jwks.text(PLACE).unwrap()),
        ["current", "next"].map(|it| kid(&second, it))
    );
    assert_eq!(login(&jwks, &first).await, Ok(Login::Refused));
    assert_eq!(login(&jwks, &second).await, Ok(Login::Accepted));

    restore(&jwks, &first, &second).await.unwrap();
    let text = jwks.text(PLACE).unwrap();
    assert!(is_taken(&first, &text) && is_taken(&second, &text));
}

/// After a rollback the newer version's key is the next one of AWSCURRENT: it must live.
#[tokio::test]
async fn the_key_that_was_rolled_back_is_not_retired_while_it_is_the_next_one() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    assert_eq!(
        rotator(&jwks).kinship(&first, &second),
        Ok(Kinship::Separate)
    );
    assert_eq!(rotator(&jwks).kinship(&second, &first), Ok(Kinship::Same));
    let before = published(&jwks)["keys"].clone();
    let (class, _) = failure(retire(&jwks, &second, &first).await);
    assert_eq!(class, "invalid_request");
    assert_eq!(published(&jwks)["keys"], before);
    // What the rolled back version would have promoted goes with the next rotation.
    let third = rotate(&jwks, &first, NOW).await;
    assert_eq!(kid(&third, "current"), kid(&second, "current"));
    assert!(!kids(&jwks.text(PLACE).unwrap()).contains(&kid(&second, "next")));
}

/// Verifiers go by the key: under which name, and for which algorithm, somebody published it beside is no matter.
#[tokio::test]
async fn a_retired_key_leaves_under_every_name_and_algorithm_that_it_is_published_with() {
    let twins = [
        ("RS256", "kid", "RS512"),
        ("RS256", "twin", "PS256"),
        ("EdDSA", "kid", "Ed25519"),
        ("EdDSA", "twin", "Ed25519"),
    ];
    for (alg, name, of) in twins {
        let jwks = Memory::default();
        let first = rotate(&jwks, &unborn(alg, PLACE), NOW).await;
        let second = rotate(&jwks, &first, NOW).await;
        let mut twin = published(&jwks)["keys"][0].clone();
        twin["alg"] = of.into();
        if name == "twin" {
            twin["kid"] = name.into();
        }
        let with_twin = || {
            let mut set = published(&jwks);
            set["keys"].as_array_mut().unwrap().push(twin.clone());
            jwks.put(PLACE, set.to_string());
        };
        with_twin();
        retire(&jwks, &first, &second).await.unwrap();
        assert_eq!(
            kids(&jwks.text(PLACE).unwrap()),
            ["current", "next"].map(|it| kid(&second, it)),
            "{name} of {of}"
        );
        with_twin();
        let (class, text) = failure(login_beside(&jwks, &first, &second).await);
        assert_eq!(class, "invalid_request", "{name} of {of}");
        assert!(text.contains("`alg`"), "{text}");
    }
}

#[tokio::test]
async fn after_a_rollback_over_two_rotations_both_keys_that_nobody_uses_leave() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    let third = rotate(&jwks, &second, NOW).await;
    restore(&jwks, &first, &third).await.unwrap();
    let before = published(&jwks);
    assert_eq!(before["keys"].as_array().unwrap().len(), 4);
    retire(&jwks, &third, &first).await.unwrap();
    let mut left = kids(&jwks.text(PLACE).unwrap());
    left.sort();
    let mut used = ["current", "next"].map(|it| kid(&first, it));
    used.sort();
    assert_eq!(left, used);
    assert_eq!(
        login_beside(&jwks, &third, &first).await,
        Ok(Login::Refused)
    );

    // The signing key alone is no proof.
    let mut set = before;
    set["keys"]
        .as_array_mut()
        .unwrap()
        .retain(|key| key["kid"] != *kid(&third, "current"));
    jwks.put(PLACE, set.to_string());
    let (class, text) = failure(login_beside(&jwks, &third, &first).await);
    assert_eq!(class, "invalid_request");
    assert!(text.contains("its next key"), "{text}");
}

/// The labels were rolled back from under an open rotation: what it would sign with is published as another version's next
/// key, and its own next key is not. It cannot be used, and may be cleared.
#[tokio::test]
async fn a_pending_value_that_was_never_set_is_refused_whoever_is_current() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    let pending = next(&jwks, &second, NOW);
    for current in [&second, &first] {
        let login = login_beside(&jwks, &pending, current).await;
        assert_eq!(login, Ok(Login::Refused));
    }
}

#[tokio::test]
async fn a_key_that_somebody_puts_back_at_once_is_not_retired() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    let (rotator, revocation) = (rotator(&jwks), revocation(&first, &second));
    let mut seized = rotator.seize(revocation).await.unwrap();
    let before = jwks.text(PLACE);
    jwks.state().put_after_a_write = before;
    let (class, text) = failure(rotator.revoke(&mut seized, revocation).await);
    assert_eq!(class, "target_unreachable");
    assert!(text.contains("there again"), "{text}");
}

/// The next key of the old value may have signed since, and its tokens are good.
#[tokio::test]
async fn a_key_that_has_signed_since_stays_when_the_one_before_it_is_retired() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    let third = rotate(&jwks, &second, NOW).await;
    retire(&jwks, &first, &third).await.unwrap();
    let three = ["previous", "current", "next"].map(|it| kid(&third, it));
    assert_eq!(kids(&jwks.text(PLACE).unwrap()), three);
    assert_eq!(
        login_beside(&jwks, &first, &third).await,
        Ok(Login::Refused)
    );
}

#[tokio::test]
async fn nothing_is_retired_while_the_current_key_is_not_published() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    let mut set = published(&jwks);
    set["keys"]
        .as_array_mut()
        .unwrap()
        .retain(|key| key["kid"] != *kid(&second, "current"));
    jwks.put(PLACE, set.to_string());
    let (class, _) = failure(retire(&jwks, &first, &second).await);
    assert_eq!(class, "wrong_password");
    assert!(kids(&jwks.text(PLACE).unwrap()).contains(&kid(&first, "current")));
}

#[tokio::test]
async fn versions_of_two_places_or_two_lineages_have_nothing_to_do_with_each_other() {
    let jwks = Memory::default();
    jwks.put(PLACE, shared());
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let elsewhere = changed(&first, "jwks", "s3://elsewhere/jwks.json".into());
    let stranger = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    for (other, field) in [(&elsewhere, "`jwks`"), (&stranger, "`lineage`")] {
        let (class, text) = failure(rotator(&jwks).kinship(&first, other));
        assert_eq!(class, "invalid_request");
        assert!(text.contains(field), "{text}");
    }
}

#[tokio::test]
async fn a_pending_value_that_does_not_follow_is_refused_before_anything_is_changed() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let good = next(&jwks, &first, NOW);
    let stranger = next(&jwks, &unborn("EdDSA", PLACE), NOW);
    let foreign = crate::issuer::json(&stranger)["current"].clone();
    let before = jwks.text(PLACE);
    for bad in [
        stranger,
        changed(&good, "current", foreign),
        changed(&good, "lineage", "another".into()),
        crate::issuer::without(&good, "previous"),
        crate::issuer::without(&good, "next"),
    ] {
        let (class, _) = failure(set(&jwks, &first, &bad).await);
        assert_eq!(class, "invalid_request");
        assert_eq!(jwks.text(PLACE), before);
    }
    set(&jwks, &first, &good).await.unwrap();
}

#[tokio::test]
async fn a_key_set_without_the_key_until_now_does_not_pass_the_test() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    for gone in ["previous", "current", "next"] {
        let whole = jwks.text(PLACE).unwrap();
        let mut set = published(&jwks);
        set["keys"]
            .as_array_mut()
            .unwrap()
            .retain(|key| key["kid"] != *kid(&second, gone));
        jwks.put(PLACE, set.to_string());
        let (class, _) = failure(rotator(&jwks).test(&second).await);
        assert_eq!(class, "wrong_password", "{gone}");
        jwks.put(PLACE, whole);
    }
    rotator(&jwks).test(&second).await.unwrap();
}
