//! AWS's API of ElastiCache, as far as passwords go: what it is told, a real Redis does a moment later. The
//! local cloud keeps no passwords of users and is never `modifying`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::config::{BehaviorVersion, Credentials, Region};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::servers::Root;

/// How long a change takes.
const MODIFYING: Duration = Duration::from_millis(4);

#[derive(Default)]
struct State {
    /// The passwords of an id, oldest first.
    passwords: BTreeMap<String, Vec<String>>,
    modifying: bool,
    /// How many changes were made.
    changes: u32,
    tags: BTreeMap<String, String>,
    /// The calls that were made, in order.
    calls: Vec<String>,
    /// What every change is answered.
    refusal: Option<&'static str>,
    /// What differs from a cache that is as its secret says.
    told: Told,
}

/// What is told of the user or the group.
#[derive(Clone, Default)]
pub struct Told {
    /// The user's name, when it is another one than the ACL user's.
    pub user_name: Option<&'static str>,
    /// How the user is authenticated, when not by a password.
    pub authentication: Option<&'static str>,
    /// The group's endpoint, when it is another one than the server's.
    pub endpoint: Option<&'static str>,
    /// The group has no AUTH token.
    pub no_token: bool,
    /// Changes are told as made, and the server does not have them yet.
    pub not_there_yet: bool,
}

/// The ARN of a user of this account.
pub fn user_arn(id: &str) -> String {
    format!("arn:aws:elasticache:eu-west-1:123456789012:user:{id}")
}

/// One account with one cache.
pub struct Cloud {
    client: Client,
    state: Arc<Mutex<State>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Cloud {
    /// A cloud whose user or group `id` is the ACL user `username` of a server, and has these passwords.
    pub async fn of(root: Root, id: &str, username: &str, passwords: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let texts = passwords.iter().map(|it| (*it).to_owned()).collect();
        state.lock().unwrap().passwords.insert(id.to_owned(), texts);
        let shared = Arc::clone(&state);
        let username = username.to_owned();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, root, username) = (Arc::clone(&shared), root.clone(), username.clone());
                tokio::spawn(async move {
                    serve(stream, state, root, username).await;
                });
            }
        });
        Self {
            client: client(&endpoint),
            state,
            listening,
        }
    }

    /// A password was replaced by hand at the server.
    pub fn spoil(&self, id: &str, old: &str, new: &str) {
        let mut state = self.state.lock().unwrap();
        for password in state.passwords.get_mut(id).unwrap() {
            if password == old {
                *password = new.to_owned();
            }
        }
    }

    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The calls that were made since this was asked last.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// From now on this is what is told.
    pub fn tell(&self, told: Told) {
        self.state.lock().unwrap().told = told;
    }

    /// An administrator tags the user or the group, and it is active again.
    pub fn tag(&self, key: &str, value: &str) {
        let mut state = self.state.lock().unwrap();
        state.tags.insert(key.to_owned(), value.to_owned());
    }

    pub fn tagged(&self, key: &str) -> Option<String> {
        self.state.lock().unwrap().tags.get(key).cloned()
    }

    /// The user or the group `id` has no password.
    pub fn has_none(&self, id: &str) {
        let mut state = self.state.lock().unwrap();
        state.passwords.get_mut(id).unwrap().clear();
    }

    /// From now on every change is refused with this code, or none is.
    pub fn refuse(&self, code: Option<&'static str>) {
        self.state.lock().unwrap().refusal = code;
    }
}

