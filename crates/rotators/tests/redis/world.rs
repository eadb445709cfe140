//! Set-ups for the conformance suite. Each has its servers for itself: a server keeps all of its users when it
//! keeps one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use rekey_rotation::testing::conformance::ConformingTarget;
use rekey_rotation::testing::{RevocableTarget, SecretsManager, Target, World};
use rekey_rotation::{Overlap, SecretId, SecretValue};
use rekey_rotators::redis::{Bounds, Redis};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::case::{ADMINISTRATOR, changed, field, logs_in, make, secret, value, with_bounds};
use crate::servers::{self, Root, Server, unique};

const ANOTHER_AUTHORITY: &[u8] = include_bytes!("another_authority.pem");
/// What the users of a scenario are called.
const OF_A_WORLD: &str = "of-a-world";
const SUPERUSER_SECRET: &str = "cache/superuser";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SetUp {
    /// A superuser changes an application's user; the server keeps its users in an aclfile.
    Superuser,
    /// The default user of a server with `requirepass` changes itself, kept by CONFIG REWRITE.
    DefaultUser,
    /// The three masters of a cluster.
    Cluster,
}

impl SetUp {
    pub const ALL: [Self; 3] = [Self::Superuser, Self::DefaultUser, Self::Cluster];

    /// Gives `default` back what it was started with.
    pub async fn mend(self) {
        for server in self.servers() {
            server.mend_default().await;
        }
    }

    fn servers(self) -> Vec<Server> {
        match self {
            Self::Superuser => vec![servers::one("aclfile")],
            Self::DefaultUser => vec![servers::one("rewritten")],
            Self::Cluster => servers::cluster(),
        }
    }
}

impl World for SetUp {
    type Target = Users;

    fn name(&self) -> String {
        match self {
            Self::Superuser => "redis superuser",
            Self::DefaultUser => "redis default-user",
            Self::Cluster => "redis cluster",
        }
        .to_owned()
    }

    fn overlap(&self) -> Overlap {
        Overlap::TwoPasswords
    }

    async fn fresh(&self, _store: &SecretsManager) -> Users {
        let servers = self.servers();
        let app = match self {
            Self::DefaultUser => "default".to_owned(),
            Self::Superuser | Self::Cluster => unique(OF_A_WORLD),
        };
        let users = Users {
            set_up: *self,
            admin: unique(OF_A_WORLD),
            bystander: unique(OF_A_WORLD),
            password: unique("Pw"),
            roots: roots(&servers).await,
            written: Written::begin(&servers).await,
            servers,
            app,
        };
        for root in &users.roots {
            forget_earlier(root).await;
            if *self == Self::DefaultUser {
                make(root, &users.app, &users.password, "reset on ~* &* +@all").await;
            } else {
                make(root, &users.app, &users.password, "~app:* +@read").await;
                make(root, &users.admin, &users.password, ADMINISTRATOR).await;
            }
            make(root, &users.bystander, &users.password, "+ping").await;
        }
        users
    }
}

/// Takes away the users of the scenario before: what a server keeps of thousands would slow it down.
async fn forget_earlier(root: &Root) {
    let mut all: Vec<String> = root.ask(&["ACL", "USERS"]).await;
    all.retain(|user| user.starts_with(OF_A_WORLD));
    for user in &all {
        root.ask::<u32>(&["ACL", "DELUSER", user]).await;
    }
    let slow = "slowlog-log-slower-than";
    root.ask::<()>(&["CONFIG", "SET", slow, "0"]).await;
}

async fn roots(servers: &[Server]) -> Vec<Root> {
    let mut roots = Vec::new();
    for server in servers {
        roots.push(server.keeper().await);
    }
    roots
}

pub struct Users {
    set_up: SetUp,
    servers: Vec<Server>,
    roots: Vec<Root>,
    app: String,
    admin: String,
    bystander: String,
    password: String,
    written: Written,
}

