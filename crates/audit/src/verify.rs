use std::collections::BTreeMap;

use rekey_events::Timestamp;
use serde::Serialize;

use crate::chain::Chain;
use crate::checkpoint::{Checkpoint, PublicKey, Signed};
use crate::finding::Finding;
use crate::head::Head;
use crate::index::Indexed;
use crate::keyring::{Check, KeyId, Keyring};
use crate::link::{BEGINNING, Link};
use crate::trail::Stored;

/// How long after a record the newest checkpoint may be made that does not vouch for it yet, in seconds: two
/// of them are made in that time.
const BEHIND: i64 = 600;
/// How many findings of one chain are told; the rest is counted.
const TOLD: usize = 100;

/// What signed checkpoints say: of every chain, which record stood where.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    /// What each chain was like, by place; the checkpoint's number and time, and the hash.
    ends: BTreeMap<Chain, BTreeMap<u64, Mark>>,
    /// How many were looked at.
    pub checkpoints: usize,
    /// The number and the time of the newest that is rightly signed.
    pub newest: Option<(u64, String)>,
    /// What is wrong with them.
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug)]
struct Mark {
    number: u64,
    at: String,
    hash: String,
}

impl Signatures {
    /// Checks checkpoints, in the order of their numbers. Some may be left out between them. One that is not
    /// rightly signed counts for nothing but a finding.
    #[must_use]
    pub fn of<'a>(key: &PublicKey, checkpoints: impl IntoIterator<Item = &'a Signed>) -> Self {
        let mut signatures = Self::default();
        let mut last: Option<&Checkpoint> = None;
        for signed in checkpoints {
            signatures.checkpoints += 1;
            let checkpoint = &signed.checkpoint;
            let number = checkpoint.number;
            if !key.signed(signed) {
                let finding = Finding::BadSignature { checkpoint: number };
                signatures.findings.push(finding);
                continue;
            }
            if !last.is_none_or(|last| follows(last, checkpoint)) {
                let finding = Finding::Unchained { checkpoint: number };
                signatures.findings.push(finding);
            }
            signatures.compare(last, checkpoint);
            for end in &checkpoint.chains {
                let mark = Mark {
                    number,
                    at: checkpoint.at.clone(),
                    hash: end.hash.clone(),
                };
                let marks = signatures.ends.entry(end.chain.clone()).or_default();
                let there = marks.get(&end.seq).map(|mark| &mark.hash);
                if there.is_some_and(|hash| *hash != end.hash) {
                    signatures.findings.push(Finding::Regressed {
                        checkpoint: number,
                        chain: end.chain.clone(),
                    });
                    continue;
                }
                marks.insert(end.seq, mark);
            }
            signatures.newest = Some((number, checkpoint.at.clone()));
            last = Some(checkpoint);
        }
        signatures
    }

    /// The chains that they speak of.
    pub fn chains(&self) -> impl Iterator<Item = &Chain> {
        self.ends.keys()
    }

    fn compare(&mut self, earlier: Option<&Checkpoint>, later: &Checkpoint) {
        let Some(earlier) = earlier else { return };
        for end in &earlier.chains {
            let shorter = later.end(&end.chain).is_none_or(|now| now.seq < end.seq);
            if shorter {
                self.findings.push(Finding::Regressed {
                    checkpoint: later.number,
                    chain: end.chain.clone(),
                });
            }
        }
    }
}

/// Whether a checkpoint may come after another. Neighbours are held together by the hash.
fn follows(earlier: &Checkpoint, later: &Checkpoint) -> bool {
    let neighbours = earlier.number.checked_add(1) == Some(later.number);
    let held = !neighbours || earlier.hash().is_ok_and(|hash| hash == later.previous);
    later.number > earlier.number && later.stage == earlier.stage && held
}

/// What is known of a chain after every record of it was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The chain.
    pub chain: Chain,
    /// How many records were looked at.
    pub records: u64,
    /// The first record that was looked at, and when it was written down.
    pub first: Option<Seen>,
    /// The last.
    pub last: Option<Seen>,
    /// The last record that a signed checkpoint vouches for; what comes after it is not signed yet.
    pub signed: Option<Seen>,
    /// When that checkpoint was made.
    pub signed_at: Option<String>,
    /// Whether the seals were checked too.
    pub seals_checked: bool,
    /// The last record before the first finding: up to it the chain is sound.
    pub sound_to: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many findings are not told.
    pub more: usize,
}

