use serde_json::{Value, json};

use super::super::scene::Scene;
use super::super::violation::{Promise, Violation};
use super::super::world::{RevocableTarget as _, World};
use super::ConformingTarget;
use super::house::{first, token, with_first};
use crate::{ErrorClass, SecretValue, StagingLabel, Step};

/// A field that no kind knows.
const UNKNOWN: &str = "x_team";

/// What somebody else has put into the secret's JSON is in every later version.
pub(super) async fn unknown_fields_are_kept<W>(world: &W) -> Result<(), Violation>
where
    W: World<Target: ConformingTarget>,
{
    let contents = json!({ "name": "checkout", "pager": [1, 2.5, null, true] });
    let with_field = |target: &W::Target| {
        let value = first(target)?;
        // Exposed to add to it, as an editor does.
        let mut json: Value = serde_json::from_str(value.expose()).ok()?;
        json.as_object_mut()?
            .insert(UNKNOWN.to_owned(), contents.clone());
        SecretValue::new(json.to_string()).ok()
    };
    let name = "a field that no kind knows";
    let Some(scene) = with_first(world, name, with_field).await? else {
        return Ok(());
    };
    for n in 1..=2 {
        let token = token(n)?;
        scene.rotate(&token).await?;
        scene.converge(&token).await?;
        let current = scene.current()?;
        // Exposed to look at the one field.
        let json: Option<Value> = serde_json::from_str(current.expose()).ok();
        if json.as_ref().and_then(|json| json.get(UNKNOWN)) != Some(&contents) {
            return Err(scene.broken(Promise::FieldsAreKept, "it is not as it was"));
        }
    }
    Ok(())
}

/// Before anything is changed: the current credential is valid, and both values are of one target. Returns how
/// many of the two could be tried.
pub(super) async fn nothing_is_changed_before_it_is_confirmed<W>(
    world: &W,
) -> Result<usize, Violation>
where
    W: World<Target: ConformingTarget>,
{
    let mut tried = 0;
    if world.overlap().has_a_target() {
        let name = "the current credential is not valid any more";
        let scene = Scene::prepare(world, None, name.to_owned()).await?;
        let token = token(1)?;
        scene.rotate(&token).await?;
        let process = scene.process(None);
        created(&scene, &process, &token).await?;
        scene.target.spoil(&scene.current()?).await;
        scene
            .set_fails(
                &process,
                &token,
                ErrorClass::WrongPassword,
                Promise::ConfirmedFirst,
            )
            .await?;
        tried += 1;
    }
    let scene = Scene::prepare(world, None, "a pending value of another target".to_owned()).await?;
    let token = token(1)?;
    scene.rotate(&token).await?;
    let process = scene.process(None);
    created(&scene, &process, &token).await?;
    let pending = scene.store.peek(&scene.secret, &StagingLabel::Pending);
    if let Some(elsewhere) = pending.and_then(|pending| scene.target.elsewhere(&pending)) {
        scene.store.tamper(&scene.secret, &token, elsewhere);
        scene
            .set_fails(
                &process,
                &token,
                ErrorClass::InvalidRequest,
                Promise::ConfirmedFirst,
            )
            .await?;
        tried += 1;
    }
    Ok(tried)
}

/// `createSecret`, which must succeed.
pub(super) async fn created<T: ConformingTarget>(
    scene: &Scene<T>,
    process: &super::super::process::Process<T::Rotator>,
    token: &crate::ClientRequestToken,
) -> Result<(), Violation> {
    let done = process.step(Step::Create, &scene.secret, token).await;
    done.map(drop)
        .map_err(|error| scene.broken(Promise::Converges, error.to_string()))
}
