//! A story told to the function that observes: each event twice, late, in any order, by clocks that are
//! minutes apart.

use rekey_events::{Announcement, Source};
use rekey_registry::request::{Request, Requests as _};
use rekey_registry::testing::MemoryStore;
use rekey_registry::{
    Happening, Observation, Policy, Report, SecretState, VersionId, observe, report,
};

use super::{Bus, MINUTE, NAME, START, SecretsManager, Seeded, Step, Story, book, supersede};

/// How long the deliveries of a schedule may take.
#[derive(Clone, Copy, Debug)]
pub enum Delay {
    /// Each thing comes at once, and again at once.
    None,
    /// Each copy comes after up to so many further steps.
    Steps(usize),
    /// Everything comes when everything has happened.
    End,
}

/// One telling of a story.
pub struct Telling<'a> {
    story: &'a Story,
    secrets: SecretsManager,
    store: MemoryStore,
    observer: Bus,
    retirer: Bus,
    policy: Policy,
    seeded: Seeded,
    clock: i64,
    /// The place of an event that never comes.
    pub lost: Option<usize>,
}

#[derive(Clone)]
enum Coming {
    Event(Observation),
    Report(Report),
    Superseded(VersionId, VersionId),
}

/// What is recorded in the end: of the secret, and of the requests.
pub type End = (SecretState, Vec<Request>);

impl<'a> Telling<'a> {
    pub fn new(story: &'a Story, seed: u64) -> Self {
        let observer = Bus::of(Source::Observe);
        Self {
            story,
            secrets: SecretsManager::default(),
            store: MemoryStore::new(),
            retirer: observer.as_seen_by(Source::Retire),
            observer,
            policy: Policy::default(),
            seeded: Seeded::new(seed),
            clock: START,
            lost: None,
        }
    }

    /// Tells the story; returns what is recorded and what was announced.
    pub async fn run(mut self, delay: Delay) -> (End, Vec<Announcement>) {
        let mut coming: Vec<(usize, Coming)> = Vec::new();
        let last = self.story.steps.len();
        for (place, (at, step)) in self.story.steps.iter().enumerate() {
            self.clock = *at;
            let thing = match step {
                Step::Change(change) => {
                    self.secrets.apply(NAME, change, *at);
                    None
                }
                Step::Event(observation) => Some(Coming::Event(observation.clone())),
                Step::Report(report) => Some(Coming::Report(report.clone())),
                Step::Superseded(token, by) => Some(Coming::Superseded(token.clone(), by.clone())),
                Step::Booked(token) => {
                    // Whoever asks for a rotation asks for that of a registered secret.
                    self.event(&[touched()]).await;
                    book(&self.store, NAME, token, *at).await;
                    None
                }
                Step::Intent(intent) => {
                    // Whoever acts has looked at the secret first.
                    self.event(&[touched()]).await;
                    self.report(intent).await;
                    self.report(intent).await;
                    None
                }
            };
            if let Some(thing) = thing.filter(|_| self.lost != Some(place)) {
                for _ in 0..2 {
                    let due = match delay {
                        Delay::None => place,
                        Delay::Steps(most) => place + self.seeded.below(most + 1),
                        Delay::End => last,
                    };
                    coming.push((due, thing.clone()));
                }
            }
            self.deliver(&mut coming, place).await;
        }
        self.clock += 5 * MINUTE;
        self.deliver(&mut coming, usize::MAX).await;
        assert!(coming.is_empty());
        // Only who observes announces the end of a rollback; the report may have come after the last event.
        self.event(&[touched()]).await;
        let state = self.store.state(NAME).unwrap();
        let mut requests = Vec::new();
        for token in &self.story.requests {
            requests.push(self.store.request(token).await.unwrap().unwrap());
        }
        ((state, requests), self.observer.taken())
    }

    /// Brings what is due, in any order; sometimes several events at once, as a batch has them.
    async fn deliver(&mut self, coming: &mut Vec<(usize, Coming)>, place: usize) {
        loop {
            let due: Vec<_> = (0..coming.len())
                .filter(|i| coming[*i].0 <= place)
                .collect();
            if due.is_empty() {
                return;
            }
            let pick = due[self.seeded.below(due.len())];
            match coming.remove(pick).1 {
                Coming::Report(report) => self.report(&report).await,
                // Recorded once: a request that has become another is not called again.
                Coming::Superseded(token, by) => {
                    coming.retain(|(_, thing)| {
                        !matches!(thing, Coming::Superseded(other, _) if *other == token)
                    });
                    supersede(&self.store, NAME, &token, &by).await;
                }
                Coming::Event(first) => {
                    let mut batch = vec![first];
                    while self.seeded.below(3) == 0 {
                        let next = coming.iter().position(|(due, thing)| {
                            *due <= place && matches!(thing, Coming::Event(_))
                        });
                        let Some(next) = next else { break };
                        if let Coming::Event(one) = coming.remove(next).1 {
                            batch.push(one);
                        }
                    }
                    self.event(&batch).await;
                }
            }
        }
    }

    async fn event(&mut self, observations: &[Observation]) {
        let now = self.now();
        let Self {
            store,
            secrets,
            observer,
            policy,
            ..
        } = self;
        let seen = observe(store, secrets, observer, policy, NAME, now, observations).await;
        let seen = seen.unwrap();
        assert!(seen.registered);
        assert_eq!(seen.unlisted, Vec::<usize>::new());
        self.check();
    }

    async fn report(&mut self, what: &Report) {
        let now = self.now();
        report(&self.store, &self.retirer, &self.policy, NAME, now, what)
            .await
            .unwrap();
        self.check();
    }

    /// Our clocks are up to three minutes off.
    fn now(&mut self) -> i64 {
        self.clock + self.seeded.below(6 * 60) as i64 - 3 * MINUTE
    }

    /// What holds at every moment; asked now and then.
    fn check(&mut self) {
        if self.seeded.below(8) > 0 {
            return;
        }
        let state = self.store.state(NAME).unwrap();
        let mut dues = state.dues();
        dues.sort_by_key(|due| (due.bucket(), due.place()));
        let places = |dues: &[rekey_registry::Due]| -> Vec<_> {
            dues.iter().map(|due| (due.bucket(), due.place())).collect()
        };
        assert_eq!(places(&self.store.all_due()), places(&dues));
        assert_eq!(state.unsent, Vec::new());
        let mut numbers: Vec<_> = state.versions.values().map(|it| it.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
        for version in state.versions.values() {
            let made = self
                .story
                .made
                .iter()
                .position(|id| *id == version.id)
                .unwrap();
            assert_eq!(
                version.number as usize,
                made + 1,
                "numbers follow the order of making"
            );
        }
    }
}

fn touched() -> Observation {
    Observation {
        arn: None,
        what: Happening::Touched,
    }
}
