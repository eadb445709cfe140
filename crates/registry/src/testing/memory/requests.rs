//! Requests, actors, turns and slots in memory.

use super::{MemoryStore, Tables};
use crate::request::{Actor, Request, RequestPage, Requests, Settlement, Turn, share};
use crate::store::StoreError;
use crate::version::VersionId;

const DAY: i64 = 24 * 60 * 60;

impl Tables {
    /// Whether a request still has the revision that it was read with.
    fn is_at(&self, token: &VersionId, revision: Option<u64>) -> Result<(), StoreError> {
        let known = self.requests.get(token).map(|known| known.revision);
        if known == revision {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    fn put(&mut self, request: &Request) {
        let token = request.token.clone();
        self.requests.insert(token, request.clone());
    }
}

/// Its place in the list of its day.
fn place(request: &Request) -> String {
    format!("{:012}#{}", request.received_at, request.token)
}

impl Requests for MemoryStore {
    async fn request(&self, token: &VersionId) -> Result<Option<Request>, StoreError> {
        Ok(self.tables().requests.get(token).cloned())
    }

    async fn settle(&self, settlement: &Settlement) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let request = &settlement.request;
        tables.is_at(&request.token, settlement.expected)?;
        if let Some((other, revision)) = &settlement.other {
            tables.is_at(&other.token, Some(*revision))?;
        }
        if let Some(changes) = &settlement.secret {
            tables.check(changes)?;
        }
        if let Some((turn, expected)) = &settlement.turn
            && tables.turns.get(&turn.service) != expected.as_ref()
        {
            return Err(StoreError::Conflict);
        }
        tables.put(request);
        if let Some((other, _)) = &settlement.other {
            tables.put(other);
        }
        if let Some(changes) = &settlement.secret {
            tables.write(changes);
        }
        if let Some((turn, _)) = &settlement.turn {
            tables.turns.insert(turn.service.clone(), turn.clone());
        }
        Ok(())
    }

    async fn requests_of(
        &self,
        day: i64,
        before: Option<&str>,
        limit: usize,
    ) -> Result<RequestPage, StoreError> {
        let tables = self.tables();
        let came = tables.requests.values();
        let mut came: Vec<_> = came
            .filter(|one| one.received_at.div_euclid(DAY) == day)
            .map(|one| (place(one), one))
            .filter(|(place, _)| before.is_none_or(|before| place.as_str() < before))
            .collect();
        came.sort_by(|(a, _), (b, _)| b.cmp(a));
        let has_more = came.len() > limit;
        came.truncate(limit);
        let next = came.last().filter(|_| has_more);
        Ok(RequestPage {
            next: next.map(|(place, _)| place.clone()),
            requests: came.into_iter().map(|(_, one)| one.clone()).collect(),
        })
    }

    async fn actor(&self, source: &str) -> Result<Option<Actor>, StoreError> {
        Ok(self.tables().actors.get(source).cloned())
    }

    async fn actors(&self) -> Result<Vec<Actor>, StoreError> {
        Ok(self.tables().actors.values().cloned().collect())
    }

    async fn put_actor(&self, actor: &Actor) -> Result<(), StoreError> {
        let source = actor.source.clone();
        self.tables().actors.insert(source, actor.clone());
        Ok(())
    }

    async fn remove_actor(&self, source: &str) -> Result<bool, StoreError> {
        Ok(self.tables().actors.remove(source).is_some())
    }

    async fn turn(&self, service: &str) -> Result<Option<Turn>, StoreError> {
        Ok(self.tables().turns.get(service).cloned())
    }

    async fn take_slot(&self, second: i64, tenant: &str, most: u32) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let asked = tables.slots.entry(second).or_default();
        asked.entry(tenant.to_owned()).or_insert(0);
        let mut tenants: Vec<_> = asked.keys().cloned().collect();
        let before = tables.slots.get(&second.saturating_sub(1));
        tenants.extend(before.into_iter().flat_map(|asked| asked.keys().cloned()));
        tenants.sort();
        tenants.dedup();
        let share = share(most, tenants.len());
        let taken = tables.slots.entry(second).or_default();
        let total: u32 = taken.values().sum();
        let ours = taken.entry(tenant.to_owned()).or_insert(0);
        let is_free = total < most && *ours < share;
        *ours += u32::from(is_free);
        Ok(is_free)
    }
}