impl Users {
    fn secret_of(&self, user: &str) -> SecretValue {
        let mut secret = secret(&self.servers, user, &self.password);
        if self.set_up == SetUp::Cluster {
            // A file that is written through to the disk at three nodes says nothing of a cut.
            secret["persist"] = false.into();
        }
        if self.set_up == SetUp::DefaultUser {
            // Its replica keeps users of its own.
            secret["all_nodes"] = false.into();
        }
        if self.set_up != SetUp::DefaultUser {
            secret["masterarn"] = SUPERUSER_SECRET.into();
        }
        value(&secret)
    }
}

impl Target for Users {
    type Rotator = Redis;

    fn first(&self) -> SecretValue {
        self.secret_of(&self.app)
    }

    fn superuser(&self) -> Option<(SecretId, SecretValue)> {
        let id = SecretId::parse(SUPERUSER_SECRET).unwrap();
        let superuser = secret(&self.servers, &self.admin, &self.password);
        (self.set_up != SetUp::DefaultUser).then(|| (id, value(&superuser)))
    }

    fn bystander(&self) -> SecretValue {
        self.secret_of(&self.bystander)
    }

    fn rotator(&self) -> Redis {
        with_bounds(&self.servers[0].ca, short())
    }

    async fn logs_in(&self, value: &SecretValue) -> bool {
        for server in &self.servers {
            if !logs_in(server, value).await {
                return false;
            }
        }
        true
    }

    async fn users(&self) -> Vec<String> {
        let all: Vec<String> = self.roots[0].ask(&["ACL", "USERS"]).await;
        let mine = [&self.app, &self.admin, &self.bystander];
        all.into_iter()
            .filter(|user| mine.contains(&user))
            .collect()
    }

    async fn free_locks(&self) {
        let name = lock_name(&self.app);
        for root in &self.roots {
            end_named(root, &name).await;
        }
    }
}

