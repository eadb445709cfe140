use super::pending::{not_pending, pending};
use super::set::superuser;
use crate::{
    Kinds, Outcome, Pause, Plan, Rotation, RotationError, Rotator, SecretStore, Selector,
    StagingLabel, StepRequest, plan,
};

/// Logs in with the pending value.
///
/// Where this process has set the value itself it was told a moment ago that the secret rotates, and the
/// read tells that the version is still pending; any other process asks.
pub(crate) async fn test<S, K, A, P, F>(
    rotation: &Rotation<S, K, A, P, F>,
    request: &StepRequest,
    now: i64,
) -> Result<Outcome, RotationError>
where
    S: SecretStore,
    K: Kinds,
    P: Pause,
{
    if !rotation.has_set(request) {
        let description = rotation.store.describe(&request.secret).await?;
        match plan(request, &description, now) {
            Plan::Done => return Ok(Outcome::AlreadyDone),
            Plan::Refuse(refusal) => return Err(refusal.into()),
            Plan::Run => rotation.remember_tag(request, &description),
        }
    }
    match pending(rotation, request).await {
        Ok(Some(pending)) if pending.labels.contains(&StagingLabel::Current) => {
            Ok(Outcome::AlreadyDone)
        }
        Ok(Some(pending)) => {
            let tag = rotation.tag(request).await?;
            let rotator = rotation.rotator(tag.as_deref(), &pending.value)?;
            rotator.test(&pending.value).await?;
            rotation.remember_tested(request);
            Ok(Outcome::Done)
        }
        Ok(None) => probe(rotation, request, now).await,
        Err(error) => not_pending(rotation, request, now, error).await,
    }
}

/// A pending version without a value: rotation was turned on with `RotateImmediately=false`, and Secrets
/// Manager asks whether the set-up works. Should it be a real rotation whose value stayed unreadable,
/// nothing is lost: this is not remembered as a test, and `finishSecret` logs in itself.
async fn probe<S, K, A, P, F>(
    rotation: &Rotation<S, K, A, P, F>,
    request: &StepRequest,
    now: i64,
) -> Result<Outcome, RotationError>
where
    S: SecretStore,
    K: Kinds,
{
    let description = rotation.store.describe(&request.secret).await?;
    match plan(request, &description, now) {
        Plan::Done => return Ok(Outcome::AlreadyDone),
        Plan::Refuse(refusal) => return Err(refusal.into()),
        Plan::Run => {}
    }
    let current = rotation
        .store
        .value(&request.secret, Selector::Label(&StagingLabel::Current))
        .await?
        .value;
    let rotator = rotation.rotator(description.kind(), &current)?;
    let superuser = superuser(rotation, rotator, &current).await?;
    rotator.probe(&current, superuser.as_ref()).await?;
    Ok(Outcome::Probed)
}
