//! What others have published of Standard Webhooks: the key, the message and the signature of its own tests
//! (`libraries/javascript/src/webhook.test.ts` and `libraries/go/webhook_test.go` of
//! <https://github.com/standard-webhooks/standard-webhooks>).

use rekey_rotation::{Overlap, Rotator as _};
use serde_json::{Value, json};

use crate::case::{NOW, hmac, next, value};
use crate::webhook::{accepts, sign};

pub const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
pub const TIMESTAMP: i64 = 1_614_265_330;
pub const BODY: &str = r#"{"test": 2432232314}"#;
pub const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

/// A signature of another key, and one of another scheme, from the same tests.
pub const OTHERS: [&str; 2] = [
    "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
    "v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
];

pub fn secret() -> Value {
    json!({"current": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
}

#[test]
fn the_published_key_signs_as_published() {
    assert_eq!(
        sign(&secret(), ID, TIMESTAMP, BODY.as_bytes(), TIMESTAMP),
        SIGNATURE
    );
}

#[test]
fn one_good_signature_among_others_is_enough_and_none_is_not() {
    let with = |header: &str| accepts(&secret(), ID, TIMESTAMP, BODY.as_bytes(), header, TIMESTAMP);
    let [other, scheme] = OTHERS;
    assert!(with(&[other, scheme, SIGNATURE, other].join(" ")));
    assert!(!with(&[other, scheme].join(" ")));
    assert!(!with(""));
    assert!(!with("v1,"));
    assert!(!with(&SIGNATURE[..8]));
}

/// The same key with its bytes in the other two formats signs the same.
#[test]
fn a_key_is_its_bytes_in_every_format() {
    let hex = "31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0";
    for other in [
        json!({"current": hex, "format": "hex"}),
        json!({"current": hex.to_uppercase(), "format": "hex"}),
        json!({"current": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "format": "base64url"}),
    ] {
        assert_eq!(
            sign(&other, ID, TIMESTAMP, BODY.as_bytes(), TIMESTAMP),
            SIGNATURE
        );
        assert_eq!(hmac().overlap(&value(&other)), Ok(Overlap::PreviousInside));
    }
}

#[test]
fn the_published_key_is_rotated_and_signs_on_beside_the_new_one() {
    let after = next(&hmac(), &secret(), NOW).unwrap();
    let header = sign(&after, ID, NOW, BODY.as_bytes(), NOW);
    let both: Vec<&str> = header.split(' ').collect();
    assert_eq!(both.len(), 2);
    assert_eq!(both[1], sign(&secret(), ID, NOW, BODY.as_bytes(), NOW));
    assert!(
        accepts(&secret(), ID, NOW, BODY.as_bytes(), &header, NOW),
        "who has not read it yet"
    );
}
