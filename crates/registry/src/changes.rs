use std::collections::BTreeMap;

use crate::due::{Bucket, Due};
use crate::record::Secret;
use crate::request::Standing;
use crate::state::{SecretState, Unsent};
use crate::version::{Version, VersionId};

/// What one commit writes, all or nothing. It has at most [`Changes::MOST`] parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// The revision that the record must still have; none when there must be no record yet. Then the name
    /// also goes into the index that [`Store::list`](crate::Store::list) reads.
    pub expected: Option<u64>,
    /// The secret, with its new revision.
    pub secret: Secret,
    /// The versions that are new or changed.
    pub versions: Vec<Version>,
    /// The versions whose records are dropped.
    pub dropped: Vec<VersionId>,
    /// What is to be put where a sweep looks: new, or in place of one at the same place.
    pub armed: Vec<Due>,
    /// What is to be taken away there.
    pub disarmed: Vec<(Bucket, String)>,
    /// What is to be put into the outbox.
    pub unsent: Vec<Unsent>,
    /// How the rotations of requests have ended, by their tokens. A request that is not recorded holds up
    /// nothing. Its revision grows by one.
    pub outcomes: Vec<(VersionId, Standing)>,
}

impl Changes {
    /// The most parts of a commit: a transaction of DynamoDB has 100 (DynamoDB Developer Guide,
    /// "Amazon DynamoDB Transactions: How it works"). Decisions keep below it.
    pub const MOST: usize = 100;

    /// What leads from one state to the other. None when that is nothing.
    pub fn between(before: Option<&SecretState>, after: &SecretState) -> Option<Self> {
        if before == Some(after) {
            return None;
        }
        let expected = before.map(|state| state.secret.revision);
        let mut secret = after.secret.clone();
        secret.revision = expected.map_or(1, |revision| revision.saturating_add(1));

        let nothing = BTreeMap::new();
        let known = before.map_or(&nothing, |state| &state.versions);
        let changed = |version: &&Version| known.get(&version.id) != Some(*version);
        let gone = |id: &&VersionId| !after.versions.contains_key(*id);

        let lying = |state: &SecretState| -> BTreeMap<(Bucket, String), Due> {
            let dues = state.dues().into_iter();
            dues.map(|due| ((due.bucket(), due.place()), due)).collect()
        };
        let lay = before.map(lying).unwrap_or_default();
        let lie = lying(after);

        let sent = before.map_or(&[][..], |state| &state.unsent);
        let new = |one: &&Unsent| !sent.contains(one);

        Some(Self {
            expected,
            secret,
            versions: after.versions.values().filter(changed).cloned().collect(),
            dropped: known.keys().filter(gone).cloned().collect(),
            armed: lie
                .iter()
                .filter(|(place, due)| lay.get(*place) != Some(*due))
                .map(|(_, due)| due.clone())
                .collect(),
            disarmed: lay
                .into_keys()
                .filter(|place| !lie.contains_key(place))
                .collect(),
            unsent: after.unsent.iter().filter(new).cloned().collect(),
            outcomes: Vec::new(),
        })
    }

    /// How many parts it has.
    pub fn parts(&self) -> usize {
        let index = usize::from(self.expected.is_none());
        let items = self.versions.len() + self.dropped.len() + self.unsent.len();
        1 + index + items + self.armed.len() + self.disarmed.len() + self.outcomes.len()
    }
}
