//! How long verifiers may keep a key set that several secrets publish in.

use rekey_rotation::{Rotator as _, SecretValue};

use crate::issuer::{
    NOW, changed, credentials, json, next, restore, retire, rotate, rotator, set, shared, unborn,
};
use crate::memory::Memory;

const PLACE: &str = "s3://keys/jwks.json";

fn cached_for(seconds: u32) -> SecretValue {
    changed(&unborn("EdDSA", PLACE), "cache_seconds", seconds.into())
}

/// Who asks for five minutes goes by five minutes: his next key signs then, and whoever has kept the key set of the
/// other one's day does not know it.
#[tokio::test]
async fn a_shared_key_set_is_published_for_the_shortest_time_that_one_of_its_secrets_asks_for() {
    let (minutes, day) = (300, 86_400);
    for mine_is_first in [true, false] {
        let jwks = Memory::default();
        jwks.put(PLACE, shared());
        let secrets = [(cached_for(minutes), minutes), (cached_for(day), day)];
        let (first, other) = if mine_is_first { (0, 1) } else { (1, 0) };
        rotate(&jwks, &secrets[first].0, NOW).await;
        assert_eq!(jwks.max_age(PLACE), secrets[first].1);
        rotate(&jwks, &secrets[other].0, NOW).await;
        assert_eq!(jwks.max_age(PLACE), minutes);
    }
}

#[tokio::test]
async fn whoever_writes_a_shared_key_set_next_keeps_the_shortest_time() {
    let jwks = Memory::default();
    jwks.put(PLACE, shared());
    let mine = rotate(&jwks, &cached_for(300), NOW).await;
    let first = rotate(&jwks, &cached_for(86_400), NOW).await;
    let pending = next(&jwks, &first, NOW + 86_400);
    let hold = rotator(&jwks).lock(credentials(&first, &pending)).await;
    assert_eq!(jwks.max_age(PLACE), 300, "in another one's turn");
    drop(hold.unwrap());
    tokio::task::yield_now().await;
    assert_eq!(jwks.max_age(PLACE), 300, "given back");
    set(&jwks, &first, &pending).await.unwrap();
    assert_eq!(jwks.max_age(PLACE), 300, "rotated");
    retire(&jwks, &first, &pending).await.unwrap();
    assert_eq!(jwks.max_age(PLACE), 300, "retired");
    restore(&jwks, &first, &pending).await.unwrap();
    assert_eq!(jwks.max_age(PLACE), 300, "rolled back");

    // A time that was changed counts from the next rotation on.
    let longer = changed(&mine, "cache_seconds", 900.into());
    rotate(&jwks, &longer, NOW + 900).await;
    assert_eq!(jwks.max_age(PLACE), 900);
}

/// As it was written before times were noted.
#[tokio::test]
async fn a_key_set_that_notes_no_times_is_taken_as_it_is() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &cached_for(300), NOW).await;
    let mut plain: serde_json::Value = serde_json::from_str(&jwks.text(PLACE).unwrap()).unwrap();
    let lineage = json(&first)["lineage"].as_str().unwrap().to_owned();
    let kids = ["current", "next"].map(|field| crate::issuer::kid(&first, field));
    plain["rekey"]["keys"] = serde_json::json!({ lineage: kids });
    jwks.put(PLACE, plain.to_string());
    let second = rotate(&jwks, &first, NOW + 300).await;
    retire(&jwks, &first, &second).await.unwrap();
    let left = crate::memory::kids(&jwks.text(PLACE).unwrap());
    assert_eq!(
        left,
        ["current", "next"].map(|it| crate::issuer::kid(&second, it))
    );
}