/// A place in a chain, and when its record was written down.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Seen {
    /// The place.
    pub seq: u64,
    /// When, RFC 3339.
    pub recorded_at: String,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many records no checkpoint vouches for yet.
    #[must_use]
    pub fn unsigned(&self) -> u64 {
        let last = self.last.as_ref().map_or(0, |seen| seen.seq);
        let signed = self.signed.as_ref().map_or(0, |seen| seen.seq);
        last.saturating_sub(signed)
    }
}

/// What the store says of the end of a chain; none when it has none.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// Before the first record was read.
    pub before: Option<&'a Head>,
    /// After the last was.
    pub after: Option<&'a Head>,
}

impl<'a> Ends<'a> {
    /// Of what nobody writes into meanwhile.
    #[must_use]
    pub fn still(head: Option<&'a Head>) -> Self {
        Self {
            before: head,
            after: head,
        }
    }
}

/// Looks at the records of one chain, one after the other; nothing of them is kept.
#[derive(Debug)]
pub struct Inspection<'a> {
    keyring: Option<&'a Keyring>,
    marks: BTreeMap<u64, Mark>,
    /// The place and the hash that the next record follows; no hash when the last could not be read.
    next_after: (u64, Option<String>),
    /// The number of the key of the last seal.
    key: Option<u64>,
    /// The first record behind the last one that a checkpoint vouches for.
    unsigned: Option<Seen>,
    /// When the newest checkpoint was made, in seconds since 1970.
    newest: Option<i64>,
    /// Whether anything is wrong with the records themselves.
    is_broken: bool,
    verdict: Verdict,
}

impl<'a> Inspection<'a> {
    /// Of a chain from its beginning. Without a keyring no seal is checked.
    #[must_use]
    pub fn new(chain: Chain, keyring: Option<&'a Keyring>, signatures: &Signatures) -> Self {
        let marks = signatures.ends.get(&chain).cloned().unwrap_or_default();
        Self {
            keyring,
            marks,
            next_after: (0, Some(BEGINNING.to_owned())),
            key: None,
            unsigned: None,
            newest: signatures.newest.as_ref().and_then(|(_, at)| unix(at)),
            is_broken: false,
            verdict: Verdict {
                chain,
                records: 0,
                first: None,
                last: None,
                signed: None,
                signed_at: None,
                seals_checked: keyring.is_some(),
                sound_to: 0,
                findings: Vec::new(),
                more: 0,
            },
        }
    }

    /// Of a chain from behind a record that is known: its place, its hash, and the key of its seal.
    #[must_use]
    pub fn behind(
        chain: Chain,
        seq: u64,
        hash: &str,
        key: Option<&KeyId>,
        keyring: Option<&'a Keyring>,
    ) -> Self {
        let mut inspection = Self::new(chain, keyring, &Signatures::default());
        inspection.key = key.and_then(KeyId::number);
        inspection.next_after = (seq, Some(hash.to_owned()));
        inspection.verdict.sound_to = seq;
        inspection
    }

    /// The next record.
    pub fn look(&mut self, stored: &Stored) {
        let before = self.verdict.findings.len() + self.verdict.more;
        self.verdict.records += 1;
        let (last, prev) = &self.next_after;
        let (last, prev) = (*last, prev.clone());
        let seq = stored.seq;
        if seq <= last {
            self.find(Finding::OutOfOrder { seq });
            return;
        }
        if seq > last + 1 {
            self.find(Finding::Removed {
                from: last + 1,
                to: seq - 1,
            });
        }
        // What follows a gap follows something that nobody can see.
        let prev = prev.filter(|_| seq == last + 1);
        match &stored.link {
            Ok(link) => {
                self.look_at(link, seq, prev.as_deref());
                self.look_at_filing(link, seq, stored.indexed.as_ref());
                self.note(link, seq);
                self.next_after = (seq, Some(link.hash.clone()));
            }
            Err(_) => {
                self.find(Finding::Unreadable { seq });
                self.next_after = (seq, None);
            }
        }
        let after = self.verdict.findings.len() + self.verdict.more;
        if after == 0 && before == 0 {
            self.verdict.sound_to = seq;
        }
    }

    fn look_at(&mut self, link: &Link, seq: u64, prev: Option<&str>) {
        if link.seq != seq || link.chain != self.verdict.chain {
            self.find(Finding::Moved { seq });
        } else if link.hashed().ok().as_ref() != Some(&link.hash) {
            self.find(Finding::Altered { seq });
        } else if prev.is_some_and(|prev| link.prev != prev) {
            self.find(Finding::Unlinked { seq });
        }
        match self.keyring.map(|keyring| link.sealed_by(keyring)) {
            None | Some(Check::Right) => {}
            Some(Check::Wrong) => self.find(Finding::Forged { seq }),
            Some(Check::UnknownKey) => self.find(Finding::UnknownKey { seq }),
        }
        let key = link.key.number();
        if key < self.key {
            self.find(Finding::OldKey { seq });
        } else {
            self.key = key;
        }
    }

