use std::fmt;

use super::process::Task;
use crate::{Overlap, Works};

/// A situation in which one of the tasks is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Case {
    /// Retire what the last rotation has switched away from.
    RetirePrevious,
    /// Retire late: a newer rotation has given the user, or the one user there is, another password.
    RetireReused,
    /// Retire later still: with two users, the old one is that of `AWSPREVIOUS` again.
    RetireOvertaken,
    /// Roll back what the last rotation did.
    RollBackInGrace,
    /// Roll back after the old credential was retired.
    RollBackRetired,
    /// Roll back because the new credential is refused: where old and new both work at a target.
    RollBackFromBroken,
    /// Clear a pending version without a value.
    ClearEmpty,
    /// Clear a pending version whose value was never set at the target.
    ClearUnset,
    /// Asked to clear a pending version whose value works: it must be kept. Where a value works only once it
    /// is current, there is none.
    KeepSet,
}

impl Case {
    /// All situations of a task. What finds a bug for its own reason comes first.
    pub(super) fn of(task: Task, overlap: Overlap) -> Vec<Self> {
        let cases: &[Self] = match task {
            Task::Retire => &[
                Self::RetireOvertaken,
                Self::RetirePrevious,
                Self::RetireReused,
            ],
            Task::RollBack => &[
                Self::RollBackInGrace,
                Self::RollBackRetired,
                Self::RollBackFromBroken,
            ],
            Task::Clear => &[Self::KeepSet, Self::ClearUnset, Self::ClearEmpty],
        };
        let has = |case: &&Self| match **case {
            Self::RollBackFromBroken => overlap.both_work() && overlap.has_a_target(),
            Self::KeepSet => overlap.works() == Works::OnceSet,
            _ => true,
        };
        cases.iter().filter(has).copied().collect()
    }

    pub(super) const fn task(self) -> Task {
        match self {
            Self::RetirePrevious | Self::RetireReused | Self::RetireOvertaken => Task::Retire,
            Self::RollBackInGrace | Self::RollBackRetired | Self::RollBackFromBroken => {
                Task::RollBack
            }
            Self::ClearEmpty | Self::ClearUnset | Self::KeepSet => Task::Clear,
        }
    }

    /// How many rotations come before.
    pub(super) const fn rotations(self) -> usize {
        match self {
            Self::RetireReused => 2,
            Self::RetireOvertaken => 3,
            _ => 1,
        }
    }

    /// How many steps the rotation that is stuck has done; `None` when there is none.
    pub(super) const fn stuck_after(self) -> Option<usize> {
        match self {
            Self::ClearEmpty => Some(0),
            Self::ClearUnset => Some(1),
            Self::KeepSet => Some(2),
            _ => None,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RetirePrevious => "retire the previous credential",
            Self::RetireReused => "retire after a newer rotation",
            Self::RetireOvertaken => "retire after two newer rotations",
            Self::RollBackInGrace => "roll back inside the grace",
            Self::RollBackRetired => "roll back after the retirement",
            Self::RollBackFromBroken => "roll back from a credential that is refused",
            Self::ClearEmpty => "clear an empty pending version",
            Self::ClearUnset => "clear a pending version that was never set",
            Self::KeepSet => "asked to clear a pending version that works",
        })
    }
}
