mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rekey_events::EventId;

use crate::changes::Changes;
use crate::consumer::{Consumer, Read};
use crate::due::{Bucket, Due};
use crate::record::Secret;
use crate::request::{Actor, Request, Turn};
use crate::state::{SecretState, Unsent};
use crate::store::{DuePage, Next, Noted, Store, StoreError, Taken};
use crate::version::{Version, VersionId};

/// How many deadlines one page has: few, so that paging is met early.
const PAGE: usize = 3;

/// The registry in memory. Clones share it.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    secrets: BTreeMap<String, Partition>,
    due: BTreeMap<(Bucket, String), Due>,
    reads: BTreeSet<String>,
    cursors: BTreeMap<String, String>,
    requests: BTreeMap<VersionId, Request>,
    actors: BTreeMap<String, Actor>,
    turns: BTreeMap<String, Turn>,
    /// The calls of RotateSecret that each tenant took in a second, for those who asked.
    slots: BTreeMap<i64, BTreeMap<String, u32>>,
}

struct Partition {
    secret: Secret,
    versions: BTreeMap<VersionId, Version>,
    consumers: BTreeMap<String, Consumer>,
    unsent: BTreeMap<String, Unsent>,
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that lies where a sweep looks, by bucket and place.
    pub fn all_due(&self) -> Vec<Due> {
        self.tables().due.values().cloned().collect()
    }

    /// What is recorded of a secret.
    pub fn state(&self, name: &str) -> Option<SecretState> {
        self.tables().secrets.get(name).map(Partition::state)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    /// Whether a commit may be written.
    fn check(&self, changes: &Changes) -> Result<(), StoreError> {
        if changes.parts() > Changes::MOST {
            return Err(StoreError::Unavailable("too many parts".to_owned()));
        }
        let known = self.secrets.get(&changes.secret.name);
        if known.map(|it| it.secret.revision) != changes.expected {
            return Err(StoreError::Conflict);
        }
        Ok(())
    }

    fn write(&mut self, changes: &Changes) {
        let name = changes.secret.name.clone();
        let partition = self.secrets.entry(name).or_insert_with(|| Partition {
            secret: changes.secret.clone(),
            versions: BTreeMap::new(),
            consumers: BTreeMap::new(),
            unsent: BTreeMap::new(),
        });
        partition.secret = changes.secret.clone();
        for version in &changes.versions {
            let id = version.id.clone();
            partition.versions.insert(id, version.clone());
        }
        for id in &changes.dropped {
            partition.versions.remove(id);
        }
        for unsent in &changes.unsent {
            let id = unsent.announcement.event_id.to_string();
            partition.unsent.insert(id, unsent.clone());
        }
        for place in &changes.disarmed {
            self.due.remove(place);
        }
        for due in &changes.armed {
            self.due.insert((due.bucket(), due.place()), due.clone());
        }
        for (token, standing) in &changes.outcomes {
            if let Some(request) = self.requests.get_mut(token) {
                request.standing = standing.clone();
                request.revision = request.revision.saturating_add(1);
            }
        }
    }
}

impl Partition {
    fn state(&self) -> SecretState {
        let mut unsent: Vec<_> = self.unsent.values().cloned().collect();
        unsent.sort_by_key(|one| (one.at, one.announcement.event_id));
        SecretState {
            secret: self.secret.clone(),
            versions: self.versions.clone(),
            consumers: self.consumers.values().cloned().collect(),
            unsent,
        }
    }
}

impl Store for MemoryStore {
    async fn load(&self, name: &str) -> Result<Option<SecretState>, StoreError> {
        Ok(self.state(name))
    }

    async fn secret(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        let tables = self.tables();
        Ok(tables.secrets.get(name).map(|it| it.secret.clone()))
    }

    async fn consumers(&self, name: &str) -> Result<Vec<Consumer>, StoreError> {
        let state = self.state(name);
        Ok(state.map_or_else(Vec::new, |state| state.consumers))
    }

