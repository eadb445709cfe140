//! The five: a target, a secret and an application each.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rekey_tests::database::Database;
use rekey_tests::given::{self, MariadbServer, RedisServers};
use rekey_tests::mariadb::{self, Mariadb};
use rekey_tests::person::Person;
use rekey_tests::redis::Redis;
use rekey_tests::scene::Scene;
use rekey_tests::secrets::{Secrets, Version};
use serde_json::Value;

use super::GRACE;
use super::application::Application;
use super::jwt::KeySet;
use super::service::Service as _;
use super::webhook::Webhook;

/// A secret with its application.
pub struct Player {
    pub kind: &'static str,
    /// For people.
    pub target: String,
    /// The name of the secret.
    pub name: String,
    /// Its ARN.
    pub secret: String,
    /// The ARN of the function that rotates it.
    pub function: String,
    pub application: Application,
    /// Reads the secret as the application: whoever else read it would be a consumer too.
    pub reader: Secrets,
    service: Service,
}

enum Service {
    Postgres(Arc<Database>),
    Mariadb(Arc<Mariadb>),
    Redis(Arc<Redis>),
    Jwt(Arc<KeySet>),
    Webhook(Arc<Webhook>),
}

impl Player {
    /// Whether the credential of a version is taken at this moment.
    pub async fn takes(&self, version: &Version) -> Result<bool> {
        match &self.service {
            Service::Postgres(it) => it.takes(version).await,
            Service::Mariadb(it) => it.takes(version).await,
            Service::Redis(it) => it.takes(version).await,
            Service::Jwt(it) => it.takes(version).await,
            Service::Webhook(it) => it.takes(version).await,
        }
    }
}

/// Servers that the scene does not bring.
pub struct Servers {
    mariadb: MariadbServer,
    redis: RedisServers,
    /// The authorities of all of them, in one file.
    pub ca_file: PathBuf,
}

impl Servers {
    pub fn given() -> Result<Self> {
        let (mariadb, redis) = (given::mariadb_server()?, given::redis_servers()?);
        let mut authorities = String::new();
        for file in [
            &given::newest_server()?.ca_file,
            &mariadb.ca_file,
            &redis.ca_file,
        ] {
            authorities += &fs::read_to_string(file)?;
        }
        let ca_file = given::scratch("authorities")?.join("ca.pem");
        fs::write(&ca_file, authorities)?;
        Ok(Self {
            mariadb,
            redis,
            ca_file,
        })
    }

    /// Has MariaDB write a text into its log; that log. Nothing brings a text into Redis's.
    pub async fn plant(&self, text: &str) -> Result<PathBuf> {
        mariadb::write_down(&self.mariadb, text).await?;
        Ok(self.mariadb.log_file.clone())
    }

    /// What they write down.
    pub fn logs(&self) -> Vec<PathBuf> {
        let logs = [
            &self.mariadb.log_file,
            &self.mariadb.replica_log_file,
            &self.redis.aclfile.log_file,
        ];
        logs.map(PathBuf::clone).into()
    }
}

/// All of them, at work.
pub struct Cast {
    pub players: Vec<Player>,
    /// The passwords of superuser secrets.
    pub passwords: Vec<String>,
}

