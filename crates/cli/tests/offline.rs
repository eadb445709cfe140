//! An export is verified by whoever has it: without an account, without credentials, without a network.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be prepared fails where it stands"
)]

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rekey_audit::testing::{LocalSigner, MemoryTrail, MemoryVault, keyring, record};
use rekey_audit::{Link, Onward, OnwardError, Signer, Trail, Wait, checkpoint, write};

const NOW: i64 = 1_795_305_600;

struct Nowhere;

impl Onward for Nowhere {
    async fn send(&self, _: &[Link]) -> Result<(), OnwardError> {
        Ok(())
    }
}

impl Wait for Nowhere {
    async fn wait(&self, _: u32) {}
}

/// A folder of one test, which goes with it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind is no failure.
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// An export, written here by what docs/audit.md says of it.
async fn export(name: &str) -> Folder {
    let path = std::env::temp_dir().join(format!("rekey-offline-{}-{name}", std::process::id()));
    fs::create_dir_all(path.join("checkpoints")).unwrap();
    let (trail, vault) = (MemoryTrail::default(), MemoryVault::default());
    let (signer, keys) = (LocalSigner::new(3).unwrap(), keyring(1).unwrap());
    for what in 0..6 {
        let records = ["acme", "platform"].map(|tenant| record(tenant, what, "a/b", NOW).unwrap());
        let written = write(&trail, &Nowhere, &Nowhere, &keys, &records, NOW).await;
        assert!(written.iter().all(|one| one.result.is_ok()));
        let made = checkpoint(&trail, &vault, &signer, &keys, "prod", NOW + 1, 100).await;
        assert!(made.unwrap().broken.is_empty());
    }
    for chain in trail.chains().await.unwrap() {
        let links = trail.links(&chain, 0, 100).await.unwrap();
        let lines = links.into_iter().map(|stored| {
            let link = stored.link.unwrap();
            serde_json::to_string(&link).unwrap() + "\n"
        });
        fs::write(
            path.join(format!("{chain}.ndjson")),
            lines.collect::<String>(),
        )
        .unwrap();
        let head = trail.head(&chain).await.unwrap().unwrap();
        let head = serde_json::to_string(&head).unwrap();
        fs::write(path.join(format!("{chain}.head.json")), head).unwrap();
    }
    for (name, text) in vault.kept().iter() {
        let file = name.rsplit('/').next().unwrap();
        fs::write(path.join("checkpoints").join(file), text).unwrap();
    }
    fs::write(path.join("README.txt"), "an export").unwrap();
    let key = signer.public_key().await.unwrap();
    fs::write(path.join("key.pem"), key.to_pem().unwrap()).unwrap();
    Folder(path)
}

/// `rekey`, with an environment that has these variables and no other.
fn rekey(arguments: &[&str], environment: &BTreeMap<&str, String>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rekey"));
    command.args(arguments).env_clear().envs(environment);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn verify(folder: &Path, environment: &BTreeMap<&str, String>) -> Output {
    let (export, key) = (folder.to_str().unwrap(), folder.join("key.pem"));
    let arguments = [
        "audit",
        "verify",
        "--export",
        export,
        "--public-key",
        key.to_str().unwrap(),
    ];
    rekey(&arguments, environment).wait_with_output().unwrap()
}

/// Everything that would fail or be seen if a client were made: no home, no Region, certificates that are not
/// there, and an endpoint that listens.
fn nothing(endpoint: &TcpListener) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("HOME", "/nonexistent".to_owned()),
        ("AWS_CA_BUNDLE", "/nonexistent/ca.pem".to_owned()),
        (
            "AWS_ENDPOINT_URL",
            format!("http://{}", endpoint.local_addr().unwrap()),
        ),
    ])
}

#[tokio::test]
async fn an_export_is_verified_without_credentials_and_without_a_client() {
    let folder = export("sound").await;
    let endpoint = TcpListener::bind("127.0.0.1:0").unwrap();
    endpoint.set_nonblocking(true).unwrap();
    let done = verify(&folder.0, &nothing(&endpoint));
    let (out, err) = (
        String::from_utf8(done.stdout).unwrap(),
        String::from_utf8(done.stderr).unwrap(),
    );
    assert_eq!(done.status.code(), Some(0), "{out}{err}");
    assert!(out.contains("acme") && out.contains("sound"), "{out}");
    assert!(endpoint.accept().is_err(), "somebody was called");
}

#[tokio::test]
async fn a_bent_export_ends_with_4() {
    let folder = export("bent").await;
    let path = folder.0.join("acme.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("secret.rotated", "secret.deleted", 1)).unwrap();
    let endpoint = TcpListener::bind("127.0.0.1:0").unwrap();
    let done = verify(&folder.0, &nothing(&endpoint));
    let out = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(4), "{out}");
    assert!(out.contains("acme: record 1 was edited"), "{out}");
}

/// The test above can fail: the same environment stops a command that asks AWS, and the listener hears one
/// that gets so far.
#[test]
fn a_command_that_asks_the_stack_is_stopped_or_heard_there() {
    let endpoint = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut environment = nothing(&endpoint);
    let stopped = rekey(&["audit", "verify"], &environment)
        .wait_with_output()
        .unwrap();
    assert_eq!(stopped.status.code(), Some(2));
    environment.remove("AWS_CA_BUNDLE");
    environment.insert("AWS_REGION", "eu-west-1".to_owned());
    environment.insert("AWS_ACCESS_KEY_ID", "nobody".to_owned());
    environment.insert("AWS_SECRET_ACCESS_KEY", "nothing".to_owned());
    let mut heard = rekey(&["audit", "list"], &environment);
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(endpoint.accept().is_ok()));
    let called = told.recv_timeout(Duration::from_secs(60));
    heard.kill().unwrap();
    heard.wait().unwrap();
    assert_eq!(called, Ok(true), "nobody was called");
}
