use postgres_protocol::password::scram_sha_256;
use rekey_rotation::SecretValue;

use super::quote::literal;

/// What PostgreSQL keeps of a password: it can check a login with it, nobody can log in with it. The
/// server stores it as it is, so that the password itself is in no statement, activity view or log.
///
/// Source: [PostgreSQL, pg_authid.rolpassword](https://www.postgresql.org/docs/current/catalog-pg-authid.html).
pub(super) struct Verifier(String);

impl Verifier {
    /// The verifier of `password`, with fresh salt.
    pub(super) fn of(password: &SecretValue) -> Self {
        // Exposed to be hashed; only the hash goes on from here.
        Self(scram_sha_256(password.expose().as_bytes()))
    }

    /// One that no password fits: for a change that is only tried.
    pub(super) fn of_none() -> Self {
        let sixteen = "A".repeat(22) + "==";
        let thirty_two = "A".repeat(43) + "=";
        Self(format!(
            "SCRAM-SHA-256$4096:{sixteen}${thirty_two}:{thirty_two}"
        ))
    }

    /// As SQL text.
    pub(super) fn literal(&self) -> String {
        literal(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_does_not_hold_its_password_and_is_new_each_time() {
        let password = SecretValue::new("hunter2".to_owned()).unwrap();
        let (one, two) = (Verifier::of(&password), Verifier::of(&password));
        assert!(one.0.starts_with("SCRAM-SHA-256$4096:"));
        assert!(!one.0.contains("hunter2"));
        assert_ne!(one.0, two.0);
        assert_eq!(Verifier::of_none().0.len(), one.0.len());
    }
}
