use std::time::Duration;

use redis::aio::MultiplexedConnection;
use rekey_rotation::testing::conformance::ConformingTarget;
use rekey_rotation::testing::{RevocableTarget, SecretsManager, Target, World};
use rekey_rotation::{Overlap, SecretId, SecretValue};
use rekey_rotators::PasswordPolicy;
use rekey_rotators::elasticache::{Bounds, Config, ElastiCache};
use rekey_rotators::redis::Trust;
use serde_json::json;

use super::api::{Cloud, user_arn};
use crate::case::{changed, field, logs_in, make, value};
use crate::own::Own;
use crate::servers::{Root, Server, unique};
use crate::world::Written;

/// Which of the two kinds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    User,
    Auth,
}

impl Kind {
    pub fn name(self) -> String {
        match self {
            Self::User => "elasticache-user",
            Self::Auth => "elasticache-auth",
        }
        .to_owned()
    }
}

/// Caches of one kind, on a server of their own: an AUTH token is the password of its default user.
pub struct Caches {
    pub kind: Kind,
    own: Own,
}

impl Caches {
    pub async fn of(kind: Kind) -> Self {
        let own = Own::with_file(&["requirepass what-default-is-started-with"]).await;
        Self { kind, own }
    }

    pub async fn cache(&self) -> Cache {
        let server = self.own.server.clone();
        let root = server.keeper().await;
        let users: Vec<String> = root.ask(&["ACL", "USERS"]).await;
        for user in users.iter().filter(|user| user.starts_with("of-a-cache")) {
            root.ask::<u32>(&["ACL", "DELUSER", user]).await;
        }
        let username = match self.kind {
            Kind::User => unique("of-a-cache"),
            Kind::Auth => "default".to_owned(),
        };
        let (bystander, password) = (unique("of-a-cache"), unique("Password"));
        make(&root, &username, &password, "reset on ~* &* +@all").await;
        make(&root, &bystander, &password, "+ping").await;
        let id = unique("id").chars().take(20).collect::<String>();
        let cloud = Cloud::of(root.clone(), &id, &username, &[&password]).await;
        Cache {
            kind: self.kind,
            written: Written::begin(std::slice::from_ref(&server)).await,
            server,
            root,
            id,
            username,
            bystander,
            password,
            cloud,
        }
    }
}

impl World for Caches {
    type Target = Cache;

    fn name(&self) -> String {
        self.kind.name()
    }

    fn overlap(&self) -> Overlap {
        Overlap::TwoPasswords
    }

    async fn fresh(&self, _store: &SecretsManager) -> Cache {
        self.cache().await
    }
}

/// A user of a real Redis, and the API that changes it.
pub struct Cache {
    kind: Kind,
    server: Server,
    root: Root,
    id: String,
    username: String,
    bystander: String,
    password: String,
    cloud: Cloud,
    written: Written,
}

impl Cache {
    pub fn root(&self) -> &Root {
        &self.root
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn port(&self) -> u16 {
        self.server.port
    }

    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    fn with_trust(&self, bundle: &[u8]) -> ElastiCache {
        let config = Config {
            client: self.cloud.client(),
            trust: Trust::from_pem(bundle).unwrap(),
            passwords: PasswordPolicy::default(),
            bounds: Bounds {
                look: Duration::from_millis(2),
                active: Duration::from_secs(5),
                ..Bounds::default()
            },
        };
        match self.kind {
            Kind::User => ElastiCache::user(config),
            Kind::Auth => ElastiCache::auth(config),
        }
    }

    /// Name and password, as the other means of logging in read them.
    fn login(&self, of: &SecretValue) -> SecretValue {
        let (username, password) = match self.kind {
            Kind::User => (field(of, "username"), field(of, "password")),
            Kind::Auth => (self.username.clone(), field(of, "auth_token")),
        };
        value(&json!({ "username": username, "password": password }))
    }
}

impl Target for Cache {
    type Rotator = ElastiCache;

    fn first(&self) -> SecretValue {
        let arn = user_arn(&self.id);
        let own = match self.kind {
            Kind::User => {
                json!({"username": self.username, "password": self.password, "user_arn": arn})
            }
            Kind::Auth => json!({"auth_token": self.password, "replication_group_id": self.id}),
        };
        let value = changed(&value(&own), "host", self.server.host.clone().into());
        changed(
            &changed(&value, "port", self.server.port.into()),
            "ssl",
            false.into(),
        )
    }

    fn superuser(&self) -> Option<(SecretId, SecretValue)> {
        None
    }

    /// Of an AUTH token there is no other user: the bystander's is another group's.
    fn bystander(&self) -> SecretValue {
        let named = changed(&self.first(), "username", self.bystander.clone().into());
        match self.kind {
            Kind::User => named,
            Kind::Auth => changed(&named, "replication_group_id", "another".into()),
        }
    }

    fn rotator(&self) -> ElastiCache {
        self.with_trust(&self.server.ca)
    }

    async fn logs_in(&self, with: &SecretValue) -> bool {
        let is_bystanders = field(with, "username") == self.bystander;
        if is_bystanders {
            let login = json!({ "username": self.bystander, "password": self.password });
            return logs_in(&self.server, &value(&login)).await;
        }
        logs_in(&self.server, &self.login(with)).await
    }

    async fn users(&self) -> Vec<String> {
        let all: Vec<String> = self.root.ask(&["ACL", "USERS"]).await;
        all.into_iter()
            .filter(|user| *user == self.username)
            .collect()
    }

    /// There is no lock to free; a change that was begun is over in a moment.
    async fn free_locks(&self) {
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

impl RevocableTarget for Cache {
    type Session = MultiplexedConnection;

    async fn open_session(&self, value: &SecretValue) -> MultiplexedConnection {
        if field(value, "username") == self.bystander {
            return self
                .server
                .log_in(&self.bystander, &self.password)
                .await
                .unwrap();
        }
        let login = self.login(value);
        let (user, password) = (field(&login, "username"), field(&login, "password"));
        self.server.log_in(&user, &password).await.unwrap()
    }

    async fn is_open(&self, session: &MultiplexedConnection) -> bool {
        redis::cmd("PING")
            .exec_async(&mut session.clone())
            .await
            .is_ok()
    }

    async fn spoil(&self, value: &SecretValue) {
        let (old, new) = (field(&self.login(value), "password"), unique("By-hand"));
        self.cloud.spoil(&self.id, &old, &new);
        let (old, new) = (format!("<{old}"), format!(">{new}"));
        self.root
            .ask::<()>(&["ACL", "SETUSER", &self.username, &old, &new])
            .await;
    }
}

impl ConformingTarget for Cache {
    fn version(&self) -> String {
        format!("{}, API played", self.server.major_and_minor())
    }

    async fn snapshot(&self) -> String {
        self.root.rules(&self.username).await.unwrap()
    }

    async fn written_down(&self) -> String {
        let server = std::slice::from_ref(&self.server);
        self.written
            .everything(std::slice::from_ref(&self.root), server)
            .await
    }

    async fn plant(&self, text: &str) {
        self.root.ask::<String>(&["ECHO", text]).await;
    }

    fn elsewhere(&self, value: &SecretValue) -> Option<SecretValue> {
        Some(changed(value, "host", "127.0.0.2".into()))
    }

    fn unreachable(&self) -> Option<SecretValue> {
        Some(changed(&self.first(), "port", 1.into()))
    }
}
