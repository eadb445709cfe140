use rekey_events::Timestamp;
use serde_json::Value;

use crate::chain::Chain;
use crate::index::Indexed;
use crate::keyring::Keyring;
use crate::link::{BEGINNING, Link};
use crate::testing::memory::MemoryTrail;
use crate::trail::{Place, Stored};

/// Somebody who may write whatever they like into the table and has this code, but none of the keys: their
/// own key ring seals what they write.
#[derive(Debug)]
pub struct Attacker<'a> {
    trail: &'a MemoryTrail,
    chain: Chain,
    own: Keyring,
}

impl<'a> Attacker<'a> {
    /// With a key ring of their own, whose keys have the ids of the right ones.
    pub fn new(trail: &'a MemoryTrail, chain: Chain, own: Keyring) -> Self {
        Self { trail, chain, own }
    }

    fn place(&self, seq: u64) -> Place {
        Place {
            chain: self.chain.clone(),
            seq,
        }
    }

    /// How many records there are.
    pub fn count(&self) -> u64 {
        let tables = self.trail.tables();
        let of_chain = tables
            .links
            .keys()
            .filter(|place| place.chain == self.chain);
        of_chain.map(|place| place.seq).max().unwrap_or(0)
    }

    /// Writes another text into a field of a record, and leaves the rest.
    pub fn edits(&self, seq: u64, field: &str, text: &str) {
        let mut tables = self.trail.tables();
        if let Some(Ok(link)) = tables
            .links
            .get_mut(&self.place(seq))
            .map(|it| &mut it.link)
            && let Some(found) = link.record.get_mut(field)
        {
            *found = Value::String(text.to_owned());
        }
    }

    /// The same, and makes the hash right again.
    pub fn edits_and_hashes(&self, seq: u64, field: &str, text: &str) {
        self.edits(seq, field, text);
        let mut tables = self.trail.tables();
        if let Some(Ok(link)) = tables
            .links
            .get_mut(&self.place(seq))
            .map(|it| &mut it.link)
        {
            link.hash = link.hashed().unwrap_or_default();
        }
    }

    /// Takes a record away.
    pub fn removes(&self, seq: u64) {
        self.trail.tables().links.remove(&self.place(seq));
    }

    /// Puts two records in each other's place, as they are.
    pub fn swaps(&self, one: u64, other: u64) {
        let mut tables = self.trail.tables();
        let (one, other) = (self.place(one), self.place(other));
        if let (Some(mut first), Some(mut second)) =
            (tables.links.remove(&one), tables.links.remove(&other))
        {
            (first.seq, second.seq) = (other.seq, one.seq);
            tables.links.insert(other, first);
            tables.links.insert(one, second);
        }
    }

    /// Takes everything behind a place away; the end of the chain stays as it is.
    pub fn cuts_off_after(&self, seq: u64) {
        let mut tables = self.trail.tables();
        let chain = &self.chain;
        let stays = |place: &Place| place.chain != *chain || place.seq <= seq;
        tables.links.retain(|place, _| stays(place));
    }

    /// Makes an end of the chain that fits its last record, with their own seal.
    pub fn writes_the_head(&self) {
        let last = self.count();
        let mut tables = self.trail.tables();
        let link = tables.links.get(&self.place(last)).cloned();
        if let Some(Ok(link)) = link.map(|stored| stored.link)
            && let Ok(head) = crate::Head::at(&link, 0, &self.own)
        {
            tables.heads.insert(self.chain.clone(), head);
        }
    }

    /// Takes the whole chain away, with its end.
    pub fn removes_the_chain(&self) {
        self.cuts_off_after(0);
        self.trail.tables().heads.remove(&self.chain);
    }