impl Cast {
    /// Makes what is not there yet, and starts the applications.
    pub async fn gather(scene: &Scene, servers: &Servers) -> Result<Self> {
        let mine = std::process::id();
        let (mariadb, redis) = (servers.mariadb.clone(), servers.redis.clone());
        let mariadb = Arc::new(Mariadb::make(mariadb, &format!("shop_{mine}")).await?);
        let redis = Arc::new(Redis::make(redis, &format!("shop-{mine}")).await?);
        let (key_set, signing) = KeySet::make(&scene.cloud).await?;
        let key_set = Arc::new(key_set);

        let superuser = [("rekey:superuser", "true")];
        let value = mariadb.superuser_secret();
        let secrets = &scene.secrets;
        let of_mariadb = secrets.create("local/db/mariadb-admin", &value, &superuser);
        let of_mariadb = mariadb.secret(&of_mariadb.await?);
        let value = redis.superuser_secret();
        let of_redis = secrets.create("local/cache/admin", &value, &superuser);
        let of_redis = redis.secret(&of_redis.await?);

        let of_maria = format!("MariaDB {}", minor(&servers.mariadb.version));
        let of_cache = format!("Redis {}", minor(&servers.redis.version));
        let passwords = vec![
            scene.database.admin_password.clone(),
            mariadb.admin_password.clone(),
            redis.admin_password.clone(),
        ];
        let major = scene.database.server.major;
        let database = Arc::new(scene.database.clone());
        let players = vec![
            Player::start(
                scene,
                ("postgres", format!("PostgreSQL {major}")),
                ("local/db/app-primary", None),
                |_, _| Service::Postgres(database),
            )
            .await?,
            Player::start(
                scene,
                ("mariadb", of_maria),
                ("local/db/orders", Some(&of_mariadb)),
                |_, _| Service::Mariadb(mariadb),
            )
            .await?,
            Player::start(
                scene,
                ("redis", of_cache),
                ("local/cache/orders", Some(&of_redis)),
                |_, _| Service::Redis(redis),
            )
            .await?,
            Player::start(
                scene,
                ("jwt", "EdDSA in S3".to_owned()),
                ("local/jwt/orders", Some(&signing)),
                |_, _| Service::Jwt(key_set),
            )
            .await?,
            Player::start(
                scene,
                ("hmac", "webhook whsec_".to_owned()),
                ("local/webhook/orders", Some(&Webhook::first_value()?)),
                |reader, secret| Service::Webhook(Arc::new(Webhook { reader, secret })),
            )
            .await?,
        ];
        for player in &players {
            let begun = player.application.is_at_work().await;
            begun.with_context(|| player.kind)?;
        }
        Ok(Self { players, passwords })
    }
}

impl Player {
    /// Keeps the secret, unless the scene has it already, and starts its application.
    async fn start(
        scene: &Scene,
        (kind, target): (&'static str, String),
        (name, value): (&str, Option<&Value>),
        service: impl FnOnce(Secrets, String) -> Service,
    ) -> Result<Self> {
        let grace = GRACE.as_secs().to_string();
        let tags = [
            ("rekey:kind", kind),
            ("rekey:owner", "demo"),
            ("rekey:grace", grace.as_str()),
        ];
        let secret = match value {
            Some(value) => scene.secrets.create(name, value, &tags).await?,
            None => scene.secret.clone(),
        };
        let reader = Person::reader(&scene.cloud, &format!("shop-{kind}"), &secret).await?;
        let reader = reader.secrets();
        let service = service(reader.clone(), secret.clone());
        let (by, of) = (&reader, secret.as_str());
        let (application, function) = match &service {
            Service::Postgres(it) => (Application::start(it, by, of), "DatabaseFunctionArn"),
            Service::Mariadb(it) => (Application::start(it, by, of), "DatabaseFunctionArn"),
            Service::Redis(it) => (Application::start(it, by, of), "DatabaseFunctionArn"),
            Service::Jwt(it) => (Application::start(it, by, of), "KeysFunctionArn"),
            Service::Webhook(it) => (Application::start(it, by, of), "KeysFunctionArn"),
        };
        Ok(Self {
            kind,
            target,
            name: name.to_owned(),
            secret,
            function: scene.stack.output(function).to_owned(),
            application,
            reader,
            service,
        })
    }
}

/// Every text of a value that nobody else may know.
pub fn secrets_in(value: &Value) -> Vec<String> {
    let found = [
        &value["password"],
        &value["current"],
        &value["current"]["d"],
        &value["next"]["d"],
    ];
    let texts = found.into_iter().filter_map(Value::as_str);
    texts
        .map(|text| text.trim_start_matches("whsec_").to_owned())
        .collect()
}

/// A version without its patch level.
fn minor(version: &str) -> String {
    let parts: Vec<&str> = version.split('.').take(2).collect();
    parts.join(".")
}
