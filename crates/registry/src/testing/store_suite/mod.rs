//! What every store promises, tried on any store. It should be empty before.

mod commits;
mod deadlines;
mod people;
mod reads;
mod requests;
mod settlements;
mod slots;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::changes::Changes;
use crate::request::Requests;
use crate::state::SecretState;
use crate::store::{Store, StoreError};

/// A promise that a store does not keep.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broken {
    /// The promise.
    pub promise: &'static str,
    /// What was seen instead.
    pub seen: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken promise: {}; {}", self.promise, self.seen)
    }
}

impl std::error::Error for Broken {}

/// Tries every promise; tells how many there are.
///
/// # Errors
/// [`Broken`] with the first that is not kept.
pub async fn run<S: Requests>(store: &S) -> Result<usize, Broken> {
    let kept = commits::run(store).await?;
    let kept = kept + deadlines::run(store).await?;
    let kept = kept + reads::run(store).await?;
    let kept = kept + requests::run(store).await?;
    let kept = kept + settlements::run(store).await?;
    let kept = kept + people::run(store).await?;
    Ok(kept + slots::run(store).await?)
}

/// What a check has to say: a word on what was seen, when it is not what was promised.
type Seen = Result<(), String>;

fn promised(promise: &'static str, seen: Seen) -> Result<usize, Broken> {
    match seen {
        Ok(()) => Ok(1),
        Err(seen) => Err(Broken { promise, seen }),
    }
}

fn is<T: PartialEq + fmt::Debug>(what: &str, seen: T, expected: T) -> Seen {
    if seen == expected {
        return Ok(());
    }
    // For the eyes of who mends a store; records hold no value.
    let text = format!("{what} is {seen:?} instead of {expected:?}");
    Err(text)
}

fn ok<T>(answer: Result<T, StoreError>) -> Result<T, String> {
    answer.map_err(|error| format!("an error: {error}"))
}

async fn write<S: Store>(
    store: &S,
    before: Option<&SecretState>,
    after: &SecretState,
) -> Result<(), StoreError> {
    match Changes::between(before, after) {
        Some(changes) => store.commit(&changes).await,
        None => Ok(()),
    }
}

async fn load<S: Store>(store: &S, name: &str) -> Result<SecretState, String> {
    let state = ok(store.load(name).await)?;
    state.ok_or_else(|| format!("nothing is recorded of {name}"))
}

/// Both at once.
async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(output) = a.as_mut().poll(context)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = b.as_mut().poll(context)
        {
            second = Some(output);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}
