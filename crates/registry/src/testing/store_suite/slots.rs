//! The calls of RotateSecret that are made in a second. Seconds come in their order, as they do.

use super::{Broken, Seen, both, is, ok, promised};
use crate::request::Requests;
use crate::testing::example::NOW;

const MOST: u32 = 25;

pub(super) async fn run<S: Requests>(store: &S) -> Result<usize, Broken> {
    let mut kept = promised(
        "a tenant that is alone has every call of a second, and no more",
        alone(store).await,
    )?;
    kept += promised(
        "two tenants have half of a second each, whoever asks more often",
        halves(store).await,
    )?;
    kept += promised(
        "who came in the second before counts, and who did not come is not waited for",
        second_before(store).await,
    )?;
    kept += promised(
        "of two that take the last call of a second at once one has it",
        last_one(store).await,
    )?;
    Ok(kept)
}

/// How many of some calls it is given.
async fn take<S: Requests>(
    store: &S,
    second: i64,
    tenant: &str,
    times: u32,
) -> Result<u32, String> {
    let mut taken = 0;
    for _ in 0..times {
        taken += u32::from(ok(store.take_slot(second, tenant, MOST).await)?);
    }
    Ok(taken)
}

async fn alone<S: Requests>(store: &S) -> Seen {
    for second in [NOW + 100, NOW + 101] {
        is("the calls", take(store, second, "acme", 40).await?, MOST)?;
    }
    Ok(())
}

async fn halves<S: Requests>(store: &S) -> Seen {
    let first = NOW + 200;
    // Each is seen.
    take(store, first, "acme", 1).await?;
    take(store, first, "umbrella", 1).await?;
    let (mut acme, mut umbrella) = (0, 0);
    for _ in 0..40 {
        acme += take(store, first + 1, "acme", 3).await?;
        umbrella += take(store, first + 1, "umbrella", 1).await?;
    }
    is("the calls of both", acme + umbrella, MOST)?;
    is("the greater half", acme, 13)?;
    is("the smaller half", umbrella, 12)
}

async fn second_before<S: Requests>(store: &S) -> Seen {
    let first = NOW + 300;
    take(store, first, "acme", 1).await?;
    take(store, first, "umbrella", 30).await?;
    // One asks far too often and gets its half; nothing of the other half is used up by that.
    let greedy = take(store, first + 1, "umbrella", 60).await?;
    is("the calls of who asks first", greedy, 13)?;
    let late = take(store, first + 1, "acme", 60).await?;
    is("the calls of who comes late", late, 12)?;
    // Neither came again for a second: who is alone now has everything.
    let later = take(store, first + 3, "umbrella", 60).await?;
    is("the calls of who is alone again", later, MOST)
}

async fn last_one<S: Requests>(store: &S) -> Seen {
    let second = NOW + 400;
    take(store, second, "acme", MOST - 1).await?;
    let answers = both(
        store.take_slot(second, "acme", MOST),
        store.take_slot(second, "acme", MOST),
    )
    .await;
    let taken = u32::from(ok(answers.0)?) + u32::from(ok(answers.1)?);
    is("how many had it", taken, 1)
}
