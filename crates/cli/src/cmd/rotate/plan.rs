use rekey_registry::SecretState;
use rekey_registry::request::{Actor, Requests, Wishes, not_allowed};

use crate::ask::key_of;
use crate::clock::Clock;
use crate::error::Error;
use crate::find;
use crate::moment::told;
use crate::outlook::{Outlook, refused};
use crate::requester::Requester;
use crate::view::VersionName;
use crate::world::{World, of_store};

/// Who will notice, who asks, and what will probably be answered.
pub async fn lines<W: World>(
    world: &W,
    state: &SecretState,
    requester: &Requester,
    wishes: &Wishes,
) -> Result<Vec<String>, Error> {
    let now = world.clock().now();
    let source = requester.source();
    let actor = world.store().actor(&source).await;
    let actor = actor.map_err(|error| of_store(world, error))?;
    let outlook = Outlook::of(world, state, wishes).await?;
    let mut lines = vec![("Secret", find::of_whom(state))];
    if let Some(current) = &state.secret.current {
        let since = state.switched_at();
        let since = since.map_or_else(String::new, |at| format!(", since {}", told(at, now)));
        let name = VersionName::of(state, current).told();
        lines.push(("In use", format!("{name}{since}")));
    }
    lines.extend(outlook.lines(world, state));
    lines.push(("Asks", who(requester, actor.as_ref(), wishes)));
    let key = key_of(&state.secret.name, &world.stack().stage).0;
    let forbidden = not_allowed(&source, key, actor.as_ref(), now);
    let answer = forbidden.map_or_else(|| outlook.told(state, now), |it| refused(&it));
    lines.push(("Now", answer));
    lines.extend(outlook.caveat().map(|caveat| ("Judged", caveat)));
    if wishes.force {
        lines.push((
            "Force",
            "goes against the window, the interval and a running grace: whoever still uses the old credential is cut off".into(),
        ));
    }
    if wishes.dry_run {
        lines.push(("Dry run", "nothing will be changed".into()));
    }
    let lines = lines.iter();
    Ok(lines
        .map(|(title, text)| format!("{title:<12}  {text}"))
        .collect())
}

fn who(requester: &Requester, actor: Option<&Actor>, wishes: &Wishes) -> String {
    match actor {
        None => format!("{requester}, and nobody is recorded for that name"),
        Some(actor) => {
            let force = match wishes.force && !actor.may_force {
                true => ", who may not force",
                false => "",
            };
            format!("{requester}: {} ({}){force}", actor.name, actor.role)
        }
    }
}