    /// A store that has indexes finds a record by them.
    fn look_at_filing(&mut self, link: &Link, seq: u64, indexed: Option<&Indexed>) {
        let Some(indexed) = indexed else { return };
        let right = link
            .record()
            .is_ok_and(|record| Indexed::of(&record, &link.chain, link.seq) == *indexed);
        if !right {
            self.find(Finding::Misfiled { seq });
        }
    }

    fn note(&mut self, link: &Link, seq: u64) {
        let seen = Seen {
            seq,
            recorded_at: link.recorded_at.clone(),
        };
        if let Some(mark) = self.marks.remove(&seq) {
            if mark.hash == link.hash {
                self.verdict.signed = Some(seen.clone());
                self.verdict.signed_at = Some(mark.at);
                self.unsigned = None;
            } else {
                self.find(Finding::NotAsSigned {
                    seq,
                    checkpoint: mark.number,
                });
            }
        }
        if self.verdict.signed.as_ref().is_none_or(|to| to.seq < seq) {
            self.unsigned.get_or_insert_with(|| seen.clone());
        }
        self.verdict.first.get_or_insert_with(|| seen.clone());
        self.verdict.last = Some(seen);
    }

    /// After the last record. What the store says of the end of the chain, and what it said before the first
    /// record was read: others may write meanwhile, so only what was there before must be found, and what is
    /// found must be there after. Of an export both are the same.
    #[must_use]
    pub fn end(mut self, ends: Option<Ends<'_>>) -> Verdict {
        let (found, hash) = self.next_after.clone();
        let beyond = self.marks.iter().rev().find(|(seq, _)| **seq > found);
        if let Some((expected, mark)) = beyond {
            self.find(Finding::CutTail {
                found,
                expected: *expected,
                checkpoint: Some(mark.number),
            });
        }
        if let Some(ends) = ends {
            self.look_at_ends(ends, found, hash.as_deref());
        }
        if let (Some(first), Some(newest)) = (&self.unsigned, self.newest)
            && unix(&first.recorded_at).is_none_or(|at| at + BEHIND < newest)
        {
            self.find(Finding::Unvouched {
                from: first.seq,
                to: found,
            });
        }
        self.verdict
    }

    fn look_at_ends(&mut self, ends: Ends<'_>, found: u64, hash: Option<&str>) {
        let heads = [ends.before, ends.after].into_iter().flatten();
        let seals = heads.clone().filter_map(|head| {
            let keyring = self.keyring?;
            Some((head.seq, head.sealed_by(keyring)))
        });
        let seals: Vec<(u64, Check)> = seals.collect();
        let forged = heads.clone().any(|head| head.chain != self.verdict.chain)
            || seals.iter().any(|(_, seal)| *seal == Check::Wrong);
        let unknown = seals.iter().find(|(_, seal)| *seal == Check::UnknownKey);
        if let Some((seq, _)) = unknown {
            self.find(Finding::UnknownKey { seq: *seq });
        }
        let expected = ends.before.map_or(0, |head| head.seq);
        if forged {
            self.find(Finding::HeadForged);
        } else if expected > found {
            self.find(Finding::CutTail {
                found,
                expected,
                checkpoint: None,
            });
        } else if let Some(head) = ends.after {
            let other = head.seq == found && hash.is_some_and(|hash| head.hash != hash);
            if head.seq < found || other {
                self.find(Finding::HeadElsewhere {
                    head: head.seq,
                    found,
                });
            }
        } else if found > 0 {
            self.find(Finding::HeadGone);
        }
    }

    /// The place and the hash of the last record, while nothing is wrong with the records themselves.
    #[must_use]
    pub fn sound_end(&self) -> Option<(u64, &str)> {
        let (seq, hash) = &self.next_after;
        let hash = hash.as_deref()?;
        (!self.is_broken).then_some((*seq, hash))
    }

    /// What is wrong so far.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.verdict.findings
    }

    fn find(&mut self, finding: Finding) {
        self.is_broken |= !finding.is_of_the_filing();
        if self.verdict.findings.len() < TOLD {
            self.verdict.findings.push(finding);
        } else {
            self.verdict.more += 1;
        }
    }
}

fn unix(at: &str) -> Option<i64> {
    Timestamp::parse(at).ok().map(Timestamp::unix)
}