    /// Writes the chain anew from a place on, with another text in a field of that record: hashes, links and
    /// seals all fit, but for the keys.
    pub fn rewrites_from(&self, seq: u64, field: &str, text: &str) {
        self.edits(seq, field, text);
        let mut prev = match seq.checked_sub(1) {
            None | Some(0) => BEGINNING.to_owned(),
            Some(before) => self.hash_at(before),
        };
        for place in seq..=self.count() {
            let stored = self.trail.tables().links.get(&self.place(place)).cloned();
            let Some(Ok(link)) = stored.map(|stored| stored.link) else {
                continue;
            };
            let Ok(record) = link.record() else { continue };
            // The time stays as it was, so that nothing but the keys tells.
            let at = Timestamp::parse(&link.recorded_at).map_or(0, Timestamp::unix);
            let Ok(forged) = Link::seal(&record, place, &prev, at, &self.own) else {
                continue;
            };
            prev.clone_from(&forged.hash);
            self.stores(forged);
        }
        self.writes_the_head();
    }

    /// Puts a record of their own behind the last.
    pub fn forges(&self, record: &rekey_events::AuditRecord) {
        let last = self.count();
        let prev = self.hash_at(last);
        if let Ok(link) = Link::seal(record, last + 1, &prev, 0, &self.own) {
            self.stores(link);
        }
        self.writes_the_head();
    }

    /// Files a record under another order, so that a search misses it.
    pub fn hides(&self, seq: u64) {
        let mut tables = self.trail.tables();
        if let Some(stored) = tables.links.get_mut(&self.place(seq)) {
            stored.indexed = stored.indexed.take().map(|indexed| Indexed {
                at: indexed.at.replace('0', "1"),
                ..indexed
            });
        }
    }

    /// Puts the end of another chain, whose seal is right, in the place of this one's.
    pub fn borrows_the_head_of(&self, other: &Chain) {
        let mut tables = self.trail.tables();
        if let Some(head) = tables.heads.get(other).cloned() {
            tables.heads.insert(self.chain.clone(), head);
        }
    }

    /// Says of a record that it is written already, at a place where another is.
    pub fn marks_as_written(&self, record: &rekey_events::AuditRecord, seq: u64) {
        let mut tables = self.trail.tables();
        tables
            .recorded
            .insert(record.id.to_string(), self.place(seq));
    }

    /// The same, with a link of their own at that place, which says that it belongs there.
    pub fn plants(&self, record: &rekey_events::AuditRecord, chain: &Chain, seq: u64) {
        if let Ok(mut link) = Link::seal(record, seq, BEGINNING, 0, &self.own) {
            link.chain = chain.clone();
            link.hash = link.hashed().unwrap_or_default();
            let indexed = Indexed::of(record, chain, seq);
            let place = Place {
                chain: chain.clone(),
                seq,
            };
            let stored = Stored {
                seq,
                link: Ok(link),
                indexed: Some(indexed.clone()),
            };
            let mut tables = self.trail.tables();
            for (by, partition) in indexed.partitions {
                let key = (by, partition, indexed.at.clone());
                tables.index.insert(key, place.clone());
            }
            tables.links.insert(place.clone(), stored);
            tables.recorded.insert(record.id.to_string(), place);
        }
    }

    /// Makes the end of the chain with a key that nobody has, so that its seal cannot be checked.
    pub fn writes_the_head_with(&self, key: &str) {
        self.writes_the_head();
        let mut tables = self.trail.tables();
        if let Some(head) = tables.heads.get_mut(&self.chain)
            && let Ok(key) = serde_json::from_value(Value::String(key.to_owned()))
        {
            head.key = key;
        }
    }

    /// Takes away what keeps a record from being written twice.
    pub fn forgets_what_was_recorded(&self) {
        self.trail.tables().recorded.clear();
    }

    fn hash_at(&self, seq: u64) -> String {
        let tables = self.trail.tables();
        let stored = tables.links.get(&self.place(seq));
        let link = stored.and_then(|stored| stored.link.as_ref().ok());
        link.map_or_else(|| BEGINNING.to_owned(), |link| link.hash.clone())
    }

    fn stores(&self, link: Link) {
        let indexed = link
            .record()
            .ok()
            .map(|record| Indexed::of(&record, &link.chain, link.seq));
        let stored = Stored {
            seq: link.seq,
            link: Ok(link.clone()),
            indexed,
        };
        self.trail
            .tables()
            .links
            .insert(self.place(link.seq), stored);
    }
}
