//! MySQL's two passwords for one account: the primary one, and the one before it.
//!
//! Source: [MySQL, Dual Password Support](https://dev.mysql.com/doc/refman/8.4/en/password-management.html#dual-passwords).

use rekey_rotation::{Login, SecretValue, TargetError};
use zeroize::Zeroizing;

use super::accounts;
use super::logins::login;
use super::quote::{account, literal};
use super::rotator::Mysql;
use super::secret::UserSecret;
use super::session::Session;
use crate::object::invalid;
use crate::whose::Whose;

/// What is said to the server, one after the other. The password is in it: the server takes it out of every
/// log that it writes.
type Statements = Vec<Zeroizing<String>>;

/// Refuses a server that keeps one password for each account.
pub(super) fn check(session: &Session) -> Result<(), TargetError> {
    if session.server.keeps_two_passwords() {
        return Ok(());
    }
    Err(invalid(format!(
        "`dual_password` is true, and {} keeps one password for each account (two are kept by MySQL from 8.0.14 on); take the field away, or let two users alternate: add `masterarn`",
        session.place()
    )))
}

/// Checks that the session may keep its own account's password beside a new one.
pub(super) async fn check_permitted(session: &mut Session) -> Result<(), TargetError> {
    let grants = accounts::grants(session, "CURRENT_USER()").await?;
    if grants.everywhere("APPLICATION_PASSWORD_ADMIN") || grants.everywhere("CREATE USER") {
        return Ok(());
    }
    Err(TargetError::Permission(format!(
        "`dual_password` is true, and {0} may not keep two passwords; as an administrator: GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {0}",
        account(session.username(), &session.account_host)
    )))
}

/// Makes `added` valid beside `kept`.
///
/// First `kept` is made the primary one, so that it is the one that is retained: another, of a rotation that
/// was given up, may be. A password that is valid already must not be added, or it would push `kept` out.
pub(super) fn add(kept: &SecretValue, added: &SecretValue) -> Statements {
    let mut retained = primary(added);
    retained.push_str(" RETAIN CURRENT PASSWORD");
    vec![primary(kept), retained]
}

/// Makes `kept` the only one that is valid, given what the server answers to the old one. `kept` is never
/// invalid in between.
///
/// When the old one is refused already, the second password is another version's, which may be in its grace:
/// it is left alone, and the session only has to show that it still has the lock.
pub(super) fn retire(old: Login, kept: &SecretValue) -> Statements {
    if old == Login::Refused {
        return vec![Zeroizing::new("DO 0".to_owned())];
    }
    let discard = Zeroizing::new("ALTER USER USER() DISCARD OLD PASSWORD".to_owned());
    vec![primary(kept), discard]
}

/// Changes the primary password and leaves the one before it as it is.
fn primary(password: &SecretValue) -> Zeroizing<String> {
    // Exposed to be set.
    let text = Zeroizing::new(literal(password.expose()));
    Zeroizing::new(format!("ALTER USER USER() IDENTIFIED BY {}", *text))
}

impl Mysql {
    /// Makes the password of `added` valid beside the one of `kept`, unless it is.
    pub(super) async fn add_second(
        &self,
        session: &mut Session,
        kept: &UserSecret,
        added: &UserSecret,
        whose: Whose,
    ) -> Result<(), TargetError> {
        match self.try_open(&login(added, whose)).await {
            Ok(already) => {
                already.close().await;
                Ok(())
            }
            Err(unopened) if unopened.refused => {
                run(session, add(&kept.password, &added.password)).await
            }
            Err(unopened) => Err(unopened.error),
        }
    }
}

/// Runs them.
pub(super) async fn run(session: &mut Session, statements: Statements) -> Result<(), TargetError> {
    for statement in &statements {
        session.run(statement).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned()).unwrap()
    }

    fn said(statements: Statements) -> Vec<String> {
        statements.iter().map(|text| (**text).clone()).collect()
    }

    #[test]
    fn the_password_that_is_kept_is_made_the_one_that_is_retained() {
        assert_eq!(
            said(add(&value("now"), &value("next'1"))),
            [
                "ALTER USER USER() IDENTIFIED BY 'now'",
                "ALTER USER USER() IDENTIFIED BY 'next''1' RETAIN CURRENT PASSWORD",
            ]
        );
    }

    #[test]
    fn the_password_that_stays_is_the_primary_one_before_the_other_is_discarded() {
        assert_eq!(
            said(retire(Login::Accepted, &value("now"))),
            [
                "ALTER USER USER() IDENTIFIED BY 'now'",
                "ALTER USER USER() DISCARD OLD PASSWORD",
            ]
        );
    }

    #[test]
    fn a_version_that_is_refused_already_takes_no_other_one_with_it() {
        assert_eq!(said(retire(Login::Refused, &value("now"))), ["DO 0"]);
    }
}
