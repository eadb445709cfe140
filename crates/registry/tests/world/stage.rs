use rekey_events::{Announcement, Source};
use rekey_registry::testing::MemoryStore;
use rekey_registry::{
    Deadline, DeadlineKey, Finding, Happening, Look, Observation, Observed, Policy, Practice,
    Report, Round, SecretState, Secrets, Swept, VersionId, What, explain, observe, report, sweep,
};

use super::{Bus, Change, Queue, RequestsBus, Rotations, SecretsManager, version};

pub const NAME: &str = "prod/db/app-primary";
pub const START: i64 = 1_790_000_000;
pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// One secret and everything around it, with a clock that a test moves.
#[derive(Clone)]
pub struct Stage {
    pub store: MemoryStore,
    pub secrets: SecretsManager,
    pub bus: Bus,
    pub queue: Queue,
    pub asked: RequestsBus,
    pub rotations: Rotations,
    pub policy: Policy,
    pub now: i64,
}

impl Stage {
    /// A secret without a version, which nobody has looked at.
    pub fn new() -> Self {
        let stage = Self {
            store: MemoryStore::new(),
            secrets: SecretsManager::default(),
            bus: Bus::of(Source::Observe),
            queue: Queue::default(),
            asked: RequestsBus::default(),
            rotations: Rotations::default(),
            policy: Policy::default(),
            now: START,
        };
        stage.secrets.apply(NAME, &Change::Create, START);
        stage
    }

    /// A secret whose first value was put by hand, and recorded; ten minutes later.
    pub async fn begun() -> Self {
        let mut stage = Self::new();
        stage.put_by_hand(1).await;
        stage.now += 10 * MINUTE;
        stage
    }

    /// One that was rotated after that: version 2 is current since `now`.
    pub async fn rotated() -> Self {
        let mut stage = Self::begun().await;
        stage.rotate(2).await;
        stage
    }

    pub fn change(&self, change: Change) {
        self.secrets.apply(NAME, &change, self.now);
    }

    pub async fn put_by_hand(&mut self, number: usize) {
        let id = version(number);
        self.change(Change::Make(id.clone()));
        self.change(Change::Label("AWSCURRENT", Some(id.clone())));
        self.hear(&[put(&id, self.now), label_moved(&id, self.now)])
            .await;
    }

    /// AWSPENDING on a new version, and our function at work on it.
    pub async fn open(&mut self, number: usize) {
        let id = version(number);
        self.change(Change::Make(id.clone()));
        self.change(Change::Label("AWSPENDING", Some(id.clone())));
        self.hear(&[Happening::Intended {
            version: id,
            at: self.now,
            strategy: Some("single-user".to_owned()),
        }])
        .await;
    }

    pub async fn tag(&self, tag: &'static str, text: &str) {
        self.change(Change::Tag(tag, text.to_owned()));
        self.hear(&[Happening::Touched]).await;
    }

    pub async fn rotate(&mut self, number: usize) {
        self.open(number).await;
        self.activate(number).await;
        self.change(Change::Label("AWSPENDING", None));
        self.change(Change::Rotated);
        self.hear(&[Happening::Touched]).await;
    }

    /// AWSCURRENT moves, and the word on it comes.
    pub async fn activate(&mut self, number: usize) {
        let id = version(number);
        self.change(Change::Label("AWSCURRENT", Some(id.clone())));
        self.hear(&[label_moved(&id, self.now)]).await;
    }

    pub async fn hear(&self, what: &[Happening]) -> Observed {
        let events: Vec<_> = what
            .iter()
            .map(|what| Observation {
                arn: None,
                what: what.clone(),
            })
            .collect();
        self.hear_events(&events).await
    }

    pub async fn hear_events(&self, events: &[Observation]) -> Observed {
        let Self {
            store,
            secrets,
            bus,
            policy,
            now,
            ..
        } = self;
        observe(store, secrets, bus, policy, NAME, *now, events)
            .await
            .unwrap()
    }

    pub async fn report(&self, what: &Report) {
        let bus = self.bus.as_seen_by(Source::Retire);
        report(&self.store, &bus, &self.policy, NAME, self.now, what)
            .await
            .unwrap();
    }

    pub async fn sweep(&self) -> Swept {
        let bus = self.bus.as_seen_by(Source::Sweep);
        let Self {
            store,
            queue,
            asked,
            policy,
            now,
            ..
        } = self;
        sweep(store, &bus, queue, asked, policy, *now)
            .await
            .unwrap()
    }

    /// The doctor's rounds until all secrets were visited.
    pub async fn round(&self) -> Round {
        let round = self.round_over(100).await;
        assert_eq!(round.failed, []);
        assert!(round.complete);
        round
    }

    /// One of its rounds, over so many secrets at most.
    pub async fn round_over(&self, most: usize) -> Round {
        let practice = Practice {
            store: &self.store,
            secrets: &self.secrets,
            publisher: &self.bus.as_seen_by(Source::Sweep),
            resume: &self.rotations,
            orders: &self.queue,
            policy: &self.policy,
        };
        practice.round(self.now, most).await.unwrap()
    }

    pub fn state(&self) -> SecretState {
        self.store.state(NAME).unwrap()
    }

    pub fn deadline(&self, what: What, number: usize) -> Option<Deadline> {
        let key = DeadlineKey::new(what, &version(number));
        self.state().secret.deadlines.get(&key).copied()
    }

    /// What is promised, by what and number.
    pub fn armed(&self, what: What, number: usize) -> Option<i64> {
        self.deadline(what, number)
            .filter(Deadline::is_armed)
            .map(|one| one.promised)
    }

    /// The announcements of a type.
    pub fn announced(&self, detail_type: &str) -> Vec<Announcement> {
        let taken = self.bus.taken().into_iter();
        taken
            .filter(|one| one.detail_type.as_str() == detail_type)
            .collect()
    }

    /// What the doctor explains: the codes.
    pub async fn explained(&self) -> Vec<&'static str> {
        self.findings()
            .await
            .iter()
            .map(|finding| finding.code)
            .collect()
    }

    pub async fn findings(&self) -> Vec<Finding> {
        let look = self.secrets.look(NAME).await.unwrap();
        let snapshot = match &look {
            Look::Found(snapshot) => Some(snapshot.as_ref()),
            Look::Missing => None,
        };
        explain(&self.state(), snapshot, &self.policy, self.now)
    }
}

pub fn label_moved(id: &VersionId, at: i64) -> Happening {
    Happening::LabelMoved {
        label: "AWSCURRENT".to_owned(),
        version: id.clone(),
        at,
    }
}

pub fn put(id: &VersionId, at: i64) -> Happening {
    Happening::Put {
        version: id.clone(),
        at,
        actor: Some("somebody".to_owned()),
        pending: false,
    }
}
