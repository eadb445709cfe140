use rekey_rotation::{SecretId, SecretValue, TargetError};
use serde_json::Value;

use super::names::{alternate, longest};
use super::server::Engine;
use crate::object::{NoObject, Object};

pub(super) const DEFAULT_PORT: u16 = 3306;

/// The JSON of a database user's secret, in the format of AWS's rotation functions.
///
/// Source: [JSON structure of AWS Secrets Manager secrets](https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html#reference_secret_json_structure_rds-mariadb).
pub(super) struct UserSecret {
    pub(super) engine: Engine,
    /// The engine as the secret names it, in lower case.
    pub(super) engine_name: String,
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
        let fields = Fields::parse(value, "the secret", engine)?;
        Ok(Self {
            engine,
            engine_name: fields
                .engine()?
                .ok_or_else(|| fields.missing("engine"))?
                .to_owned(),
            host: fields.host()?.ok_or_else(|| fields.missing("host"))?,
            port: fields.port()?.unwrap_or(DEFAULT_PORT),
            username: fields.username()?,
            password: fields.password()?,
            dbname: fields.text("dbname")?,
            masterarn: fields.masterarn()?,
            tls: fields.flag("ssl")?.unwrap_or(true),
            dual_password: fields.flag("dual_password")?.unwrap_or(false),
        })
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
    let mut fields = Fields::parse(current, "the secret", engine)?;
    if alternating {
        let username = alternate(&fields.username()?, engine)?;
        fields.object.set("username", &username);
    }
    fields.object.set("password", password);
    SecretValue::new(fields.object.written()?)
        .map_err(|error| invalid(format!("the next value: {error}")))
}

/// The fields of a database's secret.
pub(super) struct Fields {
    object: Object,
    /// Which secret this is, for error texts.
    of: &'static str,
    engine: Engine,
}

impl Fields {
    pub(super) fn parse(
        value: &SecretValue,
        of: &'static str,
        engine: Engine,
    ) -> Result<Self, TargetError> {
        match Object::parse(value) {
            Ok(object) => Ok(Self { object, of, engine }),
            Err(NoObject::Another) => Err(invalid(format!("{of} must be a JSON object"))),
            Err(NoObject::NoJson) => Err(invalid(format!(
                "{of} is not valid JSON; it must be an object with engine, host, username and password"
            ))),
        }
    }

    pub(super) fn missing(&self, field: &str) -> TargetError {
        invalid(format!("{} has no `{field}`", self.of))
    }

    pub(super) fn wrong(&self, field: &str, must: &str) -> TargetError {
        invalid(format!("`{field}` of {} must be {must}", self.of))
    }

    /// A field that is a list; absent and `null` are an empty one.
    pub(super) fn list(&self, field: &str, must: &str) -> Result<&[Value], TargetError> {
        match self.object.field(field) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(self.wrong(field, must)),
        }
    }

    /// A field of text; absent and `null` are the same.
    fn text(&self, field: &str) -> Result<Option<String>, TargetError> {
        match self.object.field(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => {
                Ok(Some(text.clone()))
            }
            Some(_) => Err(self.wrong(field, "a text that is not empty")),
        }
    }

    pub(super) fn engine(&self) -> Result<Option<&'static str>, TargetError> {
        let Some(text) = self.text("engine")? else {
            return Ok(None);
        };
        let known = engines(self.engine);
        let found = known.iter().find(|name| text.eq_ignore_ascii_case(name));
        match (found, self.engine) {
            (Some(name), _) => Ok(Some(name)),
            (None, Engine::MariaDb) => Err(self.wrong("engine", "`mariadb`")),
            (None, Engine::MySql) => Err(self.wrong("engine", "`mysql` or `aurora-mysql`")),
        }
    }

    pub(super) fn host(&self) -> Result<Option<String>, TargetError> {
        match self.text("host")? {
            // A path would be a socket, and a list several servers: neither is one host.
            Some(host) if host.contains(['/', ',', ' ']) => {
                Err(self.wrong("host", "the name or address of one server"))
            }
            host => Ok(host),
        }
    }

    pub(super) fn port(&self) -> Result<Option<u16>, TargetError> {
        let port = match self.object.field("port") {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_u64().and_then(|port| port.try_into().ok()),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        port.filter(|&port: &u16| port != 0)
            .map(Some)
            .ok_or_else(|| self.wrong("port", "a whole number from 1 to 65535"))
    }

    pub(super) fn username(&self) -> Result<String, TargetError> {
        let username = self
            .text("username")?
            .ok_or_else(|| self.missing("username"))?;
        let longest = longest(self.engine);
        if username.chars().count() > longest {
            return Err(self.wrong("username", &format!("at most {longest} characters long")));
        }
        Ok(username)
    }

    pub(super) fn password(&self) -> Result<SecretValue, TargetError> {
        let text = self
            .text("password")?
            .ok_or_else(|| self.missing("password"))?;
        SecretValue::new(text).map_err(|_| self.wrong("password", "a text of at most 65536 bytes"))
    }

    fn masterarn(&self) -> Result<Option<SecretId>, TargetError> {
        let Some(text) = self.text("masterarn")? else {
            return Ok(None);
        };
        SecretId::parse(&text)
            .map(Some)
            .ok_or_else(|| self.wrong("masterarn", "the ARN or name of the superuser secret"))
    }

    /// `None` when nothing is said. Of `ssl` another text is refused: taking it for "try TLS, else
    /// plaintext" is how passwords end up on the wire.
    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>, TargetError> {
        match self.object.field(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.wrong(field, "true or false")),
        }
    }
}

/// What the field `engine` may say.
pub(super) const fn engines(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::MariaDb => &["mariadb"],
        Engine::MySql => &["mysql", "aurora-mysql"],
    }
}

pub(super) fn invalid(text: impl Into<String>) -> TargetError {
    TargetError::InvalidSecret(text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

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
    fn a_port_is_a_number_or_its_text() {
        for (json, port) in [("5433", 5433), (r#""5433""#, 5433), ("null", 3306)] {
            assert_eq!(
                UserSecret::parse(&with("port", json), Engine::MariaDb)
                    .unwrap()
                    .port,
                port
            );
        }
        for json in ["0", "65536", "-1", "1.5", r#""x""#, "true", "[]"] {
            assert!(refusal(&with("port", json)).contains("`port`"), "{json}");
        }
    }

    #[test]
    fn ssl_is_a_boolean_or_its_text_and_nothing_else() {
        for (json, tls) in [
            ("true", true),
            ("false", false),
            (r#""TRUE""#, true),
            (r#""False""#, false),
            ("null", true),
        ] {
            assert_eq!(
                UserSecret::parse(&with("ssl", json), Engine::MariaDb)
                    .unwrap()
                    .tls,
                tls
            );
        }
        for json in [r#""prefer""#, r#""""#, "0", "{}"] {
            assert!(refusal(&with("ssl", json)).contains("`ssl`"), "{json}");
        }
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
