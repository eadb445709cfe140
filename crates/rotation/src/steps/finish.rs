use super::pending::pending;
use crate::{
    Credentials, Kinds, Outcome, Pause, Plan, Refusal, Rotation, RotationError, Rotator,
    SecretStore, SecretValue, Selector, StagingLabel, Step, StepRequest, StoreError, VersionId,
    plan,
};

/// Moves `AWSCURRENT` to the pending version, and `AWSPREVIOUS` with it.
///
/// Promotes only what this process has seen log in. A process that has not (a new one, or one that was
/// called out of order) logs in first.
///
/// Where the secret is its own target no lock keeps a rollback apart from a rotation, so the current version must be
/// the one that was current at `setSecret`; a process that was not there compares the two values once more. Where there
/// is a target the pending value is promoted over whatever is current: it is what the target takes now, and the user
/// that `setSecret` changed may be that of the version that was brought back.
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
    let current = description
        .version_with(&StagingLabel::Current)
        .ok_or(Refusal::NothingCurrent)?;
    let beside = rotation.set_beside(request);
    if beside.is_some_and(|before| before != *current) {
        return Err(Refusal::CurrentMoved.into());
    }
    let (set, tested) = (rotation.has_set(request), rotation.has_tested(request));
    if !set || !tested {
        let pending = pending(rotation, request)
            .await?
            .ok_or(RotationError::PendingUnreadable(Step::Finish))?
            .value;
        let rotator = rotation.rotator(description.kind(), &pending)?;
        if !tested {
            rotator.test(&pending).await?;
        }
        if !set && !rotator.overlap(&pending)?.has_a_target() {
            follows(rotation, request, rotator, &pending, current, now).await?;
        }
    }
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

/// Checks that the pending value was made from the current one, where both are all there is.
async fn follows<S, K, A, P, F>(
    rotation: &Rotation<S, K, A, P, F>,
    request: &StepRequest,
    rotator: &K::One,
    pending: &SecretValue,
    current: &VersionId,
    now: i64,
) -> Result<(), RotationError>
where
    S: SecretStore,
    K: Kinds,
{
    let which = Selector::Label(&StagingLabel::Current);
    let read = rotation.store.value(&request.secret, which).await?;
    if read.version != *current {
        return Err(Refusal::CurrentMoved.into());
    }
    let credentials = Credentials {
        current: &read.value,
        pending,
        previous: None,
        superuser: None,
        now,
    };
    rotator.lock(credentials).await?;
    Ok(())
}
