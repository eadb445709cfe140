//! What every store of a trail promises, tried on any store. It should be empty before.

mod appends;
mod filing;
mod reads;

use std::fmt;

use rekey_events::AuditRecord;

use crate::chain::Chain;
use crate::head::{Head, after};
use crate::keyring::Keyring;
use crate::link::Link;
use crate::testing::record::{keyring, record};
use crate::trail::{Append, AppendError, Stored, TrailError};

/// When everything in the suite is written down.
const NOW: i64 = 1_700_000_000;

/// A promise that a store does not keep.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broken {
    /// The promise.
    pub promise: &'static str,
    /// What was seen instead.
    pub seen: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken promise: {}; {}", self.promise, self.seen)
    }
}

impl std::error::Error for Broken {}

/// Tries every promise; tells how many there are.
///
/// # Errors
/// [`Broken`] with the first that is not kept.
pub async fn run<A: Append>(trail: &A) -> Result<usize, Broken> {
    let kept = appends::run(trail).await?;
    let kept = kept + reads::run(trail).await?;
    Ok(kept + filing::run(trail).await?)
}

/// What a check has to say: a word on what was seen, when it is not what was promised.
type Seen = Result<(), String>;

fn promised(promise: &'static str, seen: Seen) -> Result<usize, Broken> {
    match seen {
        Ok(()) => Ok(1),
        Err(seen) => Err(Broken { promise, seen }),
    }
}

fn is<T: PartialEq + fmt::Debug>(what: &str, seen: T, expected: T) -> Seen {
    if seen == expected {
        return Ok(());
    }
    // For the eyes of who mends a store; records hold no value.
    let short = |text: String| text.chars().take(300).collect::<String>();
    let (seen, expected) = (short(format!("{seen:?}")), short(format!("{expected:?}")));
    Err(format!("{what} is {seen} instead of {expected}"))
}

fn ok<T>(answer: Result<T, TrailError>) -> Result<T, String> {
    answer.map_err(|error| format!("an error: {error}"))
}

/// One chain of a store, and a key to seal with.
struct Pen<'a, A> {
    trail: &'a A,
    chain: Chain,
    keyring: Keyring,
}

impl<'a, A: Append> Pen<'a, A> {
    fn new(trail: &'a A, chain: &str) -> Result<Self, String> {
        Ok(Self {
            trail,
            chain: Chain::parse(chain).map_err(|error| error.to_string())?,
            keyring: keyring(1).map_err(|error| error.to_string())?,
        })
    }

    /// The record of what was done at second `at`; of the same `what` it is the same record.
    fn record(&self, what: u64, at: i64) -> Result<AuditRecord, String> {
        record(self.chain.as_str(), what, "db/app", at).map_err(|error| error.to_string())
    }

    fn records(&self, whats: impl IntoIterator<Item = u64>) -> Result<Vec<AuditRecord>, String> {
        let records = whats.into_iter().map(|what| self.record(what, NOW));
        records.collect()
    }

    /// Links behind an end, and the end behind them.
    fn seal(
        &self,
        head: Option<&Head>,
        records: &[AuditRecord],
    ) -> Result<(Vec<Link>, Head), String> {
        let (mut seq, prev) = after(head);
        let mut prev = prev.to_owned();
        let mut links = Vec::new();
        for record in records {
            seq += 1;
            let link = Link::seal(record, seq, &prev, NOW, &self.keyring);
            let link = link.map_err(|error| error.to_string())?;
            prev.clone_from(&link.hash);
            links.push(link);
        }
        let last = links.last().ok_or("no records")?;
        let end = Head::at(last, NOW, &self.keyring).map_err(|error| error.to_string())?;
        Ok((links, end))
    }

    /// Appends behind an end; the new end.
    async fn append(
        &self,
        head: Option<&Head>,
        records: &[AuditRecord],
    ) -> Result<(Vec<Link>, Head), String> {
        let (links, end) = self.seal(head, records)?;
        let answer = self.trail.append(head, &links, &end).await;
        answer.map_err(|error| format!("an error: {error}"))?;
        Ok((links, end))
    }

    /// That an append behind an end is refused, and leaves nothing.
    async fn is_refused(&self, head: Option<&Head>, records: &[AuditRecord]) -> Seen {
        let before = self.all().await?;
        let (links, end) = self.seal(head, records)?;
        let answer = self.trail.append(head, &links, &end).await;
        is("the answer", answer, Err(AppendError::Conflict))?;
        is("what stands there after it", self.all().await?, before)
    }

    /// The end, and every link of the chain.
    async fn all(&self) -> Result<(Option<Head>, Vec<Stored>), String> {
        let head = ok(self.trail.head(&self.chain).await)?;
        let links = ok(self.trail.links(&self.chain, 0, 1000).await)?;
        Ok((head, links))
    }
}

/// The links among what is stored; one that cannot be read is none.
fn links_of(stored: Vec<Stored>) -> Vec<Link> {
    let links = stored.into_iter().map(|stored| stored.link);
    links.filter_map(Result::ok).collect()
}
