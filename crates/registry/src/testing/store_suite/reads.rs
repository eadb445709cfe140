//! Reads of secrets, and cursors.

use rekey_events::EventId;

use super::{Broken, Seen, both, is, load, ok, promised, write};
use crate::consumer::{Consumer, Read};
use crate::store::{Noted, Store};
use crate::testing::example::{NOW, state};

pub(super) async fn run<S: Store>(store: &S) -> Result<usize, Broken> {
    let mut kept = promised(
        "a read of a secret that is not registered is not recorded",
        unregistered(store).await,
    )?;
    kept += promised(
        "reads come in any order and twice, and what is known of a consumer only grows",
        any_order(store).await,
    )?;
    kept += promised(
        "a commit and a read do not disturb each other",
        beside_commits(store).await,
    )?;
    kept += promised(
        "a cursor moves for who knows where it was",
        cursors(store).await,
    )?;
    Ok(kept)
}

fn read(name: &str, service: &str, at: i64, of_current: bool) -> Read {
    Read {
        event_id: EventId::derive(name, &format!("{service} {at} {of_current}")),
        name: name.to_owned(),
        service: Some(service.to_owned()),
        at,
        of_current,
    }
}

async fn unregistered<S: Store>(store: &S) -> Seen {
    let read = read("reads/nobody", "worker", NOW, true);
    is(
        "the answer",
        ok(store.note_read(&read).await)?,
        Noted::Unregistered,
    )?;
    is(
        "whether it is known",
        ok(store.was_read(&read.event_id).await)?,
        false,
    )?;
    is("the secret", ok(store.load("reads/nobody").await)?, None)
}

async fn any_order<S: Store>(store: &S) -> Seen {
    let name = "reads/order";
    ok(write(store, None, &state(name, NOW + 3600)).await)?;
    let reads = [
        read(name, "worker", NOW + 5, false),
        read(name, "worker", NOW + 2, true),
        read(name, "worker", NOW - 3, false),
        read(name, "worker", NOW + 1, true),
        read(name, "web/hook +=,.@-", NOW, false),
    ];
    for read in &reads {
        is(
            "the first answer",
            ok(store.note_read(read).await)?,
            Noted::New,
        )?;
        is(
            "whether it is known",
            ok(store.was_read(&read.event_id).await)?,
            true,
        )?;
        is(
            "the second answer",
            ok(store.note_read(read).await)?,
            Noted::Known,
        )?;
    }
    let mut seen = ok(store.consumers(name).await)?;
    seen.sort_by(|a, b| a.service.cmp(&b.service));
    let expected = vec![
        Consumer {
            service: "web/hook +=,.@-".to_owned(),
            first_used_at: NOW,
            last_used_at: NOW,
            last_current_read_at: None,
        },
        Consumer {
            service: "worker".to_owned(),
            first_used_at: NOW - 3,
            last_used_at: NOW + 5,
            last_current_read_at: Some(NOW + 2),
        },
    ];
    is("the consumers", seen, expected.clone())?;
    let mut loaded = load(store, name).await?.consumers;
    loaded.sort_by(|a, b| a.service.cmp(&b.service));
    is("the consumers as loaded", loaded, expected)
}

async fn beside_commits<S: Store>(store: &S) -> Seen {
    let name = "reads/commits";
    ok(write(store, None, &state(name, NOW + 3600)).await)?;
    let before = load(store, name).await?;
    let first = read(name, "worker", NOW, true);
    ok(store.note_read(&first).await)?;
    let mut after = before.clone();
    after.secret.owner = None;
    ok(write(store, Some(&before), &after).await)?;
    let seen = load(store, name).await?;
    is("the owner", seen.secret.owner, None)?;
    is("the consumers", seen.consumers.len(), 1)
}

async fn cursors<S: Store>(store: &S) -> Seen {
    let job = "suite-cursor";
    is("the cursor", ok(store.cursor(job).await)?, None)?;
    is(
        "a wrong first move",
        ok(store.move_cursor(job, Some("x"), "1").await)?,
        false,
    )?;
    is(
        "the first move",
        ok(store.move_cursor(job, None, "1").await)?,
        true,
    )?;
    is(
        "a second first move",
        ok(store.move_cursor(job, None, "2").await)?,
        false,
    )?;
    is(
        "the cursor",
        ok(store.cursor(job).await)?,
        Some("1".to_owned()),
    )?;
    is(
        "to nothing",
        ok(store.move_cursor(job, Some("1"), "").await)?,
        true,
    )?;
    is(
        "the cursor",
        ok(store.cursor(job).await)?,
        Some(String::new()),
    )?;
    let answers = both(
        store.move_cursor(job, Some(""), "a"),
        store.move_cursor(job, Some(""), "b"),
    )
    .await;
    let (a, b) = (ok(answers.0)?, ok(answers.1)?);
    is("whether one of two moved it", a != b, true)?;
    let expected = if a { "a" } else { "b" };
    is(
        "the cursor",
        ok(store.cursor(job).await)?,
        Some(expected.to_owned()),
    )
}
