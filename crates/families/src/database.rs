use rekey_aws::Connection;
use rekey_function::Variables;
use rekey_rotators::elasticache::{self, ElastiCache};
use rekey_rotators::mysql::{self, Mysql};
use rekey_rotators::postgres::{self, Postgres};
use rekey_rotators::redis::{self, Redis};
use rekey_rotators::{DatabaseKind, DatabaseKinds, PasswordPolicy, Strategy, Trust};

use crate::{Family, SettingsError};

/// Databases and caches.
#[derive(Clone, Copy, Debug)]
pub struct Database;

/// What a function of the family `database` is told.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `REKEY_STRATEGY`: how a user of PostgreSQL, MariaDB or MySQL is rotated.
    pub strategy: Strategy,
    /// `REKEY_CA_FILE`: whose certificates are believed. Without one, the system's.
    pub trust: Trust,
    /// The settings of AWS's own functions: `PASSWORD_LENGTH`, `EXCLUDE_CHARACTERS` and so on.
    pub passwords: PasswordPolicy,
}

impl Family for Database {
    type Settings = DatabaseSettings;
    type Kinds = DatabaseKinds;

    const NAME: &'static str = "database";

    fn read(variable: &impl Fn(&str) -> Option<String>) -> Result<DatabaseSettings, SettingsError> {
        let variables = Variables::new(variable);
        let strategy = variables.optional("REKEY_STRATEGY");
        Ok(DatabaseSettings {
            strategy: strategy.as_deref().unwrap_or("auto").parse()?,
            trust: match variables.file("REKEY_CA_FILE")? {
                Some(pem) => Trust::from_pem(&pem)?,
                None => Trust::system(),
            },
            passwords: PasswordPolicy::from_settings(variable)?,
        })
    }

    fn kinds(settings: DatabaseSettings, connection: &Connection) -> DatabaseKinds {
        let postgres = || postgres::Config {
            strategy: settings.strategy,
            trust: settings.trust.clone(),
            passwords: settings.passwords.clone(),
            bounds: postgres::Bounds::default(),
        };
        let mysql = || mysql::Config {
            strategy: settings.strategy,
            trust: settings.trust.clone(),
            passwords: settings.passwords.clone(),
            bounds: mysql::Bounds::default(),
        };
        let redis = || redis::Config {
            trust: settings.trust.clone(),
            passwords: settings.passwords.clone(),
            bounds: redis::Bounds::default(),
        };
        let client = connection.elasticache();
        let elasticache = || elasticache::Config {
            client: client.clone(),
            trust: settings.trust.clone(),
            passwords: settings.passwords.clone(),
            bounds: elasticache::Bounds::default(),
        };
        DatabaseKinds::new(vec![
            DatabaseKind::Postgres(Postgres::new(postgres())),
            DatabaseKind::Mysql(Mysql::mariadb(mysql())),
            DatabaseKind::Mysql(Mysql::mysql(mysql())),
            DatabaseKind::Redis(Redis::redis(redis())),
            DatabaseKind::Redis(Redis::valkey(redis())),
            DatabaseKind::ElastiCache(ElastiCache::user(elasticache())),
            DatabaseKind::ElastiCache(ElastiCache::auth(elasticache())),
        ])
    }
}
