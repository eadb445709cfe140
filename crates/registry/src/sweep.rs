//! Every few minutes: what is due, and nothing else.

use crate::asking::Asking;
use crate::deadline::{DeadlineKey, What};
use crate::due::{Bucket, Due};
use crate::engine::Failed;
use crate::hand_over::{HandOver, hand_over, needs_consumers};
use crate::orders::Orders;
use crate::policy::Policy;
use crate::publisher::Publisher;
use crate::schedule;
use crate::store::{Next, Store, StoreError, Taken};

const HOUR: i64 = 60 * 60;
const JOB: &str = "sweep";

/// How far back the first sweep of all looks, in hours. What was late when it was armed lies in the hour of
/// that, so only hours between the first secret and the first sweep count.
const FIRST: i64 = 24;

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// How many buckets were looked into.
    pub buckets: usize,
    /// How many deadlines were due.
    pub due: usize,
    /// How many of them somebody else had taken, or nobody needed any more.
    pub gone: usize,
    /// How many announcements were made.
    pub announced: usize,
    /// How many orders were sent.
    pub ordered: usize,
    /// How many rotations were asked for.
    pub asked: usize,
    /// How many were put off, because their window had closed.
    pub put_off: usize,
    /// How late the latest of those that were due for the first time was, in seconds.
    pub lag: i64,
    /// What could not be handed over now. It is tried again.
    pub failed: Vec<(String, DeadlineKey, Failed)>,
}

/// Looks into every bucket from the last that may hold something, and hands over what is due.
///
/// A deadline is taken before it is handed over, so of two sweeps one does it. Who takes it moves it on by
/// [`Policy::retry`]: when they die before it is handed over, the next sweep after that does it.
///
/// # Errors
/// [`StoreError`] when the buckets cannot be read. What fails for one deadline is in [`Swept::failed`] and
/// holds up no other.
pub async fn sweep<S, P, O, A>(
    store: &S,
    publisher: &P,
    orders: &O,
    asking: &A,
    policy: &Policy,
    now: i64,
) -> Result<Swept, StoreError>
where
    S: Store,
    P: Publisher,
    O: Orders,
    A: Asking,
{
    let broom = Broom {
        store,
        publisher,
        orders,
        asking,
        policy,
        now,
    };
    let mut swept = Swept::default();
    let this_hour = Bucket::hour_of(now);
    let cursor = store.cursor(JOB).await?;
    let known = cursor.as_deref().and_then(|hour| hour.parse::<i64>().ok());
    let first = known.unwrap_or(this_hour.saturating_sub(FIRST));
    let mut oldest = None;
    for hour in first..=this_hour {
        let mut is_empty = true;
        for bucket in Bucket::of_hour(hour) {
            swept.buckets += 1;
            let mut after = None;
            loop {
                let page = store.due(bucket, now, after.as_deref()).await?;
                is_empty &= page.due.is_empty();
                for due in page.due {
                    broom.keep(&due, &mut swept).await;
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        if !is_empty {
            oldest = oldest.or(Some(hour));
        }
    }
    // A writer whose clock is behind may still put something into a bucket that was empty: for an hour.
    let settled = Bucket::hour_of(now.saturating_sub(HOUR));
    let next = oldest.unwrap_or(settled).min(settled);
    if known.is_none_or(|known| known < next) {
        store
            .move_cursor(JOB, cursor.as_deref(), &next.to_string())
            .await?;
    }
    Ok(swept)
}

/// Everything that keeping a deadline needs.
struct Broom<'a, S, P, O, A> {
    store: &'a S,
    publisher: &'a P,
    orders: &'a O,
    asking: &'a A,
    policy: &'a Policy,
    now: i64,
}

enum Kept {
    Gone,
    Announced,
    Ordered,
    Asked,
    /// It may not be done now, and was put off.
    PutOff,
}

impl<S, P, O, A> Broom<'_, S, P, O, A>
where
    S: Store,
    P: Publisher,
    O: Orders,
    A: Asking,
{
    async fn keep(&self, due: &Due, swept: &mut Swept) {
        swept.due += 1;
        match self.kept(due).await {
            Ok(Kept::Gone) => swept.gone += 1,
            Ok(Kept::Announced) => swept.announced += 1,
            Ok(Kept::Ordered) => swept.ordered += 1,
            Ok(Kept::Asked) => swept.asked += 1,
            Ok(Kept::PutOff) => swept.put_off += 1,
            Err(error) => swept.failed.push((due.name.clone(), due.key(), error)),
        }
        if due.attempt == 0 {
            // A schedule waits for its window on purpose.
            let expected = match due.what {
                What::Rotate => due.due_at,
                _ => due.promised,
            };
            swept.lag = swept.lag.max(self.now.saturating_sub(expected));
        }
    }

    async fn kept(&self, due: &Due) -> Result<Kept, Failed> {
        let Self {
            store, policy, now, ..
        } = *self;
        let again_at = match due.what {
            What::Rotate => schedule::again_at(due, policy, now),
            _ => now.saturating_add(policy.retry),
        };
        let moved = match store.take(due, Next::At(again_at)).await? {
            Taken::Ours(moved) => moved,
            Taken::Gone => return Ok(Kept::Gone),
        };
        if due.what == What::Rotate && !schedule::is_open(due, now) {
            return Ok(Kept::PutOff);
        }
        let consumers = if needs_consumers(due.what) {
            store.consumers(&due.name).await?
        } else {
            Vec::new()
        };
        match hand_over(due, &consumers, policy, now)? {
            HandOver::Order(order) => {
                self.orders.send(&order).await?;
                Ok(Kept::Ordered)
            }
            HandOver::Ask(wanted) => {
                self.asking.ask(&wanted).await?;
                Ok(Kept::Asked)
            }
            HandOver::Announce(announcement) => {
                self.publisher.publish(&[announcement]).await?;
                if let Some(moved) = moved {
                    // Whoever moved it meanwhile knows of a new promise.
                    store.take(&moved, Next::Done(now)).await?;
                }
                Ok(Kept::Announced)
            }
        }
    }
}
