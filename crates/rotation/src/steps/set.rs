use futures_util::future::{join, join3};

use super::pending::{not_pending, pending};
use crate::{
    Announcer, Credentials, Fingerprints, Intent, Kinds, Outcome, Pause, Plan, Refusal, Rotation,
    RotationError, Rotator, SecretStore, SecretValue, Selector, StagingLabel, Step, StepRequest,
    StoreError, TargetError, plan,
};

/// Makes the pending value valid at the target.
///
/// The labels are read under the target's lock: a call that was held up while a newer rotation went by
/// finds its version no longer pending and changes nothing.
pub(crate) async fn set<S, K, A, P, F>(
    rotation: &Rotation<S, K, A, P, F>,
    request: &StepRequest,
    now: i64,
) -> Result<Outcome, RotationError>
where
    S: SecretStore,
    K: Kinds,
    A: Announcer,
    P: Pause,
    F: Fingerprints,
{
    let (pending, tag, current) = join3(
        pending(rotation, request),
        rotation.tag(request),
        rotation
            .store
            .value(&request.secret, Selector::Label(&StagingLabel::Current)),
    )
    .await;
    let pending = match pending {
        Ok(Some(pending)) => pending,
        Ok(None) => {
            let why = RotationError::PendingUnreadable(Step::Set);
            return not_pending(rotation, request, now, why).await;
        }
        Err(error) => return not_pending(rotation, request, now, error).await,
    };
    if pending.labels.contains(&StagingLabel::Current) {
        return Ok(Outcome::AlreadyDone);
    }
    let current = current?;
    // Another run of this rotation has ended between the two reads.
    if current.version == request.token {
        return Ok(Outcome::AlreadyDone);
    }
    let (current_version, current) = (current.version, current.value);
    let pending = pending.value;
    let tag = tag?;
    let rotator = rotation.rotator(tag.as_deref(), &current)?;
    let superuser = superuser(rotation, rotator, &current).await?;
    let mut credentials = Credentials {
        current: &current,
        pending: &pending,
        previous: None,
        superuser: superuser.as_ref(),
        now,
    };
    let strategy = rotator.overlap(&current)?;
    let previous;
    let hold = match rotator.lock(credentials).await {
        // A password that was changed by hand may have been changed back to the one before.
        Err(TargetError::WrongPassword(text)) if !strategy.both_work() => {
            previous = previous_value(rotation, request).await?;
            let Some(previous) = &previous else {
                return Err(TargetError::WrongPassword(text).into());
            };
            credentials.previous = Some(previous);
            rotator.lock(credentials).await?
        }
        other => other?,
    };
    let intent = Intent {
        at: now,
        secret: &request.secret,
        version: &request.token,
        kind: rotator.kind(),
        strategy: strategy.as_str(),
        fingerprint: rotation.fingerprints.fingerprint(&request.secret, &pending),
    };
    let (description, announced) = join(
        rotation.store.describe(&request.secret),
        rotation.announcer.intended(&intent),
    )
    .await;
    let description = description?;
    match plan(request, &description, now) {
        Plan::Done => return Ok(Outcome::AlreadyDone),
        Plan::Refuse(refusal) => return Err(refusal.into()),
        Plan::Run => {}
    }
    // With two users in turn, what is about to change is idle only as long as this one is current.
    if description.version_with(&StagingLabel::Current) != Some(&current_version) {
        return Err(Refusal::CurrentMoved.into());
    }
    if description.kind() != tag.as_deref() {
        rotation.remember_tag(request, &description);
        return Err(Refusal::KindChanged.into());
    }
    announced?;
    rotator.set(hold, credentials).await?;
    let own_target = !strategy.has_a_target();
    rotation.remember_set(request, own_target.then_some(current_version));
    Ok(Outcome::Done)
}

/// The value of the superuser secret that `current` names, if it names one.
pub(super) async fn superuser<S, K, A, P, F>(
    rotation: &Rotation<S, K, A, P, F>,
    rotator: &K::One,
    current: &SecretValue,
) -> Result<Option<SecretValue>, RotationError>
where
    S: SecretStore,
    K: Kinds,
{
    let Some(secret) = rotator.superuser(current)? else {
        return Ok(None);
    };
    let current = Selector::Label(&StagingLabel::Current);
    match rotation.store.value(&secret, current).await {
        Ok(value) => Ok(Some(value.value)),
        Err(error) => Err(RotationError::Superuser(error)),
    }
}

async fn previous_value<S, K, A, P, F>(
    rotation: &Rotation<S, K, A, P, F>,
    request: &StepRequest,
) -> Result<Option<SecretValue>, RotationError>
where
    S: SecretStore,
{
    let which = Selector::Label(&StagingLabel::Previous);
    match rotation.store.value(&request.secret, which).await {
        Ok(value) => Ok(Some(value.value)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
