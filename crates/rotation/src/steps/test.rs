use super::pending::{not_pending, pending};
use super::set::superuser;
use crate::{
    Outcome, Pause, Plan, Rotation, RotationError, Rotator, SecretStore, Selector, StagingLabel,
    StepRequest, plan,
};

/// Logs in with the pending value.
///
/// The read of the value tells that the token is a version and pending, so that a successful test needs
/// no `DescribeSecret`: it changes nothing, and `finishSecret` asks again before it does.
pub(crate) async fn test<S, R, A, P, F>(
    rotation: &Rotation<S, R, A, P, F>,
    request: &StepRequest,
    now: i64,
) -> Result<Outcome, RotationError>
where
    S: SecretStore,
    R: Rotator,
    P: Pause,
{
    match pending(rotation, request).await {
        Ok(Some(pending)) => {
            if pending.labels.contains(&StagingLabel::Current) {
                return Ok(Outcome::AlreadyDone);
            }
            rotation.rotator.test(&pending.value).await?;
            rotation.remember_tested(request);
            return Ok(Outcome::Done);
        }
        Ok(None) => {}
        Err(error) => return not_pending(rotation, request, now, error).await,
    }
    let description = rotation.store.describe(&request.secret).await?;
    match plan(request, &description, now) {
        Plan::Done => Ok(Outcome::AlreadyDone),
        Plan::Refuse(refusal) => Err(refusal.into()),
        Plan::Run => probe(rotation, request).await,
    }
}

/// A pending version without a value: rotation was turned on with `RotateImmediately=false`, and Secrets
/// Manager asks whether the set-up works. Should it be a real rotation whose value stayed unreadable,
/// nothing is lost: this is not remembered as a test, and `finishSecret` logs in itself.
async fn probe<S, R, A, P, F>(
    rotation: &Rotation<S, R, A, P, F>,
    request: &StepRequest,
) -> Result<Outcome, RotationError>
where
    S: SecretStore,
    R: Rotator,
{
    let current = rotation
        .store
        .value(&request.secret, Selector::Label(&StagingLabel::Current))
        .await?
        .value;
    let superuser = superuser(rotation, &current).await?;
    rotation.rotator.probe(&current, superuser.as_ref()).await?;
    Ok(Outcome::Probed)
}
