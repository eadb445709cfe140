//! Deadlines: where they lie, when they are due, and who takes them.

use super::{Broken, Seen, both, is, load, ok, promised, write};
use crate::deadline::What;
use crate::due::{Bucket, Due};
use crate::store::{Next, Store, StoreError, Taken};
use crate::testing::example::{NOW, state};

const HOUR: i64 = 3600;

pub(super) async fn run<S: Store>(store: &S) -> Result<usize, Broken> {
    let mut kept = promised(
        "what is due lies in its hour, to the second",
        hours(store).await,
    )?;
    kept += promised(
        "what is due comes page by page, earliest first, each once",
        pages(store).await,
    )?;
    kept += promised(
        "a deadline that is moved on lies at its new time and nowhere else",
        moved_on(store).await,
    )?;
    kept += promised(
        "a deadline that is kept lies nowhere and is known as kept",
        closed(store).await,
    )?;
    kept += promised(
        "of two that take a deadline one has it",
        one_of_two(store).await,
    )?;
    kept += promised(
        "a deadline that was disarmed or moved cannot be taken",
        gone(store).await,
    )?;
    kept += promised(
        "a commit that did not see a deadline taken is a conflict",
        seen_by_commits(store).await,
    )?;
    Ok(kept)
}

async fn put<S: Store>(store: &S, name: &str, due_at: i64) -> Result<Due, String> {
    ok(write(store, None, &state(name, due_at)).await)?;
    let dues = load(store, name).await?.dues();
    dues.into_iter()
        .next()
        .ok_or_else(|| "no deadline".to_owned())
}

