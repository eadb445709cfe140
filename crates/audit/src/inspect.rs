//! The making of a checkpoint: what is new in each chain is looked at with the key of the seals, and only
//! then signed. So a signature is never put under something that somebody without the key has written.

use std::collections::BTreeMap;

use rekey_events::ErrorClass;

use crate::chain::Chain;
use crate::checkpoint::{
    ALGORITHM, Checkpoint, End, SignError, Signed, Signer, Vault, VaultError, name_of, newest,
};
use crate::digest::{Unwritable, hex};
use crate::finding::Finding;
use crate::head::Head;
use crate::keyring::{Check, Keyring};
use crate::link::{BEGINNING, written};
use crate::trail::{Trail, TrailError};
use crate::verify::Inspection;

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
    let mut looking = Looking {
        trail,
        keyring,
        left: most,
        looked_at: 0,
        behind: 0,
        broken: Vec::new(),
    };
    let mut ends: BTreeMap<Chain, Option<End>> = BTreeMap::new();
    for end in before.iter().flat_map(|before| &before.chains) {
        ends.insert(end.chain.clone(), Some(end.clone()));
    }
    for chain in trail.chains().await? {
        ends.entry(chain).or_default();
    }
    let mut chains = Vec::new();
    for (chain, end) in ends {
        chains.extend(looking.at(chain, end).await?);
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
        at: written(now),
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
    vault.keep(&name, &text).await?;
    Ok(Made {
        number,
        name,
        chains: count,
        records: looking.looked_at,
        behind: looking.behind,
        broken: looking.broken,
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
    left: usize,
    looked_at: usize,
    behind: usize,
    broken: Vec<(Chain, Vec<Finding>)>,
}

impl<T: Trail> Looking<'_, T> {
    /// The end of a chain as it is to be signed: behind the last record that is sound.
    async fn at(&mut self, chain: Chain, end: Option<End>) -> Result<Option<End>, TrailError> {
        let mut findings = self.check_end(&chain, end.as_ref()).await?;
        let (mut seq, hash) = end
            .as_ref()
            .map_or((0, BEGINNING), |end| (end.seq, end.hash.as_str()));
        let mut inspection = Inspection::behind(chain.clone(), seq, hash, Some(self.keyring));
        let mut reached = end.clone();
        let mut all = false;
        while findings.is_empty() && self.left > 0 {
            let limit = self.left.min(PAGE);
            let page = self.trail.links(&chain, seq, limit).await?;
            self.left -= page.len();
            self.looked_at += page.len();
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
            findings.extend_from_slice(inspection.findings());
            if page.len() < limit {
                all = true;
                break;
            }
        }
        if findings.is_empty() && all {
            findings.extend(match self.trail.head(&chain).await {
                Ok(head) => self.wrong_with(&chain, head.as_ref(), seq),
                // What somebody has written there is a matter of this chain and of no other.
                Err(TrailError::Corrupt(_)) => Some(Finding::HeadForged),
                Err(error) => return Err(error),
            });
        }
        if findings.is_empty() && !all {
            self.behind += 1;
        }
        if !findings.is_empty() {
            self.broken.push((chain, findings));
            return Ok(end);
        }
        Ok(reached)
    }

    /// What is wrong with the end of a chain, `seq` being the last record that was seen. It may have moved on
    /// since; before that record is where it must never be.
    fn wrong_with(&self, chain: &Chain, head: Option<&Head>, seq: u64) -> Option<Finding> {
        match head {
            None => (seq > 0).then_some(Finding::HeadGone),
            Some(head) if head.chain != *chain || head.sealed_by(self.keyring) == Check::Wrong => {
                Some(Finding::HeadForged)
            }
            Some(head) if head.seq < seq => Some(Finding::HeadElsewhere {
                head: head.seq,
                found: seq,
            }),
            Some(_) => None,
        }
    }

    /// Whether what was signed last is still there.
    async fn check_end(
        &mut self,
        chain: &Chain,
        end: Option<&End>,
    ) -> Result<Vec<Finding>, TrailError> {
        let Some(end) = end.filter(|end| end.seq > 0) else {
            return Ok(Vec::new());
        };
        let there = self.trail.links(chain, end.seq - 1, 1).await?;
        let same = there.first().is_some_and(|stored| {
            let same = |link: &crate::link::Link| link.hash == end.hash && link.seq == end.seq;
            stored.seq == end.seq && stored.link.as_ref().is_ok_and(same)
        });
        Ok(if same {
            Vec::new()
        } else {
            vec![Finding::Removed {
                from: end.seq,
                to: end.seq,
            }]
        })
    }
}
