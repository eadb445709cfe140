use rekey_audit::{Chain, Ends, Finding, Inspection, Keyring, PublicKey, Signatures, Verdict};

use super::chains::Chains;
use super::checkpoints::Which;
use super::source::Source;
use super::unknown::{Looking, UnknownKeys};
use crate::console::Console;
use crate::error::Error;

/// How often progress is told, in records.
const TELL_EVERY: u64 = 500;

/// What is known of a trail after it was looked at.
#[derive(Debug)]
pub struct Examined {
    /// Of each chain.
    pub verdicts: Vec<Verdict>,
    /// Of the checkpoints.
    pub signatures: Signatures,
    /// How many checkpoints there are, looked at or not.
    pub checkpoints: usize,
    /// Whether it was looked at how the records are filed.
    pub indexes_checked: bool,
    /// The chains that are there and not in the list of chains.
    pub nameless: Vec<Chain>,
    /// Of each chain what the keys that were given could not look at.
    pub unknown: Vec<UnknownKeys>,
}

impl Examined {
    /// How much is wrong.
    pub fn findings(&self) -> usize {
        let of_chains = self
            .verdicts
            .iter()
            .map(|one| one.findings.len() + one.more);
        of_chains.sum::<usize>() + self.signatures.findings.len()
    }

    /// Whether nothing is wrong but that keys were missing to look at seals.
    pub fn lacks_keys_only(&self) -> bool {
        let mut chains = self.verdicts.iter().zip(&self.unknown);
        let lacking =
            chains.all(|(verdict, unknown)| verdict.is_sound() || unknown.is_all_of(verdict));
        lacking && self.findings() > 0 && self.signatures.findings.is_empty()
    }

    /// Whether there is anything to prove, and nothing signed to prove it by.
    pub fn is_unproven(&self) -> bool {
        let records: u64 = self.verdicts.iter().map(|one| one.records).sum();
        self.signatures.newest.is_none() && records > 0
    }
}

/// Looks at every record of the chains that are named, or of all of them. The checkpoints are read first: what
/// they vouch for is then there when the records are read.
///
/// # Errors
/// [`Error`] of the reading; [`Error::Usage`] for a chain that nobody ever wrote into.
pub async fn examine<S: Source>(
    source: &S,
    console: &mut Console<'_>,
    key: &PublicKey,
    keyring: Option<&Keyring>,
    which: Which,
    named: &[Chain],
) -> Result<Examined, Error> {
    let checkpoints = source.checkpoints(which).await?;
    let signatures = checkpoints.signatures(key);
    // One that a checkpoint speaks of must be there still.
    let chains = Chains::of(source, signatures.chains(), named).await?;
    let (mut verdicts, mut unknown) = (Vec::new(), Vec::new());
    for chain in &chains.wanted {
        let mut keys = Looking::new(keyring);
        let mut inspection = Inspection::new(chain.clone(), keyring, &signatures);
        let mut count = 0;
        let head = source
            .walk(chain, &mut |stored| {
                inspection.look(stored);
                keys.look(stored);
                count += 1;
                if count % TELL_EVERY == 0 {
                    let how_far = format!("{chain}: {count}");
                    console.progress("looking at the records", &how_far)?;
                }
                Ok(())
            })
            .await?;
        keys.end(head.as_ref());
        let mut verdict = inspection.end(Some(Ends::still(head.as_ref())));
        // Its name is written with its first record, and neither is ever taken away.
        let emptied = verdict.records == 0 && verdict.findings.is_empty();
        if emptied && chains.lists(chain) {
            verdict.findings.push(Finding::HeadGone);
        }
        verdicts.push(verdict);
        unknown.push(keys.found);
    }
    Ok(Examined {
        verdicts,
        signatures,
        checkpoints: checkpoints.there,
        indexes_checked: source.has_indexes(),
        nameless: chains.nameless,
        unknown,
    })
}
