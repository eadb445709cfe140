use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    Cause, Held, Intended, Ledger, LedgerError, Operation, Retired, RolledBack, Switch, VersionId,
    Void, VoidReason,
};

/// A ledger in memory, with the deadlines of one secret's versions. Clones share it.
#[derive(Clone, Default)]
pub struct Book(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    closed: bool,
    deadlines: BTreeMap<VersionId, Deadline>,
    entries: Vec<Entry>,
    switch: Option<Switch>,
}

#[derive(Default)]
struct Deadline {
    armed_at: i64,
    open: bool,
    closings: usize,
}

/// What the book was told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Entry {
    /// Something was about to be done to the version.
    Intended(Operation, VersionId),
    /// The version's credential is dead.
    Retired {
        /// The version.
        version: VersionId,
        /// How many sessions were ended.
        sessions_ended: u32,
        /// Whether something may have spoken against it.
        forced: bool,
        /// What did.
        waited_for: Vec<Cause>,
    },
    /// The version's retirement waits.
    Held(VersionId, Vec<Cause>),
    /// The second version is current again, instead of the first.
    RolledBack(VersionId, VersionId),
    /// There is nothing to retire of the version.
    Void(VersionId, VoidReason),
}

impl Book {
    /// Arms the deadline of a version that was switched away from, as whoever watches the labels does.
    pub fn arm(&self, version: &VersionId, at: i64) {
        let mut pages = self.pages();
        let deadline = pages.deadlines.entry(version.clone()).or_default();
        deadline.armed_at = at;
        deadline.open = true;
    }

    /// Whether the version's deadline runs.
    pub fn is_armed(&self, version: &VersionId) -> bool {
        let pages = self.pages();
        pages.deadlines.get(version).is_some_and(|d| d.open)
    }

    /// How often the version's deadline was closed.
    pub fn closings(&self, version: &VersionId) -> usize {
        let pages = self.pages();
        pages.deadlines.get(version).map_or(0, |d| d.closings)
    }

    /// All that it was told, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.pages().entries.clone()
    }

    /// The last switch that it was told of, which is no rotation's.
    pub fn switch(&self) -> Option<Switch> {
        self.pages().switch.clone()
    }

    /// Makes it take nothing, or everything again.
    pub fn refuse(&self, closed: bool) {
        self.pages().closed = closed;
    }

    fn write(&self, entry: Entry, closes: Option<(&VersionId, i64)>) -> Result<(), LedgerError> {
        let mut pages = self.pages();
        if pages.closed {
            return Err(LedgerError("the book is closed".to_owned()));
        }
        pages.entries.push(entry);
        if let Some((version, at)) = closes
            && let Some(deadline) = pages.deadlines.get_mut(version)
            && deadline.open
            && deadline.armed_at <= at
        {
            deadline.open = false;
            deadline.closings += 1;
        }
        Ok(())
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for Book {
    async fn intended(&self, intent: &Intended<'_>) -> Result<(), LedgerError> {
        let entry = Entry::Intended(intent.operation, intent.version.clone());
        self.write(entry, None)
    }

    async fn retired(&self, retired: &Retired<'_>) -> Result<(), LedgerError> {
        let entry = Entry::Retired {
            version: retired.version.clone(),
            sessions_ended: retired.sessions_ended,
            forced: retired.forced,
            waited_for: retired.waited_for.to_vec(),
        };
        self.write(entry, Some((retired.version, retired.at)))
    }

    async fn held(&self, held: &Held<'_>) -> Result<(), LedgerError> {
        let entry = Entry::Held(held.version.clone(), held.causes.to_vec());
        self.write(entry, None)
    }

    async fn rolled_back(&self, rolled_back: &RolledBack<'_>) -> Result<(), LedgerError> {
        let (from, to) = (rolled_back.from.clone(), rolled_back.to.clone());
        let switch = Switch {
            to: to.clone(),
            at: rolled_back.at,
        };
        let entry = Entry::RolledBack(from, to);
        self.write(entry, Some((rolled_back.to, rolled_back.at)))?;
        self.pages().switch = Some(switch);
        Ok(())
    }

    async fn void(&self, void: &Void<'_>) -> Result<(), LedgerError> {
        let entry = Entry::Void(void.version.clone(), void.why);
        self.write(entry, Some((void.version, void.at)))
    }
}
