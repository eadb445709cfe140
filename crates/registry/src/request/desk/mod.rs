//! What is done about a request: load, judge, record, tell, and only then call RotateSecret.
//!
//! A message may come twice, late, beside another, or be cut off anywhere. What was recorded decides what a
//! repetition does; the token makes RotateSecret itself a repetition.

mod calling;
mod judging;
mod seeing;
mod waiting;

use rekey_events::{ErrorClass, SCHEDULE_SOURCE};

use crate::changes::Changes;
use crate::engine::Failed;
use crate::orders::Orders;
use crate::policy::Policy;
use crate::publisher::Publisher;
use crate::request::actor::Actor;
use crate::request::ask::Ask;
use crate::request::judge;
use crate::request::record::{Refusal, Request, Standing};
use crate::request::rotate::Rotate;
use crate::request::store::{Requests, Settlement, Turn};
use crate::request::telling::tell;
use crate::snapshot::{Look, Secrets, Snapshot};
use crate::store::StoreError;
use crate::version::VersionId;

/// How often a request is judged anew when somebody else wrote meanwhile.
const CONFLICTS: usize = 5;

/// Everything that is needed to answer requests.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a, S, K, P, R, O> {
    /// The registry.
    pub store: &'a S,
    /// Looking at Secrets Manager.
    pub secrets: &'a K,
    /// The inner bus.
    pub publisher: &'a P,
    /// Calling RotateSecret.
    pub rotate: &'a R,
    /// The queue of the function that may reach targets.
    pub orders: &'a O,
    /// The numbers to go by.
    pub policy: &'a Policy,
}

/// What becomes of the message that brought a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Handled {
    /// It is done with: the request stands as this says.
    Done(Box<Request>),
    /// It must come again, after so many seconds.
    Again {
        /// The seconds.
        after: i64,
        /// What is waited for.
        why: &'static str,
        /// How long a request that may be done has waited for us, in seconds; none when it waits for others.
        lag: Option<i64>,
    },
    /// Its id was used before by the same source for something else.
    Clash,
}

/// What one pass over a request came to.
enum Pass {
    /// It is done, or must come again.
    End(Handled),
    /// It stands differently now, as this says: once more.
    On(Box<Request>),
    /// What it was judged by is gone: from the beginning.
    Anew,
    /// Another request was approved: go on with that one.
    With(VersionId),
}

