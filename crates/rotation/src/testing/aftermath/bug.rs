use super::super::violation::Promise;
use super::process::Task;
use crate::{Overlap, Works};

/// A bug to plant in a wrapper around a port: it proves that the suites can fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bug {
    /// Retire: the labels are read once, and not again under the lock: a newer rotation has made the old
    /// user the live one meanwhile.
    RetireByOldLabels,
    /// Retire: any version's user is taken for one of its own.
    KinshipIgnored,
    /// Retire: the user is compared with that of `AWSCURRENT` only.
    PreviousForgotten,
    /// Retire: the label goes before the login was tried.
    LabelBeforeProof,
    /// Retire: a login that fails for any reason is taken as refused.
    UnreachableIsDead,
    /// Retire: the password goes, the sessions stay.
    SessionsForgotten,
    /// Retire: the intent is told when all is done.
    RetireThenIntend,
    /// Roll back: the labels are read once, and not again under the lock.
    RollBackByOldLabels,
    /// Roll back: the deadline of the version that is current again stays armed.
    DeadlineLeftArmed,
    /// Roll back: the label moves without a login.
    MovedUnproved,
    /// Roll back: `AWSPENDING` stays on the version that is rolled back.
    PendingLeftOpen,
    /// Roll back: the intent is told when all is done.
    RollBackThenIntend,
    /// Clear: no credential is tried.
    ClearedUnproved,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::RetireByOldLabels,
        Self::KinshipIgnored,
        Self::PreviousForgotten,
        Self::LabelBeforeProof,
        Self::UnreachableIsDead,
        Self::SessionsForgotten,
        Self::RetireThenIntend,
        Self::RollBackByOldLabels,
        Self::DeadlineLeftArmed,
        Self::MovedUnproved,
        Self::PendingLeftOpen,
        Self::RollBackThenIntend,
        Self::ClearedUnproved,
    ];

    /// The operation that it is in, and so the suite that must find it.
    pub const fn task(self) -> Task {
        match self {
            Self::RetireByOldLabels
            | Self::KinshipIgnored
            | Self::PreviousForgotten
            | Self::LabelBeforeProof
            | Self::UnreachableIsDead
            | Self::SessionsForgotten
            | Self::RetireThenIntend => Task::Retire,
            Self::RollBackByOldLabels
            | Self::DeadlineLeftArmed
            | Self::MovedUnproved
            | Self::PendingLeftOpen
            | Self::RollBackThenIntend => Task::RollBack,
            Self::ClearedUnproved => Task::Clear,
        }
    }

    /// Whether it can do harm with this overlap. With one user and one password a retirement changes nothing
    /// at the target, and whoever has no password that works gets no lock. Where no credential is ever used
    /// a second time, an old one is never the live one again.
    pub const fn matters(self, overlap: Overlap) -> bool {
        match self {
            Self::RetireByOldLabels
            | Self::KinshipIgnored
            | Self::PreviousForgotten
            | Self::SessionsForgotten
            | Self::RollBackByOldLabels => matches!(overlap, Overlap::AlternatingUsers),
            Self::RetireThenIntend => overlap.both_work(),
            Self::ClearedUnproved => matches!(overlap.works(), Works::OnceSet),
            _ => true,
        }
    }

    /// The promises that it breaks; which one is seen first is a matter of order.
    pub(super) const fn breaks(self) -> &'static [Promise] {
        match self {
            Self::RetireByOldLabels | Self::KinshipIgnored | Self::PreviousForgotten => {
                &[Promise::NothingLiveIsRevoked]
            }
            Self::LabelBeforeProof | Self::UnreachableIsDead => &[Promise::ProofBeforeLabel],
            Self::SessionsForgotten => &[Promise::SessionsEnd],
            Self::RetireThenIntend | Self::RollBackThenIntend => &[Promise::IntentBeforeChange],
            Self::RollBackByOldLabels => &[Promise::NothingLiveIsRevoked],
            Self::DeadlineLeftArmed => &[Promise::DeadlineIsDisarmed],
            Self::MovedUnproved => &[Promise::TestedBeforePromoted],
            Self::PendingLeftOpen => &[Promise::RotationsGoOn],
            Self::ClearedUnproved => &[Promise::NoOrphans],
        }
    }
}
