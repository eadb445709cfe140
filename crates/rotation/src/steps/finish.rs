use super::pending::pending;
use crate::{
    Kinds, Outcome, Pause, Plan, Refusal, Rotation, RotationError, Rotator, SecretStore,
    StagingLabel, Step, StepRequest, StoreError, plan,
};

/// Moves `AWSCURRENT` to the pending version, and `AWSPREVIOUS` with it.
///
/// Promotes only what this process has seen log in. A process that has not (a new one, or one that was
/// called out of order) logs in first.
pub(crate) async fn finish<S, K, A, P, F>(
    rotation: &Rotation<S, K, A, P, F>,
    request: &StepRequest,
    now: i64,
) -> Result<Outcome, RotationError>
where
    S: SecretStore,
    K: Kinds,
    P: Pause,
{
    let description = rotation.store.describe(&request.secret).await?;
    match plan(request, &description, now) {
        Plan::Done => return Ok(Outcome::AlreadyDone),
        Plan::Refuse(refusal) => return Err(refusal.into()),
        Plan::Run => {}
    }
    if !rotation.has_tested(request) {
        let pending = pending(rotation, request)
            .await?
            .ok_or(RotationError::PendingUnreadable(Step::Finish))?;
        let rotator = rotation.kinds.of(description.kind(), &pending.value)?;
        rotation.note_kind(rotator.kind());
        rotator.test(&pending.value).await?;
    }
    let current = description
        .version_with(&StagingLabel::Current)
        .ok_or(Refusal::NothingCurrent)?;
    let moved = rotation
        .store
        .move_label(
            &request.secret,
            &StagingLabel::Current,
            &request.token,
            Some(current),
        )
        .await;
    match moved {
        Ok(()) => Ok(Outcome::Done),
        // The label was moved between our read and our call: by another run of this rotation?
        Err(StoreError::Refused(text)) => {
            let description = rotation.store.describe(&request.secret).await?;
            match plan(request, &description, now) {
                Plan::Done => Ok(Outcome::AlreadyDone),
                Plan::Refuse(refusal) => Err(refusal.into()),
                Plan::Run => Err(StoreError::Refused(text).into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}
