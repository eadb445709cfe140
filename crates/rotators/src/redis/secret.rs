use rekey_rotation::{SecretId, SecretValue, TargetError};

use crate::fields::{Fields, server};

const DEFAULT_PORT: u16 = 6379;
const DEFAULT_USER: &str = "default";

/// Each is logged in to in turn, and all of them within one step.
const MOST_NODES: usize = 32;

/// The JSON of an ACL user's secret.
#[derive(Clone)]
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
    /// Whether `nodes` must be all that the servers know of.
    pub(super) all_nodes: bool,
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
}

impl UserSecret {
    /// Reads the secret whose user is rotated.
    pub(super) fn parse(value: &SecretValue) -> Result<Self, TargetError> {
        Self::read(&Fields::parse(value, "the secret", SHAPE)?)
    }

    /// Reads a superuser secret. It names its servers itself: its password is sent to none that only the
    /// user's secret names.
    pub(super) fn parse_superuser(value: &SecretValue) -> Result<Self, TargetError> {
        Self::read(&Fields::parse(value, "the superuser secret", SHAPE)?)
    }

    fn read(fields: &Fields) -> Result<Self, TargetError> {
        // It may be left out: the tag can say what the secret is of.
        fields.word("engine", &["redis", "valkey"])?;
        let must = "the name or address of one server; more of them go into `nodes`";
        let host = fields.host().map_err(|_| fields.wrong("host", must))?;
        let host = host.ok_or_else(|| fields.missing("host"))?;
        let node = Node {
            host: host.to_ascii_lowercase(),
            port: fields.port()?.unwrap_or(DEFAULT_PORT),
        };
        Ok(Self {
            nodes: nodes(fields, &node)?,
            node,
            username: username(fields)?,
            password: fields.password()?,
            masterarn: fields.masterarn()?,
            tls: fields.flag("ssl")?.unwrap_or(true),
            persist: fields.flag("persist")?.unwrap_or(true),
            all_nodes: fields.flag("all_nodes")?.unwrap_or(true),
        })
    }

    /// The same, at this node.
    pub(super) fn only_at(&self, node: &Node) -> Self {
        let mut only = self.clone();
        only.nodes = vec![node.clone()];
        only
    }

    /// The same, at the nodes of `other` too.
    pub(super) fn also_at(mut self, other: &Self) -> Self {
        self.nodes.extend_from_slice(&other.nodes);
        self.nodes.sort();
        self.nodes.dedup();
        self
    }
}

/// The value that follows `current`: a new password, and every other field as it was.
pub(super) fn successor(current: &SecretValue, password: &str) -> Result<SecretValue, TargetError> {
    let mut fields = Fields::parse(current, "the secret", SHAPE)?;
    UserSecret::read(&fields)?;
    fields.set("password", password);
    fields.into_next()
}

const SHAPE: &str = "an object with engine, host, username and password";

/// The field `nodes`, and `first` among them.
fn nodes(fields: &Fields, first: &Node) -> Result<Vec<Node>, TargetError> {
    let must = "a list of texts `host:port`, at most 31";
    let mut nodes = vec![first.clone()];
    for entry in fields.list("nodes", must)? {
        let (host, port) = entry
            .as_str()
            .and_then(|text| server(text, None))
            .ok_or_else(|| fields.wrong("nodes", must))?;
        nodes.push(Node { host, port });
    }
    nodes.sort();
    nodes.dedup();
    if nodes.len() > MOST_NODES {
        return Err(fields.wrong("nodes", must));
    }
    Ok(nodes)
}

/// The field `username`.
fn username(fields: &Fields) -> Result<String, TargetError> {
    let username = fields.text("username")?.unwrap_or(DEFAULT_USER);
    // The server takes no blank in a user's name.
    if username.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(fields.wrong("username", "the name of an ACL user, without blanks"));
    }
    Ok(username.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    const WHOLE: &str = r#"{"engine":"redis","host":"Cache.example","port":6380,"username":"app",
        "password":"canary-1","masterarn":"arn:aws:x","ssl":false,"persist":"false","all_nodes":false,
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
        assert!(!secret.tls && !secret.persist && !secret.all_nodes);
    }

    #[test]
    fn what_is_left_out_means_the_default_user_with_tls_on_one_node_that_keeps_what_it_is_told() {
        for engine in [json!("Redis"), json!("VALKEY"), Value::Null] {
            let least = json!({"engine": engine, "host": "h", "password": "p"});
            let secret = UserSecret::parse(&value(&least.to_string())).unwrap();
            assert_eq!(secret.username, "default");
            assert_eq!(secret.nodes, std::slice::from_ref(&secret.node));
            assert_eq!(secret.node.port, 6379);
            assert!(secret.masterarn.is_none() && secret.tls);
            assert!(secret.persist && secret.all_nodes);
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
            ("all_nodes", json!("canary")),
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
