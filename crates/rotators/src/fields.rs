//! The fields of a secret's JSON, as the secrets of every server have them. What is wrong is told by the name of
//! the field, never by what stands in it.

use rekey_rotation::{SecretId, SecretValue, TargetError};
use serde_json::Value;

use crate::object::{NoObject, Object, invalid};

/// A secret's JSON object, read field by field.
pub(crate) struct Fields {
    object: Object,
    /// Which secret this is, for error texts.
    of: &'static str,
}

impl Fields {
    /// Takes a JSON object. `shape` says what it must be, for whoever put something else there.
    pub(crate) fn parse(
        value: &SecretValue,
        of: &'static str,
        shape: &str,
    ) -> Result<Self, TargetError> {
        match Object::parse(value) {
            Ok(object) => Ok(Self { object, of }),
            Err(NoObject::Another) => Err(invalid(format!("{of} must be a JSON object"))),
            Err(NoObject::NoJson) => Err(invalid(format!(
                "{of} is not valid JSON; it must be {shape}"
            ))),
        }
    }

    pub(crate) fn missing(&self, field: &str) -> TargetError {
        invalid(format!("{} has no `{field}`", self.of))
    }

    pub(crate) fn wrong(&self, field: &str, must: &str) -> TargetError {
        invalid(format!("`{field}` of {} must be {must}", self.of))
    }

    /// A field of text; absent and `null` are the same.
    pub(crate) fn text(&self, field: &str) -> Result<Option<&str>, TargetError> {
        match self.object.field(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => Ok(Some(text)),
            Some(_) => Err(self.wrong(field, "a text that is not empty")),
        }
    }

    /// A field of text that must be there.
    #[cfg(any(feature = "elasticache", feature = "mysql", feature = "postgres"))]
    pub(crate) fn needed(&self, field: &str) -> Result<&str, TargetError> {
        self.text(field)?.ok_or_else(|| self.missing(field))
    }

    /// The one of `words` that the field holds, in any case.
    pub(crate) fn word(
        &self,
        field: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, TargetError> {
        let Some(text) = self.text(field)? else {
            return Ok(None);
        };
        let found = words.iter().find(|word| text.eq_ignore_ascii_case(word));
        found.copied().map(Some).ok_or_else(|| {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            self.wrong(field, &words.join(" or "))
        })
    }

    /// A field that is a list; absent and `null` are an empty one.
    #[cfg(any(feature = "mysql", feature = "redis"))]
    pub(crate) fn list(&self, field: &str, must: &str) -> Result<&[Value], TargetError> {
        match self.object.field(field) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(self.wrong(field, must)),
        }
    }

    /// True or false, or its text; `None` when nothing is said. Of `ssl` another text is refused: taking it for
    /// "try TLS, else plaintext" is how passwords end up on the wire.
    pub(crate) fn flag(&self, field: &str) -> Result<Option<bool>, TargetError> {
        match self.object.field(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.wrong(field, "true or false")),
        }
    }

    /// The field `host`. A path would be a socket, and a list several servers: neither is one host.
    pub(crate) fn host(&self) -> Result<Option<&str>, TargetError> {
        match self.text("host")? {
            Some(host) if !is_host(host) => {
                Err(self.wrong("host", "the name or address of one server"))
            }
            host => Ok(host),
        }
    }

    /// The field `port`: a number, or its text.
    pub(crate) fn port(&self) -> Result<Option<u16>, TargetError> {
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

    /// A field that holds a secret.
    pub(crate) fn secret(&self, field: &str) -> Result<Option<SecretValue>, TargetError> {
        let value = self
            .text(field)?
            .map(|text| SecretValue::new(text.to_owned()));
        value
            .transpose()
            .map_err(|_| self.wrong(field, "a text of at most 65536 bytes"))
    }

    /// The field `password`, which must be there.
    pub(crate) fn password(&self) -> Result<SecretValue, TargetError> {
        self.secret("password")?
            .ok_or_else(|| self.missing("password"))
    }

    /// The field `masterarn`.
    pub(crate) fn masterarn(&self) -> Result<Option<SecretId>, TargetError> {
        let Some(text) = self.text("masterarn")? else {
            return Ok(None);
        };
        SecretId::parse(text)
            .map(Some)
            .ok_or_else(|| self.wrong("masterarn", "the ARN or name of the superuser secret"))
    }

    pub(crate) fn set(&mut self, field: &str, text: &str) {
        self.object.set(field, text);
    }

    /// The value with these fields, which follows the one that they were read from.
    pub(crate) fn into_next(self) -> Result<SecretValue, TargetError> {
        SecretValue::new(self.object.written()?)
            .map_err(|error| invalid(format!("the next value: {error}")))
    }
}

