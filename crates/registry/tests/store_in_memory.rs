//! The store in memory keeps what every store promises, and the suite finds stores that do not.

use rekey_events::EventId;
use rekey_registry::request::{Actor, Request, RequestPage, Requests, Settlement, Turn};
use rekey_registry::testing::{MemoryStore, store_suite};
use rekey_registry::{
    Bucket, Changes, Consumer, Due, DuePage, Next, Noted, Read, Secret, SecretState, Store,
    StoreError, Taken, VersionId,
};

#[tokio::test]
async fn the_store_in_memory_keeps_every_promise() {
    let kept = store_suite::run(&MemoryStore::new()).await.unwrap();
    println!("store: {kept} promises");
    assert_eq!(kept, 37);
}

/// A mistake that a store could make.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bug {
    CommitsOverOthers,
    ForgetsToDisarm,
    DueOneSecondLate,
    OnePageOnly,
    TakesTwice,
    TakesWithoutTheSecret,
    LastReadCounts,
    CountsReadsAgain,
    RegistersByReading,
    CursorForAnybody,
    ListsWithoutEnd,
    ForgetsWhatIsUnsent,
    SettlesOverOthers,
    SettlesHalf,
    SettlesWithoutTheOther,
    TurnForAnybody,
    ForgetsCorrelation,
    ListsTheOldestFirst,
    OnePageOfRequestsOnly,
    ForgetsOutcomes,
    OutcomesNeedARequest,
    KeepsWhoIsRemoved,
    NotesAnyTurn,
    SlotsWithoutEnd,
    SlotsWithoutShares,
    RefusalsUseSlotsUp,
}

const BUGS: [Bug; 26] = [
    Bug::CommitsOverOthers,
    Bug::ForgetsToDisarm,
    Bug::DueOneSecondLate,
    Bug::OnePageOnly,
    Bug::TakesTwice,
    Bug::TakesWithoutTheSecret,
    Bug::LastReadCounts,
    Bug::CountsReadsAgain,
    Bug::RegistersByReading,
    Bug::CursorForAnybody,
    Bug::ListsWithoutEnd,
    Bug::ForgetsWhatIsUnsent,
    Bug::SettlesOverOthers,
    Bug::SettlesHalf,
    Bug::SettlesWithoutTheOther,
    Bug::TurnForAnybody,
    Bug::ForgetsCorrelation,
    Bug::ListsTheOldestFirst,
    Bug::OnePageOfRequestsOnly,
    Bug::ForgetsOutcomes,
    Bug::OutcomesNeedARequest,
    Bug::KeepsWhoIsRemoved,
    Bug::NotesAnyTurn,
    Bug::SlotsWithoutEnd,
    Bug::SlotsWithoutShares,
    Bug::RefusalsUseSlotsUp,
];

#[tokio::test]
async fn every_planted_mistake_is_found() {
    for bug in BUGS {
        let planted = Planted(MemoryStore::new(), bug);
        let broken = store_suite::run(&planted).await;
        let broken = broken.expect_err(&format!("{bug:?} was not found"));
        println!("store: {bug:?}: {}", broken.promise);
    }
}

struct Planted(MemoryStore, Bug);

impl Store for Planted {
    async fn load(&self, name: &str) -> Result<Option<SecretState>, StoreError> {
        let mut state = self.0.load(name).await?;
        if let Some(state) = state
            .as_mut()
            .filter(|_| self.1 == Bug::ForgetsWhatIsUnsent)
        {
            state.unsent.clear();
        }
        Ok(state)
    }

    async fn secret(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        self.0.secret(name).await
    }

    async fn consumers(&self, name: &str) -> Result<Vec<Consumer>, StoreError> {
        self.0.consumers(name).await
    }

    async fn commit(&self, changes: &Changes) -> Result<(), StoreError> {
        let mut changes = changes.clone();
        match self.1 {
            Bug::CommitsOverOthers => {
                let known = self.0.secret(&changes.secret.name).await?;
                changes.expected = known.map(|known| known.revision);
            }
            Bug::ForgetsToDisarm => changes.disarmed.clear(),
            Bug::ForgetsOutcomes => changes.outcomes.clear(),
            Bug::OutcomesNeedARequest => {
                for (token, _) in &changes.outcomes {
                    if self.0.request(token).await?.is_none() {
                        return Err(StoreError::Conflict);
                    }
                }
            }
            _ => {}
        }
        self.0.commit(&changes).await
    }

    async fn sent(&self, name: &str, ids: &[EventId]) -> Result<(), StoreError> {
        self.0.sent(name, ids).await
    }

    async fn due(
        &self,
        bucket: Bucket,
        until: i64,
        after: Option<&str>,
    ) -> Result<DuePage, StoreError> {
        let late = i64::from(self.1 == Bug::DueOneSecondLate);
        let mut page = self.0.due(bucket, until - late, after).await?;
        if self.1 == Bug::OnePageOnly {
            page.next = None;
        }
        Ok(page)
    }

