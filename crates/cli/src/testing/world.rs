//! AWS in memory, and a clock that moves only when somebody waits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rekey_audit::testing::{LocalSigner, MemoryVault};
use rekey_events::{EventId, Kind};
use rekey_registry::testing::MemoryStore;
use rekey_registry::{
    Changes, Look, LookError, Policy, Presence, SecretState, Secrets, SeenVersion, Snapshot, Store,
    TaggedPage,
};
use serde_json::Value;

use super::ledger::Ledger;
use super::office::Office;
use crate::clock::Clock;
use crate::config::{AuditNames, Stack};
use crate::error::Error;
use crate::functions::{Functions, InvokeError};
use crate::queues::{QueueError, Queues};
use crate::requester::Requester;
use crate::world::World;

/// 2026-11-22T00:00:00Z.
pub const NOW: i64 = 1_795_305_600;

pub struct TestWorld {
    pub stack: Stack,
    pub store: MemoryStore,
    pub secrets: Arc<Shelf>,
    pub functions: Lambda,
    pub queues: Sqs,
    pub office: Arc<Office>,
    pub trail: Ledger,
    pub vault: MemoryVault,
    pub signer: LocalSigner,
    pub clock: TestClock,
    pub caller: Option<String>,
    ids: AtomicU32,
}

/// What Secrets Manager says.
#[derive(Default)]
pub struct Shelf(pub Mutex<BTreeMap<String, Result<Look, LookError>>>);

/// What the functions answer, in turn, and what they were asked. The last answer stays.
#[derive(Default)]
pub struct Lambda {
    pub answers: Mutex<VecDeque<Result<Value, InvokeError>>>,
    pub asked: Mutex<Vec<(String, Value)>>,
}

/// How much lies in each queue.
#[derive(Default)]
pub struct Sqs(pub BTreeMap<String, Result<u64, QueueError>>);

/// While somebody waits, the rest of the world goes on.
pub struct TestClock(Arc<Office>, AtomicI64);

impl TestWorld {
    pub fn empty() -> Self {
        let (store, secrets) = (MemoryStore::new(), Arc::new(Shelf::default()));
        let policy = Policy {
            environment: Some("prod".into()),
            ..Policy::default()
        };
        let office = Office::of(store.clone(), secrets.clone(), policy.clone());
        let office = Arc::new(office);
        Self {
            stack: Stack {
                stage: "prod".into(),
                table: "rekey-prod-registry".into(),
                retire: "rekey-prod-retire".into(),
                retire_keys: "rekey-prod-retire-keys".into(),
                sweep: "rekey-prod-sweep".into(),
                request: "rekey-prod-request".into(),
                bus: "rekey-prod-requests".into(),
                audit: AuditNames {
                    table: "rekey-prod-audit".into(),
                    bucket: None,
                    key: "alias/rekey-prod-checkpoints".into(),
                },
                requester: Requester::operators(),
                dead_letters: vec![
                    "rekey-prod-observe-dead-letters".into(),
                    "rekey-prod-dead-letters".into(),
                ],
                policy,
            },
            store,
            secrets,
            functions: Lambda::default(),
            queues: Sqs(BTreeMap::from([
                ("rekey-prod-observe-dead-letters".into(), Ok(0)),
                ("rekey-prod-dead-letters".into(), Ok(0)),
            ])),
            trail: Ledger::default(),
            vault: MemoryVault::default(),
            signer: LocalSigner::new(7).unwrap(),
            clock: TestClock(office.clone(), AtomicI64::new(NOW)),
            office,
            ids: AtomicU32::new(0),
            caller: Some("arn:aws:sts::123456789012:assumed-role/Admin/anna".into()),
        }
    }

    /// Registers a secret, and lets Secrets Manager say the same of it as the record.
    pub async fn with(self, state: SecretState) -> Self {
        let changes = Changes::between(None, &state).unwrap();
        self.store.commit(&changes).await.unwrap();
        for read in super::cast::reads(&state) {
            self.store.note_read(&read).await.unwrap();
        }
        let look = Ok(Look::Found(Box::new(snapshot(&state))));
        self.looks(&state.secret.name, look);
        self
    }

    /// Lets Secrets Manager say this of a secret.
    pub fn looks(&self, name: &str, look: Result<Look, LookError>) {
        self.secrets.0.lock().unwrap().insert(name.to_owned(), look);
    }

    /// Lets the functions answer so, one after the other.
    pub fn answers(self, answers: impl IntoIterator<Item = Result<Value, InvokeError>>) -> Self {
        self.functions.answers.lock().unwrap().extend(answers);
        self
    }

