//! What a request waits for at the function that can reach the target: a retirement, or a rehearsal.

use rekey_events::ErrorClass;

use super::{Desk, Handled, Pass};
use crate::engine::Failed;
use crate::observe::look::{CURRENT, PREVIOUS};
use crate::orders::{Order, Orders};
use crate::publisher::Publisher;
use crate::request::judge::no;
use crate::request::record::Request;
use crate::request::rotate::Rotate;
use crate::request::store::Requests;
use crate::snapshot::Secrets;
use crate::version::{Version, VersionId};

/// How long an old credential may take to be retired before its request is given up, in seconds.
const RETIRING: i64 = 15 * 60;
/// After how many seconds a request that waits for a retirement is looked at again.
const RETIRING_AGAIN: i64 = 20;

impl<S, K, P, R, O> Desk<'_, S, K, P, R, O>
where
    S: Requests,
    K: Secrets,
    P: Publisher,
    R: Rotate,
    O: Orders,
{
    /// Has the old credential retired, and goes on when it is.
    pub(super) async fn retiring(
        &self,
        request: Request,
        since: i64,
        now: i64,
    ) -> Result<Pass, Failed> {
        let name = request.secret.clone().unwrap_or_default();
        let expected = Some(request.revision);
        let snapshot = match self.look(&name, now).await? {
            Ok(snapshot) => snapshot,
            Err(refusal) => {
                return self.refuse(request, expected, refusal).await;
            }
        };
        let state = self.store.load(&name).await?;
        let old = snapshot.with(PREVIOUS);
        let is_dead = |id: &VersionId| {
            let state = state.as_ref();
            let version = state.and_then(|state| state.versions.get(id));
            version.is_some_and(Version::is_dead)
        };
        let Some(old) = old.filter(|id| !is_dead(id)) else {
            return self.judge(request, expected, now).await;
        };
        if since.saturating_add(RETIRING) <= now {
            let refusal = no(
                ErrorClass::StillInUse,
                "the old credential could not be retired first",
                "see what keeps it: rekey doctor; the log of the function that retires says more",
                now,
            );
            return self.refuse(request, expected, refusal).await;
        }
        let order = Order::RetireNow {
            name,
            arn: request.arn.clone().unwrap_or_default(),
            version: old.clone(),
            request: request.token.clone(),
            by: request.actor.clone().unwrap_or_default(),
            reason: request
                .reason
                .clone()
                .unwrap_or_else(|| "a forced rotation was asked for".to_owned()),
        };
        self.orders.send(&order).await?;
        Ok(Pass::End(Handled::Again {
            after: RETIRING_AGAIN,
            why: "the old credential, which is retired first",
        }))
    }

    /// Has the target asked what a rotation would do.
    pub(super) async fn rehearse(&self, request: &Request, now: i64) -> Result<(), Failed> {
        let name = request.secret.clone().unwrap_or_default();
        let current = match self.look(&name, now).await? {
            Ok(snapshot) => snapshot.with(CURRENT).cloned(),
            Err(_) => None,
        };
        let order = Order::Rehearse {
            name,
            arn: request.arn.clone().unwrap_or_default(),
            // Without a current version nothing can be rehearsed, and the answer says so.
            version: current.unwrap_or_else(|| request.token.clone()),
            request: request.token.clone(),
        };
        self.orders.send(&order).await?;
        Ok(())
    }
}
