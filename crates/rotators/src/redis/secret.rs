use rekey_rotation::{SecretId, SecretValue, TargetError};
use serde_json::Value;

use crate::object::{NoObject, Object};

const DEFAULT_PORT: u16 = 6379;
const DEFAULT_USER: &str = "default";

/// Each is logged in to in turn, and all of them within one step.
const MOST_NODES: usize = 32;

/// The JSON of an ACL user's secret.
pub(super) struct UserSecret {
    /// The node that `host` and `port` name.
    pub(super) node: Node,
    /// Every node, `host` among them, each once and in an order that does not depend on the secret's.
    pub(super) nodes: Vec<Node>,
    pub(super) username: String,
    pub(super) password: SecretValue,
    pub(super) masterarn: Option<SecretId>,
    pub(super) tls: bool,
    /// Whether what is changed must survive a restart of the server.
    pub(super) persist: bool,
}

/// One server. Host names are compared in lower case, and kept so.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Node {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Node {
    /// `host:port`, for error texts.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// From `host:port`; an address of IPv6 stands in brackets.
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port: &u16| *port != 0)?;
        let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let host = match bare {
            Some(address) => address,
            None if host.contains(':') => return None,
            None => host,
        };
        is_host(host).then(|| Self {
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

impl UserSecret {
    /// Reads the secret whose user is rotated.
    pub(super) fn parse(value: &SecretValue) -> Result<Self, TargetError> {
        Fields::parse(value, "the secret")?.read()
    }

    /// Reads a superuser secret. It names its servers itself: its password is sent to none that only the
    /// user's secret names.
    pub(super) fn parse_superuser(value: &SecretValue) -> Result<Self, TargetError> {
        Fields::parse(value, "the superuser secret")?.read()
    }
}

/// The value that follows `current`: a new password, and every other field as it was.
pub(super) fn successor(current: &SecretValue, password: &str) -> Result<SecretValue, TargetError> {
    let mut fields = Fields::parse(current, "the secret")?;
    fields.read()?;
    fields.object.set("password", password);
    SecretValue::new(fields.object.written()?)
        .map_err(|error| invalid(format!("the next value: {error}")))
}

struct Fields {
    object: Object,
    /// Which secret this is, for error texts.
    of: &'static str,
}

impl Fields {
    fn parse(value: &SecretValue, of: &'static str) -> Result<Self, TargetError> {
        match Object::parse(value) {
            Ok(object) => Ok(Self { object, of }),
            Err(NoObject::Another) => Err(invalid(format!("{of} must be a JSON object"))),
            Err(NoObject::NoJson) => Err(invalid(format!(
                "{of} is not valid JSON; it must be an object with engine, host, username and password"
            ))),
        }
    }

    fn read(&self) -> Result<UserSecret, TargetError> {
        self.check_engine()?;
        let node = Node {
            host: self.host()?.to_ascii_lowercase(),
            port: self.port()?,
        };
        Ok(UserSecret {
            nodes: self.nodes(&node)?,
            node,
            username: self.username()?,
            password: self.password()?,
            masterarn: self.masterarn()?,
            // Taking any other text for "try TLS, else plaintext" is how passwords end up on the wire.
            tls: self.flag("ssl")?.unwrap_or(true),
            persist: self.flag("persist")?.unwrap_or(true),
        })
    }

    fn missing(&self, field: &str) -> TargetError {
        invalid(format!("{} has no `{field}`", self.of))
    }

    fn wrong(&self, field: &str, must: &str) -> TargetError {
        invalid(format!("`{field}` of {} must be {must}", self.of))
    }

    /// A field of text; absent and `null` are the same.
    fn text(&self, field: &str) -> Result<Option<&str>, TargetError> {
        match self.object.field(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => Ok(Some(text)),
            Some(_) => Err(self.wrong(field, "a text that is not empty")),
        }
    }

    /// It may be left out: the tag can say what the secret is of.
    fn check_engine(&self) -> Result<(), TargetError> {
        match self.text("engine")?.map(str::to_ascii_lowercase).as_deref() {
            None | Some("redis" | "valkey") => Ok(()),
            Some(_) => Err(self.wrong("engine", "`redis` or `valkey`")),
        }
    }

    fn host(&self) -> Result<&str, TargetError> {
        let host = self.text("host")?.ok_or_else(|| self.missing("host"))?;
        if is_host(host) {
            Ok(host)
        } else {
            Err(self.wrong(
                "host",
                "the name or address of one server; more of them go into `nodes`",
            ))
        }
    }

    fn port(&self) -> Result<u16, TargetError> {
        let port = match self.object.field("port") {
            None | Some(Value::Null) => return Ok(DEFAULT_PORT),
            Some(Value::Number(number)) => number.as_u64().and_then(|port| port.try_into().ok()),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        port.filter(|&port: &u16| port != 0)
            .ok_or_else(|| self.wrong("port", "a whole number from 1 to 65535"))
    }

    fn nodes(&self, first: &Node) -> Result<Vec<Node>, TargetError> {
        let must = "a list of texts `host:port`, at most 31";
        let mut nodes = vec![first.clone()];
        match self.object.field("nodes") {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) => {
                for entry in list {
                    let node = entry.as_str().and_then(Node::parse);
                    nodes.push(node.ok_or_else(|| self.wrong("nodes", must))?);
                }
            }
            Some(_) => return Err(self.wrong("nodes", must)),
        }
        nodes.sort();
        nodes.dedup();
        if nodes.len() > MOST_NODES {
            return Err(self.wrong("nodes", must));
        }
        Ok(nodes)
    }

    fn username(&self) -> Result<String, TargetError> {
        let username = self.text("username")?.unwrap_or(DEFAULT_USER);
        // The server takes no blank in a user's name.
        if username.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(self.wrong("username", "the name of an ACL user, without blanks"));
        }
        Ok(username.to_owned())
    }

    fn password(&self) -> Result<SecretValue, TargetError> {
        let text = self
            .text("password")?
            .ok_or_else(|| self.missing("password"))?;
        SecretValue::new(text.to_owned())
            .map_err(|_| self.wrong("password", "a text of at most 65536 bytes"))
    }

    fn masterarn(&self) -> Result<Option<SecretId>, TargetError> {
        let Some(text) = self.text("masterarn")? else {
            return Ok(None);
        };
        SecretId::parse(text)
            .map(Some)
            .ok_or_else(|| self.wrong("masterarn", "the ARN or name of the superuser secret"))
    }

    /// True or false, or its text; `None` when nothing is said.
    fn flag(&self, field: &str) -> Result<Option<bool>, TargetError> {
        match self.object.field(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.wrong(field, "true or false")),
        }
    }
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', ',', ' ', '[', ']'])
}

