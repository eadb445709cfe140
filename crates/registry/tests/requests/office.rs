//! A desk with everything around it, one registered secret, and people who ask.

use rekey_events::{Announcement, RotateRequested, Source};
use rekey_registry::request::{
    Actor, Ask, Desk, Handled, Refusal, Request, Requests as _, Rotate, RotateError, Rotated,
    Standing,
};
use rekey_registry::testing::MemoryStore;
use rekey_registry::{Failed, Policy, Secret, SecretState, VersionId, observe};
use serde_json::{Value, json};

use crate::world::{Bus, Change, Queue, SecretsManager, version};

pub const KEY: &str = "db/app-primary";
pub const NAME: &str = "prod/db/app-primary";
pub const START: i64 = 1_790_000_000;
pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
pub const OURS: &str = "arn:aws:lambda:eu-west-1:000000000000:function:rekey-prod-rotate-database";
/// May ask, and nothing else.
pub const PAYMENTS: &str = "rekey.requester.payments";
/// May force and approve.
pub const SECURITY: &str = "rekey.requester.security";
/// Has another role.
pub const VIEWER: &str = "rekey.requester.viewer";

/// Clones share everything but the clock.
#[derive(Clone)]
pub struct Office {
    pub store: MemoryStore,
    pub secrets: SecretsManager,
    pub bus: Bus,
    pub queue: Queue,
    pub rotate: Caller,
    pub policy: Policy,
    pub now: i64,
}

/// RotateSecret over the same labels.
#[derive(Clone)]
pub struct Caller {
    pub secrets: SecretsManager,
    pub at: i64,
    pub calls: std::sync::Arc<std::sync::Mutex<Vec<(String, VersionId)>>>,
    pub answer: std::sync::Arc<std::sync::Mutex<Option<RotateError>>>,
}

impl Rotate for Caller {
    async fn rotate(&self, arn: &str, token: &VersionId) -> Result<Rotated, RotateError> {
        let name = arn.split(":secret:").nth(1).unwrap();
        let name = &name[..name.len() - 7];
        self.calls
            .lock()
            .unwrap()
            .push((name.to_owned(), token.clone()));
        if let Some(error) = self.answer.lock().unwrap().clone() {
            return Err(error);
        }
        let pending = self.secrets.holder(name, "AWSPENDING");
        let current = self.secrets.holder(name, "AWSCURRENT");
        if pending.is_some() && pending != current {
            return Ok(Rotated::Reattempted);
        }
        let apply = |change| self.secrets.apply(name, &change, self.at);
        apply(Change::Make(token.clone()));
        apply(Change::Label("AWSPENDING", Some(token.clone())));
        Ok(Rotated::Begun)
    }
}

impl Office {
    /// A secret with two users, registered, never rotated by request, with no grace running.
    pub async fn open() -> Self {
        let secrets = SecretsManager::default();
        let office = Self {
            store: MemoryStore::new(),
            secrets: secrets.clone(),
            bus: Bus::of(Source::Request),
            queue: Queue::default(),
            rotate: Caller {
                secrets,
                at: START,
                calls: std::sync::Arc::default(),
                answer: std::sync::Arc::default(),
            },
            policy: Policy {
                environment: Some("prod".to_owned()),
                ..Policy::default()
            },
            now: START,
        };
        office.register(NAME).await;
        for (source, role, power) in [
            (PAYMENTS, "internal_admin", false),
            (SECURITY, "internal_admin", true),
            (VIEWER, "viewer", true),
        ] {
            let name = source.strip_prefix("rekey.requester.").unwrap();
            office
                .allow(&actor(source, &format!("team {name}"), role, power))
                .await;
        }
        office
    }

    pub async fn allow(&self, actor: &Actor) {
        self.store.put_actor(actor).await.unwrap();
    }

    pub async fn register(&self, name: &str) {
        let made = version(name.len());
        self.secrets.apply(name, &Change::Create, START - DAY);
        let mut snapshot = self.secrets.snapshot(name);
        snapshot.rotation_function = Some(OURS.to_owned());
        self.secrets.replace(name, snapshot);
        for change in [
            Change::Tag("rekey:strategy", "alternating-users".to_owned()),
            Change::Make(made.clone()),
            Change::Label("AWSCURRENT", Some(made)),
        ] {
            self.secrets.apply(name, &change, START - DAY);
        }
        self.see(name).await;
    }