    /// What the functions were asked.
    pub fn asked(&self) -> Vec<(String, Value)> {
        self.functions.asked.lock().unwrap().clone()
    }
}

/// What Secrets Manager says of a secret whose record is right.
pub fn snapshot(state: &SecretState) -> Snapshot {
    let secret = &state.secret;
    let seen = |version: &rekey_registry::Version| SeenVersion {
        id: version.id.clone(),
        created_ms: version.created_at.map(|at| at * 1_000),
        labels: version.labels.clone(),
    };
    Snapshot {
        name: secret.name.clone(),
        arn: secret.arn.clone(),
        tags: tags(secret),
        rotation_enabled: secret.rotation_enabled,
        rotation_function: secret.rotation_function.clone(),
        last_rotated: secret.last_rotated,
        owning_service: secret.owning_service.clone(),
        deleted: match secret.presence {
            Presence::Deleting { until } => until,
            _ => None,
        },
        versions: state.versions.values().map(seen).collect(),
        ..Snapshot::default()
    }
}

/// The tags that say what the record says.
fn tags(secret: &rekey_registry::Secret) -> BTreeMap<String, String> {
    let number = |number: Option<i64>| number.map(|number| number.to_string());
    let list = |list: &[String]| Some(list.join(" ")).filter(|text| !text.is_empty());
    let tags = [
        ("rekey:owner", secret.owner.clone()),
        (
            "rekey:kind",
            Some(secret.kind.clone()).filter(|kind| kind != Kind::UNKNOWN),
        ),
        ("rekey:grace", number(secret.grace_tag)),
        ("rekey:max-age", number(secret.max_age_days)),
        ("rekey:health", list(&secret.health)),
        ("rekey:window", secret.window_tag.clone()),
        (
            "rekey:approval",
            secret.approval_manual.then(|| "manual".to_owned()),
        ),
        (
            "rekey:every",
            secret.every.map(|every| format!("{}m", every / 60)),
        ),
        ("rekey:service", secret.service.clone()),
        ("rekey:sites", list(&secret.sites)),
        ("rekey:strategy", secret.strategy_tag.clone()),
    ];
    tags.into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

impl Secrets for Shelf {
    async fn look(&self, name: &str) -> Result<Look, LookError> {
        let found = self.0.lock().unwrap().get(name).cloned();
        found.unwrap_or(Ok(Look::Missing))
    }

    async fn registered(&self, _: Option<&str>) -> Result<TaggedPage, LookError> {
        Ok(TaggedPage::default())
    }
}

impl Functions for Lambda {
    async fn invoke(&self, function: &str, payload: &Value) -> Result<Value, InvokeError> {
        let asked = (function.to_owned(), payload.clone());
        self.asked.lock().unwrap().push(asked);
        let mut answers = self.answers.lock().unwrap();
        match answers.len() {
            0 => Err(InvokeError::NotFound),
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        }
    }
}

impl Queues for Sqs {
    async fn waiting(&self, queue: &str) -> Result<Option<u64>, QueueError> {
        self.0.get(queue).cloned().transpose()
    }
}

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.1.load(Ordering::SeqCst)
    }

    async fn pause(&self, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap();
        self.1.fetch_add(seconds.max(1), Ordering::SeqCst);
        self.0.go_on().await;
    }
}

impl World for TestWorld {
    type Store = MemoryStore;
    type Secrets = Shelf;
    type Functions = Lambda;
    type Queues = Sqs;
    type Bus = Office;
    type Trail = Ledger;
    type Vault = MemoryVault;
    type Signer = LocalSigner;
    type Clock = TestClock;

    fn stack(&self) -> &Stack {
        &self.stack
    }

    fn region(&self) -> &'static str {
        "eu-west-1"
    }

    fn store(&self) -> &MemoryStore {
        &self.store
    }

    fn secrets(&self) -> &Shelf {
        &self.secrets
    }

    fn functions(&self) -> &Lambda {
        &self.functions
    }

    fn queues(&self) -> &Sqs {
        &self.queues
    }

    fn bus(&self) -> &Office {
        &self.office
    }

    fn trail(&self) -> &Ledger {
        &self.trail
    }

    async fn vault(&self) -> Result<&MemoryVault, Error> {
        Ok(&self.vault)
    }

    fn signer(&self) -> &LocalSigner {
        &self.signer
    }

    fn fresh_id(&self) -> Result<EventId, Error> {
        let number = self.ids.fetch_add(1, Ordering::SeqCst);
        Ok(EventId::derive("test", &number.to_string()))
    }

    fn clock(&self) -> &TestClock {
        &self.clock
    }

    async fn caller(&self) -> Option<String> {
        self.caller.clone()
    }
}
