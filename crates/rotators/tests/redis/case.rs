//! One test's own users and secrets.

use std::time::Duration;

use getrandom::SysRng;
use rekey_rotation::{
    Credentials, Login, Moment, Occasion, Revocation, Revoker as _, Rotator as _, SecretValue,
    TargetError,
};
use rekey_rotators::PasswordPolicy;
use rekey_rotators::redis::{Bounds, Config, Redis, Trust};
use serde_json::{Value, json};

use crate::servers::{Root, Server, unique, words};

/// What [`Case::superuser`] may do: the rules of `docs/redis.md`.
pub const ADMINISTRATOR: &str = "+acl|getuser +acl|setuser +acl|save +client|id +client|list \
    +client|setname +client|kill +cluster|info +config|get +config|rewrite +info +multi +exec +discard";

/// What an application may do here: rules of every kind, to see that they stay.
const APPLICATION: &str = "~app:* %R~shared:* &news:* +@read +@write -keys (~other:* +get)";

pub struct Case {
    pub nodes: Vec<Server>,
    pub roots: Vec<Root>,
    pub app: String,
    pub admin: String,
    pub current: SecretValue,
    pub superuser: SecretValue,
}

impl Case {
    /// A user of an application, and a superuser for it, at every one of these servers.
    pub async fn on(nodes: Vec<Server>) -> Self {
        let (app, admin) = (unique("app"), unique("admin"));
        let (password, admin_password) = (unique("Pw-of-app"), unique("Pw-of-admin"));
        let mut roots = Vec::new();
        for node in &nodes {
            let root = node.keeper().await;
            make(&root, &app, &password, APPLICATION).await;
            let rules = format!("resetkeys resetchannels -@all {ADMINISTRATOR}");
            make(&root, &admin, &admin_password, &rules).await;
            roots.push(root);
        }
        let mut current = secret(&nodes, &app, &password);
        current["masterarn"] = "the-superuser-secret".into();
        Self {
            current: value(&current),
            superuser: value(&secret(&nodes, &admin, &admin_password)),
            nodes,
            roots,
            app,
            admin,
        }
    }

    pub fn server(&self) -> &Server {
        &self.nodes[0]
    }

    pub fn root(&self) -> &Root {
        &self.roots[0]
    }

    pub fn rotator(&self) -> Redis {
        rotator(&self.server().ca)
    }

    pub fn next(&self) -> SecretValue {
        self.rotator()
            .next(&self.current, Occasion::default(), &mut SysRng)
            .unwrap()
    }

    pub async fn set(&self, pending: &SecretValue) -> Result<(), TargetError> {
        self.set_with(&self.rotator(), pending).await
    }

    pub async fn set_with(
        &self,
        rotator: &Redis,
        pending: &SecretValue,
    ) -> Result<(), TargetError> {
        let credentials = Credentials {
            current: &self.current,
            pending,
            previous: None,
            superuser: Some(&self.superuser),
            now: 1_000,
        };
        let hold = rotator.lock(credentials).await?;
        rotator.set(hold, credentials).await
    }

    /// A whole rotation; gives the old value back.
    pub async fn rotate(&mut self) -> SecretValue {
        let pending = self.next();
        self.set(&pending).await.unwrap();
        self.rotator().test(&pending).await.unwrap();
        std::mem::replace(&mut self.current, pending)
    }

    pub fn revocation<'a>(&'a self, old: &'a SecretValue) -> Revocation<'a> {
        Revocation {
            old,
            current: &self.current,
            superuser: Some(&self.superuser),
            switched_at: Some(1_000),
            now: 1_000,
        }
    }

    pub async fn revoke(&self, old: &SecretValue) -> Result<u32, TargetError> {
        let rotator = self.rotator();
        let revocation = self.revocation(old);
        let mut seized = rotator.seize(revocation).await?;
        rotator.revoke(&mut seized, revocation).await
    }

    pub async fn restore(&self, old: &SecretValue) -> Result<(), TargetError> {
        let rotator = self.rotator();
        let revocation = self.revocation(old);
        let mut seized = rotator.seize(revocation).await?;
        rotator.restore(&mut seized, revocation).await
    }

