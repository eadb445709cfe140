//! What a request waits for: a retirement or a rehearsal by the function that can reach the target, or a
//! person's yes. Its own message is the clock: it comes again until that is there, or is given up.

use rekey_events::{ErrorClass, SCHEDULE_SOURCE};

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
use crate::version::Version;

/// How long the function that can reach the target may take, in seconds.
const PATIENCE: i64 = 15 * 60;
/// After how many seconds what waits for it is looked at again, in its first minute.
const SOON: i64 = 15;
/// And later.
const LATER: i64 = 60;
/// After how many seconds what waits for a person is looked at again, at most: the longest that a queue
/// holds a message back.
const HELD_BACK: i64 = 15 * 60;

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
        if !request.forced {
            // The right to force was taken away meanwhile.
            return self.judge(request, expected, now).await;
        }
        let snapshot = match self.look(&name, now).await? {
            Ok(snapshot) => snapshot,
            Err(refusal) => return self.refuse(request, expected, refusal).await,
        };
        let state = self.store.load(&name).await?;
        let version = |id| state.as_ref().and_then(|state| state.versions.get(id));
        let old = snapshot.with(PREVIOUS);
        let is_dead = |id| version(id).is_some_and(Version::is_dead);
        let Some(old) = old.filter(|id| !is_dead(id)) else {
            return self.judge(request, expected, now).await;
        };
        if since.saturating_add(PATIENCE) <= now {
            let hold = version(old).and_then(|old| old.hold.as_ref());
            let why = hold.map_or("nobody answered", |hold| hold.message.as_str());
            let refusal = no(
                ErrorClass::StillInUse,
                format!("the old credential could not be retired first: {why}"),
                "see what keeps it: rekey doctor; the log of the function that retires says more",
                now,
            );
            return self.refuse(request, expected, refusal).await;
        }
        let order = Order::RetireNow {
            name,
            arn: request.arn.clone().unwrap_or_default(),
            kind: snapshot.kind().to_owned(),
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
            after: pause(since, now),
            why: "the old credential, which is retired first",
            lag: None,
        }))
    }

    /// Has the target asked what a rotation would do.
    pub(super) async fn rehearse(
        &self,
        request: Request,
        since: i64,
        now: i64,
    ) -> Result<Pass, Failed> {
        let name = request.secret.clone().unwrap_or_default();
        let expected = Some(request.revision);
        if since.saturating_add(PATIENCE) <= now {
            let refusal = no(
                ErrorClass::TargetUnreachable,
                "the function that reaches the target gave no answer",
                "see its log and its dead letters (rekey doctor), and rehearse again",
                now,
            );
            return self.refuse(request, expected, refusal).await;
        }
        let snapshot = match self.look(&name, now).await? {
            Ok(snapshot) => snapshot,
            Err(refusal) => return self.refuse(request, expected, refusal).await,
        };
        let Some(version) = snapshot.with(CURRENT).cloned() else {
            let refusal = no(
                ErrorClass::InvalidRequest,
                "the secret has no current version to rotate from",
                "put a value that logs in",
                now,
            );
            return self.refuse(request, expected, refusal).await;
        };
        let order = Order::Rehearse {
            name,
            arn: request.arn.clone().unwrap_or_default(),
            kind: snapshot.kind().to_owned(),
            version,
            request: request.token.clone(),
        };
        self.orders.send(&order).await?;
        Ok(Pass::End(Handled::Again {
            after: pause(since, now),
            why: "the target, which is asked",
            lag: None,
        }))
    }

    /// Waits for a person's yes, up to its time.
    pub(super) async fn await_approval(
        &self,
        request: Request,
        until: i64,
        now: i64,
    ) -> Result<Pass, Failed> {
        if until <= now {
            let expected = Some(request.revision);
            let refusal = no(
                ErrorClass::Forbidden,
                "nobody approved it in time",
                "ask again, and tell somebody who may approve: rekey requesters list",
                now,
            );
            return self.refuse(request, expected, refusal).await;
        }
        // The sweep asks again by itself, and each message that waits would be one more.
        if request.source == SCHEDULE_SOURCE {
            return Ok(Pass::End(Handled::Done(Box::new(request))));
        }
        Ok(Pass::End(Handled::Again {
            after: until.saturating_sub(now).clamp(1, HELD_BACK),
            why: "somebody who approves it",
            lag: None,
        }))
    }
}

fn pause(since: i64, now: i64) -> i64 {
    if now.saturating_sub(since) < LATER {
        SOON
    } else {
        LATER
    }
}
