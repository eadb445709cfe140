use rekey_rotation::TargetError;

use super::accounts;
use super::differences::{About, Change};
use super::errors;
use super::grants::{ALL, Grants};
use super::quote::{account, identifier};
use super::reach::{covers, parts_of_all};
use super::server::Engine;
use super::session::Session;

/// What RDS gives its master user to end sessions with.
const RDS_KILL: &str = "PROCEDURE `mysql`.`rds_kill`";

/// Where MariaDB keeps accounts: who sets another's default role must be able to write there.
const ACCOUNTS: &str = "`mysql`.*";

/// What the login of the superuser secret may do.
pub(super) struct Administrator {
    /// Its account, as SQL text.
    pub(super) name: String,
    engine: Engine,
    grants: Grants,
    /// Whether it ends sessions by RDS's procedure.
    pub(super) rds_kill: bool,
}

impl Administrator {
    /// Asks the server what `session` may do, roles that it has now included.
    pub(super) async fn read(session: &mut Session) -> Result<Self, TargetError> {
        let engine = session.server.engine;
        let name = account(session.username(), &session.account_host);
        let grants = match engine {
            // Answers for the role that is set, too.
            Engine::MariaDb => {
                let lines = session.column("SHOW GRANTS").await?;
                let mine = Grants::parse(lines.iter().map(String::as_str));
                mine.ok_or_else(errors::unexpected)?
            }
            Engine::MySql => {
                let roles = session.row("SELECT CURRENT_ROLE()").await?;
                let using = match roles.first() {
                    Some(Some(roles)) if roles != "NONE" => format!(" USING {roles}"),
                    _ => String::new(),
                };
                accounts::grants(session, &format!("CURRENT_USER(){using}")).await?
            }
        };
        let rds_kill = session
            .rows("SELECT 1 FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'mysql' AND ROUTINE_NAME = 'rds_kill'")
            .await?;
        let executes = grants
            .on
            .iter()
            .any(|(on, has)| has.holds("EXECUTE") && covers(&on.name, RDS_KILL));
        Ok(Self {
            name,
            engine,
            grants,
            rds_kill: executes && !rds_kill.is_empty(),
        })
    }

    fn may(&self, privileges: &[&str]) -> bool {
        let mut any = privileges.iter();
        any.any(|privilege| self.grants.everywhere(privilege))
    }

    /// Whether it sees the sessions of others.
    pub(super) fn sees_sessions(&self) -> bool {
        self.may(&["PROCESS"])
    }

    /// Whether it may end the sessions of others.
    pub(super) fn ends_sessions(&self) -> bool {
        self.rds_kill || self.may(&["SUPER", "CONNECTION ADMIN", "CONNECTION_ADMIN"])
    }

    /// What grants the right to end sessions.
    pub(super) fn to_end_sessions(&self) -> String {
        let privilege = match self.engine {
            Engine::MariaDb => "CONNECTION ADMIN",
            Engine::MySql => "CONNECTION_ADMIN",
        };
        format!("GRANT {privilege} ON *.* TO {};", self.name)
    }

    /// What grants the right to see sessions.
    pub(super) fn to_see_sessions(&self) -> String {
        format!("GRANT PROCESS ON *.* TO {};", self.name)
    }

    /// Checks that it may make these changes, change passwords, and see and end sessions. Nothing that is
    /// done at this server can be taken back, so it is not tried: the grants are read.
    ///
    /// # Errors
    /// `permission`, with the statements that grant what is missing.
    pub(super) fn check<'a>(
        &self,
        changes: impl IntoIterator<Item = &'a Change>,
    ) -> Result<(), TargetError> {
        let mut missing: Vec<String> = Vec::new();
        if !self.may(&["CREATE USER"]) {
            missing.push(format!("GRANT CREATE USER ON *.* TO {};", self.name));
        }
        if !self.sees_sessions() {
            missing.push(self.to_see_sessions());
        }
        if !self.ends_sessions() {
            missing.push(self.to_end_sessions());
        }
        for change in changes {
            missing.extend(self.missing_for(&change.about));
        }
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        Err(TargetError::Permission(format!(
            "the account of the superuser secret, {}, lacks permissions for the change; nothing was changed; as an administrator: {}",
            self.name,
            missing.join(" ")
        )))
    }

    fn missing_for(&self, about: &About) -> Option<String> {
        match about {
            About::Privileges(object, privileges) => {
                let lacks: Vec<&str> = privileges
                    .iter()
                    .map(String::as_str)
                    .filter(|privilege| !self.hands_on(privilege, object))
                    .collect();
                // Of nothing but the right to hand on: whether it may hand on anything there.
                let list = match lacks.as_slice() {
                    [] if !privileges.is_empty() || self.hands_on("", object) => return None,
                    [] => "USAGE".to_owned(),
                    lacks => lacks.join(", "),
                };
                Some(format!(
                    "GRANT {list} ON {object} TO {} WITH GRANT OPTION;",
                    self.name
                ))
            }
            About::Role(role) => {
                let admin = self.grants.roles.get(role) == Some(&true);
                if admin || self.may(&["ROLE_ADMIN", "SUPER"]) && self.engine == Engine::MySql {
                    return None;
                }
                Some(format!("GRANT {role} TO {} WITH ADMIN OPTION;", self.name))
            }
            About::DefaultRole => {
                let writes = self
                    .grants
                    .on
                    .iter()
                    .any(|(on, has)| has.holds("UPDATE") && covers(&on.name, ACCOUNTS));
                if writes || self.engine == Engine::MySql {
                    return None;
                }
                Some(format!("GRANT UPDATE ON mysql.* TO {};", self.name))
            }
        }
    }

    /// Whether it has the privilege on the object, or on more, and may hand it on. An empty one: whether it
    /// may hand anything on there.
    fn hands_on(&self, privilege: &str, object: &str) -> bool {
        let one = |privilege: &str| self.hands_on_one(privilege, object);
        one(privilege)
            || privilege == ALL
                && parts_of_all(object, self.engine).is_some_and(|mut parts| parts.all(one))
    }

    fn hands_on_one(&self, privilege: &str, object: &str) -> bool {
        let whole = privilege.split(" (").next().unwrap_or(privilege);
        self.grants.on.iter().any(|(on, privileges)| {
            privileges.grantable
                && covers(&on.name, object)
                && (privilege.is_empty() || privileges.holds(privilege) || privileges.holds(whole))
        })
    }
}