    pub async fn sessions(&self, revocation: Revocation<'_>) -> Result<u32, TargetError> {
        let rotator = self.rotator();
        let mut seized = rotator.seize(revocation).await?;
        rotator.sessions(&mut seized, revocation).await
    }

    /// What the product says of a login.
    pub async fn knock(&self, with: &SecretValue) -> Result<Login, TargetError> {
        let moment = Moment {
            current: &self.current,
            now: 1_000,
        };
        self.rotator().try_login(with, moment).await
    }

    /// At which nodes a login succeeds, by other means than the product's.
    pub async fn works_at(&self, with: &SecretValue) -> Vec<bool> {
        let mut works = Vec::new();
        for node in &self.nodes {
            works.push(logs_in(node, with).await);
        }
        works
    }
}

pub async fn logs_in(node: &Server, with: &SecretValue) -> bool {
    let (user, password) = (field(with, "username"), field(with, "password"));
    let mut unanswered = None;
    // A connection that was ended before the answer, as a retirement ends them, is no answer.
    for _ in 0..3 {
        match node.log_in(&user, &password).await {
            Ok(_) => return true,
            Err(error) if error.code() == Some("WRONGPASS") => return false,
            Err(error) => unanswered = Some(error),
        }
    }
    panic!("neither let in nor refused: {unanswered:?}");
}

/// Makes a user by hand.
pub async fn make(root: &Root, user: &str, password: &str, rules: &str) {
    let mut command = words(&["ACL", "SETUSER", user, "on"]);
    for rule in rules_of(rules) {
        command.arg(rule);
    }
    // Last, so that a `reset` among the rules does not take it away.
    command.arg(format!(">{password}"));
    root.clone().run::<()>(&command).await;
}

/// A selector is one argument, blanks and all.
fn rules_of(rules: &str) -> Vec<String> {
    let mut split: Vec<String> = Vec::new();
    for word in rules.split_whitespace() {
        match split.last_mut() {
            Some(open) if open.starts_with('(') && !open.ends_with(')') => {
                open.push(' ');
                open.push_str(word);
            }
            _ => split.push(word.to_owned()),
        }
    }
    split
}

/// The JSON of a user's secret; its first server is `host`, the others are `nodes`.
pub fn secret(nodes: &[Server], user: &str, password: &str) -> Value {
    let (first, further) = nodes.split_first().unwrap();
    let place = |node: &Server| format!("{}:{}", node.host, node.port);
    let further: Vec<String> = further.iter().map(place).collect();
    json!({
        "engine": "redis",
        "host": first.host,
        "port": first.port,
        "username": user,
        "password": password,
        "nodes": further,
        "ssl": false,
    })
}

pub fn rotator(ca: &[u8]) -> Redis {
    with_bounds(ca, bounds())
}

pub fn with_bounds(ca: &[u8], bounds: Bounds) -> Redis {
    Redis::redis(Config {
        trust: Trust::from_pem(ca).unwrap(),
        passwords: PasswordPolicy::default(),
        bounds,
    })
}

/// Bounds that keep a failing test short.
pub fn bounds() -> Bounds {
    Bounds {
        lock: Duration::from_millis(500),
        ..Bounds::default()
    }
}

pub fn value(json: &Value) -> SecretValue {
    SecretValue::new(json.to_string()).unwrap()
}

// Exposed, here and below, to take the JSON apart: a test plays Secrets Manager's editor.
pub fn changed(of: &SecretValue, field: &str, to: Value) -> SecretValue {
    let mut json: Value = serde_json::from_str(of.expose()).unwrap();
    json[field] = to;
    value(&json)
}

/// A field's text.
pub fn field(of: &SecretValue, name: &str) -> String {
    // Exposed to log in with by other means than the product's.
    let json: Value = serde_json::from_str(of.expose()).unwrap();
    match &json[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The class of an error, and its text.
pub fn failure<T>(result: Result<T, TargetError>) -> (&'static str, String) {
    match result {
        Ok(_) => panic!("nothing failed"),
        Err(error) => (error.class().as_str(), error.to_string()),
    }
}
