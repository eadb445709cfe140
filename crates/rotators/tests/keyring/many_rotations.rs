//! Rotations one after the other, through the protocol.

use std::pin::pin;

use rekey_rotation::testing::{
    Cut, Driven, How, Process, Recorder, SecretsManager, Trace, Verbs as _,
};
use rekey_rotation::{ClientRequestToken, Outcome, SecretId, SecretValue, StagingLabel, Step};
use rekey_rotators::keyring::AuditKeys;

use crate::trail::{Ring, key};

/// The schedule: versions without a label are then old enough to go.
const NINETY_DAYS: i64 = 90 * 86_400;

/// A Secrets Manager that holds one ring.
struct Store {
    manager: SecretsManager,
    secret: SecretId,
    recorder: Recorder,
}

impl Store {
    async fn with(ring: &Ring) -> Self {
        let manager = SecretsManager::new(1_800_000_000);
        let secret = SecretId::parse("rekey/prod/audit-keys").unwrap();
        let value = ring.value();
        let made = manager.create_secret(secret.as_str(), Some(value.expose()), None);
        made.await.unwrap();
        Self {
            manager,
            secret,
            recorder: Recorder::default(),
        }
    }

    async fn begin(&self, n: usize) -> ClientRequestToken {
        let token = ClientRequestToken::parse(&format!("rotation-{n:-<40}")).unwrap();
        let function = self.manager.rotation_function().to_owned();
        let begun = self.manager.rotate_secret(
            self.secret.as_str(),
            Some(token.as_str()),
            Some(&function),
            true,
        );
        begun.await.unwrap();
        token
    }

    fn process(&self, cut: Option<Cut>) -> Process<AuditKeys> {
        let trace = Trace::new(cut);
        Process::start(&self.manager, AuditKeys, &self.recorder, None, trace)
    }

    fn value(&self, label: &StagingLabel) -> SecretValue {
        self.manager.peek(&self.secret, label).unwrap()
    }

    fn ring(&self) -> Ring {
        Ring::read(&self.value(&StagingLabel::Current))
    }
}

#[tokio::test]
async fn a_ring_of_many_rotations_keeps_every_key_whatever_cuts_them() {
    let store = Store::with(&Ring::of(1, &[&key(1)])).await;
    let mut cuts = 0;
    for n in 1..=120 {
        let before = store.ring();
        let token = store.begin(n).await;
        let how = [How::KillBefore, How::KillAfter, How::LoseAnswer][n % 3];
        let call = n / 3 % 13 + 1;
        {
            let process = store.process(Some(Cut { call, how }));
            let mut attempt = pin!(process.attempt(&store.secret, &token));
            let driven = process.trace.drive(&mut attempt).await;
            cuts += usize::from(!matches!(driven, Driven::Ended(Ok(()))));
        }
        let process = store.process(None);
        process.attempt(&store.secret, &token).await.unwrap();
        store.manager.note_rotated(&store.secret);
        store.manager.pass(NINETY_DAYS);
        let after = store.ring();
        assert!(after.verifies(&before), "rotation {n}");
        assert_eq!(after.keys.len(), before.keys.len() + 1, "rotation {n}");
        assert_eq!(after.current, before.current + 1, "rotation {n}");
    }
    assert!(cuts > 60, "{cuts}");
    let ring = store.ring();
    assert_eq!(ring.keys[&1], key(1));
    assert_eq!(
        ring.keys.keys().copied().collect::<Vec<_>>(),
        (1..=121).collect::<Vec<_>>()
    );
    let mut keys: Vec<&String> = ring.keys.values().collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 121);
}

#[tokio::test]
async fn a_token_makes_one_key_however_often_createsecret_is_called() {
    let store = Store::with(&Ring::of(1, &[&key(1)])).await;
    let token = store.begin(1).await;
    let create = async || {
        let process = store.process(None);
        process.step(Step::Create, &store.secret, &token).await
    };
    assert_eq!(create().await, Ok(Outcome::Done));
    let made = Ring::read(&store.value(&StagingLabel::Pending));
    for _ in 0..3 {
        assert_eq!(create().await, Ok(Outcome::AlreadyDone));
        assert_eq!(Ring::read(&store.value(&StagingLabel::Pending)), made);
    }
    assert_eq!(made.keys.len(), 2);
}

#[tokio::test]
async fn turning_rotation_on_without_rotating_checks_the_ring_and_changes_nothing() {
    let good = Ring::of(1, &[&key(1)]);
    let gap = Ring {
        keys: [(1, key(1)), (3, key(3))].into(),
        current: 3,
    };
    for (ring, taken) in [(good, true), (gap, false)] {
        let store = Store::with(&ring).await;
        let token = store.begin(1).await;
        let process = store.process(None);
        let tested = process.step(Step::Test, &store.secret, &token).await;
        assert_eq!(tested == Ok(Outcome::Probed), taken, "{tested:?}");
        assert_eq!(store.ring(), ring);
    }
}
