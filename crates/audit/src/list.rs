use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use rekey_events::AuditRecord;

use crate::chain::Chain;
use crate::index::{By, Indexed, Partition, SHARDS, day_of, from, value};
use crate::trail::{Place, Stored, Trail, TrailError};

/// What is looked for. What is not given is not asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wanted {
    /// `actor_id`.
    pub actor: Option<String>,
    /// `action`.
    pub action: Option<String>,
    /// `target_id`.
    pub target: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// `request_id`.
    pub request: Option<String>,
    /// From this second on.
    pub since: i64,
    /// Before this second.
    pub until: i64,
}

impl Wanted {
    /// The attribute that fewest records share, as a rule: what is read goes by it.
    fn narrowest(&self) -> (By, &str) {
        let given = [
            (By::Request, &self.request),
            (By::Target, &self.target),
            (By::Actor, &self.actor),
            (By::Tenant, &self.tenant),
            (By::Action, &self.action),
        ];
        let mut given = given
            .into_iter()
            .filter_map(|(by, value)| Some((by, value.as_deref()?)));
        given.next().unwrap_or((By::Day, ""))
    }

    fn wants(&self, record: &AuditRecord) -> bool {
        let is = |by, wanted: &Option<String>| {
            let wanted = wanted.as_deref();
            wanted.is_none_or(|wanted| value(record, by) == Some(wanted))
        };
        let at = record.created_at.unix();
        is(By::Actor, &self.actor)
            && is(By::Action, &self.action)
            && is(By::Target, &self.target)
            && is(By::Tenant, &self.tenant)
            && is(By::Request, &self.request)
            && (self.since..self.until).contains(&at)
    }
}

/// A record and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it says.
    pub record: AuditRecord,
    /// Its chain.
    pub chain: Chain,
    /// Its place there.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

impl Entry {
    /// What stands at a place, if it is what was hashed, says that it belongs there, and is filed as it says.
    /// Whoever can write into the table can file anything anywhere.
    fn of(place: &Place, stored: Stored) -> Option<Self> {
        let link = stored.link.ok()?;
        let record = link.record().ok()?;
        let filed = Indexed::of(&record, &place.chain, place.seq);
        let is_filed = stored.indexed.is_none_or(|indexed| indexed == filed);
        (is_filed && link.holds(&place.chain, place.seq)).then_some(())?;
        Some(Self {
            record,
            chain: link.chain,
            seq: link.seq,
            hash: link.hash,
        })
    }
}

/// What was found, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// The entries.
    pub entries: Vec<Entry>,
    /// What to go on with; none at the end of the range.
    pub next: Option<String>,
    /// How many could not be read, or are not what they say. `verify` says which.
    pub unreadable: usize,
}

/// Looks for records, the newest first, at most `limit`. `cursor` is what the page before said to go on with.
///
/// # Errors
/// [`TrailError`].
pub async fn list<T: Trail>(
    trail: &T,
    wanted: &Wanted,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Listed, TrailError> {
    let mut listed = Listed::default();
    // What stands in a chain that no checkpoint looks at is nobody's record.
    let chains: BTreeSet<Chain> = trail.chains().await?.into_iter().collect();
    let (by, text) = wanted.narrowest();
    let mut before = from(wanted.until);
    if let Some(cursor) = cursor.filter(|cursor| **cursor < *before) {
        before = cursor.to_owned();
    }
    let newest = second_of(&before).map_or(wanted.until, |at| at.min(wanted.until));
    let mut day = day_of(newest);
    let oldest = day_of(wanted.since);
    while day >= oldest {
        let shards = (0..SHARDS).map(|shard| Partition {
            by,
            value: text,
            day,
            shard,
        });
        let pages = shards.map(|partition| trail.page(partition, &before, limit));
        let pages = try_join_all(pages).await?;
        let more = pages.iter().any(|page| page.more);
        let mut found: Vec<(String, Place)> =
            pages.into_iter().flat_map(|page| page.entries).collect();
        found.sort_by(|one, other| other.0.cmp(&one.0));
        // Of each part there are so many; so the first so many of all of them are the newest of the day.
        let cut = found.len() > limit;
        found.truncate(limit);
        let places: Vec<Place> = found.iter().map(|(_, place)| place.clone()).collect();
        let stored = trail.fetch(&places).await?;
        for ((at, place), stored) in found.iter().zip(stored) {
            before.clone_from(at);
            let named = chains.contains(&place.chain);
            let stored = stored.filter(|_| named);
            let entry = stored.and_then(|stored| Entry::of(place, stored));
            match entry {
                Some(entry) if wanted.wants(&entry.record) => listed.entries.push(entry),
                Some(_) => {}
                None => listed.unreadable += 1,
            }
            if listed.entries.len() == limit {
                listed.next = Some(before);
                return Ok(listed);
            }
        }
        if found.is_empty() || !(more || cut) {
            day -= 1;
        }
    }
    Ok(listed)
}

/// The second that an order of an index begins with.
fn second_of(order: &str) -> Option<i64> {
    order.get(..12)?.parse().ok()
}