/// Everything of the named secrets that is due in the hours around `hour`.
async fn lying<S: Store>(
    store: &S,
    name: &str,
    hours: std::ops::RangeInclusive<i64>,
    until: i64,
) -> Result<Vec<Due>, String> {
    let mut all = Vec::new();
    for hour in hours {
        for bucket in Bucket::of_hour(hour) {
            let mut after = None;
            loop {
                let page = ok(store.due(bucket, until, after.as_deref()).await)?;
                all.extend(
                    page.due
                        .into_iter()
                        .filter(|due| due.name.starts_with(name)),
                );
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
    }
    Ok(all)
}

async fn hours<S: Store>(store: &S) -> Seen {
    let hour = Bucket::hour_of(NOW) + 100;
    let start = hour * HOUR;
    for (number, due_at) in [start - 1, start, start + HOUR - 1, start + HOUR]
        .iter()
        .enumerate()
    {
        put(store, &format!("hours/{number}"), *due_at).await?;
    }
    let within = |hour, until| async move {
        let due = lying(store, "hours/", hour..=hour, until).await?;
        Ok::<_, String>(due.iter().map(|due| due.due_at).collect::<Vec<_>>())
    };
    let late = start + 9 * HOUR;
    is(
        "the hour before",
        within(hour - 1, late).await?,
        vec![start - 1],
    )?;
    let mut this = within(hour, late).await?;
    this.sort_unstable();
    is("the hour", this, vec![start, start + HOUR - 1])?;
    is(
        "the hour after",
        within(hour + 1, late).await?,
        vec![start + HOUR],
    )?;
    is(
        "a second before",
        within(hour, start - 1).await?,
        Vec::new(),
    )?;
    is("the very second", within(hour, start).await?, vec![start])?;
    is(
        "the last second but one",
        within(hour, start + HOUR - 2).await?,
        vec![start],
    )
}

async fn pages<S: Store>(store: &S) -> Seen {
    let hour = Bucket::hour_of(NOW) + 200;
    let mut expected = Vec::new();
    for number in 0..24 {
        let name = format!("pages/{number}");
        let due_at = hour * HOUR + (number * 577) % HOUR;
        expected.push((Bucket::shard_of(&name), due_at, name.clone()));
        put(store, &name, due_at).await?;
    }
    expected.sort();
    let seen = lying(store, "pages/", hour..=hour, (hour + 1) * HOUR).await?;
    let seen = seen
        .into_iter()
        .map(|it| (Bucket::shard_of(&it.name), it.due_at, it.name));
    is("what is due", seen.collect::<Vec<_>>(), expected)
}

async fn moved_on<S: Store>(store: &S) -> Seen {
    let name = "take/moved";
    let due = put(store, name, NOW + 300 * HOUR).await?;
    let later = due.due_at + 2 * HOUR;
    let expected = Due {
        due_at: later,
        attempt: due.attempt + 1,
        ..due.clone()
    };
    let taken = ok(store.take(&due, Next::At(later)).await)?;
    is("the answer", taken, Taken::Ours(Some(expected.clone())))?;
    let hour = due.bucket().hour;
    let all = lying(store, name, hour..=hour + 2, later).await?;
    is("what lies there", all, vec![expected.clone()])?;
    let state = load(store, name).await?;
    is("what the secret says", state.dues(), vec![expected])?;
    is("the revision", state.secret.revision, 2)
}

async fn closed<S: Store>(store: &S) -> Seen {
    let name = "take/closed";
    let due = put(store, name, NOW + 310 * HOUR).await?;
    let at = due.due_at + 5;
    let taken = ok(store.take(&due, Next::Done(at)).await)?;
    is("the answer", taken, Taken::Ours(None))?;
    let hour = due.bucket().hour;
    is(
        "what lies there",
        lying(store, name, hour..=hour, at).await?,
        Vec::new(),
    )?;
    let state = load(store, name).await?;
    is("what the secret says is due", state.dues(), Vec::new())?;
    let deadline = state.secret.deadlines.get(&due.key());
    let kept = deadline.map(|it| (it.promised, it.due_at, it.attempt, it.done_at));
    is(
        "the deadline",
        kept,
        Some((due.promised, None, due.attempt, Some(at))),
    )?;
    is("the revision", state.secret.revision, 2)
}

async fn one_of_two<S: Store>(store: &S) -> Seen {
    let name = "take/two";
    let due = put(store, name, NOW + 320 * HOUR).await?;
    let later = due.due_at + 60;
    let answers = both(
        store.take(&due, Next::At(later)),
        store.take(&due, Next::At(later + 1)),
    )
    .await;
    let at = match (ok(answers.0)?, ok(answers.1)?) {
        (Taken::Ours(_), Taken::Gone) => later,
        (Taken::Gone, Taken::Ours(_)) => later + 1,
        (one, other) => return is("the answers", (one, other), (Taken::Gone, Taken::Gone)),
    };
    let again = ok(store.take(&due, Next::Done(later)).await)?;
    is("the third answer", again, Taken::Gone)?;
    let hour = due.bucket().hour;
    let all = lying(store, name, hour..=hour, later + 1).await?;
    is(
        "what lies there",
        all.iter().map(|it| it.due_at).collect(),
        vec![at],
    )
}

async fn gone<S: Store>(store: &S) -> Seen {
    let name = "take/gone";
    let due = put(store, name, NOW + 330 * HOUR).await?;
    let before = load(store, name).await?;
    let mut after = before.clone();
    for deadline in after.secret.deadlines.values_mut() {
        deadline.due_at = deadline.due_at.map(|at| at + 10);
    }
    ok(write(store, Some(&before), &after).await)?;
    let taken = ok(store.take(&due, Next::At(due.due_at + 99)).await)?;
    is("taking one that was moved", taken, Taken::Gone)?;
    let hour = due.bucket().hour;
    let all = lying(store, name, hour..=hour, due.due_at + HOUR).await?;
    is("what lies there", all, after.dues())?;

    let before = load(store, name).await?;
    let mut after = before.clone();
    after
        .secret
        .deadlines
        .retain(|key, _| key.what != What::Retire);
    ok(write(store, Some(&before), &after).await)?;
    for due in before.dues() {
        let taken = ok(store.take(&due, Next::At(due.due_at + 99)).await)?;
        is("taking one that was disarmed", taken, Taken::Gone)?;
    }
    let all = lying(store, name, hour..=hour, due.due_at + HOUR).await?;
    is("what lies there", all, Vec::new())?;
    let nobody = Due {
        name: "take/nobody".to_owned(),
        ..due
    };
    let taken = ok(store.take(&nobody, Next::At(NOW)).await)?;
    is("taking one of nobody's", taken, Taken::Gone)
}

async fn seen_by_commits<S: Store>(store: &S) -> Seen {
    let name = "take/commit";
    let due = put(store, name, NOW + 340 * HOUR).await?;
    let before = load(store, name).await?;
    ok(store.take(&due, Next::Done(NOW)).await)?;
    let mut after = before.clone();
    after.secret.owner = None;
    let answer = write(store, Some(&before), &after).await;
    is("the answer", answer, Err(StoreError::Conflict))
}
