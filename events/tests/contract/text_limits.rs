//! Limits at their edges.

use rekey_events::{
    Actor, ClientRequestToken, Fingerprint, LimitError, RotationToken, SecretId, StoredName,
    UserAgent, Word,
};

#[test]
fn a_length_is_taken_up_to_its_limit_and_not_beyond() {
    fn check<T>(make: fn(String) -> Result<T, LimitError>, min: usize, max: usize) {
        assert!(make("a".repeat(min)).is_ok() && make("a".repeat(max)).is_ok());
        assert!(make("a".repeat(min - 1)).is_err() && make("a".repeat(max + 1)).is_err());
    }
    check(ClientRequestToken::new, 32, 64);
    check(SecretId::new, 1, 2048);
    check(StoredName::new, 1, 512);
    check(RotationToken::new, 1, 256);
    check(Word::new, 1, 64);
    check(Actor::new, 1, 2048);
    check(UserAgent::new, 1, 1024);
}

#[test]
fn names_that_other_services_own_are_read_too() {
    assert!(StoredName::new("rds!cluster-0f3c").is_ok());
    assert!(StoredName::new("two words").is_err());
}

#[test]
fn a_fingerprint_has_one_spelling() {
    let digits = "3f9a0c5be1d247768c10d2f4a5b6e798";
    assert!(Fingerprint::new(format!("hmac-sha256:{digits}")).is_ok());
    for other in [
        format!("hmac-sha256:{}", digits.to_uppercase()),
        format!("HMAC-sha256:{digits}"),
        format!("hmac_sha256:{digits}"),
        format!("hmac-sha256:{}g", digits.split_at(31).0),
    ] {
        assert!(Fingerprint::new(other.as_str()).is_err(), "{other}");
    }
}
