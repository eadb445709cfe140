use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rekey_rotation::testing::conformance::ConformingTarget;
use rekey_rotation::testing::{RevocableTarget, SecretsManager, Target, World};
use rekey_rotation::{Overlap, SecretId, SecretValue};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::htpasswd::{BY_HAND, Htpasswd};

static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// Files, one for each scenario.
pub struct Files;

/// One file, in a folder of its own.
pub struct File {
    folder: Folder,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

impl World for Files {
    type Target = File;

    fn name(&self) -> String {
        "htpasswd".to_owned()
    }

    fn overlap(&self) -> Overlap {
        Overlap::AlternatingUsers
    }

    async fn fresh(&self, _store: &SecretsManager) -> File {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let folder = format!("rekey-htpasswd-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        fs::create_dir_all(&folder).unwrap();
        let file = File {
            folder: Folder(folder),
        };
        fs::write(file.path(), "").unwrap();
        for user in ["app", "somebody"] {
            put(&file.path(), user, &format!("the first password of {user}"));
        }
        file
    }
}

impl File {
    fn path(&self) -> PathBuf {
        self.folder.0.join("people")
    }

    fn secret(&self, file: &Path, username: &str) -> SecretValue {
        let password = format!("the first password of {username}");
        let secret = json!({
            "engine": "htpasswd", "file": file, "username": username, "password": password,
        });
        SecretValue::new(secret.to_string()).unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }
}

/// Sets a password by hand: nobody's lock is asked for.
pub fn put(file: &Path, user: &str, password: &str) {
    let hash = base16ct::lower::encode_string(&Sha256::digest(password));
    let begins = format!("{user}:");
    let text = fs::read_to_string(file).unwrap();
    let others = text.lines().filter(|line| !line.starts_with(&begins));
    let others: String = others.map(|line| format!("{line}\n")).collect();
    fs::write(file, format!("{others}{begins}{hash}\n")).unwrap();
}

impl Target for File {
    type Rotator = Htpasswd;

    fn first(&self) -> SecretValue {
        self.secret(&self.path(), "app")
    }

    fn superuser(&self) -> Option<(SecretId, SecretValue)> {
        None
    }

    fn bystander(&self) -> SecretValue {
        self.secret(&self.path(), "somebody")
    }

    fn rotator(&self) -> Htpasswd {
        Htpasswd
    }

    async fn logs_in(&self, value: &SecretValue) -> bool {
        let value = read(value);
        let [user, password] = ["username", "password"].map(|name| value[name].as_str().unwrap());
        let hash = base16ct::lower::encode_string(&Sha256::digest(password));
        self.text()
            .lines()
            .any(|line| line == format!("{user}:{hash}"))
    }

    async fn users(&self) -> Vec<String> {
        let text = self.text();
        let users = text.lines().filter_map(|line| line.split_once(':'));
        users.map(|(user, _)| user.to_owned()).collect()
    }

    async fn free_locks(&self) {
        let _none = fs::remove_file(self.path().with_extension("lock"));
    }
}

impl RevocableTarget for File {
    /// Its line in the file of sessions.
    type Session = String;

    async fn open_session(&self, value: &SecretValue) -> String {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let session = format!("{number} {}", read(value)["username"].as_str().unwrap());
        let sessions = self.path().with_extension("sessions");
        let before = fs::read_to_string(&sessions).unwrap_or_default();
        fs::write(sessions, format!("{before}{session}\n")).unwrap();
        session
    }

    async fn is_open(&self, session: &String) -> bool {
        let sessions = fs::read_to_string(self.path().with_extension("sessions"));
        sessions.unwrap().lines().any(|line| line == session)
    }

    async fn spoil(&self, value: &SecretValue) {
        let user = read(value)["username"].as_str().unwrap().to_owned();
        put(&self.path(), &user, "what nobody knows");
    }
}

impl ConformingTarget for File {
    fn version(&self) -> String {
        "a file".to_owned()
    }

    async fn snapshot(&self) -> String {
        self.text()
    }

    async fn written_down(&self) -> String {
        self.text()
    }

    async fn plant(&self, text: &str) {
        fs::write(self.path(), self.text() + "# " + text + "\n").unwrap();
    }

    fn elsewhere(&self, value: &SecretValue) -> Option<SecretValue> {
        let mut value = read(value);
        value["file"] = "/srv/others".into();
        SecretValue::new(value.to_string()).ok()
    }

    fn unreachable(&self) -> Option<SecretValue> {
        Some(self.secret(Path::new("/srv/nobody/has/this"), "app"))
    }

    async fn forbid(&self) -> bool {
        fs::write(self.path(), self.text() + BY_HAND + "\n").unwrap();
        true
    }
}

pub fn read(value: &SecretValue) -> Value {
    serde_json::from_str(value.expose()).unwrap()
}
