use std::future::Future;

use super::secrets_manager::SecretsManager;
use crate::{Overlap, Revoker, Rotator, SecretId, SecretValue};

/// The name of a scenario's secret.
pub const SECRET: &str = "db/app";

/// A kind of target in one set-up, such as PostgreSQL 15 with alternating users: what the crash suite runs
/// on. A world that cannot be prepared or asked may panic: no promise was tested then.
pub trait World: Sync {
    /// What [`World::fresh`] makes.
    type Target: Target;

    /// The name in the report: `postgres 15 alternating-users`.
    fn name(&self) -> String;

    /// How its credentials are rotated.
    fn overlap(&self) -> Overlap;

    /// Prepares a target that no scenario has used: its own users, its own locks. `store` is where the
    /// secret will be kept, under the name [`SECRET`]: whoever reads it is the target of a kind that has no
    /// other.
    fn fresh(&self, store: &SecretsManager) -> impl Future<Output = Self::Target> + Send;
}

/// A target of one scenario.
pub trait Target: Sync {
    /// What rotates it.
    type Rotator: Rotator + Send;

    /// The value under `AWSCURRENT`; it logs in.
    fn first(&self) -> SecretValue;

    /// The superuser secret and its value, when [`Target::first`] names one.
    fn superuser(&self) -> Option<(SecretId, SecretValue)>;

    /// A credential that logs in at the same place and belongs to somebody else.
    fn bystander(&self) -> SecretValue;

    /// A rotator as a new process makes it. Its wait for the target's lock is short: the suite holds the
    /// lock on purpose.
    fn rotator(&self) -> Self::Rotator;

    /// Whether a real login with `value` succeeds now, whatever locks are held.
    fn logs_in(&self, value: &SecretValue) -> impl Future<Output = bool> + Send;

    /// The users of this scenario that exist at the target.
    fn users(&self) -> impl Future<Output = Vec<String>> + Send;

    /// Does what the target does to a process that holds its lock and says nothing for too long: ends its
    /// session, so that nothing it has begun takes effect.
    fn free_locks(&self) -> impl Future<Output = ()> + Send;
}

/// A target whose credentials can be taken out of use and brought back.
pub trait RevocableTarget: Target<Rotator: Revoker> {
    /// A session of an application.
    type Session: Send + Sync;

    /// Logs in with `value`, as an application's pool does, and keeps the session.
    fn open_session(&self, value: &SecretValue) -> impl Future<Output = Self::Session> + Send;

    /// Whether the session still answers.
    fn is_open(&self, session: &Self::Session) -> impl Future<Output = bool> + Send;

    /// Sets a password that nobody knows for the user that `value` names, by hand. Its sessions stay.
    fn spoil(&self, value: &SecretValue) -> impl Future<Output = ()> + Send;
}
