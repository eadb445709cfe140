use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use rekey_events::{AuditRecord, ErrorClass, EventId};

use crate::chain::Chain;
use crate::head::{Head, after};
use crate::keyring::{Check, Keyring};
use crate::link::{Link, Unsealable};
use crate::trail::{Append, AppendError, MOST_AT_ONCE, Onward, OnwardError, TrailError};

/// How often a chain is tried whose end somebody else moves meanwhile.
const ATTEMPTS: u32 = 8;

/// Why records were not written, or not sent on. The same call again is safe.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WriteError {
    /// The store.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// Others wrote at every attempt.
    #[error("others wrote into the chain {0} at every attempt")]
    Contended(Chain),
    /// The end of the chain has no right seal: somebody without the key wrote it. Nothing is put behind it.
    #[error("the end of the chain {0} was forged: look at it with rekey audit verify")]
    Forged(Chain),
    /// A record is said to be there, and is not: it was taken away, or somebody wants it never to be written.
    #[error(
        "a record of the chain {0} is marked as written and is not there: look with rekey audit verify"
    )]
    NotThere(Chain),
    /// The end is sealed with a key that this process has not read yet.
    #[error("the end of the chain {0} is sealed with a key that is not known here")]
    UnknownKey(Chain),
    /// A record that no chain can hold.
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
    /// Written, but not sent on.
    #[error(transparent)]
    Onward(#[from] OnwardError),
}

impl WriteError {
    /// The stable name of what went wrong.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Trail(TrailError::Denied(_)) => ErrorClass::Permission,
            Self::Trail(TrailError::Throttled) | Self::Contended(_) => ErrorClass::Throttled,
            Self::Trail(_) | Self::Onward(_) | Self::UnknownKey(_) => ErrorClass::AuditUnavailable,
            Self::Forged(_) | Self::NotThere(_) => ErrorClass::Forbidden,
            Self::Unsealable(_) => ErrorClass::InvalidRequest,
        }
    }
}

/// What became of the records of one chain.
#[derive(Debug)]
pub struct Written {
    /// The chain.
    pub chain: Chain,
    /// The places of the given records that it was about, in the list that was given.
    pub places: Vec<usize>,
    /// How many are new, or why they may not be there.
    pub result: Result<usize, WriteError>,
}

/// Time between two attempts: the caller has the clock and the dice.
pub trait Wait: Sync {
    /// Waits before attempt `attempt`, from 1: longer each time, and not the same for two writers.
    fn wait(&self, attempt: u32) -> impl Future<Output = ()> + Send;
}

/// Writes records down, each chain by itself: what fails in one is no matter of the others. A record that is
/// there already is not written again, but sent on again. `now` is in seconds since 1970.
pub async fn write<A, O, W>(
    trail: &A,
    onward: &O,
    wait: &W,
    keyring: &Keyring,
    records: &[AuditRecord],
    now: i64,
) -> Vec<Written>
where
    A: Append,
    O: Onward,
    W: Wait,
{
    let mut chains: BTreeMap<Chain, Vec<usize>> = BTreeMap::new();
    let mut written = Vec::new();
    for (place, record) in records.iter().enumerate() {
        match Chain::of(record) {
            Ok(chain) => chains.entry(chain).or_default().push(place),
            Err(error) => written.push(Written {
                chain: Chain::platform(),
                places: vec![place],
                result: Err(Unsealable::from(error).into()),
            }),
        }
    }
    for (chain, places) in chains {
        for part in places.chunks(MOST_AT_ONCE) {
            let of_part: Vec<&AuditRecord> = part
                .iter()
                .filter_map(|place| records.get(*place))
                .collect();
            let chain_writer = ChainWriter {
                trail,
                wait,
                keyring,
                chain: &chain,
                now,
            };
            let (result, gone) = match chain_writer.write(&of_part).await {
                Ok(done) => {
                    let sent = onward.send(&done.links).await;
                    (sent.map(|()| done.new).map_err(Into::into), done.gone)
                }
                Err(error) => (Err(error), BTreeMap::new()),
            };
            let mut places = part.to_vec();
            // One of them is no reason to give the others back.
            for (id, error) in gone {
                let is_meant =
                    |place: &mut usize| records.get(*place).is_some_and(|record| record.id == id);
                written.push(Written {
                    chain: chain.clone(),
                    places: places.extract_if(.., is_meant).collect(),
                    result: Err(error),
                });
            }
            if !places.is_empty() {
                written.push(Written {
                    chain: chain.clone(),
                    places,
                    result,
                });
            }
        }
    }
    written
}

