use super::super::scene::Scene;
use super::super::violation::{Promise, Violation};
use super::super::world::{RevocableTarget as _, Target, World};
use super::ConformingTarget;
use super::house::{token, with_first};
use crate::{CheckName, CheckResult, Rehearsed, StagingLabel, Step};

/// A dry run of what would succeed: every check passes, each step says what it would do, and neither the target
/// nor the secret is changed.
pub(super) async fn changes_nothing<W>(world: &W) -> Result<(), Violation>
where
    W: World<Target: ConformingTarget>,
{
    let scene = Scene::prepare(world, None, "a dry run".to_owned()).await?;
    // The first rotation may make what the next one finds.
    for n in 0..=1 {
        if n > 0 {
            let token = token(n)?;
            scene.rotate(&token).await?;
            scene.converge(&token).await?;
        }
        let rehearsed = untouched(&scene, scene.target.rotator()).await?;
        if let Some((class, message)) = rehearsed.failure() {
            return Err(scene.broken(Promise::DryRunIsDry, format!("{class}: {message}")));
        }
        let steps: Vec<Step> = rehearsed.steps.iter().map(|step| step.step).collect();
        if steps != Step::ALL || rehearsed.overlap != Some(world.overlap()) {
            return Err(scene.broken(Promise::DryRunIsDry, "the plan is not the plan"));
        }
        if !scene.logs_in(&StagingLabel::Current).await {
            return Err(scene.broken(Promise::DryRunIsDry, "AWSCURRENT does not log in any more"));
        }
    }
    Ok(())
}

/// A dry run of what would fail names the check at which it would. Returns the checks that could be made to fail.
pub(super) async fn tells_what_is_wrong<W>(world: &W) -> Result<Vec<CheckName>, Violation>
where
    W: World<Target: ConformingTarget>,
{
    let mut tried = Vec::new();
    let name = "a dry run where nobody answers";
    if let Some(scene) = with_first(world, name, ConformingTarget::unreachable).await? {
        tried.push(fails_at(&scene, scene.target.rotator(), CheckName::Reachable).await?);
    }
    let name = "a dry run of a target that is not trusted";
    if let Some(scene) = with_first(world, name, ConformingTarget::over_tls).await?
        && let Some(distrustful) = scene.target.distrustful()
    {
        tried.push(fails_at(&scene, distrustful, CheckName::Tls).await?);
    }
    if world.overlap().has_a_target() {
        let name = "a dry run from a credential that is refused";
        let scene = Scene::prepare(world, None, name.to_owned()).await?;
        scene.target.spoil(&scene.current()?).await;
        tried.push(fails_at(&scene, scene.target.rotator(), CheckName::Login).await?);
    }
    let name = "a dry run by a login that may not do it";
    let scene = Scene::prepare(world, None, name.to_owned()).await?;
    if scene.target.forbid().await {
        tried.push(fails_at(&scene, scene.target.rotator(), CheckName::Permission).await?);
    }
    Ok(tried)
}

async fn fails_at<T: ConformingTarget>(
    scene: &Scene<T>,
    rotator: T::Rotator,
    at: CheckName,
) -> Result<CheckName, Violation> {
    let rehearsed = untouched(scene, rotator).await?;
    let failed = rehearsed
        .checks
        .iter()
        .find(|check| matches!(check.result, CheckResult::Failed { .. }));
    let Some(failed) = failed else {
        let detail = format!("`{}` should fail, and nothing does", at.as_str());
        return Err(scene.broken(Promise::DryRunIsDry, detail));
    };
    if failed.name != at {
        let why = rehearsed.failure().map_or("", |(_, message)| message);
        let detail = format!(
            "`{}` should fail, and `{}` does: {why}",
            at.as_str(),
            failed.name.as_str()
        );
        return Err(scene.broken(Promise::DryRunIsDry, detail));
    }
    Ok(at)
}

/// A dry run, after which everything is as it was.
async fn untouched<T: ConformingTarget>(
    scene: &Scene<T>,
    rotator: T::Rotator,
) -> Result<Rehearsed, Violation> {
    let before = (
        scene.target.snapshot().await,
        scene.store.versions_with_a_value(&scene.secret),
    );
    let rehearsed = scene.rehearse(rotator).await?;
    let after = (
        scene.target.snapshot().await,
        scene.store.versions_with_a_value(&scene.secret),
    );
    if after.0 != before.0 {
        return Err(scene.broken(Promise::DryRunIsDry, "the target was changed"));
    }
    if after.1 != before.1 {
        return Err(scene.broken(Promise::DryRunIsDry, "a version was made"));
    }
    let rehearsed = rehearsed.map_err(|why| scene.broken(Promise::DryRunIsDry, why.to_string()))?;
    if let Some((_, message)) = rehearsed.failure() {
        scene.is_quiet(message)?;
    }
    Ok(rehearsed)
}
