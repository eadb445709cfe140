use rekey_rotation::{Kinship, SecretValue, TargetError};

use super::names::alternate;
use super::secret::{UserSecret, invalid};

/// How two values of one secret belong together, in either order. `alternating` says whether two users of
/// one base role may be meant.
pub(super) fn of(
    one: &UserSecret,
    other: &UserSecret,
    alternating: bool,
) -> Result<Kinship, TargetError> {
    if let Some(field) = differing_place(one, other) {
        return Err(strangers(field));
    }
    if one.username == other.username {
        return Ok(if same(&one.password, &other.password) {
            Kinship::Same
        } else {
            Kinship::Replaced
        });
    }
    if alternating && alternate(&one.username)? == other.username {
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
    if one.engine != other.engine {
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
        "`{field}` differs between the two versions, so they are not versions of one credential, and neither is taken out of use or brought back; close the old one at its server by hand (ALTER ROLE ... PASSWORD NULL)"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn secret(changes: &[(&str, Value)]) -> UserSecret {
        let mut json = json!({"engine": "postgres", "host": "Db.example", "port": 5433, "dbname": "shop",
            "username": "app", "password": "canary-1"});
        for (field, to) in changes {
            json[*field] = to.clone();
        }
        UserSecret::parse(&SecretValue::new(json.to_string()).unwrap()).unwrap()
    }

    fn kinship(changes: &[(&str, Value)], alternating: bool) -> Result<Kinship, TargetError> {
        let (one, other) = (secret(&[]), secret(changes));
        let kinship = of(&one, &other, alternating);
        assert_eq!(kinship, of(&other, &one, alternating), "in either order");
        kinship
    }

    #[test]
    fn one_user_with_one_password_is_the_same_credential_and_with_another_one_that_was_replaced() {
        for alternating in [false, true] {
            let same = kinship(&[("host", "db.EXAMPLE".into())], alternating);
            assert_eq!(same, Ok(Kinship::Same));
            for password in ["canary-2", "canary-", "canary-11"] {
                let replaced = kinship(&[("password", password.into())], alternating);
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
            assert_eq!(kinship(&changes, true), Ok(Kinship::Separate));
            assert!(
                kinship(&changes, false).is_err(),
                "a single user has no second one"
            );
        }
    }

    #[test]
    fn versions_of_two_targets_are_refused_by_the_name_of_the_field() {
        for (field, to) in [
            ("engine", "aurora-postgresql".into()),
            ("host", "canary-host".into()),
            ("port", 5434.into()),
            ("dbname", "canary-db".into()),
            ("username", "canary_user".into()),
            ("username", "app_clone_clone".into()),
        ] {
            match kinship(&[(field, to)], true) {
                Err(TargetError::InvalidSecret(text)) => {
                    assert!(text.contains(&format!("`{field}`")), "{text}");
                    assert!(!text.contains("canary"), "{text}");
                }
                other => panic!("{field}: {other:?}"),
            }
        }
    }
}
