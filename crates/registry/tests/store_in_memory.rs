//! The store in memory keeps what every store promises, and the suite finds stores that do not.

use rekey_events::EventId;
use rekey_registry::testing::{MemoryStore, store_suite};
use rekey_registry::{
    Bucket, Changes, Consumer, Due, DuePage, Next, Noted, Read, Secret, SecretState, Store,
    StoreError, Taken,
};

#[tokio::test]
async fn the_store_in_memory_keeps_every_promise() {
    let kept = store_suite::run(&MemoryStore::new()).await.unwrap();
    println!("store: {kept} promises");
    assert_eq!(kept, 19);
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
}

const BUGS: [Bug; 12] = [
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
