use rekey_rotation::testing::aftermath::{
    Book, Ended, Objectors, Order, Process, Surroundings, Task,
};
use rekey_rotation::testing::toy::{ToyServer, ToyWorld};
use rekey_rotation::testing::{
    Process as Rotating, Recorder, SecretsManager, Target, Trace, Verbs, World,
};
use rekey_rotation::{
    AftermathError, ClientRequestToken, Overlap, Patience, SecretId, SecretValue, StagingLabel,
    Step, VersionId,
};

pub const SECRET: &str = "db/app";

/// A secret, its server, its Secrets Manager, and who is told.
pub struct House {
    pub server: ToyServer,
    pub store: SecretsManager,
    pub secret: SecretId,
    pub book: Book,
    pub objectors: Objectors,
}

impl House {
    pub async fn build(overlap: Overlap) -> Self {
        let store = SecretsManager::new(1_800_000_000);
        let server = ToyWorld(overlap).fresh(&store).await;
        let superuser = server
            .superuser()
            .map(|(id, value)| (id.to_string(), value));
        let secrets = [(SECRET.to_owned(), server.first())];
        for (name, value) in secrets.into_iter().chain(superuser) {
            // It is put where secrets are kept.
            let made = store.create_secret(&name, Some(value.expose()), None).await;
            assert!(made.is_ok());
        }
        Self {
            server,
            store,
            secret: SecretId::parse(SECRET).expect("a name"),
            book: Book::default(),
            objectors: Objectors::default(),
        }
    }

    /// A house after one rotation: the version before, and the one that is current.
    pub async fn rotated(overlap: Overlap) -> (Self, VersionId, VersionId) {
        let house = Self::build(overlap).await;
        let before = house.holder(&StagingLabel::Current).expect("a first value");
        let now = house.rotate(1).await;
        house.book.arm(&before, house.store.now());
        (house, before, now)
    }

    pub async fn begin(&self, n: usize) -> ClientRequestToken {
        let token = ClientRequestToken::parse(&format!("rotation-{n:->40}")).expect("a token");
        let function = self.store.rotation_function().to_owned();
        let begun = self
            .store
            .rotate_secret(SECRET, Some(token.as_str()), Some(&function), true)
            .await;
        assert_eq!(begun, Ok(()));
        token
    }

    pub async fn step(&self, step: Step, token: &ClientRequestToken) {
        let recorder = Recorder::default();
        let process = Rotating::start(
            &self.store,
            self.server.rotator(),
            &recorder,
            None,
            Trace::default(),
        );
        let done = process.step(step, &self.secret, token).await;
        assert!(done.is_ok(), "{done:?}");
    }

    /// A whole rotation.
    pub async fn rotate(&self, n: usize) -> VersionId {
        let token = self.begin(n).await;
        for step in Step::ALL {
            self.step(step, &token).await;
        }
        self.store.note_rotated(&self.secret);
        token
    }

    pub fn order(&self, subject: &VersionId) -> Order {
        Order {
            secret: self.secret.clone(),
            subject: subject.clone(),
            from: self.holder(&StagingLabel::Current).expect("a current one"),
            patience: Patience::Wait,
        }
    }

    pub fn process(&self, order: Order) -> Process<ToyServer> {
        let surroundings = Surroundings {
            store: self.store.clone(),
            book: self.book.clone(),
            objectors: self.objectors.clone(),
            recorder: Recorder::default(),
        };
        let rotator = self.server.rotator();
        Process::start(&surroundings, rotator, order, None, Trace::default())
    }

    pub async fn retire(
        &self,
        subject: &VersionId,
        patience: Patience,
    ) -> Result<Ended, AftermathError> {
        let order = Order {
            patience,
            ..self.order(subject)
        };
        self.process(order).perform(Task::Retire).await
    }

    pub async fn roll_back(&self, to: &VersionId) -> Result<Ended, AftermathError> {
        self.process(self.order(to)).perform(Task::RollBack).await
    }

    pub async fn clear(&self, version: &VersionId) -> Result<Ended, AftermathError> {
        self.process(self.order(version)).perform(Task::Clear).await
    }

    pub fn holder(&self, label: &StagingLabel) -> Option<VersionId> {
        VersionId::parse(&self.store.holder(&self.secret, label)?)
    }

    pub fn value(&self, version: &VersionId) -> SecretValue {
        let value = self.store.peek_version(&self.secret, version);
        value.expect("a version with a value")
    }

    pub async fn logs_in(&self, version: &VersionId) -> bool {
        self.server.logs_in(&self.value(version)).await
    }
}
