use std::time::Duration;

use crate::{
    Outcome, Pause, Plan, Rotation, RotationError, SecretStore, Selector, StagingLabel,
    StepRequest, StoreError, VersionedValue, plan,
};

/// How long a value that was just written may stay unreadable: six reads over 3.1 seconds.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
];

/// Reads the pending value, waiting a little for one that is not there yet. `None` when it never came.
pub(super) async fn pending<S, R, A, P, F>(
    rotation: &Rotation<S, R, A, P, F>,
    request: &StepRequest,
) -> Result<Option<VersionedValue>, RotationError>
where
    S: SecretStore,
    P: Pause,
{
    let which = Selector::Version(&request.token, &StagingLabel::Pending);
    let mut patience = PATIENCE.iter();
    loop {
        match rotation.store.value(&request.secret, which).await {
            Ok(value) => return Ok(Some(value)),
            // The only error that means that there is nothing to read.
            Err(StoreError::NotFound(_)) => match patience.next() {
                Some(time) => rotation.pause.pause(*time).await,
                None => return Ok(None),
            },
            Err(error) => return Err(error.into()),
        }
    }
}

/// There is no pending value to work on, and `why` is what the read said. A late call of a rotation that
/// is over finds its version without the label, which Secrets Manager refuses to read: what the labels
/// say then counts.
pub(super) async fn not_pending<S, R, A, P, F>(
    rotation: &Rotation<S, R, A, P, F>,
    request: &StepRequest,
    now: i64,
    why: RotationError,
) -> Result<Outcome, RotationError>
where
    S: SecretStore,
{
    let by_labels = matches!(
        why,
        RotationError::PendingUnreadable(_) | RotationError::Store(StoreError::Refused(_))
    );
    if !by_labels {
        return Err(why);
    }
    let description = rotation.store.describe(&request.secret).await?;
    match plan(request, &description, now) {
        Plan::Done => Ok(Outcome::AlreadyDone),
        Plan::Refuse(refusal) => Err(refusal.into()),
        Plan::Run => Err(why),
    }
}
