//! A request is judged, and what it comes to is recorded, in one commit with the secret and the turn.

use super::seeing::Seen;
use super::{Desk, Pass};
use crate::changes::Changes;
use crate::engine::Failed;
use crate::orders::Orders;
use crate::publisher::Publisher;
use crate::request::actor::Actor;
use crate::request::impact::Impact;
use crate::request::judge::{self, Verdict};
use crate::request::record::{Request, Requested, Standing};
use crate::request::rotate::Rotate;
use crate::request::store::{Requests, Settlement, Turn};
use crate::snapshot::Secrets;
use crate::state::SecretState;
use crate::version::VersionId;

/// How many accepted requests the record of a secret keeps.
const KEPT: usize = 16;

impl<S, K, P, R, O> Desk<'_, S, K, P, R, O>
where
    S: Requests,
    K: Secrets,
    P: Publisher,
    R: Rotate,
    O: Orders,
{
    /// Judges a request whose sender may make it.
    pub(super) async fn judge(
        &self,
        mut request: Request,
        expected: Option<u64>,
        now: i64,
    ) -> Result<Pass, Failed> {
        let seen = match self.see(&request, now).await? {
            Ok(seen) => seen,
            Err(refusal) => return self.refuse(request, expected, refusal).await,
        };
        request.arn = Some(seen.now.secret.arn.clone());
        request.impact = Some(Impact::of(&seen.now, self.policy, now));
        let approved = request.approved_by.is_some() || request.wishes.dry_run;
        let standing = match self.verdict(&request, &seen, approved, now) {
            Verdict::Refuse(refusal) => return self.refuse(request, expected, refusal).await,
            _ if request.wishes.dry_run => Standing::Rehearsing { since: now },
            Verdict::Await => Standing::AwaitingApproval {
                until: now.saturating_add(self.policy.approval),
            },
            Verdict::RetireFirst(_) => Standing::Retiring { since: now },
            Verdict::Accept => Standing::Accepted { at: now },
        };
        let books = matches!(
            standing,
            Standing::Accepted { .. } | Standing::Retiring { .. }
        );
        request.standing = standing;
        request.revision = expected.map_or(1, |revision| revision.saturating_add(1));
        let mut settlement = Settlement {
            request,
            expected,
            other: None,
            secret: None,
            turn: None,
        };
        if books {
            settlement.secret = booked(&seen.before, &settlement.request, now);
            settlement.turn = turn(&seen, &settlement.request, now);
        }
        self.store.settle(&settlement).await?;
        Ok(Pass::On(Box::new(settlement.request)))
    }

    /// What is written with the refusal of a request that was accepted before: nothing came of it, so neither
    /// the interval nor the turn of the service is used up.
    pub(super) async fn unbook(
        &self,
        request: &Request,
    ) -> Result<(Option<Changes>, Option<TurnTaken>), Failed> {
        let name = request.secret.as_deref().unwrap_or_default();
        let Some(state) = self.store.load(name).await? else {
            return Ok((None, None));
        };
        let turn = match &state.secret.service {
            Some(service) => self.store.turn(service).await?,
            None => None,
        };
        let ours = turn.filter(|turn| turn.token == request.token);
        let given_back = ours.map(|turn| {
            let free = turn.at.saturating_sub(self.policy.apart);
            (
                Turn {
                    at: free,
                    ..turn.clone()
                },
                Some(turn),
            )
        });
        Ok((unbooked(&state, request), given_back))
    }

    /// Approves another request. While time alone is in the way of that one, it goes on waiting: its yes is
    /// not used up.
    pub(super) async fn approve(
        &self,
        mut request: Request,
        actor: &Actor,
        approves: VersionId,
        now: i64,
    ) -> Result<Pass, Failed> {
        let other = self.store.request(&approves).await?;
        if let Err(refusal) = judge::approval(&request, actor, other.as_ref(), now) {
            return self.refuse(request, None, refusal).await;
        }
        let Some(mut other) = other else {
            return Ok(Pass::Anew);
        };
        let refusal = match self.see(&other, now).await? {
            Err(refusal) => Some(refusal),
            Ok(seen) => match self.verdict(&other, &seen, true, now) {
                Verdict::Refuse(refusal) => Some(refusal),
                Verdict::Accept | Verdict::Await | Verdict::RetireFirst(_) => None,
            },
        };
        if let Some(refusal) = refusal.filter(|it| judge::passes(&it.class)) {
            return self.refuse(request, None, refusal).await;
        }
        let expected = other.revision;
        other.approved_by = Some(actor.name.clone());
        other.revision = expected.saturating_add(1);
        request.standing = Standing::Approved { request: approves };
        request.arn.clone_from(&other.arn);
        request.revision = 1;
        let settlement = Settlement {
            request,
            expected: None,
            other: Some((other, expected)),
            secret: None,
            turn: None,
        };
        self.store.settle(&settlement).await?;
        Ok(Pass::On(Box::new(settlement.request)))
    }
}

/// A turn as it is written, and as it was read.
type TurnTaken = (Turn, Option<Turn>);

/// The turn of the service, taken, with what must still be recorded of it.
fn turn(seen: &Seen, request: &Request, now: i64) -> Option<TurnTaken> {
    let taken = Turn {
        service: seen.now.secret.service.clone()?,
        secret: seen.now.secret.name.clone(),
        token: request.token.clone(),
        at: now,
    };
    Some((taken, seen.turn.clone()))
}

/// Whether the record of the secret has the request in it.
pub(super) fn is_booked(state: &SecretState, request: &Request) -> bool {
    let mut kept = state.secret.requests.iter();
    kept.any(|one| one.token == request.token)
}

/// The record of the secret with the request in it. None when it is there already.
fn booked(before: &SecretState, request: &Request, now: i64) -> Option<Changes> {
    if is_booked(before, request) {
        return None;
    }
    let mut after = before.clone();
    after.secret.requests.push(Requested {
        token: request.token.clone(),
        at: now,
        source: request.source.clone(),
        actor: request.actor.clone(),
        reason: request.reason.clone(),
        correlation: request.correlation.clone(),
        superseded_by: None,
        outcome: None,
    });
    let surplus = after.secret.requests.len().saturating_sub(KEPT);
    after.secret.requests.drain(..surplus);
    Changes::between(Some(before), &after)
}

/// The record of the secret without the request. None when it is not there.
fn unbooked(before: &SecretState, request: &Request) -> Option<Changes> {
    let mut after = before.clone();
    let requests = &mut after.secret.requests;
    requests.retain(|one| one.token != request.token);
    Changes::between(Some(before), &after)
}
