use std::collections::BTreeMap;

use rekey_rotation::{SecretValue, TargetError};
use zeroize::Zeroizing;

use super::account::Account;
use super::errors;
use super::grants::Grants;
use super::password::{Identified, Plugin, unknown_plugin};
use super::quote::{account, literal};
use super::server::Engine;
use super::session::Session;

/// A user: every account of that name, by the host that it may come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) accounts: BTreeMap<String, Held>,
}

/// One account, and what it may do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Held {
    pub(super) account: Account,
    pub(super) grants: Grants,
}

impl User {
    /// Reads all accounts of that name; roles are none.
    pub(super) async fn read(session: &mut Session, name: &str) -> Result<Self, TargetError> {
        let query = format!(
            "SELECT Host FROM mysql.user WHERE BINARY User = {} AND Host <> '' ORDER BY Host",
            literal(name)
        );
        let mut accounts = BTreeMap::new();
        for host in session.column(&query).await? {
            let held = Held::read(session, &account(name, &host)).await?;
            accounts.insert(host, held);
        }
        Ok(Self {
            name: name.to_owned(),
            accounts,
        })
    }

    /// The statement that gives all accounts this password, each by its own plugin, and lets them in: whoever
    /// locked one did so for a password that is gone with this.
    pub(super) fn with_password(
        &self,
        engine: Engine,
        password: &SecretValue,
    ) -> Result<Zeroizing<String>, TargetError> {
        let mut statement = self.identified(|plugin| plugin.identified(password, engine))?;
        statement.push_str(" ACCOUNT UNLOCK");
        Ok(statement)
    }

    /// The statement that gives all accounts a password that nobody has.
    ///
    /// Not a lock: AWS's own function would set a password and not be let in with it.
    pub(super) fn with_nobodys_password(
        &self,
        engine: Engine,
    ) -> Result<Zeroizing<String>, TargetError> {
        self.identified(|plugin| plugin.identified_by_none(engine))
    }

    fn identified(
        &self,
        by: impl Fn(Plugin) -> Identified,
    ) -> Result<Zeroizing<String>, TargetError> {
        let mut statement = Zeroizing::new("ALTER USER".to_owned());
        for (index, (host, held)) in self.accounts.iter().enumerate() {
            let name = account(&self.name, host);
            let identified = by(plugin(&name, &held.account)?);
            statement.push_str(if index == 0 { " " } else { ", " });
            statement.push_str(&name);
            statement.push(' ');
            statement.push_str(identified.clause());
        }
        Ok(statement)
    }
}

impl Held {
    pub(super) async fn read(session: &mut Session, name: &str) -> Result<Self, TargetError> {
        Ok(Self {
            account: created(session, name).await?,
            grants: grants(session, name).await?,
        })
    }
}

/// How an account was made. Everybody may ask for their own.
pub(super) async fn created(session: &mut Session, name: &str) -> Result<Account, TargetError> {
    let created = session.row(&format!("SHOW CREATE USER {name}")).await?;
    let created = created.first().and_then(Option::as_deref);
    created
        .and_then(|text| Account::parse(text, session.server.engine))
        .ok_or_else(errors::unexpected)
}

/// What an account may do.
pub(super) async fn grants(session: &mut Session, name: &str) -> Result<Grants, TargetError> {
    let lines = session.column(&format!("SHOW GRANTS FOR {name}")).await?;
    Grants::parse(lines.iter().map(String::as_str)).ok_or_else(errors::unexpected)
}

/// The plugin of an account whose password can be set.
pub(super) fn plugin(name: &str, account: &Account) -> Result<Plugin, TargetError> {
    account
        .plugin()
        .ok_or_else(|| unknown_plugin(name, &account.ways_in()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(engine: Engine, created: &[(&str, &str)]) -> User {
        let account = |(host, rest): &(&str, &str)| {
            let created = format!("CREATE USER `app`@`{host}` {rest}");
            let held = Held {
                account: Account::parse(&created, engine).unwrap(),
                grants: Grants::default(),
            };
            ((*host).to_owned(), held)
        };
        User {
            name: "app".to_owned(),
            accounts: created.iter().map(account).collect(),
        }
    }

    #[test]
    fn all_accounts_of_a_user_change_in_one_statement_each_by_its_own_plugin() {
        let password = SecretValue::new("abc".to_owned()).unwrap();
        let mysql = user(
            Engine::MySql,
            &[
                ("%", "IDENTIFIED WITH 'caching_sha2_password' AS 0x2441"),
                ("10.%", "IDENTIFIED WITH 'mysql_native_password' AS '*00'"),
            ],
        );
        assert_eq!(
            *mysql.with_password(Engine::MySql, &password).unwrap(),
            "ALTER USER `app`@`%` IDENTIFIED WITH caching_sha2_password BY 'abc', `app`@`10.%` IDENTIFIED WITH mysql_native_password AS '*0D3CED9BEC10A777AEC23CCC353A8C08A633045E' ACCOUNT UNLOCK"
        );
        let mariadb = user(Engine::MariaDb, &[("%", "IDENTIFIED BY PASSWORD '*00'")]);
        assert_eq!(
            *mariadb.with_nobodys_password(Engine::MariaDb).unwrap(),
            "ALTER USER `app`@`%` IDENTIFIED VIA mysql_native_password USING '*0000000000000000000000000000000000000000'"
        );
    }

    #[test]
    fn an_account_without_a_password_of_the_servers_own_is_refused() {
        let password = SecretValue::new("abc".to_owned()).unwrap();
        let socket = user(Engine::MariaDb, &[("%", "IDENTIFIED VIA unix_socket")]);
        let refused = socket.with_password(Engine::MariaDb, &password);
        assert!(
            matches!(refused, Err(TargetError::Permission(text)) if text.contains("unix_socket"))
        );
    }
}
