use rekey_rotation::{SecretValue, TargetError};
use zeroize::Zeroizing;

use super::accounts;
use super::password::Plugin;
use super::quote::{account, literal};
use super::server::Engine;
use super::session::Session;
use crate::object::invalid;

/// The account that a session is, whose own password it may change without any privilege.
pub(super) struct Own {
    plugin: Plugin,
}

/// Reads the session's own account.
///
/// # Errors
/// `permission` when no password lets it in; `invalid_request` when other accounts of its name take the same
/// password and would be left behind. Only who may read `mysql.user` can be told that.
pub(super) async fn read(session: &mut Session) -> Result<Own, TargetError> {
    let name = account(session.username(), &session.account_host);
    let own = accounts::created(session, "CURRENT_USER()").await?;
    let plugin = accounts::plugin(&name, &own)?;
    let hash = own.ways.first().and_then(|way| way.hash.as_deref());
    let others = format!(
        "SELECT Host FROM mysql.user WHERE BINARY User = {} AND Host <> {} AND authentication_string = {}",
        literal(session.username()),
        literal(&session.account_host),
        literal(hash.unwrap_or_default()),
    );
    // Most may not ask: they are told nothing, and nothing is concluded from that.
    let others = session.try_rows(&others).await.unwrap_or_default();
    if others.is_empty() {
        return Ok(Own { plugin });
    }
    Err(invalid(format!(
        "{name} is not the only account of that name with this password, and a user changes its own account only: the others would be left behind; let two users alternate (add `masterarn`), or drop the other accounts"
    )))
}

impl Own {
    /// Changes the password.
    pub(super) async fn set(
        &self,
        session: &mut Session,
        password: &SecretValue,
    ) -> Result<(), TargetError> {
        let statement = self.statement(session.server.engine, password);
        session.run(&statement).await
    }

    /// MariaDB takes the hash. MySQL wants the password itself from who has no privilege, and takes it out of
    /// every log that it writes.
    fn statement(&self, engine: Engine, password: &SecretValue) -> Zeroizing<String> {
        match (engine, self.plugin.hash(password)) {
            (Engine::MariaDb, Some(hash)) => {
                Zeroizing::new(format!("SET PASSWORD = {}", literal(&hash)))
            }
            _ => {
                // Exposed to be set.
                let text = Zeroizing::new(literal(password.expose()));
                Zeroizing::new(format!("ALTER USER USER() IDENTIFIED BY {}", *text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mariadb_is_sent_the_hash_and_mysql_the_password() {
        let password = SecretValue::new("abc".to_owned()).unwrap();
        let own = Own {
            plugin: Plugin::Native,
        };
        assert_eq!(
            *own.statement(Engine::MariaDb, &password),
            "SET PASSWORD = '*0D3CED9BEC10A777AEC23CCC353A8C08A633045E'"
        );
        assert_eq!(
            *own.statement(Engine::MySql, &password),
            "ALTER USER USER() IDENTIFIED BY 'abc'"
        );
    }
}
