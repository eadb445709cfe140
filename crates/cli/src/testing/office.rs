//! The requests bus, and behind it the function that answers requests: its own decisions, over the registry
//! in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rekey_events::{Announcement, RotateRequested, Source};
use rekey_registry::request::{
    Actor, Ask, Desk, Request, Requests, Rotate, RotateError, Rotated, Settlement, Standing,
};
use rekey_registry::testing::MemoryStore;
use rekey_registry::{
    Changes, Order, OrderError, Orders, Policy, PublishError, Publisher, SecretState, Store,
    VersionId,
};
use serde_json::Value;

use super::world::{NOW, Shelf};
use crate::bus::{Bus, BusError};
use crate::requester::{ADMIN, Requester};

pub struct Office {
    store: MemoryStore,
    secrets: Arc<Shelf>,
    policy: Policy,
    /// Who asked for what, and about which resource.
    asked: Mutex<Vec<(String, Value, String)>>,
    /// What the bus answers in place of taking a request.
    pub refusal: Mutex<Option<BusError>>,
    /// Whether nobody takes what the bus has taken.
    pub is_away: Mutex<bool>,
    /// Whether Secrets Manager takes no RotateSecret now.
    pub is_throttled: Mutex<bool>,
    /// What happens while somebody waits, one for each moment.
    later: Mutex<VecDeque<Later>>,
    /// The last request that was answered.
    last: Mutex<Option<VersionId>>,
}

/// Something that happens.
pub enum Later {
    /// Nothing.
    Nothing,
    /// The last request stands so now.
    Stands(Standing),
    /// Another one does.
    Other(VersionId, Standing),
    /// The record of a secret is this now.
    Is(Box<SecretState>),
}

impl Office {
    pub fn of(store: MemoryStore, secrets: Arc<Shelf>, policy: Policy) -> Self {
        Self {
            store,
            secrets,
            policy,
            asked: Mutex::default(),
            refusal: Mutex::default(),
            is_away: Mutex::default(),
            is_throttled: Mutex::default(),
            later: Mutex::default(),
            last: Mutex::default(),
        }
    }

    /// What was asked for.
    pub fn asked(&self) -> Vec<(String, Value, String)> {
        self.asked.lock().unwrap().clone()
    }

    /// The id of the last request.
    pub fn last(&self) -> VersionId {
        self.last.lock().unwrap().clone().unwrap()
    }

    pub fn later(&self, later: impl IntoIterator<Item = Later>) {
        self.later.lock().unwrap().extend(later);
    }

    /// A moment passes.
    pub async fn go_on(&self) {
        let next = self.later.lock().unwrap().pop_front();
        match next {
            None | Some(Later::Nothing) => {}
            Some(Later::Stands(standing)) => {
                let token = self.last();
                self.stands(&token, standing).await;
            }
            Some(Later::Other(token, standing)) => self.stands(&token, standing).await,
            Some(Later::Is(state)) => self.is(&state).await,
        }
    }

    /// Lets a request stand so.
    pub async fn stands(&self, token: &VersionId, standing: Standing) {
        let mut request = self.store.request(token).await.unwrap().unwrap();
        let expected = Some(request.revision);
        request.revision += 1;
        request.standing = standing;
        self.settle(request, expected).await;
    }

    /// Records a request as it is.
    pub async fn settle(&self, request: Request, expected: Option<u64>) {
        let settlement = Settlement {
            request,
            expected,
            other: None,
            secret: None,
            turn: None,
        };
        self.store.settle(&settlement).await.unwrap();
    }

    /// Lets the record of a secret be this, but for what is noted of its requests.
    pub async fn is(&self, after: &SecretState) {
        let before = self.store.load(&after.secret.name).await.unwrap().unwrap();
        let mut after = after.clone();
        after.secret.requests.clone_from(&before.secret.requests);
        let changes = Changes::between(Some(&before), &after).unwrap();
        self.store.commit(&changes).await.unwrap();
    }

    /// Somebody who may ask. `leads` may approve, `operators` may force.
    pub async fn allows(&self, name: &str, actor: &str) {
        let requester = Requester::parse(name).unwrap();
        let actor = Actor {
            source: requester.source(),
            name: actor.to_owned(),
            role: if name == "readers" { "viewer" } else { ADMIN }.to_owned(),
            may_force: name == "operators",
            may_approve: name == "leads",
            scope: Vec::new(),
            since: NOW - 24 * 60 * 60,
            recorded_by: Some("arn:aws:iam::123456789012:user/root-of-all".into()),
        };
        self.store.put_actor(&actor).await.unwrap();
    }
}

impl Bus for Office {
    async fn ask(
        &self,
        requester: &Requester,
        request: &RotateRequested,
        resource: &str,
    ) -> Result<(), BusError> {
        let source = requester.source();
        let entry = (
            source.clone(),
            serde_json::to_value(request).unwrap(),
            resource.to_owned(),
        );
        self.asked.lock().unwrap().push(entry);
        if let Some(refusal) = self.refusal.lock().unwrap().clone() {
            return Err(refusal);
        }
        let ask = Ask::of(&source, "an id of the envelope", request).unwrap();
        *self.last.lock().unwrap() = Some(ask.token.clone());
        if *self.is_away.lock().unwrap() {
            return Ok(());
        }
        let desk = Desk {
            store: &self.store,
            secrets: &*self.secrets,
            publisher: &Others,
            rotate: &Calls(*self.is_throttled.lock().unwrap()),
            orders: &Others,
            policy: &self.policy,
        };
        desk.handle(&ask, NOW).await.unwrap();
        Ok(())
    }
}

/// All that the function reaches besides.
struct Others;

impl Publisher for Others {
    fn source(&self) -> Source {
        Source::Request
    }

    async fn publish(&self, _: &[Announcement]) -> Result<(), PublishError> {
        Ok(())
    }
}

/// RotateSecret, which may be throttled.
struct Calls(bool);

impl Rotate for Calls {
    async fn rotate(&self, _: &str, _: &VersionId) -> Result<Rotated, RotateError> {
        match self.0 {
            true => Err(RotateError::Throttled),
            false => Ok(Rotated::Begun),
        }
    }
}

impl Orders for Others {
    async fn send(&self, _: &Order) -> Result<(), OrderError> {
        Ok(())
    }
}
