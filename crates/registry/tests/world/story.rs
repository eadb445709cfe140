use rekey_registry::{BroughtBack, Happening, Observation, Report, Retired, VersionId};

use super::{Change, SecretsManager, version};

/// Something that people, a schedule or our functions do with a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Act {
    /// RotateSecret, and it succeeds.
    Rotate,
    /// A schedule rotates, a step fails twice, the third attempt succeeds.
    RotateWithFailures,
    /// A rotation is open and somebody puts a value by hand.
    PutMidRotation,
    /// A rotation is open and somebody moves AWSCURRENT to its version by hand.
    LabelMidRotation,
    /// PutSecretValue by hand.
    Put,
    /// UpdateSecretVersionStage by hand: the version before becomes the current one.
    LabelByHand,
    /// Our function retires the old credential.
    Retire,
    /// Our function rolls back.
    RollBack,
    /// DeleteSecret, and RestoreSecret an hour later.
    DeleteAndRestore,
    /// Somebody changes a tag.
    Tag,
    /// Somebody asks us for a rotation, and it succeeds.
    Requested,
    /// Somebody asks us while a rotation is open, and Secrets Manager takes that one up.
    RequestedWhileOpen,
}

impl Act {
    pub const ALL: [Self; 12] = [
        Self::Rotate,
        Self::RotateWithFailures,
        Self::PutMidRotation,
        Self::LabelMidRotation,
        Self::Put,
        Self::LabelByHand,
        Self::Retire,
        Self::RollBack,
        Self::DeleteAndRestore,
        Self::Tag,
        Self::Requested,
        Self::RequestedWhileOpen,
    ];
}

/// One thing after the other.
#[derive(Clone, Debug)]
pub enum Step {
    /// Something changes at Secrets Manager.
    Change(Change),
    /// An event sets out for the function that observes. It may come at any time from now on, twice.
    Event(Observation),
    /// The function that retires acts only when this was taken.
    Intent(Report),
    /// It reports what it did, now or later.
    Report(Report),
    /// A request is recorded, before RotateSecret is called.
    Booked(VersionId),
    /// That another version was taken up in place of a request is recorded, now or later.
    Superseded(VersionId, VersionId),
}

/// An announcement that a story must lead to: its type, the number of the version, the result.
pub type Expected = (String, Option<u64>, Option<String>);

/// A secret's life: what happens, in order, and what must be announced of it.
pub struct Story {
    pub name: String,
    pub clock: i64,
    pub steps: Vec<(i64, Step)>,
    pub expected: Vec<Expected>,
    pub made: Vec<VersionId>,
    pub requests: Vec<VersionId>,
    secrets: SecretsManager,
    rolled_back: Vec<VersionId>,
    retired: Vec<VersionId>,
}

const MINUTE: i64 = 60;
const MONTH: i64 = 30 * 24 * 60 * MINUTE;

