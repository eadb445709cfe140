//! A request is judged, and what it comes to is recorded, in one commit with the secret and the turn.

use rekey_events::SCHEDULE_SOURCE;

use super::{Desk, Pass};
use crate::changes::Changes;
use crate::engine::Failed;
use crate::orders::Orders;
use crate::publisher::Publisher;
use crate::request::impact::Impact;
use crate::request::judge::{self, Case, Verdict};
use crate::request::record::{Request, Requested, Standing};
use crate::request::rotate::Rotate;
use crate::request::store::{Requests, Settlement, Turn};
use crate::snapshot::Secrets;
use crate::state::SecretState;

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
        let name = request.secret.clone().unwrap_or_default();
        let state = self.store.load(&name).await?;
        if let Err(refusal) = judge::registered(state.as_ref(), self.policy, now) {
            return self.refuse(request, expected, refusal).await;
        }
        let Some(state) = state else {
            return Ok(Pass::Anew);
        };
        request.arn = Some(state.secret.arn.clone());
        request.impact = Some(Impact::of(&state, self.policy, now));
        let turn = match &state.secret.service {
            Some(service) => self.store.turn(service).await?,
            None => None,
        };
        let token = request.token.clone();
        let wishes = request.wishes.clone();
        let mut case = Case {
            state: &state,
            look: None,
            turn: turn.as_ref(),
            token: Some(&token),
            wishes: &wishes,
            forced: request.forced,
            scheduled: request.source == SCHEDULE_SOURCE,
            policy: self.policy,
            now,
        };
        // The record may be a moment behind, so it may only refuse; a look decides.
        if let Err(refusal) = judge::by_record(&case) {
            return self.refuse(request, expected, refusal).await;
        }
        let snapshot = match self.look(&name, now).await? {
            Ok(snapshot) => snapshot,
            Err(refusal) => {
                return self.refuse(request, expected, refusal).await;
            }
        };
        case.look = Some(&snapshot);
        let approved = request.approved_by.is_some() || request.wishes.dry_run;
        let standing = match judge::verdict(&case, approved) {
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
            settlement.secret = booked(&state, &settlement.request, now);
            let service = state.secret.service.clone();
            settlement.turn = service.map(|service| {
                let taken = Turn {
                    service,
                    secret: name.clone(),
                    token: token.clone(),
                    at: now,
                };
                (taken, turn.clone())
            });
        }
        self.store.settle(&settlement).await?;
        Ok(Pass::On(Box::new(settlement.request)))
    }
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
