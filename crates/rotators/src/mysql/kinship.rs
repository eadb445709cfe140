use rekey_rotation::{Kinship, SecretValue, TargetError};

use super::names::alternate;
use super::secret::{UserSecret, invalid};
use super::strategy::Users;

/// How two values of one secret belong together, in either order, given who logs in.
pub(super) fn of(
    one: &UserSecret,
    other: &UserSecret,
    users: Users,
) -> Result<Kinship, TargetError> {
    if let Some(field) = differing_place(one, other) {
        return Err(strangers(field));
    }
    if one.username == other.username {
        return Ok(if same(&one.password, &other.password) {
            Kinship::Same
        } else if users == Users::TwoPasswords {
            Kinship::Separate
        } else {
            Kinship::Replaced
        });
    }
    if users == Users::Alternating && alternate(&one.username, one.engine)? == other.username {
        return Ok(Kinship::Separate);
    }
    Err(strangers("username"))
}

pub(super) fn check_same_target(
    current: &UserSecret,
    other: &UserSecret,
    label: &str,
) -> Result<(), TargetError> {
    differing_place(current, other).map_or(Ok(()), |field| Err(another(field, label)))
}

pub(super) fn check_same_user(
    current: &UserSecret,
    other: &UserSecret,
    label: &str,
) -> Result<(), TargetError> {
    if current.username == other.username {
        return Ok(());
    }
    Err(another("username", label))
}

fn differing_place(one: &UserSecret, other: &UserSecret) -> Option<&'static str> {
    if one.engine_name != other.engine_name {
        Some("engine")
    } else if !one.host.eq_ignore_ascii_case(&other.host) {
        Some("host")
    } else if one.port != other.port {
        Some("port")
    } else if one.dbname != other.dbname {
        Some("dbname")
    } else {
        None
    }
}

/// Compares them over their whole length, whatever differs.
fn same(one: &SecretValue, other: &SecretValue) -> bool {
    // Exposed to be compared, and nowhere kept.
    let (one, other) = (one.expose().as_bytes(), other.expose().as_bytes());
    let pairs = one.iter().zip(other);
    one.len() == other.len() && pairs.fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

fn another(field: &str, label: &str) -> TargetError {
    invalid(format!(
        "`{field}` under {label} is another one than under AWSCURRENT, and a rotation changes passwords only; change the secret while no rotation is open, and rotate again"
    ))
}

fn strangers(field: &str) -> TargetError {
    invalid(format!(
        "`{field}` differs between the two versions, so they are not versions of one credential, and neither is taken out of use or brought back; close the old one at its server by hand (ALTER USER ... ACCOUNT LOCK)"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn secret(changes: &[(&str, Value)]) -> UserSecret {
        let mut json = json!({"engine": "mysql", "host": "Db.example", "port": 3307, "dbname": "shop",
            "username": "app", "password": "canary-1"});
        for (field, to) in changes {
            json[*field] = to.clone();
        }
        UserSecret::parse(
            &SecretValue::new(json.to_string()).unwrap(),
            super::super::server::Engine::MySql,
        )
        .unwrap()
    }

    fn kinship(changes: &[(&str, Value)], users: Users) -> Result<Kinship, TargetError> {
        let (one, other) = (secret(&[]), secret(changes));
        let kinship = of(&one, &other, users);
        assert_eq!(kinship, of(&other, &one, users), "in either order");
        kinship
    }

    #[test]
    fn one_user_with_one_password_is_the_same_credential_and_with_another_one_that_was_replaced() {
        for users in [Users::Single, Users::Alternating] {
            let same = kinship(&[("host", "db.EXAMPLE".into())], users);
            assert_eq!(same, Ok(Kinship::Same));
            for password in ["canary-2", "canary-", "canary-11"] {
                let replaced = kinship(&[("password", password.into())], users);
                assert_eq!(replaced, Ok(Kinship::Replaced));
            }
        }
    }

    #[test]
    fn the_other_user_of_the_pair_is_separate_whatever_its_password() {
        for password in ["canary-1", "canary-2"] {
            let changes = [
                ("username", "app_clone".into()),
                ("password", password.into()),
            ];
            assert_eq!(kinship(&changes, Users::Alternating), Ok(Kinship::Separate));
            assert!(
                kinship(&changes, Users::Single).is_err(),
                "a single user has no second one"
            );
        }
    }

    #[test]
    fn two_passwords_of_one_user_are_separate() {
        let other = [("password", "canary-2".into())];
        assert_eq!(kinship(&other, Users::TwoPasswords), Ok(Kinship::Separate));
        assert_eq!(kinship(&[], Users::TwoPasswords), Ok(Kinship::Same));
    }

    #[test]
    fn versions_of_two_targets_are_refused_by_the_name_of_the_field() {
        for (field, to) in [
            ("engine", "aurora-mysql".into()),
            ("host", "canary-host".into()),
            ("port", 3308.into()),
            ("dbname", "canary-db".into()),
            ("username", "canary_user".into()),
            ("username", "app_clone_clone".into()),
        ] {
            match kinship(&[(field, to)], Users::Alternating) {
                Err(TargetError::InvalidSecret(text)) => {
                    assert!(text.contains(&format!("`{field}`")), "{text}");
                    assert!(!text.contains("canary"), "{text}");
                }
                other => panic!("{field}: {other:?}"),
            }
        }
    }
}