impl Story {
    /// A secret is created with a value, and then the acts.
    pub fn of(name: &str, clock: i64, acts: &[Act]) -> Self {
        let mut story = Self {
            name: name.to_owned(),
            clock,
            steps: Vec::new(),
            expected: Vec::new(),
            made: Vec::new(),
            requests: Vec::new(),
            secrets: SecretsManager::default(),
            rolled_back: Vec::new(),
            retired: Vec::new(),
        };
        story.change(Change::Create);
        let first = story.make();
        story.activate(&first);
        story.put(&first);
        for act in acts {
            story.clock += 10 * MINUTE;
            story.act(*act);
        }
        story
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Rotate => {
                let id = self.make();
                self.event(Happening::RotateRequested {
                    version: Some(id.clone()),
                    at: self.clock,
                    actor: Some("somebody".to_owned()),
                });
                self.expect("greentic.secrets.rotate.requested", &id, None);
                self.work(&id);
                self.finish(&id);
            }
            Act::Requested => {
                let id = version(self.made.len() + 1);
                self.book(&id);
                self.make();
                self.event(Happening::RotateRequested {
                    version: Some(id.clone()),
                    at: self.clock,
                    actor: Some("the function that takes requests".to_owned()),
                });
                self.expect("greentic.secrets.rotate.requested", &id, None);
                self.work(&id);
                self.finish(&id);
            }
            Act::RequestedWhileOpen => {
                let open = self.make();
                self.work(&open);
                let number = 90_000_000 + self.requests.len();
                let token = version(number);
                self.book(&token);
                self.steps_now(Step::Superseded(token, open.clone()));
                self.finish(&open);
            }
            Act::RotateWithFailures => {
                let id = self.make();
                self.work(&id);
                for step in ["setSecret", "testSecret"] {
                    self.clock += MINUTE;
                    self.failed(&id, step);
                }
                self.finish(&id);
            }
            Act::PutMidRotation => {
                let open = self.make();
                self.work(&open);
                self.clock += MINUTE;
                let id = self.make();
                self.change(Change::Label("AWSPENDING", None));
                self.activate(&id);
                self.put(&id);
                self.event(Happening::RotationAbandoned {
                    version: None,
                    at: self.clock,
                });
                self.expect(
                    "greentic.secrets.rotate.completed",
                    &open,
                    Some("abandoned"),
                );
            }
            Act::LabelMidRotation => {
                let id = self.make();
                self.work(&id);
                self.clock += MINUTE;
                self.activate(&id);
                self.event(Happening::Touched);
                self.expect("greentic.secrets.rotate.completed", &id, Some("success"));
            }
            Act::Put => {
                let id = self.make();
                self.activate(&id);
                self.put(&id);
            }
            Act::LabelByHand => {
                if let Some(id) = self.holder("AWSPREVIOUS") {
                    self.activate(&id);
                    self.event(Happening::Touched);
                }
            }
            Act::Retire => self.retire(),
            Act::RollBack => self.roll_back(),
            Act::DeleteAndRestore => self.delete_and_restore(),
            Act::Tag => {
                let days = (self.clock % 97).to_string();
                self.change(Change::Tag("rekey:max-age", days));
                self.event(Happening::Touched);
            }
        }
    }

    /// A rotation begins: the rotation function puts a value under AWSPENDING and announces the change.
    fn work(&mut self, id: &VersionId) {
        self.change(Change::Label("AWSPENDING", Some(id.clone())));
        self.event(Happening::RotationStarted {
            version: None,
            at: self.clock,
        });
        self.clock += 1;
        self.event(Happening::Put {
            version: id.clone(),
            at: self.clock,
            actor: Some("the rotation function".to_owned()),
            pending: true,
        });
        self.event(Happening::Intended {
            version: id.clone(),
            at: self.clock,
            strategy: Some(strategy(self.clock).to_owned()),
        });
    }

    fn book(&mut self, token: &VersionId) {
        self.requests.push(token.clone());
        self.steps_now(Step::Booked(token.clone()));
    }

    fn finish(&mut self, id: &VersionId) {
        self.clock += 1;
        self.activate(id);
        self.change(Change::Rotated);
        self.event(Happening::RotationSucceeded {
            version: None,
            at: self.clock,
        });
        self.expect("greentic.secrets.rotate.completed", id, Some("success"));
    }

    fn failed(&mut self, id: &VersionId, step: &str) {
        self.event(Happening::StepFailed {
            version: id.clone(),
            id: format!("failure at {}", self.clock),
            step: Some(step.to_owned()),
            class: "target_unreachable".to_owned(),
            message: format!("the database does not answer at {}", self.clock),
            at: self.clock,
        });
        self.event(Happening::RotationFailed {
            version: None,
            at: self.clock,
        });
    }

    fn retire(&mut self) {
        let old = self.holder("AWSPREVIOUS");
        let Some(id) = old.filter(|id| !self.retired.contains(id)) else {
            return;
        };
        self.retired.push(id.clone());
        self.steps_now(Step::Intent(Report::RetireIntended {
            version: id.clone(),
            requested_by: None,
            reason: None,
        }));
        self.expect("rekey.retire.intended", &id, None);
        self.clock += MINUTE;
        self.change(Change::Label("AWSPREVIOUS", None));
        self.event(Happening::Touched);
        self.steps_now(Step::Report(Report::Retired(Retired {
            version: id.clone(),
            refused_at: self.clock,
            strategy: Some("alternating-users".to_owned()),
            sessions_ended: 2,
            label_removed: true,
            forced: false,
            waited_for: vec!["sessions_open".to_owned()],
            requested_by: None,
            reason: None,
        })));
        self.expect("rekey.secret.retired", &id, None);
    }

    fn roll_back(&mut self) {
        let (Some(from), Some(to)) = (self.holder("AWSCURRENT"), self.holder("AWSPREVIOUS")) else {
            return;
        };
        if self.rolled_back.contains(&from) {
            return;
        }
        self.rolled_back.push(from.clone());
        self.steps_now(Step::Intent(Report::RollbackIntended {
            from: from.clone(),
            to: to.clone(),
            requested_by: Some("somebody".to_owned()),
            reason: Some("it broke".to_owned()),
        }));
        self.expect("rekey.rollback.intended", &to, None);
        self.clock += MINUTE;
        self.activate(&to);
        self.steps_now(Step::Report(Report::RolledBack(BroughtBack {
            from: from.clone(),
            to: to.clone(),
            accepted_at: self.clock,
            restored: true,
            reason: "it broke".to_owned(),
            requested_by: Some("somebody".to_owned()),
        })));
        self.expect("rekey.secret.rolled_back", &to, None);
        self.expect(
            "greentic.secrets.rotate.completed",
            &from,
            Some("rolled_back"),
        );
    }

    fn delete_and_restore(&mut self) {
        let until = self.clock + MONTH;
        self.change(Change::Deleted(Some(until)));
        self.event(Happening::Deleted {
            at: self.clock,
            actor: Some("somebody".to_owned()),
            until: Some(until),
        });
        self.expected
            .push(("greentic.secrets.delete".to_owned(), None, None));
        self.clock += 60 * MINUTE;
        self.change(Change::Deleted(None));
        self.event(Happening::Restored { at: self.clock });
    }

    fn make(&mut self) -> VersionId {
        let id = version(self.made.len() + 1);
        self.made.push(id.clone());
        self.change(Change::Make(id.clone()));
        id
    }

    fn put(&mut self, id: &VersionId) {
        self.expect("greentic.secrets.put", id, None);
        self.event(Happening::Put {
            version: id.clone(),
            at: self.clock,
            actor: Some("somebody".to_owned()),
            pending: false,
        });
    }

    fn activate(&mut self, id: &VersionId) {
        self.change(Change::Label("AWSCURRENT", Some(id.clone())));
        self.event(Happening::LabelMoved {
            label: "AWSCURRENT".to_owned(),
            version: id.clone(),
            at: self.clock,
        });
    }

    fn change(&mut self, change: Change) {
        self.secrets.apply(&self.name, &change, self.clock);
        self.steps_now(Step::Change(change));
    }

    fn event(&mut self, what: Happening) {
        let arn = Some(self.secrets.snapshot(&self.name).arn);
        self.steps_now(Step::Event(Observation { arn, what }));
    }

    fn steps_now(&mut self, step: Step) {
        self.steps.push((self.clock, step));
    }

    fn holder(&self, label: &str) -> Option<VersionId> {
        self.secrets.holder(&self.name, label)
    }

    fn expect(&mut self, detail_type: &str, id: &VersionId, result: Option<&str>) {
        let number = self.made.iter().position(|one| one == id).unwrap() as u64 + 1;
        let result = result.map(str::to_owned);
        self.expected
            .push((detail_type.to_owned(), Some(number), result));
    }
}

/// Somebody changes it now and then.
fn strategy(at: i64) -> &'static str {
    ["single-user", "alternating-users"][(at / MINUTE % 2) as usize]
}
