//! Commits, the outbox and the list of names.

use super::{Broken, Seen, both, is, load, ok, promised, write};
use crate::deadline::What;
use crate::due::Bucket;
use crate::store::{Store, StoreError};
use crate::testing::example::{NOW, bare, id, state, unsent};

pub(super) async fn run<S: Store>(store: &S) -> Result<usize, Broken> {
    let mut kept = promised("what is committed is loaded whole", whole(store).await)?;
    kept += promised(
        "a secret is recorded for the first time once",
        first_time_once(store).await,
    )?;
    kept += promised(
        "of a commit on another revision nothing is written",
        nothing_of_a_conflict(store).await,
    )?;
    kept += promised(
        "of two commits at once one is a conflict",
        one_of_two(store).await,
    )?;
    kept += promised(
        "a commit changes what it says and leaves the rest",
        what_it_says(store).await,
    )?;
    kept += promised(
        "what was sent leaves the outbox, however often that is said",
        outbox(store).await,
    )?;
    kept += promised(
        "as many parts as a commit may have fit",
        most_parts(store).await,
    )?;
    kept += promised(
        "names are listed in their order, page by page",
        names(store).await,
    )?;
    Ok(kept)
}

async fn whole<S: Store>(store: &S) -> Seen {
    let name = "commits/whole";
    is("an unknown secret", ok(store.load(name).await)?, None)?;
    is("an unknown secret", ok(store.secret(name).await)?, None)?;
    let mut expected = state(name, NOW + 3600);
    ok(write(store, None, &expected).await)?;
    expected.secret.revision = 1;
    is("the record", load(store, name).await?, expected.clone())?;
    is(
        "the secret alone",
        ok(store.secret(name).await)?,
        Some(expected.secret),
    )?;
    is("consumers", ok(store.consumers(name).await)?, Vec::new())
}

async fn first_time_once<S: Store>(store: &S) -> Seen {
    let name = "commits/first";
    let first = state(name, NOW + 3600);
    ok(write(store, None, &first).await)?;
    let mut second = state(name, NOW + 7200);
    second.secret.owner = Some("others".to_owned());
    second.versions.insert(id(4), bare(4));
    let answer = write(store, None, &second).await;
    is("the second answer", answer, Err(StoreError::Conflict))?;
    let seen = load(store, name).await?;
    is("the owner", seen.secret.owner, first.secret.owner)?;
    is("the versions", seen.versions.len(), 3)
}

async fn nothing_of_a_conflict<S: Store>(store: &S) -> Seen {
    let name = "commits/conflict";
    let due_at = NOW + 10 * 3600;
    ok(write(store, None, &state(name, due_at)).await)?;
    let known = load(store, name).await?;
    let mut newer = known.clone();
    newer.secret.found_late += 1;
    ok(write(store, Some(&known), &newer).await)?;

    let mut late = known.clone();
    late.versions.remove(&id(2));
    late.versions.insert(id(4), bare(4));
    late.unsent.push(unsent(name, "late"));
    late.secret
        .deadlines
        .retain(|key, _| key.what != What::Retire);
    let answer = write(store, Some(&known), &late).await;
    is("the answer", answer, Err(StoreError::Conflict))?;
    let seen = load(store, name).await?;
    newer.secret.revision += 1;
    is("the record", seen.clone(), newer)?;
    for due in seen.dues() {
        let page = ok(store.due(due.bucket(), due.due_at, None).await)?;
        is("what is due", page.due.contains(&due), true)?;
    }
    Ok(())
}

async fn one_of_two<S: Store>(store: &S) -> Seen {
    let name = "commits/two";
    ok(write(store, None, &state(name, NOW + 3600)).await)?;
    let known = load(store, name).await?;
    let with_owner = |owner: &str| {
        let mut state = known.clone();
        state.secret.owner = Some(owner.to_owned());
        state
    };
    let (one, other) = (with_owner("one"), with_owner("other"));
    let answers = both(
        write(store, Some(&known), &one),
        write(store, Some(&known), &other),
    )
    .await;
    let winner = match answers {
        (Ok(()), Err(StoreError::Conflict)) => "one",
        (Err(StoreError::Conflict), Ok(())) => "other",
        (one, other) => {
            return is(
                "the answers",
                (one, other),
                (Ok(()), Err(StoreError::Conflict)),
            );
        }
    };
    let seen = load(store, name).await?;
    is("the owner", seen.secret.owner.as_deref(), Some(winner))?;
    is(
        "the revision",
        seen.secret.revision,
        known.secret.revision + 1,
    )
}

