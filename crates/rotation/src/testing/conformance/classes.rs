use super::super::scene::Scene;
use super::super::violation::{Promise, Violation};
use super::super::world::World;
use super::ConformingTarget;
use super::guards::created;
use super::house::{token, with_first};
use crate::{ErrorClass, StagingLabel};

/// What goes wrong at a target has its class, changes nothing and names no value. Returns the classes that were
/// seen.
pub(super) async fn of_failures<W>(world: &W) -> Result<Vec<ErrorClass>, Violation>
where
    W: World<Target: ConformingTarget>,
{
    let mut seen = Vec::new();
    let token = token(1)?;
    let promise = Promise::FailuresAreClassified;

    let name = "a target that nobody answers at";
    if let Some(scene) = with_first(world, name, ConformingTarget::unreachable).await? {
        scene.rotate(&token).await?;
        let process = scene.process(None);
        created(&scene, &process, &token).await?;
        let class = ErrorClass::TargetUnreachable;
        scene.set_fails(&process, &token, class, promise).await?;
        seen.push(class);
    }

    let name = "a rotation over TLS";
    if let Some(scene) = with_first(world, name, ConformingTarget::over_tls).await? {
        scene.rotate(&token).await?;
        if let Some(distrustful) = scene.target.distrustful() {
            let process = scene.process_of(distrustful);
            created(&scene, &process, &token).await?;
            let class = ErrorClass::TlsRefused;
            scene.set_fails(&process, &token, class, promise).await?;
            seen.push(class);
        }
        scene.converge(&token).await?;
    }

    let scene = Scene::prepare(world, None, "a login that may not do it".to_owned()).await?;
    scene.rotate(&token).await?;
    let process = scene.process(None);
    created(&scene, &process, &token).await?;
    if scene.target.forbid().await {
        let class = ErrorClass::Permission;
        scene.set_fails(&process, &token, class, promise).await?;
        if !scene.logs_in(&StagingLabel::Current).await {
            return Err(scene.broken(promise, "AWSCURRENT does not log in any more"));
        }
        seen.push(class);
    }
    Ok(seen)
}
