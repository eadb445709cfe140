use std::collections::BTreeSet;

use rekey_rotation::{SecretValue, TargetError};

use super::accounts::{self, Held, User};
use super::administrator::Administrator;
use super::differences::{About, Change};
use super::errors::code;
use super::names::{alternate, base};
use super::password::Plugin;
use super::quote::{account, identifier};
use super::server::Engine;
use super::session::Session;
use crate::object::invalid;

/// How often what was granted is compared again. The server may make more of a grant than was said.
const LOOKS: usize = 3;

/// Privileges on the whole server that a second user has with the first one or not at all.
const POWERS: [&str; 2] = ["SUPER", "CREATE USER"];

/// The two users of one credential: the one that is AWSCURRENT, which is never changed, and the idle one.
pub(super) struct Pair {
    in_use: User,
    idle: User,
    engine: Engine,
}

/// What makes an idle account the like of the one in use, but for the password.
struct Alike {
    /// Makes the account, or changes its options.
    account: Option<String>,
    grants: Vec<Change>,
}

impl Pair {
    /// Reads both users. `idle` is the one that is to get the next password.
    pub(super) async fn read(
        session: &mut Session,
        in_use: &str,
        idle: &str,
    ) -> Result<Self, TargetError> {
        Ok(Self {
            in_use: User::read(session, in_use).await?,
            idle: User::read(session, idle).await?,
            engine: session.server.engine,
        })
    }

    /// Whether the second user is the one in use.
    fn clone_is_live(&self) -> bool {
        base(&self.in_use.name) != self.in_use.name
    }

    /// What must be so before anything is changed. `current` is the password of the user in use.
    pub(super) fn check(&self, current: &SecretValue) -> Result<(), TargetError> {
        let in_use = identifier(&self.in_use.name);
        let idle = identifier(&self.idle.name);
        if self.in_use.accounts.is_empty() {
            return Err(TargetError::RoleMissing(format!(
                "there is no account of {in_use} in mysql.user, though it logs in; give the secret a user whose password this server keeps"
            )));
        }
        if self.clone_is_live() && self.idle.accounts.is_empty() {
            return Err(TargetError::RoleMissing(format!(
                "there is no account of {idle}, whose second user {in_use} would be; give the secret a user whose name does not end in `_clone`"
            )));
        }
        self.check_one_credential(current)?;
        self.check_hosts()?;
        for (host, held) in &self.idle.accounts {
            accounts::plugin(&account(&self.idle.name, host), &held.account)?;
        }
        for power in POWERS {
            let has = |user: &User| {
                let mut accounts = user.accounts.values();
                accounts.any(|held| held.grants.everywhere(power))
            };
            // Otherwise whoever has a user named like the other one could be given its credential.
            if has(&self.idle) && !has(&self.in_use) {
                return Err(TargetError::Permission(format!(
                    "{idle} has {power} and {in_use} has not, so it is not its other user; rename it, or as an administrator: REVOKE {power} ON *.* FROM ..."
                )));
            }
        }
        Ok(())
    }

    /// Accounts of one name are one credential when all of them take its password.
    fn check_one_credential(&self, current: &SecretValue) -> Result<(), TargetError> {
        for (host, held) in &self.in_use.accounts {
            let name = account(&self.in_use.name, host);
            let plugin = accounts::plugin(&name, &held.account)?;
            let kept = held.account.ways.first().and_then(|way| way.hash.as_ref());
            let contradicts = plugin
                .hash(current)
                .is_some_and(|hash| kept.is_none_or(|kept| !kept.eq_ignore_ascii_case(&hash)));
            if contradicts {
                return Err(invalid(format!(
                    "{name} has another password than the secret, which other accounts of that name take: they are not one credential; give it the secret's password, or drop it"
                )));
            }
            if held.account.locked {
                return Err(TargetError::Permission(format!(
                    "{name} is locked, and other accounts of that name are not: they are not one credential; as an administrator: ALTER USER {name} ACCOUNT UNLOCK, or drop it"
                )));
            }
        }
        Ok(())
    }

    /// The first user's hosts are the credential's. The second one may lack some, and gets them in its turn.
    fn check_hosts(&self) -> Result<(), TargetError> {
        let (first, second) = if self.clone_is_live() {
            (&self.idle, &self.in_use)
        } else {
            (&self.in_use, &self.idle)
        };
        let hosts = second.accounts.keys();
        let strays: Vec<&String> = hosts
            .filter(|host| !first.accounts.contains_key(*host))
            .collect();
        let Some(stray) = strays.first() else {
            return Ok(());
        };
        let (theirs, ours) = (account(&second.name, stray), account(&first.name, stray));
        Err(invalid(format!(
            "there is {theirs} and no {ours}, so it is not clear from where the credential is to work; as an administrator, one of: DROP USER {theirs}; or CREATE USER {ours} with the rights and the password of the other accounts of {}",
            identifier(&first.name)
        )))
    }

    /// What makes the idle user's accounts like those in use. In the first user's turn its options stay as
    /// they are, and so does its right to hand on what it has: AWS's functions give their clones neither.
    fn plan(&self) -> Vec<Alike> {
        let mut plan = Vec::new();
        for (host, wanted) in &self.in_use.accounts {
            let name = account(&self.idle.name, host);
            let idle = self.idle.accounts.get(host);
            plan.push(self.alike(&name, wanted, idle));
        }
        plan
    }

