use futures_util::future::join;
use rand_core::TryCryptoRng;

use crate::{
    Kinds, Outcome, Plan, PutValue, Rotation, RotationError, Rotator, SecretStore, Selector,
    StagingLabel, StepRequest, StoreError, plan,
};

/// Makes the next value and keeps it under `AWSPENDING`.
///
/// A value is never read first: `PutSecretValue` itself tells whether the token has one, and unlike a
/// read it cannot miss a value that was written a moment ago.
pub(crate) async fn create<S, K, A, P, F, G>(
    rotation: &Rotation<S, K, A, P, F>,
    request: &StepRequest,
    now: i64,
    randomness: &mut G,
) -> Result<Outcome, RotationError>
where
    S: SecretStore,
    K: Kinds,
    G: TryCryptoRng,
{
    let (description, current) = join(
        rotation.store.describe(&request.secret),
        rotation
            .store
            .value(&request.secret, Selector::Label(&StagingLabel::Current)),
    )
    .await;
    let description = description?;
    match plan(request, &description, now) {
        Plan::Done => return Ok(Outcome::AlreadyDone),
        Plan::Refuse(refusal) => return Err(refusal.into()),
        Plan::Run => {}
    }
    let current = current?.value;
    rotation.remember_tag(request, &description);
    let rotator = rotation.rotator(description.kind(), &current)?;
    let next = rotator.next(&current, description.occasion(now), randomness)?;
    let put = PutValue {
        secret: &request.secret,
        token: &request.token,
        value: &next,
        rotation_token: request.rotation_token.as_ref(),
    };
    match rotation.store.put(put).await {
        Ok(()) => Ok(Outcome::Done),
        // An earlier call of this rotation has made the value: that one counts, ours is forgotten.
        Err(StoreError::AlreadyExists) => Ok(Outcome::AlreadyDone),
        Err(error) => Err(error.into()),
    }
}
