//! What the functions work on: one database, and a secret with a role of its own for each function.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rekey_tests::cloud::{Cloud, Options};
use rekey_tests::database::{Database, random_password};
use rekey_tests::given::{self, Server};
use rekey_tests::secrets::Secrets;
use rekey_tests::stack::Stack;
use serde_json::{Value, json};

use crate::front::Front;
use crate::trust::Trust;

/// The local cloud behind TLS, with the real template deployed.
pub struct Scene {
    pub cloud: Cloud,
    pub front: Front,
    pub server: Server,
    pub secrets: Secrets,
    pub stack: Stack,
    pub trust: Trust,
    /// The ARN of the key of fingerprints.
    pub fingerprint_key: String,
}

/// A secret that one of the functions rotates.
#[derive(Clone, Debug)]
pub struct Target {
    pub secret: String,
    pub role: String,
}

impl Scene {
    /// Starts and deploys. The function that is deployed must be one that fails: it leaves each rotation
    /// open, with its token and no value, for us to call the steps.
    pub async fn set() -> Result<Self> {
        let server = given::newest_server()?;
        let cloud = Cloud::start(&Options {
            attempts: 1,
            ..Options::default()
        })?;
        let secrets = Secrets::of(&cloud);
        let stack = Stack::deploy(&cloud, &[])?;
        let upstream = cloud.endpoint.trim_start_matches("http://");
        let front = Front::start(
            upstream,
            &server.data_dir.join("server.pem"),
            &server.data_dir.join("server.key"),
        )?;
        let trust = Trust::write(&cloud.dir, &server)?;
        let key = json!("k".repeat(64));
        let fingerprint_key = secrets.create("bench/fingerprint-key", &key, &[]).await?;
        Ok(Self {
            cloud,
            front,
            server,
            secrets,
            stack,
            trust,
            fingerprint_key,
        })
    }

    /// A database with a role, and its secret.
    pub async fn target(&self, name: &str) -> Result<Target> {
        let name = format!("bench_{name}_{}", std::process::id());
        let passwords = [random_password()?, random_password()?];
        let database = Database::make(&self.server, &name, passwords).await?;
        let mut value = database.secret(None);
        // AWS's function would try again without TLS if this were missing.
        value["ssl"] = json!(true);
        let secret = self.secrets.create(&name, &value, &[]).await?;
        Ok(Target {
            secret,
            role: database.app,
        })
    }

    /// Opens a rotation; the events of its four steps.
    pub async fn open_rotation(&self, target: &Target) -> Result<[Value; 4]> {
        let before = self.failed_rotations(target)?;
        let function = self.stack.rotate_function();
        let token = self.secrets.rotate(&target.secret, function).await?;
        let started = Instant::now();
        while self.failed_rotations(target)? == before {
            if started.elapsed() > Duration::from_secs(20) {
                bail!("the deployed function did not fail; rotations are not left open");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let steps = ["createSecret", "setSecret", "testSecret", "finishSecret"];
        Ok(steps.map(|step| {
            json!({
                "Step": step,
                "SecretId": target.secret,
                "ClientRequestToken": token,
                "RotationToken": "11111111-2222-4333-8444-555555555555",
            })
        }))
    }

    /// Whether the role can log in with what is current, so that a fast function that does nothing is
    /// found.
    pub async fn check(&self, target: &Target, token: &str) -> Result<()> {
        let current = self.secrets.current(&target.secret).await?;
        if current.id != token {
            bail!("{} was not rotated", target.secret);
        }
        let (user, password) = (current.field("username"), current.field("password"));
        let database = current.field("dbname");
        rekey_tests::database::connect(&self.server, database, user, password)
            .await
            .context("the new credential does not log in")?;
        Ok(())
    }

    fn failed_rotations(&self, target: &Target) -> Result<usize> {
        let log = fs::read_to_string(self.cloud.dir.join("server.log"))?;
        let failed = format!("Rotation of {} failed", target.secret);
        Ok(log.matches(&failed).count())
    }

    /// A file for a function's output.
    pub fn log(&self, name: &str) -> PathBuf {
        self.cloud.dir.join(format!("{name}.log"))
    }
}

/// How often a role logged in, and was refused, since a place in the server's log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logins {
    pub made: usize,
    pub failed: usize,
    pub without_tls: usize,
}

/// The server's log from here on.
pub struct LogMark<'a> {
    server: &'a Server,
    from: usize,
}

impl<'a> LogMark<'a> {
    /// Marks the end of what is there now.
    pub fn now(server: &'a Server) -> Result<Self> {
        let from = usize::try_from(fs::metadata(&server.log_file)?.len())?;
        Ok(Self { server, from })
    }

    /// What the role did since.
    pub fn logins(&self, role: &str) -> Result<Logins> {
        let log = fs::read(&self.server.log_file)?;
        let log = String::from_utf8_lossy(log.get(self.from..).unwrap_or_default());
        let made = format!("connection authorized: user={role} ");
        let failed = format!("password authentication failed for user \"{role}\"");
        let mut logins = Logins::default();
        for line in log.lines() {
            if line.contains(&made) {
                logins.made += 1;
                logins.without_tls += usize::from(!line.contains("SSL enabled"));
            } else if line.contains(&failed) {
                logins.failed += 1;
            }
        }
        Ok(logins)
    }
}
