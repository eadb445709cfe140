use std::collections::BTreeSet;

use rekey_audit::{Chain, Ends, Finding, Inspection, Keyring, PublicKey, Signatures, Verdict};

use super::checkpoints::Which;
use super::source::Source;
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
    let there: BTreeSet<Chain> = source.chains().await?.into_iter().collect();
    // One that a checkpoint speaks of must be there still.
    let known: BTreeSet<Chain> = there.iter().chain(signatures.chains()).cloned().collect();
    if let Some(unknown) = named.iter().find(|chain| !known.contains(chain)) {
        return Err(Error::Usage(format!(
            "there is no chain {unknown}: nothing was ever recorded for this tenant"
        )));
    }
    let wanted = |chain: &&Chain| named.is_empty() || named.contains(chain);
    let mut verdicts = Vec::new();
    for chain in known.iter().filter(wanted) {
        let mut inspection = Inspection::new(chain.clone(), keyring, &signatures);
        let mut count = 0;
        let head = source
            .walk(chain, &mut |stored| {
                inspection.look(stored);
                count += 1;
                if count % TELL_EVERY == 0 {
                    let how_far = format!("{chain}: {count}");
                    console.progress("looking at the records", &how_far)?;
                }
                Ok(())
            })
            .await?;
        let mut verdict = inspection.end(Some(Ends::still(head.as_ref())));
        // Its name is written with its first record, and neither is ever taken away.
        let emptied = verdict.records == 0 && verdict.findings.is_empty();
        if emptied && there.contains(chain) {
            verdict.findings.push(Finding::HeadGone);
        }
        verdicts.push(verdict);
    }
    Ok(Examined {
        verdicts,
        signatures,
        checkpoints: checkpoints.there,
        indexes_checked: source.has_indexes(),
    })
}