/// Refuses to work on the very user that does the work.
pub(super) fn check_is_not(session: &Session, user: &str) -> Result<(), TargetError> {
    if session.username() != user {
        return Ok(());
    }
    Err(TargetError::Permission(format!(
        "{} is the user of the superuser secret too; put another user into the superuser secret",
        identifier(user)
    )))
}

/// Refuses when the sessions of a user cannot be seen by the one who asks.
pub(super) fn blind(admin: &Administrator, user: &str) -> TargetError {
    TargetError::Permission(format!(
        "the account of the superuser secret, {}, does not see the sessions of {}; nothing was changed; as an administrator: {}",
        admin.name,
        identifier(user),
        admin.to_see_sessions()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the master user of RDS has it, one by one.
    const EACH: &str = "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER, DELETE HISTORY ON *.* TO x WITH GRANT OPTION";

    fn administrator(lines: &[&str]) -> Administrator {
        Administrator {
            name: "`admin`@`%`".to_owned(),
            engine: Engine::MariaDb,
            grants: Grants::parse(lines.iter().copied()).unwrap(),
            rds_kill: false,
        }
    }

    fn change(of: &str) -> Vec<Change> {
        Grants::default().changes(&Grants::parse([of]).unwrap(), "x")
    }

    #[test]
    fn what_is_missing_is_said_as_statements() {
        let admin = administrator(&["GRANT SELECT ON `mysql`.* TO `admin`@`%`"]);
        let error = admin
            .check(&change("GRANT SELECT, INSERT ON `shop`.* TO x"))
            .unwrap_err();
        for statement in [
            "GRANT CREATE USER ON *.* TO `admin`@`%`;",
            "GRANT PROCESS ON *.* TO `admin`@`%`;",
            "GRANT CONNECTION ADMIN ON *.* TO `admin`@`%`;",
            "GRANT INSERT, SELECT ON `shop`.* TO `admin`@`%` WITH GRANT OPTION;",
        ] {
            assert!(error.to_string().contains(statement), "{error}");
        }
    }

    #[test]
    fn only_who_has_a_privilege_there_and_may_hand_it_on_may_grant_it() {
        let base = "GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO x";
        for (has, wanted, enough) in [
            (
                "GRANT ALL PRIVILEGES ON `shop`.* TO x WITH GRANT OPTION",
                "GRANT SELECT ON `shop`.* TO x",
                true,
            ),
            (
                "GRANT ALL PRIVILEGES ON `shop`.* TO x",
                "GRANT SELECT ON `shop`.* TO x",
                false,
            ),
            (
                "GRANT SELECT ON `shop`.* TO x WITH GRANT OPTION",
                "GRANT SELECT (`a`) ON `shop`.`t` TO x",
                true,
            ),
            (
                "GRANT SELECT ON `shop`.* TO x WITH GRANT OPTION",
                "GRANT ALL PRIVILEGES ON `shop`.* TO x",
                false,
            ),
            (
                "GRANT SELECT ON `sh%`.* TO x WITH GRANT OPTION",
                "GRANT SELECT ON `shop`.`t` TO x",
                true,
            ),
            (
                r"GRANT SELECT ON `s\_p`.* TO x WITH GRANT OPTION",
                "GRANT SELECT ON `sap`.`t` TO x",
                false,
            ),
            (
                r"GRANT SELECT ON `s\_p`.* TO x WITH GRANT OPTION",
                "GRANT SELECT ON `s_p`.`t` TO x",
                true,
            ),
            (
                "GRANT SELECT ON `other`.* TO x WITH GRANT OPTION",
                "GRANT SELECT ON `shop`.* TO x",
                false,
            ),
            (
                "GRANT EXECUTE ON `shop`.* TO x WITH GRANT OPTION",
                "GRANT EXECUTE ON PROCEDURE `shop`.`p` TO x",
                true,
            ),
            (
                "GRANT SELECT ON `shop%`.* TO x WITH GRANT OPTION",
                "GRANT SELECT ON `shop_eu`.* TO x",
                true,
            ),
            (EACH, "GRANT ALL PRIVILEGES ON `shop`.* TO x", true),
            (EACH, "GRANT ALL PRIVILEGES ON `shop`.`t` TO x", true),
            (EACH, "GRANT ALL PRIVILEGES ON *.* TO x", false),
            ("GRANT `r` TO x WITH ADMIN OPTION", "GRANT `r` TO x", true),
            ("GRANT `r` TO x", "GRANT `r` TO x", false),
            (
                "GRANT PROXY ON `p`@`%` TO x WITH GRANT OPTION",
                "GRANT PROXY ON `p`@`%` TO x",
                true,
            ),
        ] {
            let checked = administrator(&[base, has]).check(&change(wanted));
            assert_eq!(checked.is_ok(), enough, "{has}: {wanted}");
        }
    }
}
