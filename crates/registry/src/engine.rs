//! Load, decide, commit, publish: the one way in which anything is recorded.
//!
//! What is announced is written into the outbox by the commit that records why, published after it, and
//! taken out when it is known to be taken. So a record and its announcements never part. Whoever dies in
//! between is called again for the same reason, and finds the outbox.

use std::future::Future;

use rekey_events::{Announcement, ErrorClass, EventId, Source};

use crate::changes::Changes;
use crate::decision::Decision;
use crate::orders::OrderError;
use crate::publisher::{PublishError, Publisher};
use crate::report::ReportError;
use crate::snapshot::LookError;
use crate::state::{SecretState, Unsent};
use crate::store::{Store, StoreError};
use crate::tell::Untellable;

/// How often a decision is made anew when somebody else wrote meanwhile.
const CONFLICTS: usize = 5;
/// How many commits one decision may be split into.
const PARTS: usize = 20;

/// Decides about a record that was just loaded.
pub(crate) trait Decide: Send {
    /// What the caller learns besides.
    type Output: Send;

    /// None when nothing is to be recorded.
    fn decide(
        &mut self,
        before: Option<&SecretState>,
    ) -> impl Future<Output = Result<(Option<Decision>, Self::Output), Failed>> + Send;
}

/// A decision that asks nobody.
struct Pure<F>(F);

impl<T, F> Decide for Pure<F>
where
    T: Send,
    F: FnMut(Option<&SecretState>) -> Result<(Option<Decision>, T), Failed> + Send,
{
    type Output = T;

    async fn decide(
        &mut self,
        before: Option<&SecretState>,
    ) -> Result<(Option<Decision>, T), Failed> {
        (self.0)(before)
    }
}

/// Decides about the record of `name`, commits, and publishes everything of this publisher's that is in the
/// outbox. The decision is made again, at most five times, when somebody else wrote meanwhile.
///
/// # Errors
/// [`Failed`]. What was committed by then stays; the same call finishes the rest.
pub async fn apply<S, P, T, F>(
    store: &S,
    publisher: &P,
    name: &str,
    now: i64,
    decide: F,
) -> Result<T, Failed>
where
    S: Store,
    P: Publisher,
    T: Send,
    F: FnMut(Option<&SecretState>) -> Result<(Option<Decision>, T), Failed> + Send,
{
    let run = Run {
        store,
        publisher,
        name,
        now,
        leftovers: Leftovers::Ours,
    };
    run.decided_by(&mut Pure(decide)).await
}

/// Which announcements that somebody else left in the outbox are published too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Leftovers {
    /// All of our own source: what is decided next may rely on them.
    Ours,
    /// Those of our own source that are a minute old. Younger ones are being published by who decided them.
    Stale,
    /// Those, and what the function that observes has left for an hour.
    Adopted,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// One piece of work on one record.
pub(crate) struct Run<'a, S, P> {
    pub(crate) store: &'a S,
    pub(crate) publisher: &'a P,
    pub(crate) name: &'a str,
    pub(crate) now: i64,
    pub(crate) leftovers: Leftovers,
}

