use rekey_rotation::{Kinship, SecretValue, TargetError};

use super::target::{Kind, Target};
use crate::fields::Fields;
use crate::object::{invalid, same};

const DEFAULT_PORT: u16 = 6379;

/// The JSON of a user's secret or of an AUTH token's.
pub(super) struct Secret {
    pub(super) target: Target,
    pub(super) username: String,
    /// A user that AWS made has none before its first rotation.
    pub(super) password: Option<SecretValue>,
    pub(super) place: Option<Place>,
    /// Whether a retirement ends the connections that may have come with the old password.
    pub(super) end_connections: bool,
}

/// Where logins are proved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
}

impl Place {
    /// For error texts.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Secret {
    pub(super) fn parse(kind: Kind, value: &SecretValue) -> Result<Self, TargetError> {
        let fields = Fields::parse(value, "the secret", SHAPE)?;
        let target = match kind {
            Kind::User => Target::user(fields.needed("user_arn")?)?,
            Kind::Auth => Target::group(fields.needed("replication_group_id")?.to_owned())?,
        };
        let username = match kind {
            Kind::User => fields.needed("username")?,
            Kind::Auth => "default",
        };
        let password = fields.secret(kind.field())?;
        let place = place(&fields)?;
        let end_connections = fields.flag("end_connections")?.unwrap_or(true);
        if kind == Kind::Auth && (password.is_none() || place.is_none()) {
            return Err(invalid(
                "the secret of an AUTH token needs `auth_token`, and `host` for the logins that prove it",
            ));
        }
        Ok(Self {
            target,
            username: username.to_owned(),
            password,
            place,
            end_connections,
        })
    }

    /// The password, which every version but the very first has.
    pub(super) fn password(&self) -> Result<&SecretValue, TargetError> {
        self.password
            .as_ref()
            .ok_or_else(|| invalid("the secret has no `password`; rotate it once, which makes one"))
    }

    /// How an old value and another one of one secret belong together. Where they log in does not matter: a
    /// secret that was told its `host` has the credential that it had. A value without a password has nothing
    /// that could be taken away or brought back.
    pub(super) fn kinship(&self, other: &Self) -> Result<Kinship, TargetError> {
        if let Some(field) = self.differing(other) {
            return Err(invalid(format!(
                "`{field}` differs between the two versions, so they are not versions of one credential"
            )));
        }
        let same = match (&self.password, &other.password) {
            // Exposed to be compared, and nowhere kept.
            (Some(one), Some(other)) => same(one.expose(), other.expose()),
            (None, _) => true,
            (Some(_), None) => false,
        };
        Ok(if same {
            Kinship::Same
        } else {
            Kinship::Separate
        })
    }

    /// The field in which two values are of two credentials.
    pub(super) fn differing(&self, other: &Self) -> Option<&'static str> {
        if self.target != other.target {
            Some(self.target.field())
        } else if self.username != other.username {
            Some("username")
        } else {
            None
        }
    }
}

/// The value that follows `current`: another password, and every other field as it was.
pub(super) fn successor(
    kind: Kind,
    current: &SecretValue,
    password: &str,
) -> Result<SecretValue, TargetError> {
    Secret::parse(kind, current)?;
    let mut fields = Fields::parse(current, "the secret", SHAPE)?;
    fields.set(kind.field(), password);
    fields.into_next()
}

const SHAPE: &str = "an object; docs/redis.md has the fields of both kinds";

/// Where logins are proved: TLS unless the secret says otherwise.
fn place(fields: &Fields) -> Result<Option<Place>, TargetError> {
    let (port, tls) = (fields.port()?, fields.flag("ssl")?);
    Ok(fields.host()?.map(|host| Place {
        host: host.to_ascii_lowercase(),
        port: port.unwrap_or(DEFAULT_PORT),
        tls: tls.unwrap_or(true),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ARN: &str = "arn:aws:elasticache:eu-west-1:123456789012:user:app-id";

    fn value(json: &Value) -> SecretValue {
        SecretValue::new(json.to_string()).unwrap()
    }

    fn refusal(kind: Kind, json: &Value) -> String {
        match Secret::parse(kind, &value(json)) {
            Err(TargetError::InvalidSecret(text)) => text,
            Err(other) => panic!("another class: {other}"),
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn the_format_of_awss_function_is_read_and_needs_no_host_and_at_first_no_password() {
        let whole = json!({"username": "app", "password": "canary", "user_arn": ARN});
        let secret = Secret::parse(Kind::User, &value(&whole)).unwrap();
        assert_eq!(secret.target, Target::user(ARN).unwrap());
        assert_eq!(secret.username, "app");
        assert!(secret.place.is_none());
        assert_eq!(secret.password().unwrap().expose(), "canary");
        let first = json!({"username": "app", "user_arn": ARN});
        assert!(
            Secret::parse(Kind::User, &value(&first))
                .unwrap()
                .password
                .is_none()
        );
    }

    #[test]
    fn an_auth_tokens_secret_names_its_group_and_where_the_token_is_proved() {
        let whole =
            json!({"replication_group_id": "shop", "auth_token": "canary", "host": "Master.shop"});
        let secret = Secret::parse(Kind::Auth, &value(&whole)).unwrap();
        let expected = Place {
            host: "master.shop".to_owned(),
            port: 6379,
            tls: true,
        };
        assert_eq!(secret.place, Some(expected));
        assert_eq!(secret.username, "default");
        for field in ["replication_group_id", "auth_token", "host"] {
            let mut less = whole.clone();
            less.as_object_mut().unwrap().remove(field);
            assert!(refusal(Kind::Auth, &less).contains(field), "{field}");
        }
    }

    #[test]
    fn a_wrong_field_is_named_and_its_value_is_not() {
        let whole = json!({"username": "app", "password": "p", "user_arn": ARN, "host": "h"});
        for (field, to) in [
            ("user_arn", json!("canary")),
            (
                "user_arn",
                json!("arn:aws:elasticache:eu-west-1:1:usergroup:canary"),
            ),
            ("username", json!("")),
            ("password", json!(["canary"])),
            ("host", json!(1)),
            ("port", json!("canary")),
            ("ssl", json!("canary")),
            ("end_connections", json!("canary")),
        ] {
            let mut spoilt = whole.clone();
            spoilt[field] = to;
            let text = refusal(Kind::User, &spoilt);
            assert!(text.contains(field) && !text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn the_next_value_has_another_password_and_every_other_field_as_it_was() {
        let whole = json!({"username": "app", "user_arn": ARN, "team": {"a": [1]}});
        let next = successor(Kind::User, &value(&whole), "fresh").unwrap();
        let mut expected = whole;
        expected["password"] = "fresh".into();
        let next: Value = serde_json::from_str(next.expose()).unwrap();
        assert_eq!(next, expected);
    }
}
