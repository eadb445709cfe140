//! What a request is judged by: the record, and a look at this moment. Policy is what the tags say now.

use rekey_events::SCHEDULE_SOURCE;

use super::Desk;
use crate::engine::Failed;
use crate::observe::look::policy;
use crate::orders::Orders;
use crate::publisher::Publisher;
use crate::request::judge::{self, Case, Verdict};
use crate::request::record::{Refusal, Request};
use crate::request::rotate::Rotate;
use crate::request::store::{Requests, Turn};
use crate::snapshot::{Secrets, Snapshot};
use crate::state::SecretState;

/// A secret as it is judged.
pub(super) struct Seen {
    /// As it is recorded.
    pub(super) before: SecretState,
    /// The same with what the look says of its policy: no event tells of a tag without a trail.
    pub(super) now: SecretState,
    /// The look.
    pub(super) snapshot: Snapshot,
    /// Whose turn it is among the secrets of its service.
    pub(super) turn: Option<Turn>,
}

impl<S, K, P, R, O> Desk<'_, S, K, P, R, O>
where
    S: Requests,
    K: Secrets,
    P: Publisher,
    R: Rotate,
    O: Orders,
{
    /// Loads and looks. What can be refused without a look, or at sight, is.
    pub(super) async fn see(
        &self,
        request: &Request,
        now: i64,
    ) -> Result<Result<Box<Seen>, Box<Refusal>>, Failed> {
        let name = request.secret.as_deref().unwrap_or_default();
        let Some(before) = self.store.load(name).await? else {
            return Ok(Err(judge::not_registered(now)));
        };
        if let Err(refusal) = judge::by_record(&self.case(request, &before, now)) {
            return Ok(Err(refusal));
        }
        let snapshot = match self.look(name, now).await? {
            Ok(snapshot) => snapshot,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut fresh = before.clone();
        policy(&mut fresh.secret, &snapshot);
        if let Err(refusal) = judge::registered(&fresh, self.policy, now) {
            return Ok(Err(refusal));
        }
        let turn = match &fresh.secret.service {
            Some(service) => self.store.turn(service).await?,
            None => None,
        };
        Ok(Ok(Box::new(Seen {
            before,
            now: fresh,
            snapshot,
            turn,
        })))
    }

    /// What a request comes to, by what was seen.
    pub(super) fn verdict(
        &self,
        request: &Request,
        seen: &Seen,
        approved: bool,
        now: i64,
    ) -> Verdict {
        let case = Case {
            look: Some(&seen.snapshot),
            // The turn that this request itself has taken is not in its way.
            turn: seen
                .turn
                .as_ref()
                .filter(|turn| turn.token != request.token),
            ..self.case(request, &seen.now, now)
        };
        judge::verdict(&case, approved)
    }

    fn case<'c>(&'c self, request: &'c Request, state: &'c SecretState, now: i64) -> Case<'c> {
        Case {
            state,
            look: None,
            turn: None,
            token: Some(&request.token),
            wishes: &request.wishes,
            forced: request.forced,
            scheduled: request.source == SCHEDULE_SOURCE,
            policy: self.policy,
            now,
        }
    }
}
