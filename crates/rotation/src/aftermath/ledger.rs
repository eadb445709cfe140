use std::future::Future;

use super::Cause;
use crate::{ErrorClass, SecretId, VersionId};

/// What must be remembered of a retirement or a rollback: the registry and the bus.
///
/// Every call may be repeated, with the same `occasion`, and late. A trace closes a deadline that was armed
/// before its `at`; one that was armed after it belongs to a later switch and stays.
pub trait Ledger: Sync {
    /// Something is about to be changed. It is changed only when this has been taken.
    fn intended(
        &self,
        intent: &Intended<'_>,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// The old credential is dead, which closes its deadline.
    fn retired(
        &self,
        retired: &Retired<'_>,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// The retirement waits; its deadline stays.
    fn held(&self, held: &Held<'_>) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// An earlier version is current again, which closes the deadline of that version.
    fn rolled_back(
        &self,
        rolled_back: &RolledBack<'_>,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// There is nothing to retire any more, which closes the deadline.
    fn void(&self, void: &Void<'_>) -> impl Future<Output = Result<(), LedgerError>> + Send;
}

/// What must be remembered was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "what must be remembered was not taken ({0}); check the bus, the registry's table and the function's role: nothing is changed before its intent is taken, and a repetition tells what was done"
)]
pub struct LedgerError(pub String);

/// What is about to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// A credential is taken out of use.
    Retire,
    /// A credential is brought back.
    RollBack,
}

impl Operation {
    /// The name, as in orders and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retire => "retire",
            Self::RollBack => "roll_back",
        }
    }
}

/// The trace that comes before the change.
#[derive(Clone, Copy, Debug)]
pub struct Intended<'a> {
    /// When, in seconds since 1970.
    pub at: i64,
    /// The secret.
    pub secret: &'a SecretId,
    /// The version whose credential is to be revoked or brought back.
    pub version: &'a VersionId,
    /// Which of the two.
    pub operation: Operation,
    /// The version that is current, when it is rolled back.
    pub from: Option<&'a VersionId>,
    /// The kind of target, such as `postgres`.
    pub kind: &'a str,
    /// What made it due; the same in every attempt.
    pub occasion: &'a str,
    /// Who asked for it, as claimed.
    pub requested_by: Option<&'a str>,
    /// Why, for people.
    pub reason: Option<&'a str>,
}

/// A credential that is dead, and the proof.
#[derive(Clone, Copy, Debug)]
pub struct Retired<'a> {
    /// When, in seconds since 1970.
    pub at: i64,
    /// The secret.
    pub secret: &'a SecretId,
    /// The version whose credential is dead.
    pub version: &'a VersionId,
    /// The kind of target.
    pub kind: &'a str,
    /// How the old credential lived on, such as `alternating-users`.
    pub strategy: &'a str,
    /// When the target refused a login with it: the time of the call that saw it.
    pub refused_at: i64,
    /// How many of its sessions this call ended.
    pub sessions_ended: u32,
    /// Whether this call took `AWSPREVIOUS` from the version. It had gone before when a newer rotation has
    /// it, or when an earlier call died after it took it.
    pub label_removed: bool,
    /// Whether it was done although something may have spoken against it.
    pub forced: bool,
    /// What spoke against it, when the bound of waiting was reached.
    pub waited_for: &'a [Cause],
    /// What made it due; the same in every attempt.
    pub occasion: &'a str,
    /// Who asked for it, as claimed.
    pub requested_by: Option<&'a str>,
    /// Why, for people.
    pub reason: Option<&'a str>,
}

/// A retirement that waits.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// When, in seconds since 1970.
    pub at: i64,
    /// The secret.
    pub secret: &'a SecretId,
    /// The version whose credential is to be revoked.
    pub version: &'a VersionId,
    /// The kind of target.
    pub kind: &'a str,
    /// What it waits for; never empty.
    pub causes: &'a [Cause],
    /// What made it due; the same in every attempt.
    pub occasion: &'a str,
    /// Who asked for it, as claimed.
    pub requested_by: Option<&'a str>,
    /// Why, for people.
    pub reason: Option<&'a str>,
}

/// An earlier version that is current again.
#[derive(Clone, Copy, Debug)]
pub struct RolledBack<'a> {
    /// When, in seconds since 1970.
    pub at: i64,
    /// The secret.
    pub secret: &'a SecretId,
    /// The version that was current before.
    pub from: &'a VersionId,
    /// The version that is current now.
    pub to: &'a VersionId,
    /// The kind of target.
    pub kind: &'a str,
    /// How the credentials of the secret are rotated, such as `alternating-users`.
    pub strategy: &'a str,
    /// When a login with it succeeded: the time of the call that saw it.
    pub accepted_at: i64,
    /// Whether this call had to make it valid at the target.
    pub restored: bool,
    /// What made it due; the same in every attempt.
    pub occasion: &'a str,
    /// Who asked for it, as claimed.
    pub requested_by: Option<&'a str>,
    /// Why, for people.
    pub reason: &'a str,
}

/// A retirement with nothing to retire.
#[derive(Clone, Copy, Debug)]
pub struct Void<'a> {
    /// When, in seconds since 1970.
    pub at: i64,
    /// The secret.
    pub secret: &'a SecretId,
    /// The version whose deadline has no object.
    pub version: &'a VersionId,
    /// What was found.
    pub why: VoidReason,
    /// What made it due; the same in every attempt.
    pub occasion: &'a str,
}

/// Why there is nothing to retire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VoidReason {
    /// The version is `AWSCURRENT`: it was rolled back to, or the label was moved by hand.
    Current,
    /// Another labelled version has the same credential.
    SameCredential,
    /// The version has no value any more, or never had one: there is nothing to try a login with.
    ValueGone,
}

impl VoidReason {
    /// The name, as in logs and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::SameCredential => "same_credential",
            Self::ValueGone => "value_gone",
        }
    }

    /// The stable name of the refusal, for whoever asked for the retirement.
    pub const fn class(self) -> ErrorClass {
        match self {
            Self::Current | Self::SameCredential => ErrorClass::StillInUse,
            Self::ValueGone => ErrorClass::InvalidRequest,
        }
    }
}
