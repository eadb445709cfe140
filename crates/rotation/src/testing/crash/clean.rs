use super::super::planted::Bug;
use super::super::scene::Scene;
use super::super::violation::{Promise, Violation};
use super::super::world::{Target, World};
use super::token;
use crate::{ErrorClass, StagingLabel, Step, Works};

/// A rotation that nothing disturbs: its calls to ports, in order.
pub(super) async fn calls<W: World>(world: &W, bug: Option<Bug>) -> Result<Vec<String>, Violation> {
    let scene = Scene::prepare(world, bug, "clean".to_owned()).await?;
    let token = token(1)?;
    let old = scene.current()?;
    scene.rotate(&token).await?;
    let process = scene.process(None);
    if let Err((step, error)) = scene.attempt_by(&process, &token).await? {
        let detail = format!("{step}: {error}");
        return Err(scene.broken(Promise::Converges, detail));
    }
    scene.check_end(&[token], &old).await?;
    Ok(process.trace.calls())
}

/// The eyes of the suite: a pending value logs in after `setSecret` and not before. Where the secret is its
/// own target, it does as soon as it is kept, or not before it is current; such a world shows by itself what
/// does not log in.
pub(super) async fn tells_good_from_bad<W: World>(world: &W) -> Result<(), Violation> {
    let scene =
        Scene::prepare(world, None, "a login before and after setSecret".to_owned()).await?;
    let token = token(1)?;
    scene.rotate(&token).await?;
    let process = scene.process(None);
    let from = world.overlap().works();
    for (step, works) in [
        (Step::Create, from == Works::OnceKept),
        (Step::Set, from != Works::OnceCurrent),
    ] {
        let done = process.step(step, &scene.secret, &token).await;
        done.map_err(|error| scene.broken(Promise::Converges, format!("{step}: {error}")))?;
        if scene.logs_in(&StagingLabel::Pending).await != works {
            let detail = format!("after {step} the pending value must log in: {works}");
            return Err(scene.broken(Promise::CutsAreReal, detail));
        }
    }
    if !scene.target.logs_in(&scene.target.bystander()).await {
        return Err(scene.broken(Promise::CutsAreReal, "the bystander does not log in"));
    }
    Ok(())
}

/// A pending value that names another user, and even one that logs in, is refused before anything changes.
pub(super) async fn another_user_is_refused<W: World>(
    world: &W,
    bug: Option<Bug>,
) -> Result<(), Violation> {
    let scene = Scene::prepare(world, bug, "a pending value of another user".to_owned()).await?;
    let token = token(1)?;
    let bystander = scene.target.bystander();
    scene.rotate(&token).await?;
    let process = scene.process(None);
    let created = process.step(Step::Create, &scene.secret, &token).await;
    created.map_err(|error| scene.broken(Promise::Converges, error.to_string()))?;
    scene.store.tamper(&scene.secret, &token, bystander.clone());
    let before = scene.logs_in(&StagingLabel::Current).await;
    match process.step(Step::Set, &scene.secret, &token).await {
        Err(error) if error.class() == ErrorClass::InvalidRequest => {}
        other => {
            let detail = format!("setSecret took it or failed for another reason: {other:?}");
            return Err(scene.broken(Promise::UserStays, detail));
        }
    }
    let after = scene.logs_in(&StagingLabel::Current).await;
    if after != before || !scene.target.logs_in(&bystander).await {
        return Err(scene.broken(Promise::UserStays, "a credential was changed"));
    }
    Ok(())
}