    async fn take(&self, due: &Due, next: Next) -> Result<Taken, StoreError> {
        let taken = self.0.take(due, next).await?;
        if self.1 == Bug::TakesTwice && taken == Taken::Gone {
            return Ok(Taken::Ours(due.after(next)));
        }
        if self.1 == Bug::TakesWithoutTheSecret && taken != Taken::Gone {
            // The item has moved, and the secret does not know.
            if let Some(before) = self.0.load(&due.name).await? {
                let mut after = before.clone();
                after.secret.deadlines.clear();
                let changes = Changes::between(Some(&before), &after);
                if let Some(changes) = changes {
                    self.0
                        .commit(&Changes {
                            disarmed: Vec::new(),
                            ..changes
                        })
                        .await?;
                }
            }
        }
        Ok(taken)
    }

    async fn note_read(&self, read: &Read) -> Result<Noted, StoreError> {
        let mut read = read.clone();
        match self.1 {
            Bug::LastReadCounts => read.of_current = false,
            Bug::CountsReadsAgain => {
                self.0.note_read(&read).await?;
                return Ok(Noted::New);
            }
            Bug::RegistersByReading => {
                let noted = self.0.note_read(&read).await?;
                let unknown = noted == Noted::Unregistered;
                return Ok(if unknown { Noted::New } else { noted });
            }
            _ => {}
        }
        self.0.note_read(&read).await
    }

    async fn was_read(&self, id: &EventId) -> Result<bool, StoreError> {
        self.0.was_read(id).await
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        let limit = if self.1 == Bug::ListsWithoutEnd {
            100
        } else {
            limit
        };
        self.0.list(after, limit).await
    }

    async fn note_turn(&self, turn: &Turn) -> Result<(), StoreError> {
        if self.1 == Bug::NotesAnyTurn {
            let service = &turn.service;
            let known = self.0.turn(service).await?;
            if let Some(known) = known {
                let earlier = Turn {
                    at: turn.at.max(known.at.saturating_add(1)),
                    ..turn.clone()
                };
                return self.0.note_turn(&earlier).await;
            }
        }
        self.0.note_turn(turn).await
    }

    async fn cursor(&self, job: &str) -> Result<Option<String>, StoreError> {
        self.0.cursor(job).await
    }

    async fn move_cursor(
        &self,
        job: &str,
        expected: Option<&str>,
        new: &str,
    ) -> Result<bool, StoreError> {
        if self.1 == Bug::CursorForAnybody {
            let known = self.0.cursor(job).await?;
            return self.0.move_cursor(job, known.as_deref(), new).await;
        }
        self.0.move_cursor(job, expected, new).await
    }
}

impl Requests for Planted {
    async fn request(&self, token: &VersionId) -> Result<Option<Request>, StoreError> {
        let mut request = self.0.request(token).await?;
        if let Some(request) = request
            .as_mut()
            .filter(|_| self.1 == Bug::ForgetsCorrelation)
        {
            request.correlation.clear();
        }
        Ok(request)
    }

    async fn settle(&self, settlement: &Settlement) -> Result<(), StoreError> {
        let mut settlement = settlement.clone();
        match self.1 {
            Bug::SettlesOverOthers => {
                let known = self.0.request(&settlement.request.token).await?;
                settlement.expected = known.map(|known| known.revision);
            }
            Bug::SettlesWithoutTheOther => settlement.other = None,
            Bug::TurnForAnybody => {
                if let Some((turn, expected)) = &mut settlement.turn {
                    *expected = self.0.turn(&turn.service).await?;
                }
            }
            _ => {}
        }
        let settled = self.0.settle(&settlement).await;
        if self.1 == Bug::SettlesHalf && settled == Err(StoreError::Conflict) {
            let alone = Settlement {
                other: None,
                secret: None,
                turn: None,
                ..settlement
            };
            let _ = self.0.settle(&alone).await;
        }
        settled
    }

    async fn requests_of(
        &self,
        day: i64,
        before: Option<&str>,
        limit: usize,
    ) -> Result<RequestPage, StoreError> {
        let mut page = self.0.requests_of(day, before, limit).await?;
        match self.1 {
            Bug::ListsTheOldestFirst => page.requests.reverse(),
            Bug::OnePageOfRequestsOnly => page.next = None,
            _ => {}
        }
        Ok(page)
    }

    async fn actor(&self, source: &str) -> Result<Option<Actor>, StoreError> {
        self.0.actor(source).await
    }

    async fn actors(&self) -> Result<Vec<Actor>, StoreError> {
        self.0.actors().await
    }

    async fn put_actor(&self, actor: &Actor) -> Result<(), StoreError> {
        self.0.put_actor(actor).await
    }

    async fn remove_actor(&self, source: &str) -> Result<bool, StoreError> {
        if self.1 == Bug::KeepsWhoIsRemoved {
            return Ok(self.0.actor(source).await?.is_some());
        }
        self.0.remove_actor(source).await
    }

    async fn turn(&self, service: &str) -> Result<Option<Turn>, StoreError> {
        self.0.turn(service).await
    }

    async fn take_slot(&self, second: i64, tenant: &str, most: u32) -> Result<bool, StoreError> {
        let tenant = match self.1 {
            Bug::SlotsWithoutShares => "everybody",
            _ => tenant,
        };
        let taken = self.0.take_slot(second, tenant, most).await?;
        if self.1 == Bug::RefusalsUseSlotsUp && !taken {
            // Somebody else has one less.
            self.0.take_slot(second, "nobody", most).await?;
        }
        Ok(taken || self.1 == Bug::SlotsWithoutEnd)
    }
}
