use std::future::Future;

use crate::{Rotator, SecretValue, TargetError};

/// A kind of target whose old credential can be taken out of use, and brought back.
///
/// Every method may run twice, late, beside another run of itself, or stop anywhere. The lock is the one
/// that [`Rotator::lock`] takes, so that a step and a retirement never change one credential together.
pub trait Revoker: Rotator {
    /// What is held at the target from [`Revoker::seize`] on. Dropping it gives the lock back.
    type Seized: Send;

    /// How two values of one secret belong together. Pure.
    ///
    /// # Errors
    /// [`TargetError::InvalidSecret`] when a value is not of this kind, or the two are not of one target.
    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError>;

    /// Until when the old credential must be kept whatever anybody asks, in seconds since 1970; `None` when
    /// nothing of it outlives its retirement. `switched_at` is when the last switch was over, if that is
    /// known. Pure.
    ///
    /// # Errors
    /// [`TargetError::InvalidSecret`] when a value is not of this kind.
    fn kept_until(
        &self,
        _old: &SecretValue,
        _current: &SecretValue,
        _switched_at: Option<i64>,
    ) -> Result<Option<i64>, TargetError> {
        Ok(None)
    }

    /// Proves that the login which will do the work is valid, and takes the target's lock for this
    /// credential. Changes nothing, and does not ask that the current credential logs in: a rollback is
    /// most needed when it does not.
    ///
    /// # Errors
    /// [`TargetError`]; [`TargetError::Busy`] while a step or another retirement has the lock.
    fn seize(
        &self,
        revocation: Revocation<'_>,
    ) -> impl Future<Output = Result<Self::Seized, TargetError>> + Send;

    /// How many sessions of the old credential are open now.
    ///
    /// # Errors
    /// [`TargetError`]; also when the lock was lost.
    fn sessions(
        &self,
        seized: &mut Self::Seized,
        revocation: Revocation<'_>,
    ) -> impl Future<Output = Result<u32, TargetError>> + Send;

    /// Makes the old credential one that nobody can log in with, then ends its sessions; returns how many
    /// it ended. The lock stays held.
    ///
    /// # Errors
    /// [`TargetError`]; repeating the call is safe. [`TargetError::WrongPassword`], with nothing changed,
    /// when the current credential does not log in: the old one may be all that works.
    /// [`TargetError::Unreachable`], with nothing changed, when the lock was lost: whoever has it now may
    /// be making the old credential the current one.
    fn revoke(
        &self,
        seized: &mut Self::Seized,
        revocation: Revocation<'_>,
    ) -> impl Future<Output = Result<u32, TargetError>> + Send;

    /// Tries to log in with `value` and says whether the target let it in. Only a refused credential is
    /// [`Login::Refused`]; whatever else keeps a login from succeeding is an error. A kind whose secret is
    /// its own target goes by the moment; any other one asks its target.
    ///
    /// # Errors
    /// [`TargetError`], when nothing was proved.
    fn try_login(
        &self,
        value: &SecretValue,
        moment: Moment<'_>,
    ) -> impl Future<Output = Result<Login, TargetError>> + Send;

    /// Makes the old credential valid again, all or nothing. The lock stays held.
    ///
    /// # Errors
    /// [`TargetError`]; the target is then as it was, or as it should be, never between. Nothing is changed
    /// when the lock was lost.
    fn restore(
        &self,
        seized: &mut Self::Seized,
        revocation: Revocation<'_>,
    ) -> impl Future<Output = Result<(), TargetError>> + Send;
}

/// The values that a retirement or a rollback works on.
#[derive(Clone, Copy, Debug)]
pub struct Revocation<'a> {
    /// The credential that is taken out of use, or brought back; of a stuck rotation, the pending one.
    pub old: &'a SecretValue,
    /// The value under `AWSCURRENT`.
    pub current: &'a SecretValue,
    /// The value of the superuser secret, if this credential has one.
    pub superuser: Option<&'a SecretValue>,
    /// When the last switch was over, in seconds since 1970, if that is known: sessions that are older came
    /// with an earlier credential.
    pub switched_at: Option<i64>,
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// What a login is judged by where no target but the secret itself can be asked.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The value under `AWSCURRENT` at the time of the login. Of a value that is about to be brought back:
    /// that value itself.
    pub current: &'a SecretValue,
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// How an old value and another one belong together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kinship {
    /// One and the same credential: what kills the one kills the other.
    Same,
    /// One user with another password: the old password died when the other was set.
    Replaced,
    /// Another user: each lives and dies by itself.
    Separate,
}

/// What a login was answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Login {
    /// The target let it in.
    Accepted,
    /// The target refused this credential.
    Refused,
}
