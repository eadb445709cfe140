use rekey_rotation::{SecretId, SecretValue, TargetError};

use super::names::{MAX_NAME_BYTES, alternate};
use crate::database::user::User;
use crate::fields::Fields;

const DEFAULT_PORT: u16 = 5432;
const DEFAULT_DATABASE: &str = "postgres";

/// The JSON of a database user's secret, in the format of AWS's rotation functions.
///
/// Source: [JSON structure of AWS Secrets Manager secrets](https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html#reference_secret_json_structure_rds-postgres).
pub(super) struct UserSecret {
    pub(super) engine: &'static str,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) username: String,
    pub(super) password: SecretValue,
    pub(super) dbname: String,
    pub(super) masterarn: Option<SecretId>,
    pub(super) tls: bool,
}

/// The JSON of a superuser's secret. One that RDS manages has a user name and a password only.
pub(super) struct SuperuserSecret {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) username: String,
    pub(super) password: SecretValue,
    pub(super) tls: Option<bool>,
}

impl UserSecret {
    pub(super) fn parse(value: &SecretValue) -> Result<Self, TargetError> {
        let fields = Fields::parse(value, "the secret", SHAPE)?;
        let engine = fields.word("engine", &ENGINES)?;
        let host = fields.host()?.ok_or_else(|| fields.missing("host"))?;
        Ok(Self {
            engine: engine.ok_or_else(|| fields.missing("engine"))?,
            host: host.to_owned(),
            port: fields.port()?.unwrap_or(DEFAULT_PORT),
            username: username(&fields)?,
            password: fields.password()?,
            dbname: fields
                .text("dbname")?
                .unwrap_or(DEFAULT_DATABASE)
                .to_owned(),
            masterarn: fields.masterarn()?,
            tls: fields.flag("ssl")?.unwrap_or(true),
        })
    }

    /// The user, as this version has it.
    pub(super) fn user(&self) -> User<'_> {
        User {
            engine: self.engine,
            host: &self.host,
            port: self.port,
            dbname: Some(&self.dbname),
            username: &self.username,
            password: &self.password,
        }
    }
}

impl SuperuserSecret {
    pub(super) fn parse(value: &SecretValue) -> Result<Self, TargetError> {
        let fields = Fields::parse(value, "the superuser secret", SHAPE)?;
        let host = fields.host()?;
        let engine = fields.word("engine", &ENGINES)?;
        if host.is_some() && engine.is_none() {
            return Err(fields.missing("engine"));
        }
        let port = fields.port()?;
        Ok(Self {
            port: port.or(host.map(|_| DEFAULT_PORT)),
            host: host.map(str::to_owned),
            username: username(&fields)?,
            password: fields.password()?,
            tls: fields.flag("ssl")?,
        })
    }
}

/// The value that follows `current`: the other user if there are two, a new password, and every other
/// field as it was.
pub(super) fn successor(
    current: &SecretValue,
    alternating: bool,
    password: &str,
) -> Result<SecretValue, TargetError> {
    let mut fields = Fields::parse(current, "the secret", SHAPE)?;
    if alternating {
        let username = alternate(&username(&fields)?)?;
        fields.set("username", &username);
    }
    fields.set("password", password);
    fields.into_next()
}

const ENGINES: [&str; 2] = ["postgres", "aurora-postgresql"];

const SHAPE: &str = "an object with engine, host, username and password";

