//! Records come twice, late, beside each other, and writers die: each is written once all the same.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rekey_audit::testing::{MemoryTrail, keyring, record};
use rekey_audit::{
    Append, AppendError, Chain, Ends, Head, Inspection, Keyring, Link, Onward, OnwardError, Page,
    Partition, Place, Signatures, Stored, Trail, TrailError, Wait, WriteError, Written, write,
};
use rekey_events::{AuditRecord, EventId};

const NOW: i64 = 1_795_312_800;

/// A trail whose calls are counted, and one of which is cut: before it is done, or after, with its answer
/// lost. Between any two calls others may run.
#[derive(Default)]
struct Cut {
    trail: MemoryTrail,
    calls: AtomicUsize,
    /// The call, from 1, and whether it is done all the same.
    at: Option<(usize, bool)>,
}

fn lost() -> TrailError {
    TrailError::Unavailable("the connection was cut".to_owned())
}

impl Cut {
    async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, TrailError>>,
    ) -> Result<T, TrailError> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::task::yield_now().await;
        match self.at {
            Some((at, false)) if at == number => Err(lost()),
            Some((at, true)) if at == number => {
                call.await?;
                Err(lost())
            }
            _ => call.await,
        }
    }
}

impl Trail for Cut {
    async fn chains(&self) -> Result<Vec<Chain>, TrailError> {
        self.call(self.trail.chains()).await
    }
    async fn head(&self, chain: &Chain) -> Result<Option<Head>, TrailError> {
        self.call(self.trail.head(chain)).await
    }
    async fn links(
        &self,
        chain: &Chain,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, TrailError> {
        self.call(self.trail.links(chain, after, limit)).await
    }
    async fn recorded(&self, ids: &[EventId]) -> Result<Vec<Option<Place>>, TrailError> {
        self.call(self.trail.recorded(ids)).await
    }
    async fn fetch(&self, places: &[Place]) -> Result<Vec<Option<Stored>>, TrailError> {
        self.call(self.trail.fetch(places)).await
    }
    async fn page(
        &self,
        partition: Partition<'_>,
        before: &str,
        limit: usize,
    ) -> Result<Page, TrailError> {
        self.call(self.trail.page(partition, before, limit)).await
    }
}

impl Append for Cut {
    async fn append(
        &self,
        expected: Option<&Head>,
        links: &[Link],
        head: &Head,
    ) -> Result<(), AppendError> {
        let done = Mutex::new(None);
        let call = async {
            let result = self.trail.append(expected, links, head).await;
            *done.lock().unwrap() = Some(result);
            Ok(())
        };
        self.call(call).await?;
        done.into_inner().unwrap().unwrap()
    }
}

/// What was sent on, by the hashes.
#[derive(Default)]
struct Siem {
    sent: Mutex<Vec<String>>,
    fails: bool,
}

impl Onward for Siem {
    async fn send(&self, links: &[Link]) -> Result<(), OnwardError> {
        if self.fails {
            return Err(OnwardError("it is full".to_owned()));
        }
        let hashes = links.iter().map(|link| link.hash.clone());
        self.sent.lock().unwrap().extend(hashes);
        Ok(())
    }
}

struct AtOnce;

impl Wait for AtOnce {
    async fn wait(&self, _: u32) {
        tokio::task::yield_now().await;
    }
}

fn keys() -> Keyring {
    keyring(1).unwrap()
}

fn records(tenant: &str, what: std::ops::Range<u64>) -> Vec<AuditRecord> {
    let record = |one| record(tenant, one, "db/app", NOW).unwrap();
    what.map(record).collect()
}

async fn written(trail: &impl Append, siem: &Siem, records: &[AuditRecord]) -> Vec<Written> {
    write(trail, siem, &AtOnce, &keys(), records, NOW).await
}

/// The ids of the records of a chain that is found to be sound.
async fn sound(trail: &MemoryTrail, tenant: &str) -> Vec<String> {
    let chain = Chain::parse(tenant).unwrap();
    let keys = keys();
    let mut inspection = Inspection::new(chain.clone(), Some(&keys), &Signatures::default());
    let links = trail.links(&chain, 0, 10_000).await.unwrap();
    for stored in &links {
        inspection.look(stored);
    }
    let head = trail.head(&chain).await.unwrap();
    let verdict = inspection.end(Some(Ends::still(head.as_ref())));
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
    let record = |stored: &Stored| stored.link.clone().unwrap().record().unwrap();
    links.iter().map(|it| record(it).id.to_string()).collect()
}

fn ids(records: &[AuditRecord]) -> Vec<String> {
    records.iter().map(|record| record.id.to_string()).collect()
}

#[tokio::test]
async fn a_writer_that_dies_at_any_call_is_made_good_by_the_repeated_batch() {
    let batch = [records("acme", 0..5), records("globex", 0..3)].concat();
    let clean = Cut::default();
    written(&clean, &Siem::default(), &batch).await;
    let calls = clean.calls.load(Ordering::Relaxed);
    let mut cuts = 0;
    for at in 1..=calls {
        for done in [false, true] {
            let cut = Cut {
                at: Some((at, done)),
                ..Cut::default()
            };
            let siem = Siem::default();
            let first = written(&cut, &siem, &batch).await;
            assert!(first.iter().any(|one| one.result.is_err()), "call {at}");
            // The queue brings it again; nothing is in the way now.
            let again = written(&cut.trail, &siem, &batch).await;
            assert!(again.iter().all(|one| one.result.is_ok()), "call {at}");
            for (tenant, count) in [("acme", 5), ("globex", 3)] {
                let expected = ids(&records(tenant, 0..count));
                assert_eq!(sound(&cut.trail, tenant).await, expected, "call {at}");
            }
            let mut sent = siem.sent.lock().unwrap().clone();
            sent.sort();
            sent.dedup();
            assert_eq!(sent.len(), 8, "all are sent on, call {at}");
            cuts += 1;
        }
    }
    println!("audit: {calls} calls of a batch over two chains, {cuts} cuts");
    assert_eq!(cuts, 2 * calls);
}

#[tokio::test]
async fn a_record_that_comes_twice_is_written_once_also_within_one_batch() {
    let trail = MemoryTrail::default();
    let siem = Siem::default();
    let twice = [records("acme", 0..3), records("acme", 0..3)].concat();
    let first = written(&trail, &siem, &twice).await;
    assert_eq!(first[0].result, Ok(3));
    assert_eq!(first[0].places, (0..6).collect::<Vec<_>>());
    let second = written(&trail, &siem, &twice).await;
    assert_eq!(second[0].result, Ok(0));
    assert_eq!(sound(&trail, "acme").await, ids(&records("acme", 0..3)));
}

#[tokio::test]
async fn writers_beside_each_other_lose_nothing_and_repeat_nothing() {
    let trail = Cut::default();
    let siem = Siem::default();
    // Each batch is brought to two writers, and every second record is in two batches.
    let batches: Vec<_> = (0..8_u64)
        .map(|n| records("acme", n * 10..n * 10 + 15))
        .collect();
    let writers = batches.iter().chain(&batches);
    let writing = writers.map(|batch| async {
        // What met others too often comes again, as the queue brings it.
        while written(&trail, &siem, batch).await[0].result.is_err() {}
    });
    futures_util::future::join_all(writing).await;
    let mut found = sound(&trail.trail, "acme").await;
    found.sort();
    let mut expected = ids(&records("acme", 0..85));
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn more_than_a_transaction_holds_are_written_in_parts() {
    let trail = MemoryTrail::default();
    let many = records("acme", 0..120);
    let parts = written(&trail, &Siem::default(), &many).await;
    let new: Vec<_> = parts
        .iter()
        .map(|part| part.result.clone().unwrap())
        .collect();
    assert_eq!(new, [49, 49, 22]);
    assert_eq!(sound(&trail, "acme").await, ids(&many));
}

#[tokio::test]
async fn what_fails_in_one_chain_is_no_matter_of_the_others() {
    let trail = MemoryTrail::default();
    let mut mixed = records("acme", 0..2);
    mixed.extend(records("Not-A-Tenant", 0..1));
    mixed.extend(records("globex", 0..1));
    let results = written(&trail, &Siem::default(), &mixed).await;
    let failed: Vec<_> = results.iter().filter(|one| one.result.is_err()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].places, [2]);
    let class = failed[0].result.as_ref().unwrap_err().class();
    assert_eq!(class.as_str(), "invalid_request");
    assert_eq!(sound(&trail, "acme").await.len(), 2);
    assert_eq!(sound(&trail, "globex").await.len(), 1);
}

#[tokio::test]
async fn what_the_siem_does_not_take_is_written_and_sent_again_with_the_repeated_batch() {
    let trail = MemoryTrail::default();
    let full = Siem {
        fails: true,
        ..Siem::default()
    };
    let batch = records("acme", 0..3);
    let first = written(&trail, &full, &batch).await;
    let refused = first[0].result.as_ref().unwrap_err();
    assert!(matches!(refused, WriteError::Onward(_)), "{refused}");
    assert_eq!(sound(&trail, "acme").await, ids(&batch));
    let siem = Siem::default();
    assert_eq!(written(&trail, &siem, &batch).await[0].result, Ok(0));
    assert_eq!(siem.sent.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_writer_with_an_older_ring_says_so_and_writes_nothing() {
    let trail = MemoryTrail::default();
    let ring = keyring(2).unwrap();
    write(
        &trail,
        &Siem::default(),
        &AtOnce,
        &ring,
        &records("acme", 0..1),
        NOW,
    )
    .await;
    let results = written(&trail, &Siem::default(), &records("acme", 1..2)).await;
    let refused = results[0].result.as_ref().unwrap_err();
    assert!(matches!(refused, WriteError::UnknownKey(_)), "{refused}");
}