/// The name that a connection has which has the lock of `user`.
pub fn lock_name(user: &str) -> String {
    let digest = Sha256::digest(user.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("rekey:{}", &hex[..32])
}

/// Ends the connections of this name, as a server does to those that were silent for too long.
pub async fn end_named(root: &Root, name: &str) -> usize {
    let list: String = root.ask(&["CLIENT", "LIST"]).await;
    let mut ended = 0;
    for line in list
        .lines()
        .filter(|line| line.contains(&format!(" name={name} ")))
    {
        let id = line.strip_prefix("id=").unwrap().split(' ').next().unwrap();
        root.ask::<u32>(&["CLIENT", "KILL", "ID", id]).await;
        ended += 1;
    }
    ended
}

fn short() -> Bounds {
    Bounds {
        lock: Duration::from_millis(60),
        ..Bounds::default()
    }
}

impl RevocableTarget for Users {
    type Session = Vec<MultiplexedConnection>;

    async fn open_session(&self, value: &SecretValue) -> Vec<MultiplexedConnection> {
        let (user, password) = (field(value, "username"), field(value, "password"));
        let mut sessions = Vec::new();
        for server in &self.servers {
            sessions.push(server.log_in(&user, &password).await.unwrap());
        }
        sessions
    }

    /// Whether it is at every node.
    async fn is_open(&self, session: &Vec<MultiplexedConnection>) -> bool {
        for connection in session {
            // Refused for want of a right is an answer too.
            let answer = redis::cmd("PING").exec_async(&mut connection.clone()).await;
            if answer.is_err_and(|error| error.code() != Some("NOPERM")) {
                return false;
            }
        }
        true
    }

    async fn spoil(&self, value: &SecretValue) {
        let (user, password) = (field(value, "username"), field(value, "password"));
        for root in &self.roots {
            let (old, new) = (format!("<{password}"), format!(">{}", unique("By-hand")));
            root.ask::<()>(&["ACL", "SETUSER", &user, &old, &new]).await;
        }
    }
}

impl ConformingTarget for Users {
    fn version(&self) -> String {
        self.servers[0].major_and_minor()
    }

    /// The rules as the server has them in memory and in its file.
    async fn snapshot(&self) -> String {
        let mut seen = Vec::new();
        for (root, server) in self.roots.iter().zip(&self.servers) {
            seen.push(root.rules(&self.app).await.unwrap_or_default());
            let file = server.acl_file.as_ref().or(server.config_file.as_ref());
            let kept = std::fs::read_to_string(file.unwrap()).unwrap();
            let begins = format!("user {} ", self.app);
            let mine = kept.lines().filter(|line| line.starts_with(&begins));
            seen.extend(mine.map(str::to_owned));
        }
        seen.join("\n")
    }

    async fn written_down(&self) -> String {
        self.written.everything(&self.roots, &self.servers).await
    }

    async fn plant(&self, text: &str) {
        // The last node, so that none is left out of the search.
        self.roots[self.roots.len() - 1]
            .ask::<String>(&["ECHO", text])
            .await;
    }

    fn elsewhere(&self, value: &SecretValue) -> Option<SecretValue> {
        Some(changed(value, "host", "127.0.0.2".into()))
    }

    fn unreachable(&self) -> Option<SecretValue> {
        let first = self.first();
        Some(match self.set_up {
            // A further node is missing, not the first.
            SetUp::Cluster => changed(&first, "nodes", json!(["localhost:1"])),
            SetUp::Superuser | SetUp::DefaultUser => changed(&first, "port", 1.into()),
        })
    }

    fn over_tls(&self) -> Option<SecretValue> {
        // The superuser secret is of the plain port.
        let port = (self.set_up == SetUp::DefaultUser).then_some(self.servers[0].tls_port)??;
        let first = changed(&self.first(), "ssl", true.into());
        Some(changed(&first, "port", port.into()))
    }

    fn distrustful(&self) -> Option<Redis> {
        Some(with_bounds(ANOTHER_AUTHORITY, short()))
    }

    /// At the last node only: what is before it must not be changed either.
    async fn forbid(&self) -> bool {
        let who = match self.set_up {
            SetUp::DefaultUser => &self.app,
            SetUp::Superuser | SetUp::Cluster => &self.admin,
        };
        let last = &self.roots[self.roots.len() - 1];
        last.ask::<()>(&["ACL", "SETUSER", who, "-acl|setuser"])
            .await;
        true
    }
}

/// What servers write down of what they are sent: the stream of MONITOR, the slow log, the log of refused
/// logins and commands, the log file.
pub struct Written {
    monitored: Vec<Arc<Mutex<String>>>,
    monitors: Vec<JoinHandle<()>>,
}

impl Drop for Written {
    fn drop(&mut self) {
        for monitor in &self.monitors {
            monitor.abort();
        }
    }
}

impl Written {
    pub async fn begin(servers: &[Server]) -> Self {
        let (mut monitored, mut monitors) = (Vec::new(), Vec::new());
        for server in servers {
            let seen = Arc::new(Mutex::new(String::new()));
            let stream = server.monitor().await;
            monitors.push(tokio::spawn(read_on(stream, Arc::clone(&seen))));
            monitored.push(seen);
        }
        Self {
            monitored,
            monitors,
        }
    }

    pub async fn everything(&self, roots: &[Root], servers: &[Server]) -> String {
        let mut all = String::new();
        for ((root, server), monitored) in roots.iter().zip(servers).zip(&self.monitored) {
            let end = unique("end-of-the-stream");
            root.ask::<String>(&["ECHO", &end]).await;
            while !monitored.lock().unwrap().contains(&end) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            all.push_str(&monitored.lock().unwrap());
            for log in [&["SLOWLOG", "GET", "-1"][..], &["ACL", "LOG", "1000"]] {
                let entries: redis::Value = root.ask(log).await;
                all.push_str(&format!("{entries:?}"));
            }
            all.push_str(&std::fs::read_to_string(&server.log_file).unwrap());
        }
        all
    }
}

async fn read_on(mut stream: TcpStream, seen: Arc<Mutex<String>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..count]);
        seen.lock().unwrap().push_str(&text);
    }
}