/// The server would cut a longer name short, and another role might have what is left of it.
fn username(fields: &Fields) -> Result<String, TargetError> {
    let username = fields.needed("username")?;
    if username.len() > MAX_NAME_BYTES {
        return Err(fields.wrong("username", "at most 63 bytes long"));
    }
    Ok(username.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    const WHOLE: &str = r#"{"engine":"postgres","host":"db.example","port":6432,"username":"app",
        "password":"canary-1","dbname":"shop","masterarn":"arn:aws:x","ssl":false,"team":{"a":[1]}}"#;

    fn value(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned()).unwrap()
    }

    fn with(field: &str, json: &str) -> SecretValue {
        let mut whole: Value = serde_json::from_str(WHOLE).unwrap();
        whole[field] = serde_json::from_str(json).unwrap();
        value(&whole.to_string())
    }

    fn without(field: &str) -> SecretValue {
        let mut whole: Map<String, Value> = serde_json::from_str(WHOLE).unwrap();
        whole.remove(field).unwrap();
        value(&Value::Object(whole).to_string())
    }

    fn refusal(value: &SecretValue) -> String {
        match UserSecret::parse(value) {
            Err(TargetError::InvalidSecret(text)) => text,
            Err(other) => panic!("another class: {other}"),
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn the_format_of_awss_functions_is_read() {
        let secret = UserSecret::parse(&value(WHOLE)).unwrap();
        assert_eq!(secret.engine, "postgres");
        assert_eq!(secret.host, "db.example");
        assert_eq!(secret.port, 6432);
        assert_eq!(secret.username, "app");
        assert_eq!(secret.password.expose(), "canary-1");
        assert_eq!(secret.dbname, "shop");
        assert_eq!(secret.masterarn.unwrap().as_str(), "arn:aws:x");
        assert!(!secret.tls);
    }

    #[test]
    fn what_may_be_left_out_has_awss_defaults_but_tls_is_on() {
        let least =
            value(r#"{"engine":"Aurora-PostgreSQL","host":"h","username":"u","password":"p"}"#);
        let secret = UserSecret::parse(&least).unwrap();
        assert_eq!(secret.engine, "aurora-postgresql");
        assert_eq!((secret.port, secret.dbname.as_str()), (5432, "postgres"));
        assert!(secret.masterarn.is_none());
        assert!(secret.tls);
    }

    #[test]
    fn a_missing_or_wrong_field_is_named_and_its_value_is_not() {
        for field in ["engine", "host", "username", "password"] {
            assert!(refusal(&without(field)).contains(field));
            for json in ["7", "[\"canary-2\"]", "\"\"", "{\"x\":\"canary-2\"}"] {
                let text = refusal(&with(field, json));
                assert!(text.contains(field), "{text}");
                assert!(!text.contains("canary"), "{text}");
            }
        }
        for (field, json) in [
            ("engine", "\"canary-mysql\""),
            ("host", "\"canary/socket\""),
            ("dbname", "17"),
            ("masterarn", "\"canary with spaces\""),
        ] {
            let text = refusal(&with(field, json));
            assert!(text.contains(field) && !text.contains("canary"), "{text}");
        }
        assert!(refusal(&with("username", &format!("\"{}\"", "u".repeat(64)))).contains("63"));
    }

    #[test]
    fn text_that_is_no_json_object_is_refused_without_being_quoted() {
        for text in [
            "canary",
            "\"canary\"",
            "[\"canary\"]",
            "{\"password\":\"canary\"",
            "17",
        ] {
            let refusal = refusal(&value(text));
            assert!(!refusal.contains("canary"), "{refusal}");
        }
    }

    #[test]
    fn an_rds_managed_superuser_secret_has_a_user_name_and_a_password() {
        let managed = value(r#"{"username":"postgres","password":"p"}"#);
        let secret = SuperuserSecret::parse(&managed).unwrap();
        assert!(secret.host.is_none() && secret.port.is_none() && secret.tls.is_none());
        let own = SuperuserSecret::parse(&value(WHOLE)).unwrap();
        assert_eq!(
            (own.host.as_deref(), own.port),
            (Some("db.example"), Some(6432))
        );
        assert!(SuperuserSecret::parse(&without("engine")).is_err());
    }

    #[test]
    fn the_next_value_changes_user_and_password_and_keeps_every_other_field() {
        for (alternating, username) in [(true, "app_clone"), (false, "app")] {
            let next = successor(&value(WHOLE), alternating, "fresh").unwrap();
            let next: Value = serde_json::from_str(next.expose()).unwrap();
            let mut expected: Value = serde_json::from_str(WHOLE).unwrap();
            expected["username"] = username.into();
            expected["password"] = "fresh".into();
            assert_eq!(next, expected);
        }
    }
}