/// What was done about the records of one chain.
struct Done {
    /// Those that stand there, old and new.
    links: Vec<Link>,
    /// How many are new.
    new: usize,
    /// Those that are said to be there, and of which that cannot be seen; why.
    gone: BTreeMap<EventId, WriteError>,
}

struct ChainWriter<'a, A, W> {
    trail: &'a A,
    wait: &'a W,
    keyring: &'a Keyring,
    chain: &'a Chain,
    now: i64,
}

impl<A: Append, W: Wait> ChainWriter<'_, A, W> {
    async fn write(&self, records: &[&AuditRecord]) -> Result<Done, WriteError> {
        let mut first = None;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                self.wait.wait(attempt).await;
            }
            let (mut done, fresh) = self.sort(records).await?;
            let head = self.trail.head(self.chain).await?;
            let links = self.sealed(head.as_ref(), &fresh)?;
            let stands_at = head.as_ref().map_or(0, |head| head.seq);
            let stood_at = *first.get_or_insert(stands_at);
            let Some(last) = links.last() else {
                return Ok(done);
            };
            let end = Head::at(last, self.now, self.keyring).map_err(Unsealable::from)?;
            match self.trail.append(head.as_ref(), &links, &end).await {
                Ok(()) => {
                    done.new = links.len();
                    done.links.extend(links);
                    return Ok(done);
                }
                // Others move the end. What is in the way of one that does not move was not written by them.
                Err(AppendError::Conflict) if attempt + 1 == ATTEMPTS && stood_at == stands_at => {
                    return Err(WriteError::Forged(self.chain.clone()));
                }
                Err(AppendError::Conflict) => {}
                Err(AppendError::Failed(error)) => return Err(error.into()),
            }
        }
        Err(WriteError::Contended(self.chain.clone()))
    }

    /// What is there already, and what is not; of two with one id the first.
    async fn sort<'r>(
        &self,
        records: &[&'r AuditRecord],
    ) -> Result<(Done, Vec<&'r AuditRecord>), WriteError> {
        let mut ids = BTreeSet::new();
        let once = records.iter().copied();
        let once: Vec<&AuditRecord> = once.filter(|record| ids.insert(record.id)).collect();
        let wanted: Vec<EventId> = once.iter().map(|record| record.id).collect();
        let found = self.trail.recorded(&wanted).await?;
        let mut fresh = Vec::new();
        let (mut known, mut places) = (Vec::new(), Vec::new());
        for (record, place) in once.into_iter().zip(found) {
            match place {
                Some(place) => {
                    known.push((record.id, place.clone()));
                    places.push(place);
                }
                None => fresh.push(record),
            }
        }
        let mut done = Done {
            links: Vec::new(),
            new: 0,
            gone: BTreeMap::new(),
        };
        let stored = self.trail.fetch(&places).await?;
        for ((id, place), stored) in known.into_iter().zip(stored) {
            // Whoever can write into the table can say of a record that it is there already. So it is looked at,
            // seal and all.
            let link = stored.and_then(|stored| stored.link.ok());
            let is_meant = |link: &Link| {
                place.chain == *self.chain
                    && link.holds(&place.chain, place.seq)
                    && link.record().is_ok_and(|record| record.id == id)
            };
            let link = link.filter(is_meant);
            let chain = self.chain.clone();
            let why = match link.as_ref().map(|link| link.sealed_by(self.keyring)) {
                Some(Check::Right) => {
                    done.links.extend(link);
                    continue;
                }
                // The keys may have been rotated since they were read.
                Some(Check::UnknownKey) => WriteError::UnknownKey(chain),
                Some(Check::Wrong) | None => WriteError::NotThere(chain),
            };
            done.gone.insert(id, why);
        }
        Ok((done, fresh))
    }

    fn sealed(
        &self,
        head: Option<&Head>,
        records: &[&AuditRecord],
    ) -> Result<Vec<Link>, WriteError> {
        if let Some(head) = head {
            match head.sealed_by(self.keyring) {
                // One of another chain has a right seal too.
                Check::Right if head.chain == *self.chain => {}
                Check::Right | Check::Wrong => return Err(WriteError::Forged(self.chain.clone())),
                Check::UnknownKey => return Err(WriteError::UnknownKey(self.chain.clone())),
            }
        }
        let (mut seq, beginning) = after(head);
        let mut prev = beginning.to_owned();
        let mut links = Vec::with_capacity(records.len());
        for record in records {
            seq += 1;
            let link = Link::seal(record, seq, &prev, self.now, self.keyring)?;
            prev.clone_from(&link.hash);
            links.push(link);
        }
        Ok(links)
    }
}