    async fn commit(&self, changes: &Changes) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables.check(changes)?;
        tables.write(changes);
        Ok(())
    }

    async fn sent(&self, name: &str, ids: &[EventId]) -> Result<(), StoreError> {
        if let Some(partition) = self.tables().secrets.get_mut(name) {
            for id in ids {
                partition.unsent.remove(&id.to_string());
            }
        }
        Ok(())
    }

    async fn due(
        &self,
        bucket: Bucket,
        until: i64,
        after: Option<&str>,
    ) -> Result<DuePage, StoreError> {
        let end = Bucket::end_of(until);
        let tables = self.tables();
        let lying = tables.due.iter().filter(|((one, place), _)| {
            *one == bucket && *place < end && after.is_none_or(|after| place.as_str() > after)
        });
        let mut page: Vec<_> = lying.map(|(_, due)| due.clone()).take(PAGE + 1).collect();
        let has_more = page.len() > PAGE;
        page.truncate(PAGE);
        let next = page.last().filter(|_| has_more).map(Due::place);
        Ok(DuePage { due: page, next })
    }

    async fn take(&self, due: &Due, next: Next) -> Result<Taken, StoreError> {
        let mut tables = self.tables();
        let Tables {
            secrets,
            due: lying,
            ..
        } = &mut *tables;
        let secret = secrets.get_mut(&due.name).map(|it| &mut it.secret);
        let Some(secret) = secret else {
            return Ok(Taken::Gone);
        };
        let deadline = secret.deadlines.get_mut(&due.key());
        let Some(deadline) = deadline.filter(|it| it.due_at == Some(due.due_at)) else {
            return Ok(Taken::Gone);
        };
        match next {
            Next::At(due_at) => {
                deadline.due_at = Some(due_at);
                deadline.attempt = deadline.attempt.saturating_add(1);
            }
            Next::Done(at) => {
                deadline.due_at = None;
                deadline.done_at = Some(at);
            }
        }
        secret.revision = secret.revision.saturating_add(1);
        lying.remove(&(due.bucket(), due.place()));
        let moved = due.after(next);
        if let Some(due) = &moved {
            lying.insert((due.bucket(), due.place()), due.clone());
        }
        Ok(Taken::Ours(moved))
    }

    async fn note_read(&self, read: &Read) -> Result<Noted, StoreError> {
        let mut tables = self.tables();
        let Tables { secrets, reads, .. } = &mut *tables;
        let Some(partition) = secrets.get_mut(&read.name) else {
            return Ok(Noted::Unregistered);
        };
        if !reads.insert(read.event_id.to_string()) {
            return Ok(Noted::Known);
        }
        let service = read.service.as_deref().unwrap_or_default();
        if let Some(merged) = read.merge(partition.consumers.get(service)) {
            partition.consumers.insert(merged.service.clone(), merged);
        }
        Ok(Noted::New)
    }

    async fn was_read(&self, id: &EventId) -> Result<bool, StoreError> {
        Ok(self.tables().reads.contains(&id.to_string()))
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        let tables = self.tables();
        let names = tables.secrets.keys();
        let names = names.filter(|name| after.is_none_or(|after| name.as_str() > after));
        Ok(names.take(limit).cloned().collect())
    }

    async fn note_turn(&self, turn: &Turn) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let known = tables.turns.get(&turn.service);
        if known.is_none_or(|known| known.at < turn.at) {
            tables.turns.insert(turn.service.clone(), turn.clone());
        }
        Ok(())
    }

    async fn cursor(&self, job: &str) -> Result<Option<String>, StoreError> {
        Ok(self.tables().cursors.get(job).cloned())
    }

    async fn move_cursor(
        &self,
        job: &str,
        expected: Option<&str>,
        new: &str,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        if tables.cursors.get(job).map(String::as_str) != expected {
            return Ok(false);
        }
        tables.cursors.insert(job.to_owned(), new.to_owned());
        Ok(true)
    }
}
