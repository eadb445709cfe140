//! RotateSecret is called for a request that was accepted, within the account's rate.

use rekey_events::ErrorClass;

use super::judging::is_booked;
use super::{Desk, Handled, Pass};
use crate::changes::Changes;
use crate::due::hash;
use crate::engine::Failed;
use crate::observe::look::{CURRENT, PENDING};
use crate::orders::Orders;
use crate::publisher::Publisher;
use crate::request::impact::tenant;
use crate::request::judge::{Verdict, no};
use crate::request::record::{Request, Standing};
use crate::request::rotate::{Rotate, RotateError, Rotated};
use crate::request::store::Requests;
use crate::snapshot::{LookError, Secrets};

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
    /// Calls RotateSecret for a request that was accepted. What waited is judged again: a window may have
    /// closed, or a tag may say something else.
    pub(super) async fn call(&self, request: Request, now: i64) -> Result<Pass, Failed> {
        let name = request.secret.clone().unwrap_or_default();
        // First of all, because a queue of thousands that wait costs no look each time.
        let tenant = tenant(&name).unwrap_or("platform");
        let most = self.policy.rotations_per_second;
        let waited = now.saturating_sub(request.received_at);
        if !self.store.take_slot(now, tenant, most).await? {
            return Ok(Pass::End(Handled::Again {
                after: patience(&request, now),
                why: "a free call of RotateSecret",
                lag: Some(waited),
            }));
        }
        let expected = Some(request.revision);
        let seen = match self.see(&request, now).await? {
            Ok(seen) => seen,
            Err(refusal) => return self.refuse(request, expected, refusal).await,
        };
        // An earlier call, whose answer was lost.
        let mut versions = seen.snapshot.versions.iter();
        if versions.any(|one| one.id == request.token) {
            return self.began(request, now).await;
        }
        match self.verdict(&request, &seen, request.approved_by.is_some(), now) {
            Verdict::Accept if is_booked(&seen.before, &request) => {}
            Verdict::Refuse(refusal) => return self.refuse(request, expected, refusal).await,
            // The old credential came into its way, or an approval.
            Verdict::Accept | Verdict::Await | Verdict::RetireFirst(_) => {
                return self.judge(request, expected, now).await;
            }
        }
        let arn = request.arn.clone().unwrap_or_default();
        match self.rotate.rotate(&arn, &request.token).await {
            Ok(Rotated::Begun) => self.began(request, now).await,
            Ok(Rotated::Reattempted) => self.reattempted(request, now).await,
            Err(RotateError::Throttled) => Ok(Pass::End(Handled::Again {
                after: THROTTLED,
                why: "Secrets Manager, which is throttling RotateSecret",
                lag: Some(waited),
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
                self.refuse(request, expected, refusal).await
            }
        }
    }

    async fn began(&self, request: Request, now: i64) -> Result<Pass, Failed> {
        self.settle(request, Standing::Rotating { at: now }, None)
            .await
    }

    /// Secrets Manager took up an older rotation: this request has become that one.
    async fn reattempted(&self, request: Request, now: i64) -> Result<Pass, Failed> {
        let name = request.secret.clone().unwrap_or_default();
        let expected = Some(request.revision);
        let snapshot = match self.look(&name, now).await? {
            Ok(snapshot) => snapshot,
            Err(refusal) => return self.refuse(request, expected, refusal).await,
        };
        let open = snapshot.with(PENDING).cloned();
        let by = match open.filter(|id| Some(id) != snapshot.with(CURRENT)) {
            Some(by) if by == request.token => return self.began(request, now).await,
            Some(by) => by,
            // It ended meanwhile, or the look is behind: nobody knows yet which it was.
            None => {
                return Ok(Pass::End(Handled::Again {
                    after: THROTTLED,
                    why: "Secrets Manager, which is at another rotation of the secret",
                    lag: None,
                }));
            }
        };
        let state = self.store.load(&name).await?;
        let changes = state.and_then(|before| {
            let mut after = before.clone();
            let kept = after.secret.requests.iter_mut();
            for one in kept.filter(|one| one.token == request.token) {
                one.superseded_by = Some(by.clone());
            }
            Changes::between(Some(&before), &after)
        });
        self.settle(request, Standing::Superseded { by, at: now }, changes)
            .await
    }
}

/// How long a request without a free call waits. The longer it has waited, the longer: a queue of thousands
/// is looked at now and then. Each time another wait, so that those who came together do not come again
/// together.
fn patience(request: &Request, now: i64) -> i64 {
    let waited = now.saturating_sub(request.received_at);
    let spread = waited.clamp(SPREAD.0, SPREAD.1);
    let bytes = request.token.as_str().bytes();
    let scattered = hash(now.to_be_bytes().into_iter().chain(bytes));
    // The high bits are the well mixed ones.
    let within = i64::try_from(scattered >> 33).unwrap_or_default();
    1 + within.rem_euclid(spread)
}
