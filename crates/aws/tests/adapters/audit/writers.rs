//! Writers that write into one chain at the same time.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rekey_audit::testing::record;
use rekey_audit::{
    Append, AppendError, Chain, Ends, Head, Inspection, Link, Page, Partition, Place, Signatures,
    Stored, Trail, TrailError, Wait, write,
};
use rekey_aws::AuditTable;
use rekey_events::{AuditRecord, EventId};

use super::{NOW, Nowhere, TARGET, chain, keys};
use crate::cloud::audit_table;

/// What the queue hands over at once.
const BATCH: u64 = 40;
/// How many batches are written in all.
const BATCHES: u64 = 24;

/// The table, and how often it was asked to append, and how often somebody else was faster.
#[derive(Clone)]
struct Counted {
    table: AuditTable,
    appends: Arc<AtomicUsize>,
    conflicts: Arc<AtomicUsize>,
}

impl Trail for Counted {
    async fn chains(&self) -> Result<Vec<Chain>, TrailError> {
        self.table.chains().await
    }

    async fn head(&self, chain: &Chain) -> Result<Option<Head>, TrailError> {
        self.table.head(chain).await
    }

    async fn links(
        &self,
        chain: &Chain,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, TrailError> {
        self.table.links(chain, after, limit).await
    }

    async fn recorded(&self, ids: &[EventId]) -> Result<Vec<Option<Place>>, TrailError> {
        self.table.recorded(ids).await
    }

    async fn fetch(&self, places: &[Place]) -> Result<Vec<Option<Stored>>, TrailError> {
        self.table.fetch(places).await
    }

    async fn page(
        &self,
        partition: Partition<'_>,
        before: &str,
        limit: usize,
    ) -> Result<Page, TrailError> {
        self.table.page(partition, before, limit).await
    }
}

impl Append for Counted {
    async fn append(
        &self,
        expected: Option<&Head>,
        links: &[Link],
        head: &Head,
    ) -> Result<(), AppendError> {
        let answer = self.table.append(expected, links, head).await;
        self.appends.fetch_add(1, Ordering::Relaxed);
        if answer == Err(AppendError::Conflict) {
            self.conflicts.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }
}

/// Longer each time, and not the same for two.
struct Backoff;

impl Wait for Backoff {
    async fn wait(&self, attempt: u32) {
        let dice = RandomState::new().hash_one(attempt) % 100;
        let most = 60_u64 << attempt.min(4);
        tokio::time::sleep(Duration::from_millis(most * (50 + dice) / 100)).await;
    }
}

/// The batches that a writer is handed: every so many, and the last of the writer before it once more, as a
/// queue does that has not heard of its end.
fn batches_of(writer: u64, writers: u64) -> Vec<Vec<AuditRecord>> {
    let mine = (0..BATCHES).filter(|batch| batch % writers == writer);
    let again = (BATCHES - 1).checked_sub(writer);
    let batches = mine.chain(again).map(|batch| {
        let whats = batch * BATCH..(batch + 1) * BATCH;
        whats
            .map(|what| record("acme", what, TARGET, NOW).unwrap())
            .collect()
    });
    batches.collect()
}

struct Outcome {
    records_a_second: f64,
    appends: usize,
    conflicts: usize,
    /// Batches that came back to the queue because others were faster at every attempt.
    given_back: usize,
}

/// So many writers write the same records into a new chain.
async fn race(writers: u64) -> Outcome {
    let table = audit_table().await;
    let counted = Counted {
        table: table.store.clone(),
        appends: Arc::default(),
        conflicts: Arc::default(),
    };
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let trail = counted.clone();
            tokio::spawn(async move {
                let mut given_back = 0;
                for batch in batches_of(writer, writers) {
                    // The queue hands over again what was given back.
                    while !all_written(&trail, &batch).await {
                        given_back += 1;
                    }
                }
                given_back
            })
        })
        .collect();
    let mut given_back = 0;
    for task in tasks {
        given_back += task.await.unwrap();
    }
    let took = start.elapsed().as_secs_f64();
    is_whole(&table.store).await;
    let count = f64::from(u32::try_from(BATCHES * BATCH).unwrap());
    Outcome {
        records_a_second: count / took,
        appends: counted.appends.load(Ordering::Relaxed),
        conflicts: counted.conflicts.load(Ordering::Relaxed),
        given_back,
    }
}

async fn all_written(trail: &Counted, batch: &[AuditRecord]) -> bool {
    let written = write(trail, &Nowhere, &Backoff, &keys(), batch, NOW).await;
    written.iter().all(|part| match &part.result {
        Ok(_) => true,
        Err(rekey_audit::WriteError::Contended(_)) => false,
        Err(error) => panic!("{error}"),
    })
}

/// Every record stands in the chain, once, and the chain is sound.
async fn is_whole(table: &AuditTable) {
    let acme = chain("acme");
    let keys = keys();
    let mut inspection = Inspection::new(acme.clone(), Some(&keys), &Signatures::default());
    let mut seen: BTreeMap<EventId, u32> = BTreeMap::new();
    let links = table.links(&acme, 0, 10_000).await.unwrap();
    for stored in &links {
        inspection.look(stored);
        let record = stored.link.as_ref().unwrap().record().unwrap();
        *seen.entry(record.id).or_default() += 1;
    }
    let head = table.head(&acme).await.unwrap();
    let verdict = inspection.end(Some(Ends::still(head.as_ref())));
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
    let expected = usize::try_from(BATCHES * BATCH).unwrap();
    assert_eq!(seen.len(), expected, "every record is there");
    assert!(seen.values().all(|count| *count == 1), "each once");
    assert_eq!(links.len(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_one_chain_lose_nothing_write_nothing_twice_and_hold_each_other_up_a_little() {
    let one = race(1).await;
    let four = race(4).await;
    for (writers, outcome) in [(1, &one), (4, &four)] {
        println!(
            "the audit trail on DynamoDB, {writers} writers of one chain: {:.0} records a second, {} of {} appends met a conflict, {} batches were given back",
            outcome.records_a_second, outcome.conflicts, outcome.appends, outcome.given_back
        );
    }
    println!(
        "the audit trail on DynamoDB: four writers write {:.2} times as fast as one",
        four.records_a_second / one.records_a_second
    );
    assert_eq!((one.conflicts, one.given_back), (0, 0));
    // Each conflict is work that was done for nothing. Without a pause it is three for each success.
    let written = four.appends - four.conflicts;
    assert!(
        four.conflicts < 2 * written,
        "{} conflicts for {written} appends",
        four.conflicts
    );
}
