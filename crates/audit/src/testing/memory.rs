use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rekey_events::EventId;

use crate::chain::Chain;
use crate::head::Head;
use crate::index::{By, Indexed, Partition};
use crate::link::Link;
use crate::trail::{Append, AppendError, MOST_AT_ONCE, Page, Place, Stored, Trail, TrailError};

/// A trail in memory, behind the same promises as the table.
#[derive(Debug, Default)]
pub struct MemoryTrail(Mutex<Tables>);

#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// What stands in the chains.
    pub(crate) links: BTreeMap<Place, Stored>,
    pub(crate) heads: BTreeMap<Chain, Head>,
    /// The names of the chains that were written into.
    pub(crate) names: BTreeSet<Chain>,
    pub(crate) recorded: BTreeMap<String, Place>,
    pub(crate) index: BTreeMap<(By, String, String), Place>,
}

impl MemoryTrail {
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trail for MemoryTrail {
    async fn chains(&self) -> Result<Vec<Chain>, TrailError> {
        Ok(self.tables().names.iter().cloned().collect())
    }

    async fn head(&self, chain: &Chain) -> Result<Option<Head>, TrailError> {
        Ok(self.tables().heads.get(chain).cloned())
    }

    async fn links(
        &self,
        chain: &Chain,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, TrailError> {
        let tables = self.tables();
        let of_chain = tables
            .links
            .iter()
            .filter(|(place, _)| place.chain == *chain);
        let behind = of_chain.filter(|(place, _)| place.seq > after);
        Ok(behind
            .take(limit)
            .map(|(_, stored)| stored.clone())
            .collect())
    }

    async fn recorded(&self, ids: &[EventId]) -> Result<Vec<Option<Place>>, TrailError> {
        let tables = self.tables();
        let places = ids.iter().map(|id| tables.recorded.get(&id.to_string()));
        Ok(places.map(|place| place.cloned()).collect())
    }

    async fn fetch(&self, places: &[Place]) -> Result<Vec<Option<Stored>>, TrailError> {
        let tables = self.tables();
        let stored = places.iter().map(|place| tables.links.get(place).cloned());
        Ok(stored.collect())
    }

    async fn page(
        &self,
        partition: Partition<'_>,
        before: &str,
        limit: usize,
    ) -> Result<Page, TrailError> {
        let tables = self.tables();
        let key = partition.key();
        let first = (partition.by, key.clone(), String::new());
        let end = (partition.by, key, before.to_owned());
        let filed = tables.index.range(first..end).rev();
        let mut filed = filed.map(|((_, _, at), place)| (at.clone(), place.clone()));
        let entries = filed.by_ref().take(limit).collect();
        let more = filed.next().is_some();
        Ok(Page { entries, more })
    }
}

impl Append for MemoryTrail {
    async fn append(
        &self,
        expected: Option<&Head>,
        links: &[Link],
        head: &Head,
    ) -> Result<(), AppendError> {
        let tables = &mut *self.tables();
        let mut records = Vec::new();
        for link in links {
            let record = link.record().map_err(|_| {
                TrailError::Corrupt(format!("CHAIN#{}/{:012}", link.chain, link.seq))
            })?;
            records.push((link, record));
        }
        let stands = |place: &Place| tables.links.contains_key(place);
        let taken = records.iter().any(|(link, record)| {
            stands(&place_of(link)) || tables.recorded.contains_key(&record.id.to_string())
        });
        if tables.heads.get(&head.chain) != expected || taken || links.len() > MOST_AT_ONCE {
            return Err(AppendError::Conflict);
        }
        for (link, record) in records {
            let place = place_of(link);
            let indexed = Indexed::of(&record, &link.chain, link.seq);
            for (by, partition) in &indexed.partitions {
                let key = (*by, partition.clone(), indexed.at.clone());
                tables.index.insert(key, place.clone());
            }
            tables.recorded.insert(record.id.to_string(), place.clone());
            let stored = Stored {
                seq: link.seq,
                link: Ok(link.clone()),
                indexed: Some(indexed),
            };
            tables.links.insert(place, stored);
        }
        tables.heads.insert(head.chain.clone(), head.clone());
        tables.names.insert(head.chain.clone());
        Ok(())
    }
}

fn place_of(link: &Link) -> Place {
    Place {
        chain: link.chain.clone(),
        seq: link.seq,
    }
}
