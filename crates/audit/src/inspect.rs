//! The making of a checkpoint: what is new in each chain is looked at with the key of the seals, and only
//! then signed. So a signature is never put under something that somebody without the key has written.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rekey_events::ErrorClass;

use crate::chain::Chain;
use crate::checkpoint::{
    ALGORITHM, Checkpoint, End, SignError, Signed, Signer, Vault, VaultError, name_of, newest,
};
use crate::digest::{Unwritable, hex};
use crate::finding::Finding;
use crate::head::Head;
use crate::keyring::{Check, KeyId, Keyring};
use crate::link::{BEGINNING, written};
use crate::trail::{Trail, TrailError};
use crate::verify::Inspection;

/// How many chains are looked at beside each other.
const AT_ONCE: usize = 16;
/// How many records are read at once.
const PAGE: usize = 200;

/// Why no checkpoint was made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CheckpointError {
    /// The trail.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// The bucket.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The key.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The newest checkpoint is not signed by the key, or cannot be read: nothing is put behind it.
    #[error(
        "the newest checkpoint, {0}, is not one that this stack signed: look at it with rekey audit verify"
    )]
    Foreign(String),
    /// No canonical spelling.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}

impl CheckpointError {
    /// The stable name of what went wrong.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Trail(TrailError::Denied(_)) | Self::Vault(VaultError::Denied(_)) => {
                ErrorClass::Permission
            }
            Self::Trail(TrailError::Throttled) => ErrorClass::Throttled,
            Self::Foreign(_) => ErrorClass::Forbidden,
            Self::Trail(_) | Self::Vault(_) | Self::Sign(_) => ErrorClass::AuditUnavailable,
            Self::Unwritable(_) => ErrorClass::Internal,
        }
    }
}

/// What was signed.
#[derive(Clone, Debug)]
pub struct Made {
    /// The number of the checkpoint.
    pub number: u64,
    /// The name that it is kept under.
    pub name: String,
    /// How many chains it speaks of.
    pub chains: usize,
    /// How many records were looked at: those since the checkpoint before it.
    pub records: usize,
    /// How many chains have more records than were looked at this time. The next checkpoint goes on there.
    pub behind: usize,
    /// The chains that something is wrong with, and what. They stand in the checkpoint as they stood in the
    /// one before.
    pub broken: Vec<(Chain, Vec<Finding>)>,
}

/// Makes a checkpoint of `stage`. At most `most` records are looked at in all, so that a function ends in its
/// time. `now` is in seconds since 1970.
///
/// # Errors
/// [`CheckpointError`]; nothing was signed then.
pub async fn checkpoint<T, V, S>(
    trail: &T,
    vault: &V,
    signer: &S,
    keyring: &Keyring,
    stage: &str,
    now: i64,
    most: usize,
) -> Result<Made, CheckpointError>
where
    T: Trail,
    V: Vault,
    S: Signer,
{
    let before = last_of_ours(vault, signer, stage).await?;
    let looking = Looking {
        trail,
        keyring,
        left: AtomicUsize::new(most),
        looked_at: AtomicUsize::new(0),
    };
    let mut ends: BTreeMap<Chain, Option<End>> = BTreeMap::new();
    for end in before.iter().flat_map(|before| &before.chains) {
        ends.insert(end.chain.clone(), Some(end.clone()));
    }
    for chain in trail.chains().await? {
        ends.entry(chain).or_default();
    }
    let looks = stream::iter(ends).map(|(chain, end)| looking.at(chain, end));
    let looks: Vec<Look> = looks.buffered(AT_ONCE).try_collect().await?;
    let behind = looks.iter().filter(|look| look.is_behind).count();
    let (mut chains, mut broken) = (Vec::new(), Vec::new());
    for look in looks {
        chains.extend(look.end);
        if !look.findings.is_empty() {
            broken.push((look.chain, look.findings));
        }
    }
    let number = before.as_ref().map_or(0, |before| before.number) + 1;
    let previous = match &before {
        Some(before) => before.hash()?,
        None => BEGINNING.to_owned(),
    };
    let checkpoint = Checkpoint {
        v: 1,
        stage: stage.to_owned(),
        number,
        // A clock that is set back makes no checkpoint older than the one before it.
        at: before
            .as_ref()
            .map_or_else(String::new, |before| before.at.clone())
            .max(written(now)),
        previous,
        chains,
    };
    let (name, count) = (name_of(&checkpoint), checkpoint.chains.len());
    let signature = signer.sign(&checkpoint.digest()?).await?;
    let signed = Signed {
        checkpoint,
        algorithm: ALGORITHM.to_owned(),
        key: signer.key().to_owned(),
        signature: hex(&signature),
    };
    let text = serde_json::to_string(&signed).map_err(|_| Unwritable)?;
    match vault.keep(&name, &text).await {
        // A lost answer and its repetition: what stands there is ours.
        Err(VaultError::Taken) if vault.read(&name).await? == text => {}
        kept => kept?,
    }
    Ok(Made {
        number,
        name,
        chains: count,
        records: looking.looked_at.into_inner(),
        behind,
        broken,
    })
}

/// The newest checkpoint, when it is signed by our key.
async fn last_of_ours<V: Vault, S: Signer>(
    vault: &V,
    signer: &S,
    stage: &str,
) -> Result<Option<Checkpoint>, CheckpointError> {
    let Some((name, text)) = newest(vault).await? else {
        return Ok(None);
    };
    let Ok(signed) = serde_json::from_str::<Signed>(&text) else {
        return Err(CheckpointError::Foreign(name));
    };
    let key = signer.public_key().await?;
    let ours = key.signed(&signed)
        && signed.checkpoint.stage == stage
        && name_of(&signed.checkpoint) == name;
    if !ours {
        return Err(CheckpointError::Foreign(name));
    }
    Ok(Some(signed.checkpoint))
}