pub(super) fn invalid(text: impl Into<String>) -> TargetError {
    TargetError::InvalidSecret(text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    const WHOLE: &str = r#"{"engine":"redis","host":"Cache.example","port":6380,"username":"app",
        "password":"canary-1","masterarn":"arn:aws:x","ssl":false,"persist":"false",
        "nodes":["b.example:6379","[::1]:6379","CACHE.example:6380","a.example:6379"],"team":{"a":[1]}}"#;

    fn value(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned()).unwrap()
    }

    fn with(field: &str, to: Value) -> SecretValue {
        let mut whole: Value = serde_json::from_str(WHOLE).unwrap();
        whole[field] = to;
        value(&whole.to_string())
    }

    fn refusal(value: &SecretValue) -> String {
        match UserSecret::parse(value) {
            Err(TargetError::InvalidSecret(text)) => text,
            Err(other) => panic!("another class: {other}"),
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn every_field_is_read_and_nodes_have_one_order() {
        let secret = UserSecret::parse(&value(WHOLE)).unwrap();
        assert_eq!(secret.node.place(), "cache.example:6380");
        let places: Vec<String> = secret.nodes.iter().map(Node::place).collect();
        let expected = [
            "::1:6379",
            "a.example:6379",
            "b.example:6379",
            "cache.example:6380",
        ];
        assert_eq!(places, expected);
        assert_eq!(secret.username, "app");
        assert_eq!(secret.password.expose(), "canary-1");
        assert_eq!(secret.masterarn.unwrap().as_str(), "arn:aws:x");
        assert!(!secret.tls && !secret.persist);
    }

    #[test]
    fn what_is_left_out_means_the_default_user_with_tls_on_one_node_that_keeps_what_it_is_told() {
        for engine in [json!("Redis"), json!("VALKEY"), Value::Null] {
            let least = json!({"engine": engine, "host": "h", "password": "p"});
            let secret = UserSecret::parse(&value(&least.to_string())).unwrap();
            assert_eq!(secret.username, "default");
            assert_eq!(secret.nodes, std::slice::from_ref(&secret.node));
            assert_eq!(secret.node.port, 6379);
            assert!(secret.masterarn.is_none() && secret.tls && secret.persist);
        }
    }

    #[test]
    fn a_missing_or_wrong_field_is_named_and_its_value_is_not() {
        for field in ["host", "password"] {
            let mut whole: Map<String, Value> = serde_json::from_str(WHOLE).unwrap();
            whole.remove(field).unwrap();
            assert!(refusal(&value(&Value::Object(whole).to_string())).contains(field));
        }
        let cases = [
            ("engine", json!("canary-mysql")),
            ("host", json!("canary.a,canary.b")),
            ("host", json!(7)),
            ("port", json!(0)),
            ("port", json!("canary")),
            ("port", json!(65_536)),
            ("username", json!("canary user")),
            ("username", json!(["canary"])),
            ("password", json!("")),
            ("masterarn", json!("canary with blanks")),
            ("ssl", json!("canary-prefer")),
            ("ssl", json!(0)),
            ("persist", json!("canary")),
            ("nodes", json!("canary:1")),
            ("nodes", json!(["canary"])),
            ("nodes", json!(["canary:0"])),
            ("nodes", json!(["::1:6379"])),
            ("nodes", json!([6379])),
            (
                "nodes",
                (0..32).map(|n| format!("canary-{n}:1")).collect::<Value>(),
            ),
        ];
        for (field, to) in cases {
            let text = refusal(&with(field, to.clone()));
            assert!(text.contains(&format!("`{field}`")), "{to}: {text}");
            assert!(!text.contains("canary"), "{text}");
        }
        for text in [
            "canary",
            "\"canary\"",
            "[\"canary\"]",
            "{\"password\":\"canary\"",
        ] {
            assert!(!refusal(&value(text)).contains("canary"));
        }
    }

    #[test]
    fn the_next_value_has_another_password_and_every_other_field_as_it_was() {
        let next = successor(&value(WHOLE), "fresh").unwrap();
        let next: Value = serde_json::from_str(next.expose()).unwrap();
        let mut expected: Value = serde_json::from_str(WHOLE).unwrap();
        expected["password"] = "fresh".into();
        assert_eq!(next, expected);
    }
}