impl<S: Store, P: Publisher> Run<'_, S, P> {
    pub(crate) async fn decided_by<D: Decide>(&self, decide: &mut D) -> Result<D::Output, Failed> {
        let (mut conflicts, mut parts) = (0, 0);
        loop {
            let before = self.store.load(self.name).await?;
            let (decision, output) = decide.decide(before.as_ref()).await?;
            let more = decision.as_ref().is_some_and(|decision| decision.more);
            let outcomes = decision
                .as_ref()
                .map_or_else(Vec::new, |decision| decision.outcomes.clone());
            // Before the commit: whoever dies in between finds the change again.
            if let Some(turn) = decision.as_ref().and_then(|it| it.turn.as_ref()) {
                self.store.note_turn(turn).await?;
            }
            let after = match decision {
                Some(decision) => Some(self.with_outbox(decision)),
                None => before.clone(),
            };
            let changes = after
                .as_ref()
                .and_then(|after| Changes::between(before.as_ref(), after))
                .map(|changes| Changes {
                    outcomes,
                    ..changes
                });
            if let Some(changes) = &changes {
                if changes.parts() > Changes::MOST {
                    return Err(Failed::TooMuch(changes.parts()));
                }
                match self.store.commit(changes).await {
                    Ok(()) => {}
                    Err(StoreError::Conflict) if conflicts < CONFLICTS => {
                        conflicts += 1;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            if more && changes.is_some() && parts < PARTS {
                parts += 1;
                continue;
            }
            if let Some(after) = &after {
                let known = before.as_ref().map_or(&[][..], |before| &before.unsent);
                self.empty_outbox(&after.unsent, known).await?;
            }
            return Ok(output);
        }
    }

    fn with_outbox(&self, decision: Decision) -> SecretState {
        let mut state = decision.state;
        for announcement in decision.announcements {
            state.unsent.push(Unsent {
                source: self.publisher.source(),
                at: self.now,
                announcement,
            });
        }
        state
    }

    /// Publishes what we put into the outbox, and of what was in it what is ours to publish.
    async fn empty_outbox(&self, outbox: &[Unsent], leftovers: &[Unsent]) -> Result<(), Failed> {
        let to_publish = outbox
            .iter()
            .filter(|one| !leftovers.contains(one) || self.is_for_us(one))
            .map(|one| one.announcement.clone());
        let to_publish: Vec<Announcement> = to_publish.collect();
        if to_publish.is_empty() {
            return Ok(());
        }
        self.publisher.publish(&to_publish).await?;
        let ids: Vec<EventId> = to_publish.iter().map(|one| one.event_id).collect();
        self.store.sent(self.name, &ids).await?;
        self.publisher.told(&to_publish);
        Ok(())
    }

    fn is_for_us(&self, left: &Unsent) -> bool {
        let age = self.now.saturating_sub(left.at);
        let is_ours = left.source == self.publisher.source();
        match self.leftovers {
            Leftovers::Ours => is_ours,
            Leftovers::Stale => is_ours && age >= MINUTE,
            Leftovers::Adopted => {
                is_ours && age >= MINUTE || left.source == Source::Observe && age >= HOUR
            }
        }
    }
}

/// Why a piece of work was not finished.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failed {
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Secrets Manager could not be looked at.
    #[error(transparent)]
    Look(#[from] LookError),
    /// The bus did not take it.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The queue did not take it.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// What is recorded cannot be announced.
    #[error(transparent)]
    Untellable(#[from] Untellable),
    /// What was reported does not fit what is recorded.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A commit would have more parts than the store takes at once.
    #[error("one decision would write {0} items at once, and a transaction takes 100")]
    TooMuch(usize),
}

impl Failed {
    /// The stable name of what went wrong.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Store(StoreError::Throttled) | Self::Look(LookError::Throttled) => {
                ErrorClass::Throttled
            }
            Self::Store(StoreError::Denied(_)) | Self::Look(LookError::Denied(_)) => {
                ErrorClass::Permission
            }
            Self::Store(StoreError::Conflict | StoreError::Unavailable(_))
            | Self::Look(LookError::Unavailable(_))
            | Self::Order(_) => ErrorClass::StoreUnavailable,
            Self::Publish(_) => ErrorClass::AuditUnavailable,
            Self::Report(ReportError::NotRegistered) => ErrorClass::NotRegistered,
            Self::Report(ReportError::UnknownVersion) => ErrorClass::InvalidRequest,
            Self::Report(ReportError::Untellable(_))
            | Self::Store(StoreError::Corrupt(_))
            | Self::Untellable(_)
            | Self::TooMuch(_) => ErrorClass::Internal,
        }
    }

    /// Whether the same work may succeed later without anybody doing anything.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing(),
            Self::Look(LookError::Denied(_)) => false,
            Self::Look(LookError::Throttled | LookError::Unavailable(_))
            | Self::Publish(_)
            | Self::Order(_) => true,
            Self::Untellable(_) | Self::Report(_) | Self::TooMuch(_) => false,
        }
    }
}