    fn alike(&self, name: &str, wanted: &Held, idle: Option<&Held>) -> Alike {
        let options = wanted.account.options.clauses(self.engine);
        let Some(idle) = idle else {
            let plugin = wanted.account.plugin().unwrap_or(Plugin::Native);
            let nobody = plugin.identified_by_none(self.engine);
            return Alike {
                account: Some(format!("CREATE USER {name} {} {options}", nobody.clause())),
                grants: self.grants(name, wanted, None),
            };
        };
        let same = idle.account.options == wanted.account.options;
        Alike {
            account: (!same && !self.clone_is_live())
                .then(|| idle.account.options.clone())
                .map(|before| wanted.account.options.clauses_over(&before, self.engine))
                .map(|options| format!("ALTER USER {name} {options}")),
            grants: self.grants(name, wanted, Some(idle)),
        }
    }

    fn grants(&self, name: &str, wanted: &Held, idle: Option<&Held>) -> Vec<Change> {
        let none = super::grants::Grants::default();
        let has = idle.map_or(&none, |idle| &idle.grants);
        let mut changes = if self.clone_is_live() {
            has.changes(&wanted.grants.handed_on_as(has), name)
        } else {
            has.changes(&wanted.grants, name)
        };
        // MySQL says with the account which roles a session begins with.
        let roles = wanted.account.default_roles.as_ref();
        let had = idle.and_then(|idle| idle.account.default_roles.as_ref());
        if roles != had {
            let roles = roles.map_or("NONE", String::as_str);
            changes.push(Change {
                statement: format!("ALTER USER {name} DEFAULT ROLE {roles}"),
                about: About::DefaultRole,
            });
        }
        changes
    }

    /// Checks that `admin` may make the changes that are due, and makes none.
    pub(super) fn check_permitted(&self, admin: &Administrator) -> Result<(), TargetError> {
        let plan = self.plan();
        admin.check(plan.iter().flat_map(|alike| &alike.grants))
    }

    /// Makes the idle user like the one in use, but for the password. Each statement counts by itself; one
    /// that is not reached is made by the next rotation's turn, or by a repetition of this one.
    pub(super) async fn make_alike(&mut self, session: &mut Session) -> Result<(), TargetError> {
        let mut gone = BTreeSet::new();
        for look in 0..LOOKS {
            let mut plan = self.plan();
            if look > 0 {
                // Options are given once: the server may say them in other words.
                plan.iter_mut().for_each(|alike| alike.account = None);
            }
            let due = |alike: &Alike| {
                let mut grants = alike.grants.iter();
                alike.account.is_some() || grants.any(|change| !is_about(change, &gone))
            };
            if !plan.iter().any(due) {
                return Ok(());
            }
            for alike in &plan {
                if let Some(statement) = &alike.account {
                    session.run(statement).await?;
                }
                for change in &alike.grants {
                    self.make(session, change, &mut gone).await?;
                }
            }
            self.idle = User::read(session, &self.idle.name).await?;
        }
        Err(TargetError::Permission(format!(
            "{} and {} still may do different things after all that differs was granted and revoked; compare SHOW GRANTS of both, and let nobody change them while a rotation is open",
            identifier(&self.idle.name),
            identifier(&self.in_use.name)
        )))
    }

    async fn make(
        &self,
        session: &mut Session,
        change: &Change,
        gone: &mut BTreeSet<String>,
    ) -> Result<(), TargetError> {
        let Err(failed) = session.try_run(&change.statement).await else {
            return Ok(());
        };
        let absent = matches!(
            failed.code,
            Some(code::NO_TABLE | code::NO_ROUTINE | code::NO_COLUMN | code::NO_DATABASE)
        );
        match (&change.about, failed.error) {
            // A grant may outlive what it is on; nobody misses it.
            (About::Privileges(object, _), _) if absent => {
                gone.insert(object.clone());
                Ok(())
            }
            (_, TargetError::Permission(text)) => Err(TargetError::Permission(format!(
                "{text}; as an administrator who may: {}",
                change.statement
            ))),
            (_, other) => Err(other),
        }
    }

    /// Gives every account of the idle user this password.
    pub(super) async fn set_password(
        &self,
        session: &mut Session,
        password: &SecretValue,
    ) -> Result<(), TargetError> {
        let statement = self.idle.with_password(self.engine, password)?;
        session.run(&statement).await
    }
}

fn is_about(change: &Change, gone: &BTreeSet<String>) -> bool {
    matches!(&change.about, About::Privileges(object, _) if gone.contains(object))
}

/// Checks that the pending value names the other user of the current one's pair.
pub(super) fn check_users(current: &str, pending: &str, engine: Engine) -> Result<(), TargetError> {
    if alternate(current, engine)? == pending {
        return Ok(());
    }
    Err(invalid(
        "`username` under AWSPENDING is not the other user of the one under AWSCURRENT; cancel this rotation by removing AWSPENDING, and rotate again",
    ))
}