impl<S, K, P, R, O> Desk<'_, S, K, P, R, O>
where
    S: Requests,
    K: Secrets,
    P: Publisher,
    R: Rotate,
    O: Orders,
{
    /// Does what a request asks for, as far as the policy lets it, or says why not. Each call goes on where
    /// the last one was cut off.
    ///
    /// # Errors
    /// [`Failed`]. What was recorded by then stays; the same call does the rest.
    pub async fn handle(&self, ask: &Ask, now: i64) -> Result<Handled, Failed> {
        let mut token = ask.token.clone();
        let mut conflicts = 0;
        let mut written = None;
        loop {
            let passed = match written.take() {
                Some(request) => self.go_on(request, ask, now).await,
                None => match self.store.request(&token).await? {
                    None => self.receive(ask, now).await,
                    Some(known) if known.token == ask.token && !ask.is_of(&known) => {
                        return Ok(Handled::Clash);
                    }
                    Some(known) => self.come_again(known, ask, now).await,
                },
            };
            match passed {
                Ok(Pass::End(handled)) => return Ok(handled),
                Ok(Pass::On(request)) => written = Some(*request),
                Ok(Pass::Anew) => {}
                Ok(Pass::With(other)) => token = other,
                Err(Failed::Store(StoreError::Conflict)) if conflicts < CONFLICTS => conflicts += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// A request that was never seen.
    async fn receive(&self, ask: &Ask, now: i64) -> Result<Pass, Failed> {
        let mut request = ask.record(now);
        match judge::name(ask, self.policy, now) {
            Ok(name) => request.secret = Some(name),
            Err(refusal) => {
                // People paste passwords into the wrong field.
                request.key = None;
                return self.refuse(request, None, refusal).await;
            }
        }
        let actor = if ask.source == SCHEDULE_SOURCE {
            Some(Actor::schedule())
        } else {
            self.store.actor(&ask.source).await?
        };
        if let Some(actor) = &actor {
            request.actor = Some(actor.name.clone());
            request.role = Some(actor.role.clone());
            request.forced = ask.wishes.force && actor.may_force;
        }
        let authority = judge::authority(&ask.source, &ask.key, actor.as_ref(), now);
        if let Err(refusal) = authority {
            return self.refuse(request, None, refusal).await;
        }
        if let (Some(approves), Some(actor)) = (ask.wishes.approves.clone(), &actor) {
            return self.approve(request, actor, approves, now).await;
        }
        self.judge(request, None, now).await
    }

    /// A request that was recorded by an earlier call. What is not done yet is done only for somebody who
    /// still may.
    async fn come_again(&self, mut request: Request, ask: &Ask, now: i64) -> Result<Pass, Failed> {
        let scheduled = request.source == SCHEDULE_SOURCE;
        if scheduled && matches!(request.standing, Standing::Refused(_)) {
            // A schedule asks again until it is done, whatever was in the way.
            let request = tell(self.store, self.publisher, request, self.policy, now).await?;
            let expected = Some(request.revision);
            return self.judge(request, expected, now).await;
        }
        if !scheduled && !request.standing.is_final() {
            let actor = self.store.actor(&request.source).await?;
            request.forced &= actor.as_ref().is_some_and(|actor| actor.may_force);
            let key = request.key.as_deref().unwrap_or_default();
            let authority = judge::authority(&request.source, key, actor.as_ref(), now);
            let begun = matches!(request.standing, Standing::Rotating { .. });
            if let (Err(refusal), false) = (authority, begun) {
                let expected = Some(request.revision);
                return self.refuse(request, expected, refusal).await;
            }
        }
        self.go_on(request, ask, now).await
    }

    /// A request that is recorded as this says.
    async fn go_on(&self, request: Request, ask: &Ask, now: i64) -> Result<Pass, Failed> {
        let request = tell(self.store, self.publisher, request, self.policy, now).await?;
        let expected = Some(request.revision);
        match request.standing {
            Standing::Accepted { .. } => self.call(request, now).await,
            Standing::Retiring { since } => self.retiring(request, since, now).await,
            Standing::Rehearsing { since } => self.rehearse(request, since, now).await,
            Standing::AwaitingApproval { .. } if request.approved_by.is_some() => {
                self.judge(request, expected, now).await
            }
            Standing::AwaitingApproval { until } => self.await_approval(request, until, now).await,
            // What is approved is told by its own request; the approval only goes on with it.
            Standing::Approved { request: ref other } if request.token == ask.token => {
                Ok(Pass::With(other.clone()))
            }
            _ => Ok(Pass::End(Handled::Done(Box::new(request)))),
        }
    }

    /// How the secret is now, or that it is there no more.
    async fn look(&self, name: &str, now: i64) -> Result<Result<Snapshot, Box<Refusal>>, Failed> {
        match self.secrets.look(name).await? {
            Look::Found(snapshot) => Ok(Ok(*snapshot)),
            Look::Missing => Ok(Err(judge::no(
                ErrorClass::InvalidRequest,
                "the secret is registered, and Secrets Manager has it no more",
                "see: rekey doctor",
                now,
            ))),
        }
    }

    async fn refuse(
        &self,
        request: Request,
        expected: Option<u64>,
        refusal: Box<Refusal>,
    ) -> Result<Pass, Failed> {
        // A schedule that is refused again for the same reason is not told again, or written.
        if let (Some(_), Standing::Refused(known)) = (expected, &request.standing)
            && known.class == refusal.class
        {
            return Ok(Pass::End(Handled::Done(Box::new(request))));
        }
        let was_accepted = matches!(
            request.standing,
            Standing::Accepted { .. } | Standing::Retiring { .. }
        );
        let (secret, turn) = match expected {
            Some(_) if was_accepted => self.unbook(&request).await?,
            _ => (None, None),
        };
        self.written(request, expected, Standing::Refused(*refusal), secret, turn)
            .await
    }

    async fn settle(
        &self,
        request: Request,
        standing: Standing,
        secret: Option<Changes>,
    ) -> Result<Pass, Failed> {
        let expected = Some(request.revision);
        self.written(request, expected, standing, secret, None)
            .await
    }

    async fn written(
        &self,
        mut request: Request,
        expected: Option<u64>,
        standing: Standing,
        secret: Option<Changes>,
        turn: Option<(Turn, Option<Turn>)>,
    ) -> Result<Pass, Failed> {
        // A yes is to one try: a schedule that asks again waits for another.
        if matches!(standing, Standing::Refused(_)) && request.source == SCHEDULE_SOURCE {
            request.approved_by = None;
        }
        request.standing = standing;
        request.revision = expected.map_or(1, |revision| revision.saturating_add(1));
        let settlement = Settlement {
            request,
            expected,
            other: None,
            secret,
            turn,
        };
        self.store.settle(&settlement).await?;
        Ok(Pass::On(Box::new(settlement.request)))
    }
}