struct Looking<'a, T> {
    trail: &'a T,
    keyring: &'a Keyring,
    left: AtomicUsize,
    looked_at: AtomicUsize,
}

/// What was seen of one chain.
struct Look {
    chain: Chain,
    /// Its end, as it is to be signed.
    end: Option<End>,
    /// Whether it has more records than were looked at.
    is_behind: bool,
    findings: Vec<Finding>,
}

impl<T: Trail> Looking<'_, T> {
    /// The end of a chain as it is to be signed: behind the last record that is sound. A record that is only
    /// filed wrongly is told of, and signed.
    async fn at(&self, chain: Chain, end: Option<End>) -> Result<Look, TrailError> {
        let mut look = Look {
            chain: chain.clone(),
            end: end.clone(),
            is_behind: false,
            findings: Vec::new(),
        };
        let key = match self.last_of(&chain, end.as_ref()).await? {
            Ok(key) => key,
            Err(finding) => {
                look.findings.push(finding);
                return Ok(look);
            }
        };
        // Before the records, so that none of those that it counts may be missing.
        let before = match self.trail.head(&chain).await {
            Ok(head) => head,
            Err(TrailError::Corrupt(_)) => {
                look.findings.push(Finding::HeadForged);
                return Ok(look);
            }
            Err(error) => return Err(error),
        };
        let (mut seq, hash) = end
            .as_ref()
            .map_or((0, BEGINNING), |end| (end.seq, end.hash.as_str()));
        let (ring, name) = (Some(self.keyring), chain.clone());
        let mut inspection = Inspection::behind(name, seq, hash, key.as_ref(), ring);
        let mut reached = end;
        let mut all = false;
        while inspection.sound_end().is_some() {
            let limit = self.take(PAGE);
            if limit == 0 {
                break;
            }
            let page = self.trail.links(&chain, seq, limit).await?;
            self.looked_at.fetch_add(page.len(), Atomic::Relaxed);
            self.left.fetch_add(limit - page.len(), Atomic::Relaxed);
            for stored in &page {
                inspection.look(stored);
                seq = stored.seq;
                let (Some((seq, hash)), Ok(link)) = (inspection.sound_end(), &stored.link) else {
                    break;
                };
                reached = Some(End {
                    chain: chain.clone(),
                    seq,
                    hash: hash.to_owned(),
                    at: link.recorded_at.clone(),
                });
            }
            if page.len() < limit {
                all = true;
                break;
            }
        }
        let sound = inspection.sound_end().is_some();
        look.findings.extend_from_slice(inspection.findings());
        let mut short = None;
        if sound && all {
            let counted = before.as_ref().map_or(0, |head| head.seq);
            let head = match counted.cmp(&seq) {
                // Others have written since.
                Ordering::Less => self.trail.head(&chain).await,
                Ordering::Equal | Ordering::Greater => Ok(before),
            };
            short = match head {
                Ok(_) if counted > seq => Some(Finding::CutTail {
                    found: seq,
                    expected: counted,
                    checkpoint: None,
                }),
                Ok(head) => self.wrong_with(&chain, head.as_ref(), seq),
                // What somebody has written there is a matter of this chain and of no other.
                Err(TrailError::Corrupt(_)) => Some(Finding::HeadForged),
                Err(error) => return Err(error),
            };
        }
        look.is_behind = sound && !all;
        if sound && short.is_none() {
            look.end = reached;
        }
        look.findings.extend(short);
        Ok(look)
    }

    /// Takes from what may still be read, at most `most`; what is not used is given back.
    fn take(&self, most: usize) -> usize {
        let mut taken = 0;
        let take = |left: usize| {
            taken = left.min(most);
            Some(left - taken)
        };
        let _left = self
            .left
            .fetch_update(Atomic::Relaxed, Atomic::Relaxed, take);
        taken
    }

    /// What is wrong with the end of a chain, `seq` being the last record that was seen. It may have moved on
    /// since; before that record is where it must never be.
    fn wrong_with(&self, chain: &Chain, head: Option<&Head>, seq: u64) -> Option<Finding> {
        match head {
            None => (seq > 0).then_some(Finding::HeadGone),
            Some(head) if head.chain != *chain || head.sealed_by(self.keyring) == Check::Wrong => {
                Some(Finding::HeadForged)
            }
            Some(head) if head.sealed_by(self.keyring) == Check::UnknownKey => {
                Some(Finding::UnknownKey { seq: head.seq })
            }
            Some(head) if head.seq < seq => Some(Finding::HeadElsewhere {
                head: head.seq,
                found: seq,
            }),
            Some(_) => None,
        }
    }

    /// The key of the record that was signed last, if it is still there.
    async fn last_of(
        &self,
        chain: &Chain,
        end: Option<&End>,
    ) -> Result<Result<Option<KeyId>, Finding>, TrailError> {
        let Some(end) = end.filter(|end| end.seq > 0) else {
            return Ok(Ok(None));
        };
        let there = self.trail.links(chain, end.seq - 1, 1).await?;
        let link = there.into_iter().next();
        let link = link.filter(|stored| stored.seq == end.seq);
        let link = link.and_then(|stored| stored.link.ok());
        let same = link.filter(|link| link.hash == end.hash && link.holds(chain, end.seq));
        Ok(match same {
            Some(link) => Ok(Some(link.key)),
            None => Err(Finding::Removed {
                from: end.seq,
                to: end.seq,
            }),
        })
    }
}
