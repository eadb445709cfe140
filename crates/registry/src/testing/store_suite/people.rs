//! Who may ask.

use super::{Broken, Seen, is, ok, promised};
use crate::request::{Actor, Requests};
use crate::testing::example::actor;

pub(super) async fn run<S: Requests>(store: &S) -> Result<usize, Broken> {
    let mut kept = promised("who a source belongs to is kept whole", whole(store).await)?;
    kept += promised(
        "everybody is listed in the order of their sources, as they are now",
        listed(store).await,
    )?;
    kept += promised("a source is forgotten", forgotten(store).await)?;
    Ok(kept)
}

async fn whole<S: Requests>(store: &S) -> Seen {
    let source = "rekey.requester.whole";
    is("a stranger", ok(store.actor(source).await)?, None)?;
    let full = actor(source);
    ok(store.put_actor(&full).await)?;
    is("the actor", ok(store.actor(source).await)?, Some(full))?;
    let bare = Actor {
        may_force: false,
        may_approve: false,
        scope: Vec::new(),
        recorded_by: None,
        ..actor(source)
    };
    ok(store.put_actor(&bare).await)?;
    is("the actor now", ok(store.actor(source).await)?, Some(bare))
}

async fn listed<S: Requests>(store: &S) -> Seen {
    let sources = ["a", "b", "b-2"].map(|name| format!("rekey.requester.listed.{name}"));
    for source in sources.iter().rev() {
        ok(store.put_actor(&actor(source)).await)?;
    }
    let changed = Actor {
        may_force: false,
        ..actor("rekey.requester.listed.b")
    };
    ok(store.put_actor(&changed).await)?;
    let all = ok(store.actors().await)?;
    let ours: Vec<_> = all
        .into_iter()
        .filter(|one| one.source.starts_with("rekey.requester.listed."))
        .collect();
    let expected: Vec<_> = sources
        .iter()
        .map(|source| Actor {
            may_force: !source.ends_with(".b"),
            ..actor(source)
        })
        .collect();
    is("the actors", ours, expected)
}

async fn forgotten<S: Requests>(store: &S) -> Seen {
    let source = "rekey.requester.forgotten";
    is(
        "forgetting a stranger",
        ok(store.remove_actor(source).await)?,
        false,
    )?;
    ok(store.put_actor(&actor(source)).await)?;
    is("forgetting", ok(store.remove_actor(source).await)?, true)?;
    is("the actor", ok(store.actor(source).await)?, None)?;
    let all = ok(store.actors().await)?;
    is(
        "whether they are listed",
        all.iter().any(|one| one.source == source),
        false,
    )
}
