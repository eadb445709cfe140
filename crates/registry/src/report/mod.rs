//! What the function that retires and rolls back reports, and what follows. Each report may come twice.

mod retire;
mod roll_back;

use rekey_events::{Announcement, EventId, SecretRef};

pub use retire::{Patience, patience};

use crate::decision::Decision;
use crate::engine::{Failed, apply};
use crate::observe::hear::abandoned;
use crate::observe::look::PENDING;
use crate::policy::Policy;
use crate::promises::arm;
use crate::publisher::Publisher;
use crate::state::SecretState;
use crate::store::Store;
use crate::story::tell_states;
use crate::tell::{self, Telling, Untellable};
use crate::version::{Version, VersionId};

/// What is reported. The time of a report is the `now` it is made with.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// A credential is about to be revoked. When this cannot be announced, nothing may be changed.
    RetireIntended {
        /// Its version.
        version: VersionId,
        /// Who asked for it, if not the deadline.
        requested_by: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// A credential is about to be brought back. When this cannot be announced, nothing may be changed.
    RollbackIntended {
        /// The version that is current.
        from: VersionId,
        /// The version to be brought back.
        to: VersionId,
        /// Who asked for it.
        requested_by: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// A credential is dead.
    Retired(Retired),
    /// Something keeps a credential from being revoked.
    Held {
        /// Its version.
        version: VersionId,
        /// What it is: a word of [`rekey_events::HoldCause`] or an error class.
        cause: String,
        /// What it is and what to do, for people.
        message: String,
        /// The services in the way.
        services: Vec<String>,
    },
    /// There is nothing to revoke, and will not be.
    Void {
        /// The version.
        version: VersionId,
        /// Why.
        why: String,
    },
    /// A credential was brought back.
    RolledBack(BroughtBack),
    /// An open version was cleared, or kept.
    Cleared {
        /// The version under AWSPENDING.
        version: VersionId,
        /// Whether AWSPENDING was taken away.
        cleared: bool,
        /// Why, or why not, for people.
        why: String,
    },
}

/// That a credential is dead, with the proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Retired {
    /// Its version.
    pub version: VersionId,
    /// When a login with it was seen to be refused, in seconds since 1970.
    pub refused_at: i64,
    /// How old and new shared the time (`alternating-users`).
    pub strategy: Option<String>,
    /// How many sessions were ended.
    pub sessions_ended: u32,
    /// Whether its staging label was taken away.
    pub label_removed: bool,
    /// Whether something spoke against it and the bound, or a person, decided.
    pub forced: bool,
    /// What it waited for before.
    pub waited_for: Vec<String>,
    /// Who asked for it, if not the deadline.
    pub requested_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// That a credential was brought back, with the proof.
#[derive(Clone, Debug, PartialEq)]
pub struct BroughtBack {
    /// The version that was current.
    pub from: VersionId,
    /// The version that is.
    pub to: VersionId,
    /// When a login with it was seen to be accepted, in seconds since 1970.
    pub accepted_at: i64,
    /// Whether it had to be made valid again at the target.
    pub restored: bool,
    /// Why it was done.
    pub reason: String,
    /// Who asked for it.
    pub requested_by: Option<String>,
}

/// Why a report was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReportError {
    /// Nothing is recorded of the secret.
    #[error(
        "this secret is not registered: give it the tag rekey:owner and wait for it to be recorded"
    )]
    NotRegistered,
    /// Nothing is recorded of the version.
    #[error("this version is not recorded yet: try again in a minute")]
    UnknownVersion,
    /// It cannot be announced.
    #[error(transparent)]
    Untellable(#[from] Untellable),
}

/// Records a report and announces what follows.
///
/// # Errors
/// [`Failed`]. The same call again finishes what is left.
pub async fn report<S: Store, P: Publisher>(
    store: &S,
    publisher: &P,
    policy: &Policy,
    name: &str,
    now: i64,
    what: &Report,
) -> Result<(), Failed> {
    let decide = |before: Option<&SecretState>| {
        let before = before.ok_or(ReportError::NotRegistered)?;
        Ok((Some(decide(before, what, policy, now)?), ()))
    };
    apply(store, publisher, name, now, decide).await
}

/// Decides what follows from a report.
///
/// # Errors
/// [`ReportError`] when it does not fit what is recorded.
pub fn decide(
    before: &SecretState,
    report: &Report,
    policy: &Policy,
    now: i64,
) -> Result<Decision, ReportError> {
    let mut state = before.clone();
    let announcement = match report {
        Report::RetireIntended {
            version,
            requested_by,
            reason,
        } => retire::intended(&mut state, version, requested_by, reason, now)?,
        Report::RollbackIntended {
            from,
            to,
            requested_by,
            reason,
        } => roll_back::intended(&mut state, (from, to), requested_by, reason, now)?,
        Report::Retired(retired) => retire::done(&mut state, retired, now)?,
        Report::Held {
            version,
            cause,
            message,
            services,
        } => retire::held(&mut state, version, (cause, message, services), policy, now)?,
        Report::Void { version, why } => {
            retire::void(&mut state, version, why, now)?;
            None
        }
        Report::RolledBack(back) => roll_back::done(&mut state, back, now)?,
        Report::Cleared {
            version,
            cleared,
            why,
        } => {
            self::cleared(&mut state, version, *cleared, why, now)?;
            None
        }
    };
    tell_states(&mut state);
    arm(&mut state, policy, now);
    Ok(Decision::new(state, announcement.into_iter().collect()))
}

/// What became of an open version. That its rotation ended so is announced by who observes.
fn cleared(
    state: &mut SecretState,
    id: &VersionId,
    cleared: bool,
    why: &str,
    now: i64,
) -> Result<(), ReportError> {
    let version = version(state, id)?;
    if cleared {
        abandoned(version, now);
        version.labels.retain(|label| label != PENDING);
        let pending = &mut state.secret.pending;
        pending.take_if(|pending| pending.version == *id);
    }
    if let Some(quarantine) = state
        .secret
        .quarantine
        .as_mut()
        .filter(|it| it.version == *id)
    {
        let what = if cleared { "cleared" } else { "kept" };
        quarantine.clearing = Some(format!("{what}: {why}"));
    }
    Ok(())
}

fn version<'a>(state: &'a mut SecretState, id: &VersionId) -> Result<&'a mut Version, ReportError> {
    state
        .versions
        .get_mut(id)
        .ok_or(ReportError::UnknownVersion)
}

fn secret(state: &SecretState) -> Telling<SecretRef> {
    tell::secret(&state.secret.name, &state.secret.arn)
}

fn make<D>(id: EventId, detail: &D, secret: &SecretRef) -> Result<Option<Announcement>, ReportError>
where
    D: rekey_events::Detail + serde::Serialize,
{
    Ok(Some(tell::announcement(id, secret, detail)?))
}
