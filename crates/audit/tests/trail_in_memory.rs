//! The trail in memory, behind the same promises as the table, and trails that break one of them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is wrong"
)]

use rekey_audit::testing::{Attacker, MemoryTrail, keyring, suite};
use rekey_audit::{
    Append, AppendError, Chain, Head, Link, Page, Partition, Place, Stored, Trail, TrailError,
};
use rekey_events::EventId;

#[tokio::test]
async fn the_trail_in_memory_keeps_every_promise_of_a_trail() {
    match suite::run(&MemoryTrail::default()).await {
        Ok(kept) => assert_eq!(kept, 14),
        Err(broken) => panic!("{broken}"),
    }
}

/// What may be wrong with a trail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Bug {
    WritesBehindAnyEnd,
    WritesARecordTwice,
    LeavesAPart,
    KnowsNoEnd,
    NamesChainsAnyhow,
    GivesOneTooMany,
    BeginsAtTheBound,
    MixesUpTheOrder,
    FindsOneOnly,
    IncludesTheBound,
    BeginsWithTheOldest,
    ToldOfNoMore,
    FilesNowhere,
}

struct Bent {
    trail: MemoryTrail,
    bug: Bug,
}

impl Bent {
    fn is(&self, bug: Bug) -> bool {
        self.bug == bug
    }
}

impl Trail for Bent {
    async fn chains(&self) -> Result<Vec<Chain>, TrailError> {
        let mut chains = self.trail.chains().await?;
        if self.is(Bug::NamesChainsAnyhow) {
            chains.reverse();
        }
        Ok(chains)
    }

    async fn head(&self, chain: &Chain) -> Result<Option<Head>, TrailError> {
        let head = self.trail.head(chain).await?;
        Ok(head.filter(|_| !self.is(Bug::KnowsNoEnd)))
    }

    async fn links(
        &self,
        chain: &Chain,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, TrailError> {
        let limit = limit + usize::from(self.is(Bug::GivesOneTooMany));
        let after = after - u64::from(self.is(Bug::BeginsAtTheBound) && after > 0);
        self.trail.links(chain, after, limit).await
    }

    async fn recorded(&self, ids: &[EventId]) -> Result<Vec<Option<Place>>, TrailError> {
        let mut places = self.trail.recorded(ids).await?;
        if self.is(Bug::MixesUpTheOrder) {
            places.sort();
        }
        Ok(places)
    }

    async fn fetch(&self, places: &[Place]) -> Result<Vec<Option<Stored>>, TrailError> {
        let mut stored = self.trail.fetch(places).await?;
        if self.is(Bug::FindsOneOnly) {
            stored.truncate(1);
        }
        let filed = stored.iter_mut().flatten();
        if self.is(Bug::FilesNowhere) {
            filed.for_each(|stored| stored.indexed = None);
        }
        Ok(stored)
    }

    async fn page(
        &self,
        partition: Partition<'_>,
        before: &str,
        limit: usize,
    ) -> Result<Page, TrailError> {
        let bound = if self.is(Bug::IncludesTheBound) {
            "\0"
        } else {
            ""
        };
        let before = format!("{before}{bound}");
        let mut page = self.trail.page(partition, &before, limit).await?;
        if self.is(Bug::BeginsWithTheOldest) {
            page.entries.reverse();
        }
        page.more &= !self.is(Bug::ToldOfNoMore);
        Ok(page)
    }
}

impl Append for Bent {
    async fn append(
        &self,
        expected: Option<&Head>,
        links: &[Link],
        head: &Head,
    ) -> Result<(), AppendError> {
        let there = self.trail.head(&head.chain).await?;
        let expected = match &there {
            Some(there) if self.is(Bug::WritesBehindAnyEnd) => Some(there),
            _ => expected,
        };
        if self.is(Bug::WritesARecordTwice) {
            let own = keyring(1).unwrap();
            Attacker::new(&self.trail, head.chain.clone(), own).forgets_what_was_recorded();
        }
        let answer = self.trail.append(expected, links, head).await;
        if answer.is_err() && self.is(Bug::LeavesAPart) {
            let part = self.trail.append(expected, &links[..1], head).await;
            return part.and(answer);
        }
        answer
    }
}

#[tokio::test]
async fn a_trail_that_breaks_a_promise_is_told_which() {
    for (bug, promise) in [
        (
            Bug::WritesBehindAnyEnd,
            "behind an end that is not the present",
        ),
        (Bug::WritesARecordTwice, "a record is written once"),
        (Bug::LeavesAPart, "a record is written once"),
        (Bug::KnowsNoEnd, "acknowledged"),
        (Bug::NamesChainsAnyhow, "in the order of their names"),
        (Bug::GivesOneTooMany, "pages that follow each other"),
        (Bug::BeginsAtTheBound, "pages that follow each other"),
        (Bug::MixesUpTheOrder, "in the order of the question"),
        (Bug::FindsOneOnly, "in the order of the question"),
        (Bug::IncludesTheBound, "a bound that is not included"),
        (Bug::BeginsWithTheOldest, "begins with the newest"),
        (Bug::ToldOfNoMore, "tells of more"),
        (Bug::FilesNowhere, "knows where"),
    ] {
        let trail = MemoryTrail::default();
        let broken = suite::run(&Bent { trail, bug }).await.unwrap_err();
        assert!(broken.promise.contains(promise), "{bug:?}: {broken}");
    }
}
