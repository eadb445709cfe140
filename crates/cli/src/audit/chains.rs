use std::collections::BTreeSet;

use rekey_audit::Chain;

use super::source::Source;
use crate::error::Error;

/// Which chains there are. Whoever can write into the table can take a name out of its list, so the list is
/// not the only word on it.
#[derive(Debug)]
pub struct Chains {
    listed: BTreeSet<Chain>,
    /// To be looked at, in order.
    pub wanted: Vec<Chain>,
    /// Those of them that are there, and are not in the list.
    pub nameless: Vec<Chain>,
}

impl Chains {
    /// Those that are named, or else all that are listed or that `signed` speaks of.
    ///
    /// # Errors
    /// [`Error`] of the reading; [`Error::Usage`] for a chain that nobody ever wrote into.
    pub async fn of<S: Source>(
        source: &S,
        signed: impl Iterator<Item = &Chain>,
        named: &[Chain],
    ) -> Result<Self, Error> {
        let listed: BTreeSet<Chain> = source.chains().await?.into_iter().collect();
        let signed: BTreeSet<Chain> = signed.cloned().collect();
        let wanted: BTreeSet<Chain> = if named.is_empty() {
            listed.union(&signed).cloned().collect()
        } else {
            named.iter().cloned().collect()
        };
        let mut nameless = Vec::new();
        for chain in wanted.difference(&listed) {
            if source.has(chain).await? {
                nameless.push(chain.clone());
            } else if !signed.contains(chain) {
                return Err(Error::Usage(format!(
                    "there is no chain {chain}: nothing was ever recorded for this tenant"
                )));
            }
        }
        Ok(Self {
            listed,
            wanted: wanted.into_iter().collect(),
            nameless,
        })
    }

    /// Whether a chain is in the list.
    pub fn lists(&self, chain: &Chain) -> bool {
        self.listed.contains(chain)
    }

    /// Whether there is anything of a chain, or at least its name.
    pub fn has(&self, chain: &Chain) -> bool {
        self.lists(chain) || self.nameless.contains(chain)
    }
}
