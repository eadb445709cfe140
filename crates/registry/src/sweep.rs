//! Every few minutes: what is due, and nothing else.

use crate::deadline::DeadlineKey;
use crate::due::{Bucket, Due};
use crate::engine::Failed;
use crate::hand_over::{HandOver, hand_over, needs_consumers};
use crate::orders::Orders;
use crate::policy::Policy;
use crate::publisher::Publisher;
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
pub async fn sweep<S, P, O>(
    store: &S,
    publisher: &P,
    orders: &O,
    policy: &Policy,
    now: i64,
) -> Result<Swept, StoreError>
where
    S: Store,
    P: Publisher,
    O: Orders,
{
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
                    keep(store, publisher, orders, policy, now, &due, &mut swept).await;
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

async fn keep<S, P, O>(
    store: &S,
    publisher: &P,
    orders: &O,
    policy: &Policy,
    now: i64,
    due: &Due,
    swept: &mut Swept,
) where
    S: Store,
    P: Publisher,
    O: Orders,
{
    swept.due += 1;
    match kept(store, publisher, orders, policy, now, due).await {
        Ok(Kept::Gone) => swept.gone += 1,
        Ok(Kept::Announced) => swept.announced += 1,
        Ok(Kept::Ordered) => swept.ordered += 1,
        Err(error) => swept.failed.push((due.name.clone(), due.key(), error)),
    }
    if due.attempt == 0 {
        swept.lag = swept.lag.max(now.saturating_sub(due.promised));
    }
}

enum Kept {
    Gone,
    Announced,
    Ordered,
}

async fn kept<S, P, O>(
    store: &S,
    publisher: &P,
    orders: &O,
    policy: &Policy,
    now: i64,
    due: &Due,
) -> Result<Kept, Failed>
where
    S: Store,
    P: Publisher,
    O: Orders,
{
    let later = Next::At(now.saturating_add(policy.retry));
    let moved = match store.take(due, later).await? {
        Taken::Ours(moved) => moved,
        Taken::Gone => return Ok(Kept::Gone),
    };
    let consumers = if needs_consumers(due.what) {
        store.consumers(&due.name).await?
    } else {
        Vec::new()
    };
    match hand_over(due, &consumers, policy, now)? {
        HandOver::Order(order) => {
            orders.send(&order).await?;
            Ok(Kept::Ordered)
        }
        HandOver::Announce(announcement) => {
            publisher.publish(&[announcement]).await?;
            if let Some(moved) = moved {
                // Whoever moved it meanwhile knows of a new promise.
                store.take(&moved, Next::Done(now)).await?;
            }
            Ok(Kept::Announced)
        }
    }
}
