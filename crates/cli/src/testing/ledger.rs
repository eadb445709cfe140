//! An audit trail in memory that others write into while it is read.

use std::ops::Deref;
use std::sync::Mutex;

use rekey_audit::testing::MemoryTrail;
use rekey_audit::{Chain, Head, Page, Partition, Place, Stored, Trail, TrailError};
use rekey_events::{AuditRecord, EventId};

use super::trail::put;
use super::world::NOW;

#[derive(Default)]
pub struct Ledger {
    memory: MemoryTrail,
    /// What is written down when somebody asks for the end of a chain.
    pub meanwhile: Mutex<Vec<AuditRecord>>,
    /// Chains whose names somebody took out of the list of chains.
    pub nameless: Vec<Chain>,
    /// What every read ends with.
    pub fails: Option<TrailError>,
}

impl Ledger {
    fn may(&self) -> Result<(), TrailError> {
        self.fails.clone().map_or(Ok(()), Err)
    }
}

impl Deref for Ledger {
    type Target = MemoryTrail;

    fn deref(&self) -> &MemoryTrail {
        &self.memory
    }
}

impl Trail for Ledger {
    async fn chains(&self) -> Result<Vec<Chain>, TrailError> {
        self.may()?;
        let mut chains = self.memory.chains().await?;
        chains.retain(|chain| !self.nameless.contains(chain));
        Ok(chains)
    }

    async fn head(&self, chain: &Chain) -> Result<Option<Head>, TrailError> {
        self.may()?;
        let meanwhile = std::mem::take(&mut *self.meanwhile.lock().unwrap());
        put(&self.memory, &meanwhile, NOW).await;
        self.memory.head(chain).await
    }

    async fn links(
        &self,
        chain: &Chain,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, TrailError> {
        self.may()?;
        self.memory.links(chain, after, limit).await
    }

    async fn recorded(&self, ids: &[EventId]) -> Result<Vec<Option<Place>>, TrailError> {
        self.may()?;
        self.memory.recorded(ids).await
    }

    async fn fetch(&self, places: &[Place]) -> Result<Vec<Option<Stored>>, TrailError> {
        self.may()?;
        self.memory.fetch(places).await
    }

    async fn page(
        &self,
        partition: Partition<'_>,
        before: &str,
        limit: usize,
    ) -> Result<Page, TrailError> {
        self.may()?;
        self.memory.page(partition, before, limit).await
    }
}