    /// What is so at Secrets Manager is recorded.
    pub async fn see(&self, name: &str) {
        let bus = self.bus.as_seen_by(Source::Observe);
        let Self {
            store,
            secrets,
            policy,
            now,
            ..
        } = self;
        observe(store, secrets, &bus, policy, name, *now, &[])
            .await
            .unwrap();
    }

    /// A tag of the secret, seen.
    pub async fn tag(&self, tag: &'static str, text: &str) {
        let change = Change::Tag(tag, text.to_owned());
        self.secrets.apply(NAME, &change, self.now);
        self.see(NAME).await;
    }

    /// The record of the secret is changed by hand.
    pub fn state(&self) -> SecretState {
        self.store.state(NAME).unwrap()
    }

    pub fn secret(&self) -> Secret {
        self.state().secret
    }

    pub async fn handle(&self, ask: &Ask) -> Result<Handled, Failed> {
        let rotate = Caller {
            at: self.now,
            ..self.rotate.clone()
        };
        let desk = Desk {
            store: &self.store,
            secrets: &self.secrets,
            publisher: &self.bus,
            rotate: &rotate,
            orders: &self.queue,
            policy: &self.policy,
        };
        desk.handle(ask, self.now).await
    }

    /// Somebody asks for the secret, with these fields besides; how the request stands then.
    pub async fn ask(&self, source: &str, more: Value) -> Request {
        let ask = asked(source, self.now, more);
        match self.handle(&ask).await.unwrap() {
            Handled::Done(request) => *request,
            Handled::Again { .. } => self.stands(&ask.token).await,
            Handled::Clash => panic!("the id was used before"),
        }
    }

    /// Its message comes again; how it stands then.
    pub async fn ask_again(&self, ask: &Ask) -> Request {
        self.handle(ask).await.unwrap();
        self.stands(&ask.token).await
    }

    /// How a request stands.
    pub async fn stands(&self, token: &VersionId) -> Request {
        self.store.request(token).await.unwrap().unwrap()
    }

    pub async fn refused(&self, source: &str, more: Value) -> Refusal {
        refusal(&self.ask(source, more).await)
    }

    pub async fn rotating(&self, source: &str, more: Value) -> Request {
        let request = self.ask(source, more).await;
        assert!(
            matches!(request.standing, Standing::Rotating { .. }),
            "{:?}",
            request.standing
        );
        request
    }

    /// The rotation that is open comes to a good end.
    pub async fn finish(&self, token: &VersionId) {
        for change in [
            Change::Label("AWSCURRENT", Some(token.clone())),
            Change::Label("AWSPENDING", None),
            Change::Rotated,
        ] {
            self.secrets.apply(NAME, &change, self.now);
        }
        self.see(NAME).await;
    }

    pub fn calls(&self) -> usize {
        self.rotate.calls.lock().unwrap().len()
    }

    pub fn announced(&self, detail_type: &str) -> Vec<Announcement> {
        let taken = self.bus.taken().into_iter();
        taken
            .filter(|one| one.detail_type.as_str() == detail_type)
            .collect()
    }
}

pub fn actor(source: &str, name: &str, role: &str, power: bool) -> Actor {
    Actor {
        source: source.to_owned(),
        name: name.to_owned(),
        role: role.to_owned(),
        may_force: power,
        may_approve: power,
        scope: Vec::new(),
        since: START,
        recorded_by: None,
    }
}

pub fn refusal(request: &Request) -> Refusal {
    match &request.standing {
        Standing::Refused(refusal) => refusal.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

/// A request as it comes, with a rollout note unless `more` says otherwise.
pub fn asked(source: &str, now: i64, more: Value) -> Ask {
    let timestamp = rekey_events::Timestamp::of_unix(now).unwrap();
    let mut detail = json!({
        "key": KEY,
        "timestamp": timestamp,
        "reason": "the quarter's rotation",
        "metadata": { "rollout_note": "CHG-7" },
    });
    for (name, value) in more.as_object().unwrap() {
        detail[name] = value.clone();
    }
    let detail = RotateRequested::try_from(detail).unwrap();
    Ask::of(source, &format!("envelope at {now}"), &detail).unwrap()
}