async fn what_it_says<S: Store>(store: &S) -> Seen {
    let name = "commits/change";
    let (first, second) = (NOW + 20 * 3600, NOW + 30 * 3600);
    ok(write(store, None, &state(name, first)).await)?;
    let before = load(store, name).await?;
    let mut after = before.clone();
    after.versions.remove(&id(2));
    after.versions.insert(id(4), bare(4));
    after.unsent.push(unsent(name, "second"));
    for deadline in after.secret.deadlines.values_mut() {
        deadline.due_at = deadline.due_at.map(|_| second);
    }
    ok(write(store, Some(&before), &after).await)?;
    let mut seen = load(store, name).await?;
    after.secret.revision += 1;
    let by_id = |it: &crate::Unsent| it.announcement.event_id;
    after.unsent.sort_by_key(by_id);
    seen.unsent.sort_by_key(by_id);
    is("the record", seen, after.clone())?;

    let shard = Bucket::shard_of(name);
    let old = Bucket {
        hour: Bucket::hour_of(first),
        shard,
    };
    let at_old = ok(store.due(old, first, None).await)?;
    is(
        "what is due at the old time",
        at_old.due.iter().any(|it| it.name == name),
        false,
    )?;
    let new = Bucket {
        hour: Bucket::hour_of(second),
        shard,
    };
    let at_new = ok(store.due(new, second, None).await)?;
    let lying: Vec<_> = at_new
        .due
        .into_iter()
        .filter(|it| it.name == name)
        .collect();
    is("what is due at the new time", lying, after.dues())
}

async fn outbox<S: Store>(store: &S) -> Seen {
    let name = "commits/outbox";
    let mut first = state(name, NOW + 3600);
    first.unsent.push(unsent(name, "second"));
    ok(write(store, None, &first).await)?;
    let sent = unsent(name, "first").announcement.event_id;
    let never = unsent(name, "never there").announcement.event_id;
    for _ in 0..2 {
        ok(store.sent(name, &[sent, never]).await)?;
        let left = load(store, name).await?.unsent;
        is("the outbox", left, vec![unsent(name, "second")])?;
    }
    is("the revision", load(store, name).await?.secret.revision, 1)?;
    ok(store.sent("commits/nobody", &[sent]).await)?;
    is(
        "who was never there",
        ok(store.load("commits/nobody").await)?,
        None,
    )
}

async fn most_parts<S: Store>(store: &S) -> Seen {
    let name = "commits/most";
    let mut first = state(name, NOW + 3600);
    first.unsent.clear();
    // The secret, the name and one deadline are parts too.
    first.versions = (1..=97).map(|number| (id(number), bare(number))).collect();
    ok(write(store, None, &first).await)?;
    is("the versions", load(store, name).await?.versions.len(), 97)
}

async fn names<S: Store>(store: &S) -> Seen {
    let all = ["list/A", "list/a", "list/a/b", "list/a_b", "list/b@c"];
    for name in all.iter().rev() {
        let mut state = state(name, NOW + 3600);
        state.secret.deadlines.clear();
        ok(write(store, None, &state).await)?;
    }
    let mut seen = Vec::new();
    let mut after = "list/".to_owned();
    loop {
        let page = ok(store.list(Some(&after), 2).await)?;
        is("a page of at most two", page.len() <= 2, true)?;
        let ours: Vec<_> = page
            .into_iter()
            .filter(|it| it.starts_with("list/"))
            .collect();
        let Some(last) = ours.last() else {
            break;
        };
        after.clone_from(last);
        seen.extend(ours);
    }
    is("the names", seen, all.map(str::to_owned).to_vec())?;
    let first = ok(store.list(None, 1).await)?;
    is("the names from the beginning", first.len(), 1)
}