/// Whether this can be the name or the address of one server.
fn is_host(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', ',', ' ', '[', ']'])
}

/// A server that is written `host:port`, or `host` alone where a port is known; hosts in lower case.
#[cfg(any(feature = "mysql", feature = "redis"))]
pub(crate) fn server(text: &str, port: Option<u16>) -> Option<(String, u16)> {
    // An address of IPv6 has colons of its own, so with a port it stands in brackets.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok()?)
        }
        _ => (text, port?),
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    (is_host(host) && port != 0).then(|| (host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields {
        let value = SecretValue::new(json.to_owned()).unwrap();
        Fields::parse(&value, "the secret", "an object").unwrap_or_else(|error| panic!("{error}"))
    }

    fn refusal<T>(read: Result<T, TargetError>) -> String {
        match read {
            Err(TargetError::InvalidSecret(text)) => text,
            Err(other) => panic!("another class: {other}"),
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn a_port_is_a_number_or_its_text() {
        for (json, port) in [
            ("5433", Some(5433)),
            (r#""5433""#, Some(5433)),
            ("null", None),
        ] {
            let read = fields(&format!(r#"{{"port":{json}}}"#)).port();
            assert_eq!(read, Ok(port), "{json}");
        }
        for json in ["0", "65536", "-1", "1.5", r#""x""#, "true", "[]"] {
            let read = fields(&format!(r#"{{"port":{json}}}"#)).port();
            assert!(refusal(read).contains("`port`"), "{json}");
        }
    }

    #[test]
    fn a_flag_is_a_boolean_or_its_text_and_nothing_else() {
        for (json, flag) in [
            ("true", Some(true)),
            ("false", Some(false)),
            (r#""TRUE""#, Some(true)),
            (r#""False""#, Some(false)),
            ("null", None),
        ] {
            assert_eq!(
                fields(&format!(r#"{{"ssl":{json}}}"#)).flag("ssl"),
                Ok(flag)
            );
        }
        for json in [r#""prefer""#, r#""""#, "0", "{}"] {
            let read = fields(&format!(r#"{{"ssl":{json}}}"#)).flag("ssl");
            assert!(refusal(read).contains("`ssl`"), "{json}");
        }
    }

    #[test]
    fn a_host_is_one_server() {
        for host in ["db.example", "10.0.0.1", "::1"] {
            let fields = fields(&format!(r#"{{"host":"{host}"}}"#));
            assert_eq!(fields.host(), Ok(Some(host)));
        }
        for host in ["/run/socket", "a,b", "a b", "[::1]", ""] {
            let read = fields(&format!(r#"{{"host":"{host}"}}"#));
            assert!(refusal(read.host()).contains("`host`"), "{host}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_not_repeated() {
        let fields =
            fields(r#"{"engine":"canary","text":["canary"],"masterarn":"canary with spaces"}"#);
        for (field, text) in [
            ("engine", refusal(fields.word("engine", &["a", "b"]))),
            ("text", refusal(fields.text("text"))),
            ("absent", refusal(fields.needed("absent"))),
        ] {
            assert!(text.contains(field) && !text.contains("canary"), "{text}");
        }
        assert!(refusal(fields.word("engine", &["a", "b"])).contains("`a` or `b`"));
        for text in [
            "canary",
            "\"canary\"",
            "[\"canary\"]",
            "{\"a\":\"canary\"",
            "17",
        ] {
            let value = SecretValue::new(text.to_owned()).unwrap();
            let refused = refusal(Fields::parse(&value, "the secret", "an object"));
            assert!(!refused.contains("canary"), "{refused}");
        }
    }

    #[test]
    #[cfg(any(feature = "mysql", feature = "redis"))]
    fn a_server_has_a_port_of_its_own_or_the_one_that_is_known() {
        let of = |host: &str, port| Some((host.to_owned(), port));
        for (text, port, read) in [
            ("A.example:1", None, of("a.example", 1)),
            ("a", Some(2), of("a", 2)),
            ("::1", Some(2), of("::1", 2)),
            ("[::1]", Some(2), of("::1", 2)),
            ("[::1]:3", None, of("::1", 3)),
            ("a", None, None),
            ("::1", None, None),
            ("a:0", None, None),
            ("a:x", Some(2), None),
            ("", Some(2), None),
            (":1", None, None),
            ("a/b:1", None, None),
        ] {
            assert_eq!(server(text, port), read, "{text}");
        }
    }
}
