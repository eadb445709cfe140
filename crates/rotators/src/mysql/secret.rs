use rekey_rotation::{SecretId, SecretValue, TargetError};

use super::names::{alternate, longest};
use super::server::Engine;
use crate::database::user::User;
use crate::fields::Fields;

pub(super) const DEFAULT_PORT: u16 = 3306;

/// The JSON of a database user's secret, in the format of AWS's rotation functions.
///
/// Source: [JSON structure of AWS Secrets Manager secrets](https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html#reference_secret_json_structure_rds-mariadb).
pub(super) struct UserSecret {
    pub(super) engine: Engine,
    /// The engine as the secret names it, in lower case.
    pub(super) engine_name: &'static str,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) username: String,
    pub(super) password: SecretValue,
    pub(super) dbname: Option<String>,
    pub(super) masterarn: Option<SecretId>,
    pub(super) tls: bool,
    /// Whether the password before is kept beside the new one: MySQL 8.0.14 and later.
    pub(super) dual_password: bool,
}

impl UserSecret {
    /// Reads the secret of a user of `engine`.
    pub(super) fn parse(value: &SecretValue, engine: Engine) -> Result<Self, TargetError> {
        let fields = fields(value, "the secret")?;
        let engine_name = fields.word("engine", engines(engine))?;
        let host = fields.host()?.ok_or_else(|| fields.missing("host"))?;
        Ok(Self {
            engine,
            engine_name: engine_name.ok_or_else(|| fields.missing("engine"))?,
            host: host.to_owned(),
            port: fields.port()?.unwrap_or(DEFAULT_PORT),
            username: username(&fields, engine)?,
            password: fields.password()?,
            dbname: fields.text("dbname")?.map(str::to_owned),
            masterarn: fields.masterarn()?,
            tls: fields.flag("ssl")?.unwrap_or(true),
            dual_password: fields.flag("dual_password")?.unwrap_or(false),
        })
    }

    /// The user, as this version has it.
    pub(super) fn user(&self) -> User<'_> {
        User {
            engine: self.engine_name,
            host: &self.host,
            port: self.port,
            dbname: self.dbname.as_deref(),
            username: &self.username,
            password: &self.password,
        }
    }
}

/// The value that follows `current`: the other user if there are two, a new password, and every other
/// field as it was.
pub(super) fn successor(
    current: &SecretValue,
    engine: Engine,
    alternating: bool,
    password: &str,
) -> Result<SecretValue, TargetError> {
    let mut fields = fields(current, "the secret")?;
    if alternating {
        let username = alternate(&username(&fields, engine)?, engine)?;
        fields.set("username", &username);
    }
    fields.set("password", password);
    fields.into_next()
}

const SHAPE: &str = "an object with engine, host, username and password";

/// The fields of a secret, the user's or the superuser's.
pub(super) fn fields(value: &SecretValue, of: &'static str) -> Result<Fields, TargetError> {
    Fields::parse(value, of, SHAPE)
}

/// The field `username`.
pub(super) fn username(fields: &Fields, engine: Engine) -> Result<String, TargetError> {
    let username = fields.needed("username")?;
    let longest = longest(engine);
    if username.chars().count() > longest {
        return Err(fields.wrong("username", &format!("at most {longest} characters long")));
    }
    Ok(username.to_owned())
}

/// What the field `engine` may say.
pub(super) const fn engines(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::MariaDb => &["mariadb"],
        Engine::MySql => &["mysql", "aurora-mysql"],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    const WHOLE: &str = r#"{"engine":"mariadb","host":"db.example","port":6432,"username":"app",
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
        match UserSecret::parse(value, Engine::MariaDb) {
            Err(TargetError::InvalidSecret(text)) => text,
            Err(other) => panic!("another class: {other}"),
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn the_format_of_awss_functions_is_read() {
        let secret = UserSecret::parse(&value(WHOLE), Engine::MariaDb).unwrap();
        assert_eq!(secret.engine_name, "mariadb");
        assert_eq!(secret.host, "db.example");
        assert_eq!(secret.port, 6432);
        assert_eq!(secret.username, "app");
        assert_eq!(secret.password.expose(), "canary-1");
        assert_eq!(secret.dbname.as_deref(), Some("shop"));
        assert_eq!(secret.masterarn.unwrap().as_str(), "arn:aws:x");
        assert!(!secret.tls);
    }

    #[test]
    fn what_may_be_left_out_has_awss_defaults_but_tls_is_on() {
        let least = value(r#"{"engine":"Aurora-MySQL","host":"h","username":"u","password":"p"}"#);
        let secret = UserSecret::parse(&least, Engine::MySql).unwrap();
        assert_eq!(secret.engine_name, "aurora-mysql");
        assert_eq!((secret.port, secret.dbname), (3306, None));
        assert!(!secret.dual_password);
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
            ("engine", "\"canary-oracle\""),
            ("host", "\"canary/socket\""),
            ("dbname", "17"),
            ("masterarn", "\"canary with spaces\""),
        ] {
            let text = refusal(&with(field, json));
            assert!(text.contains(field) && !text.contains("canary"), "{text}");
        }
        assert!(refusal(&with("username", &format!("\"{}\"", "u".repeat(81)))).contains("80"));
    }

    #[test]
    fn each_kind_takes_its_own_engines_only() {
        for (json, engine, taken) in [
            ("\"MariaDB\"", Engine::MariaDb, true),
            ("\"mysql\"", Engine::MariaDb, false),
            ("\"mysql\"", Engine::MySql, true),
            ("\"aurora-mysql\"", Engine::MySql, true),
            ("\"mariadb\"", Engine::MySql, false),
        ] {
            let parsed = UserSecret::parse(&with("engine", json), engine);
            assert_eq!(parsed.is_ok(), taken, "{json}");
        }
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
    fn the_next_value_changes_user_and_password_and_keeps_every_other_field() {
        for (alternating, username) in [(true, "app_clone"), (false, "app")] {
            let next = successor(&value(WHOLE), Engine::MariaDb, alternating, "fresh").unwrap();
            let next: Value = serde_json::from_str(next.expose()).unwrap();
            let mut expected: Value = serde_json::from_str(WHOLE).unwrap();
            expected["username"] = username.into();
            expected["password"] = "fresh".into();
            assert_eq!(next, expected);
        }
    }
}
