use rekey_rotation::{Kinship, SecretValue, TargetError};

use crate::object::{invalid, same};

/// A user of a database, as one version of its secret has it.
#[derive(Clone, Copy)]
pub(crate) struct User<'a> {
    pub(crate) engine: &'a str,
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) dbname: Option<&'a str>,
    pub(crate) username: &'a str,
    pub(crate) password: &'a SecretValue,
}

/// What credentials a secret's versions may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Credentials<'a> {
    /// One user with one password.
    One,
    /// One user with two passwords.
    #[cfg(feature = "mysql")]
    TwoPasswords,
    /// Two users in turn; the other one of the first version's.
    TwoUsers(&'a str),
}

impl User<'_> {
    /// How two values of one secret belong together, in either order. `by_hand` is the statement that closes
    /// what is taken for nobody's.
    pub(crate) fn kinship(
        self,
        other: User<'_>,
        credentials: Credentials<'_>,
        by_hand: &str,
    ) -> Result<Kinship, TargetError> {
        let strangers = |field: &str| {
            invalid(format!(
                "`{field}` differs between the two versions, so they are not versions of one credential, and neither is taken out of use or brought back; close the old one at its server by hand ({by_hand})"
            ))
        };
        if let Some(field) = self.differing_place(other) {
            return Err(strangers(field));
        }
        if self.username == other.username {
            // Exposed to be compared, and nowhere kept.
            let (one, other) = (self.password.expose(), other.password.expose());
            return Ok(match credentials {
                _ if same(one, other) => Kinship::Same,
                #[cfg(feature = "mysql")]
                Credentials::TwoPasswords => Kinship::Separate,
                Credentials::One | Credentials::TwoUsers(_) => Kinship::Replaced,
            });
        }
        match credentials {
            Credentials::TwoUsers(alternate) if alternate == other.username => {
                Ok(Kinship::Separate)
            }
            _ => Err(strangers("username")),
        }
    }

    /// Checks that the version with `label` is of the same target as this one, which is `AWSCURRENT`.
    pub(crate) fn check_same_target(self, other: User<'_>, label: &str) -> Result<(), TargetError> {
        self.differing_place(other)
            .map_or(Ok(()), |field| Err(another(field, label)))
    }

    /// Checks that the version with `label` is of the same user as this one, which is `AWSCURRENT`.
    pub(crate) fn check_same_user(self, other: User<'_>, label: &str) -> Result<(), TargetError> {
        if self.username == other.username {
            return Ok(());
        }
        Err(another("username", label))
    }

    /// Both: the version with `label` is of the same user of the same target.
    pub(crate) fn check_same(self, other: User<'_>, label: &str) -> Result<(), TargetError> {
        self.check_same_target(other, label)?;
        self.check_same_user(other, label)
    }

    fn differing_place(self, other: User<'_>) -> Option<&'static str> {
        if self.engine != other.engine {
            Some("engine")
        } else if !self.host.eq_ignore_ascii_case(other.host) {
            Some("host")
        } else if self.port != other.port {
            Some("port")
        } else if self.dbname != other.dbname {
            Some("dbname")
        } else {
            None
        }
    }
}

fn another(field: &str, label: &str) -> TargetError {
    invalid(format!(
        "`{field}` under {label} is another one than under AWSCURRENT, and a rotation changes passwords only; change the secret while no rotation is open, and rotate again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned()).unwrap()
    }

    fn user<'a>(password: &'a SecretValue) -> User<'a> {
        User {
            engine: "postgres",
            host: "Db.example",
            port: 5433,
            dbname: Some("shop"),
            username: "app",
            password,
        }
    }

    /// The other of two users.
    fn turns(username: &str) -> Credentials<'static> {
        Credentials::TwoUsers(match username {
            "app" => "app_clone",
            "app_clone" => "app",
            _ => "nobody's",
        })
    }

    fn kinship(one: User<'_>, other: User<'_>, two_users: bool) -> Result<Kinship, TargetError> {
        let of = |one: User<'_>, other: User<'_>| {
            let credentials = if two_users {
                turns(one.username)
            } else {
                Credentials::One
            };
            one.kinship(other, credentials, "ALTER ...")
        };
        let kinship = of(one, other);
        assert_eq!(kinship, of(other, one), "in either order");
        kinship
    }

    #[test]
    fn one_user_with_one_password_is_the_same_credential_and_with_another_one_that_was_replaced() {
        let first = password("canary-1");
        for two_users in [false, true] {
            let cased = User {
                host: "db.EXAMPLE",
                ..user(&first)
            };
            assert_eq!(kinship(user(&first), cased, two_users), Ok(Kinship::Same));
            for text in ["canary-2", "canary-", "canary-11"] {
                let other = password(text);
                let replaced = kinship(user(&first), user(&other), two_users);
                assert_eq!(replaced, Ok(Kinship::Replaced));
            }
        }
    }

    #[test]
    fn the_other_user_of_the_pair_is_separate_whatever_its_password() {
        let first = password("canary-1");
        for text in ["canary-1", "canary-2"] {
            let other = password(text);
            let other = User {
                username: "app_clone",
                ..user(&other)
            };
            assert_eq!(kinship(user(&first), other, true), Ok(Kinship::Separate));
            let alone = kinship(user(&first), other, false);
            assert!(alone.is_err(), "a single user has no second one");
        }
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn two_passwords_of_one_user_are_separate() {
        let (one, other) = (password("canary-1"), password("canary-2"));
        let of = |other| user(&one).kinship(other, Credentials::TwoPasswords, "");
        assert_eq!(of(user(&other)), Ok(Kinship::Separate));
        assert_eq!(of(user(&one)), Ok(Kinship::Same));
    }

    #[test]
    fn versions_of_two_targets_are_refused_by_the_name_of_the_field() {
        let first = password("canary-1");
        let one = user(&first);
        for (field, other) in [
            (
                "engine",
                User {
                    engine: "canary",
                    ..one
                },
            ),
            (
                "host",
                User {
                    host: "canary-host",
                    ..one
                },
            ),
            ("port", User { port: 5434, ..one }),
            (
                "dbname",
                User {
                    dbname: Some("canary-db"),
                    ..one
                },
            ),
            (
                "dbname",
                User {
                    dbname: None,
                    ..one
                },
            ),
            (
                "username",
                User {
                    username: "canary_user",
                    ..one
                },
            ),
            (
                "username",
                User {
                    username: "app_clone_clone",
                    ..one
                },
            ),
        ] {
            match kinship(one, other, true) {
                Err(TargetError::InvalidSecret(text)) => {
                    assert!(text.contains(&format!("`{field}`")), "{text}");
                    assert!(!text.contains("canary"), "{text}");
                }
                other => panic!("{field}: {other:?}"),
            }
        }
    }
}
