use serde_json::{Value, json};

use super::super::scene::Scene;
use super::super::violation::{Promise, Violation};
use super::super::world::{RevocableTarget as _, World};
use super::ConformingTarget;
use super::house::token;
use super::tried::{Confirmed, Fields};
use crate::{ErrorClass, Overlap, SecretValue, StagingLabel, Step};

/// A field that no kind knows.
const UNKNOWN: &str = "x_team";

/// What somebody else has put into the secret's JSON is in every later version. Where there is no room for it,
/// it is refused before a version is made.
pub(super) async fn unknown_fields_are_kept<W>(world: &W) -> Result<Fields, Violation>
where
    W: World<Target: ConformingTarget>,
{
    let contents = json!({ "name": "checkout", "pager": [1, 2.5, null, true] });
    let promise = Promise::FieldsAreKept;
    let name = "a field that no kind knows";
    let scene = Scene::prepare(world, None, name.to_owned()).await?;
    let with_field = with_field(&scene.current()?, &contents);
    let with_field = with_field.ok_or_else(|| scene.broken(promise, "the value has no fields"))?;
    scene.replace_current(with_field)?;
    if world.overlap() == Overlap::Keyring {
        refuses_the_field(&scene).await?;
        return Ok(Fields::Refused);
    }
    for n in 1..=2 {
        let token = token(n)?;
        scene.rotate(&token).await?;
        scene.converge(&token).await?;
        let current = scene.current()?;
        // Exposed to look at the one field.
        let json: Option<Value> = serde_json::from_str(current.expose()).ok();
        if json.as_ref().and_then(|json| json.get(UNKNOWN)) != Some(&contents) {
            return Err(scene.broken(promise, "it is not as it was"));
        }
    }
    Ok(Fields::Kept)
}

fn with_field(value: &SecretValue, contents: &Value) -> Option<SecretValue> {
    // Exposed to add to it, as an editor does.
    let mut json: Value = serde_json::from_str(value.expose()).ok()?;
    let fields = json.as_object_mut()?;
    fields.insert(UNKNOWN.to_owned(), contents.clone());
    SecretValue::new(json.to_string()).ok()
}

/// A ring has its keys and nothing else.
async fn refuses_the_field<T: ConformingTarget>(scene: &Scene<T>) -> Result<(), Violation> {
    let token = token(1)?;
    scene.rotate(&token).await?;
    let before = scene.store.versions_with_a_value(&scene.secret);
    let process = scene.process(None);
    let refused = process.step(Step::Create, &scene.secret, &token).await;
    let in_its_class =
        matches!(&refused, Err(error) if error.class() == ErrorClass::InvalidRequest);
    if !in_its_class || scene.store.versions_with_a_value(&scene.secret) != before {
        let detail = "it is neither kept nor refused before a version is made";
        return Err(scene.broken(Promise::FieldsAreKept, detail));
    }
    Ok(())
}

/// Before anything is changed: the current credential is valid, and both values are of one target. Returns which
/// of the two could be tried.
pub(super) async fn nothing_is_changed_before_it_is_confirmed<W>(
    world: &W,
) -> Result<Vec<Confirmed>, Violation>
where
    W: World<Target: ConformingTarget>,
{
    let mut tried = Vec::new();
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
        tried.push(Confirmed::Credential);
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
        tried.push(Confirmed::Target);
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
