//! RotateSecret is called for a request that was accepted, within the account's rate.

use rekey_events::{ErrorClass, SCHEDULE_SOURCE};

use super::judging::is_booked;
use super::{Desk, Handled, Pass};
use crate::changes::Changes;
use crate::engine::Failed;
use crate::observe::look::{CURRENT, PENDING};
use crate::orders::Orders;
use crate::publisher::Publisher;
use crate::request::impact::tenant;
use crate::request::judge::{self, Case, Verdict, no};
use crate::request::record::{Request, Standing};
use crate::request::rotate::{Rotate, RotateError, Rotated};
use crate::request::store::Requests;
use crate::snapshot::{LookError, Secrets, Snapshot};

/// After how many seconds RotateSecret is tried again when Secrets Manager throttles it.
const THROTTLED: i64 = 2;
/// The least and the greatest span over which requests without a free call of RotateSecret are spread, in
/// seconds.
const SPREAD: (i64, i64) = (4, 60);

impl<S, K, P, R, O> Desk<'_, S, K, P, R, O>
where
    S: Requests,
    K: Secrets,
    P: Publisher,
    R: Rotate,
    O: Orders,
{
    /// Calls RotateSecret for a request that was accepted, within the account's rate.
    pub(super) async fn call(&self, request: Request, now: i64) -> Result<Pass, Failed> {
        let name = request.secret.clone().unwrap_or_default();
        let arn = request.arn.clone().unwrap_or_default();
        let tenant = tenant(&name).unwrap_or("platform");
        let most = self.policy.rotations_per_second;
        if !self.store.take_slot(now, tenant, most).await? {
            return Ok(Pass::End(Handled::Again {
                after: patience(&request, now),
                why: "a free call of RotateSecret",
            }));
        }
        let snapshot = match self.look(&name, now).await? {
            Ok(snapshot) => snapshot,
            Err(refusal) => {
                let expected = Some(request.revision);
                return self.refuse(request, expected, refusal).await;
            }
        };
        // An earlier call, whose answer was lost.
        if snapshot.versions.iter().any(|one| one.id == request.token) {
            return self
                .settle(request, Standing::Rotating { at: now }, None)
                .await;
        }
        if let Some(changed) = self.still_stands(&request, &snapshot, now).await? {
            return Ok(changed);
        }
        match self.rotate.rotate(&arn, &request.token).await {
            Ok(Rotated::Begun) => {
                self.settle(request, Standing::Rotating { at: now }, None)
                    .await
            }
            Ok(Rotated::Reattempted) => self.reattempted(request, &name, now).await,
            Err(RotateError::Throttled) => Ok(Pass::End(Handled::Again {
                after: THROTTLED,
                why: "Secrets Manager, which is throttling RotateSecret",
            })),
            Err(RotateError::Unavailable(why)) => Err(LookError::Unavailable(why).into()),
            Err(error @ (RotateError::Refused(_) | RotateError::Denied(_))) => {
                let class = match error {
                    RotateError::Denied(_) => ErrorClass::Permission,
                    _ => ErrorClass::StoreUnavailable,
                };
                let refusal = no(
                    class,
                    error.to_string(),
                    "see what Secrets Manager says of the secret: rekey doctor; the function's log has its answer",
                    now,
                );
                let expected = Some(request.revision);
                self.refuse(request, expected, refusal).await
            }
        }
    }

    /// What was accepted is called at once in most cases. When it waited, or was approved meanwhile, it is
    /// judged again: a window may have closed.
    async fn still_stands(
        &self,
        request: &Request,
        snapshot: &Snapshot,
        now: i64,
    ) -> Result<Option<Pass>, Failed> {
        let name = request.secret.clone().unwrap_or_default();
        let state = self.store.load(&name).await?;
        let expected = Some(request.revision);
        let refusal = judge::registered(state.as_ref(), self.policy, now).err();
        if let Some(refusal) = refusal {
            return self
                .refuse(request.clone(), expected, refusal)
                .await
                .map(Some);
        }
        let Some(state) = state else {
            return Ok(Some(Pass::Anew));
        };
        let is_booked = is_booked(&state, request);
        let turn = match &state.secret.service {
            Some(service) => self.store.turn(service).await?,
            None => None,
        };
        // The turn that this request itself has taken is not in its way.
        let turn = turn.filter(|turn| turn.token != request.token);
        let case = Case {
            state: &state,
            look: Some(snapshot),
            turn: turn.as_ref(),
            token: Some(&request.token),
            wishes: &request.wishes,
            forced: request.forced,
            scheduled: request.source == SCHEDULE_SOURCE,
            policy: self.policy,
            now,
        };
        match judge::verdict(&case, request.approved_by.is_some()) {
            Verdict::Accept if is_booked => Ok(None),
            Verdict::Refuse(refusal) => self
                .refuse(request.clone(), expected, refusal)
                .await
                .map(Some),
            // It was approved a moment ago, or the old credential came into its way.
            Verdict::Accept | Verdict::Await | Verdict::RetireFirst(_) => {
                self.judge(request.clone(), expected, now).await.map(Some)
            }
        }
    }

    /// Secrets Manager took up an older rotation: this request has become that one.
    async fn reattempted(&self, request: Request, name: &str, now: i64) -> Result<Pass, Failed> {
        let snapshot = match self.look(name, now).await? {
            Ok(snapshot) => snapshot,
            Err(refusal) => {
                let expected = Some(request.revision);
                return self.refuse(request, expected, refusal).await;
            }
        };
        let by = snapshot.with(PENDING).or_else(|| snapshot.with(CURRENT));
        match by.cloned() {
            Some(by) if by != request.token => {
                let token = request.token.clone();
                let state = self.store.load(name).await?;
                let changes = state.and_then(|before| {
                    let mut after = before.clone();
                    let kept = after.secret.requests.iter_mut();
                    for one in kept.filter(|one| one.token == token) {
                        one.superseded_by = Some(by.clone());
                    }
                    Changes::between(Some(&before), &after)
                });
                self.settle(request, Standing::Superseded { by, at: now }, changes)
                    .await
            }
            _ => {
                self.settle(request, Standing::Rotating { at: now }, None)
                    .await
            }
        }
    }
}

/// How long a request without a free call waits. The longer it has waited, the longer: a queue of thousands
/// is looked at now and then. Each time another wait, so that those who came together do not come again
/// together.
fn patience(request: &Request, now: i64) -> i64 {
    let waited = now.saturating_sub(request.received_at);
    let spread = waited.clamp(SPREAD.0, SPREAD.1);
    // FNV-1a: no secret hangs on it, it only scatters.
    let seed = 0xcbf2_9ce4_8422_2325_u64 ^ now.cast_unsigned();
    let bytes = request.token.as_str().bytes();
    let scattered = bytes.fold(seed, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    1 + i64::try_from(scattered >> 33)
        .unwrap_or_default()
        .rem_euclid(spread)
}