fn client(endpoint: &str) -> Client {
    let config = aws_sdk_elasticache::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

async fn serve(
    mut stream: TcpStream,
    state: Arc<Mutex<State>>,
    root: Root,
    username: String,
) -> Option<()> {
    loop {
        let form = read(&mut stream).await?;
        let (status, body) = answer(&form, &state, &root, &username);
        let response = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(response.as_bytes()).await.ok()?;
    }
}

/// The form of one request.
async fn read(stream: &mut TcpStream) -> Option<BTreeMap<String, String>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.split("content-length:").nth(1)?;
            let length: usize = length.split("\r\n").next()?.trim().parse().ok()?;
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8(bytes.split_off(end + 4)).ok()?;
                let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
                return Some(pairs.map(|(k, v)| (decoded(k), decoded(v))).collect());
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn answer(
    form: &BTreeMap<String, String>,
    shared: &Arc<Mutex<State>>,
    root: &Root,
    username: &str,
) -> (u16, String) {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let action = field("Action");
    let strategy = field("AuthTokenUpdateStrategy");
    let mut state = shared.lock().unwrap();
    state.calls.push(format!("{action}{strategy}"));
    let id = field("UserId") + &field("ReplicationGroupId");
    let of_a_group = field("ResourceName").contains(":replicationgroup:");
    let known = id.is_empty() || state.passwords.contains_key(&id);
    let refusal = match action.as_str() {
        _ if !known && action.ends_with("User") => Some("UserNotFound"),
        "DescribeUsers" if !known => Some("UserNotFound"),
        _ if !known => Some("ReplicationGroupNotFoundFault"),
        "ModifyUser" if state.modifying => Some("InvalidUserState"),
        "ModifyReplicationGroup" if state.modifying => Some("InvalidReplicationGroupState"),
        // So AWS answers: terraform-provider-aws issues 23219, 30444 and 41416.
        "ListTagsForResource" | "AddTagsToResource" if of_a_group && state.modifying => {
            Some("InvalidReplicationGroupState")
        }
        "ModifyUser" | "ModifyReplicationGroup" => state.refusal,
        _ => None,
    };
    if let Some(code) = refusal {
        let error = format!("<Type>Sender</Type><Code>{code}</Code><Message>no</Message>");
        return (
            400,
            format!("<ErrorResponse><Error>{error}</Error></ErrorResponse>"),
        );
    }
    let status = |active| if state.modifying { "modifying" } else { active };
    let result = match action.as_str() {
        "DescribeUsers" => {
            let (told, arn) = (&state.told, user_arn(&id));
            let has_none = state.passwords[&id].is_empty();
            let by = if has_none { "no-password" } else { "password" };
            let (by, name) = (
                told.authentication.unwrap_or(by),
                told.user_name.unwrap_or(username),
            );
            format!(
                "<Users><member><UserId>{id}</UserId><UserName>{name}</UserName><ARN>{arn}</ARN>\
                 <Status>{}</Status><Authentication><Type>{by}</Type></Authentication></member></Users>",
                status("active")
            )
        }
        "DescribeReplicationGroups" => {
            let status = status("available");
            let group =
                format!("<ReplicationGroupId>{id}</ReplicationGroupId><Status>{status}</Status>");
            let at = format!(
                "2026-01-01T00:{:02}:{:02}Z",
                state.changes / 60,
                state.changes % 60
            );
            let at = format!("<AuthTokenLastModifiedDate>{at}</AuthTokenLastModifiedDate>");
            let has_token = !state.told.no_token;
            let endpoint = state.told.endpoint.unwrap_or("127.0.0.1");
            let group = format!(
                "{group}<ARN>arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:{id}</ARN>{at}\
                 <AuthTokenEnabled>{has_token}</AuthTokenEnabled><NodeGroups><NodeGroup><PrimaryEndpoint>\
                 <Address>{endpoint}</Address><Port>6379</Port></PrimaryEndpoint></NodeGroup></NodeGroups>"
            );
            format!(
                "<ReplicationGroups><ReplicationGroup>{group}</ReplicationGroup></ReplicationGroups>"
            )
        }
        "ListTagsForResource" => {
            let tag = |(key, value): (&String, &String)| {
                format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>")
            };
            let tags: String = state.tags.iter().map(tag).collect();
            format!("<TagList>{tags}</TagList>")
        }
        "AddTagsToResource" => {
            let (key, value) = (field("Tags.Tag.1.Key"), field("Tags.Tag.1.Value"));
            assert!(of_a_group && !key.is_empty(), "{form:?}");
            state.tags.insert(key, value);
            // A group is `modifying` while it is tagged.
            state.modifying = true;
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                tokio::time::sleep(MODIFYING).await;
                shared.lock().unwrap().modifying = false;
            });
            "<TagList></TagList>".to_owned()
        }
        "ModifyUser" => {
            let texts = |n: &usize| form.get(&format!("Passwords.member.{n}")).cloned();
            let passwords: Vec<String> = [1, 2, 3].iter().filter_map(texts).collect();
            assert!((1..=2).contains(&passwords.len()), "as AWS takes them");
            begin(&mut state, shared, root, username, &id, passwords);
            String::new()
        }
        "ModifyReplicationGroup" => {
            assert_eq!(field("ApplyImmediately"), "true");
            let token = field("AuthToken");
            let mut tokens = state.passwords[&id].clone();
            match strategy.as_str() {
                "ROTATE" => tokens = tokens.split_off(tokens.len() - 1),
                "SET" => {
                    assert_eq!(
                        tokens.last(),
                        Some(&token),
                        "the last one rotated, as AWS asks"
                    );
                    tokens.clear();
                }
                other => panic!("{other}"),
            }
            tokens.push(token);
            begin(&mut state, shared, root, username, &id, tokens);
            String::new()
        }
        other => panic!("{other}"),
    };
    (
        200,
        format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"),
    )
}

/// Begins a change, which the server makes a moment later.
fn begin(
    state: &mut State,
    shared: &Arc<Mutex<State>>,
    root: &Root,
    username: &str,
    id: &str,
    passwords: Vec<String>,
) {
    state.modifying = true;
    let reaches = !state.told.not_there_yet;
    let (shared, root) = (Arc::clone(shared), root.clone());
    let (username, id) = (username.to_owned(), id.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(MODIFYING).await;
        let rules: Vec<String> = passwords.iter().map(|it| format!(">{it}")).collect();
        let mut words = vec!["ACL", "SETUSER", &username, "resetpass"];
        words.extend(rules.iter().map(String::as_str));
        if reaches {
            root.ask::<()>(&words).await;
        }
        let mut state = shared.lock().unwrap();
        state.passwords.insert(id, passwords);
        state.modifying = false;
        state.changes += 1;
    });
}
