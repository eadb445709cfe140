//! What each step promises when nothing cuts it: trials, graces, refusals, and how many calls it makes.
#![allow(
    clippy::expect_used,
    reason = "what a test sets up for itself is right or the test is wrong"
)]

use rekey_rotation::testing::toy::{ToyServer, ToyWorld};
use rekey_rotation::testing::{
    Cut, Driven, How, Process, Recorder, SecretsManager, Target, Trace, Verbs, World,
};
use rekey_rotation::{
    ClientRequestToken, ErrorClass, Outcome, Overlap, RotationError, SecretId, StagingLabel, Step,
};

const SECRET: &str = "db/app";

/// A secret with rotation, its server, and its Secrets Manager.
struct House {
    server: ToyServer,
    store: SecretsManager,
    secret: SecretId,
}

impl House {
    async fn build(overlap: Overlap) -> Self {
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
        let secret = SecretId::parse(SECRET).expect("a name");
        Self {
            server,
            store,
            secret,
        }
    }

    async fn rotate(&self, n: usize, immediately: bool) -> ClientRequestToken {
        let token = ClientRequestToken::parse(&format!("rotation-{n:->40}")).expect("a token");
        let function = self.store.rotation_function().to_owned();
        let begun = self
            .store
            .rotate_secret(SECRET, Some(token.as_str()), Some(&function), immediately)
            .await;
        assert_eq!(begun, Ok(()));
        token
    }

    fn process(&self, trace: Trace) -> Process<ToyServer> {
        let rotator = self.server.rotator();
        Process::start(&self.store, rotator, &Recorder::default(), None, trace)
    }

    async fn step(&self, step: Step, token: &ClientRequestToken) -> Result<Outcome, RotationError> {
        let process = self.process(Trace::default());
        process.step(step, &self.secret, token).await
    }

    async fn finished(&self, n: usize) -> ClientRequestToken {
        let token = self.rotate(n, true).await;
        let process = self.process(Trace::default());
        assert_eq!(process.attempt(&self.secret, &token).await, Ok(()));
        self.store.note_rotated(&self.secret);
        token
    }

    /// By hand, or by a rollback.
    async fn move_current(&self, to: Option<&str>, from: &ClientRequestToken) {
        let from = Some(from.as_str());
        let moved = self
            .store
            .update_secret_version_stage(SECRET, "AWSCURRENT", to, from);
        assert_eq!(moved.await, Ok(()));
    }

    async fn logs_in(&self, label: &StagingLabel) -> bool {
        let value = self.store.peek(&self.secret, label).expect("a value");
        self.server.logs_in(&value).await
    }
}

fn to_secrets_manager(calls: &[String]) -> usize {
    let verbs = [
        "DescribeSecret",
        "GetSecretValue",
        "PutSecretValue",
        "Update",
    ];
    let is_one = |call: &&String| verbs.iter().any(|verb| call.starts_with(verb));
    calls.iter().filter(is_one).count()
}

#[tokio::test]
async fn a_clean_rotation_makes_nine_calls_to_secrets_manager_and_one_more_for_a_superuser() {
    for (overlap, calls) in [(Overlap::SingleUser, 9), (Overlap::AlternatingUsers, 10)] {
        let house = House::build(overlap).await;
        let token = house.rotate(1, true).await;
        let process = house.process(Trace::default());
        assert_eq!(process.attempt(&house.secret, &token).await, Ok(()));
        let made = process.trace.calls();
        assert_eq!(to_secrets_manager(&made), calls, "{made:?}");
        let announced = made.iter().filter(|call| call.starts_with("announce"));
        assert_eq!(announced.count(), 1);
    }
}

#[tokio::test]
async fn a_process_that_did_not_make_the_value_asks_for_the_kind_and_one_that_did_does_not() {
    let house = House::build(Overlap::SingleUser).await;
    let token = house.rotate(1, true).await;
    let described = |process: &Process<ToyServer>| {
        let calls = process.trace.calls();
        let asked = calls.iter().filter(|call| *call == "DescribeSecret");
        asked.count()
    };
    let process = house.process(Trace::default());
    assert!(
        process
            .step(Step::Create, &house.secret, &token)
            .await
            .is_ok()
    );
    let other = house.process(Trace::default());
    assert!(other.step(Step::Set, &house.secret, &token).await.is_ok());
    assert_eq!(described(&other), 2, "for the kind, and under the lock");
    assert!(process.step(Step::Set, &house.secret, &token).await.is_ok());
    assert_eq!(
        described(&process),
        2,
        "in createSecret, and under the lock"
    );
}

#[tokio::test]
async fn a_tag_that_is_changed_in_the_middle_stops_the_step_before_the_target_and_the_retry_goes_by_it()
 {
    let house = House::build(Overlap::SingleUser).await;
    let token = house.rotate(1, true).await;
    let process = house.process(Trace::default());
    assert!(
        process
            .step(Step::Create, &house.secret, &token)
            .await
            .is_ok()
    );
    let tagged = house
        .store
        .tag_resource(SECRET, "rekey:kind", "another")
        .await;
    assert_eq!(tagged, Ok(()));
    let refused = process.step(Step::Set, &house.secret, &token).await;
    assert_eq!(
        refused.map_err(|error| error.class()),
        Err(ErrorClass::RotationOpen)
    );
    assert!(house.logs_in(&StagingLabel::Current).await);
    assert!(!house.logs_in(&StagingLabel::Pending).await);
    assert_eq!(process.attempt(&house.secret, &token).await, Ok(()));
}

#[tokio::test]
async fn a_trial_logs_in_with_the_current_credential_and_changes_nothing() {
    for overlap in [Overlap::SingleUser, Overlap::AlternatingUsers] {
        let house = House::build(overlap).await;
        let users = house.server.users().await;
        let token = house.rotate(1, false).await;
        let process = house.process(Trace::default());
        let tested = process.step(Step::Test, &house.secret, &token).await;
        assert_eq!(tested, Ok(Outcome::Probed));
        assert!(
            !process
                .trace
                .calls()
                .iter()
                .any(|call| call == "set" || call == "lock")
        );
        assert!(house.logs_in(&StagingLabel::Current).await);
        assert_eq!(house.server.users().await, users);
        house.store.end_trial(&house.secret);
        house.finished(2).await;
    }
}

#[tokio::test]
async fn a_trial_of_a_credential_that_does_not_log_in_fails() {
    let house = House::build(Overlap::SingleUser).await;
    // Made into a value that is not right, out of one that is.
    let wrong = house.server.first().expose().replace("first", "other");
    let wrong = rekey_rotation::SecretValue::new(wrong).expect("a value");
    house.server.set_password(&wrong).expect("a toy's secret");
    let token = house.rotate(1, false).await;
    let tested = house.step(Step::Test, &token).await;
    assert_eq!(
        tested.map_err(|e| e.class()),
        Err(ErrorClass::WrongPassword)
    );
}

#[tokio::test]
async fn a_second_rotation_inside_the_grace_is_refused_and_goes_on_after_it() {
    let house = House::build(Overlap::AlternatingUsers).await;
    let tagged = house.store.tag_resource(SECRET, "rekey:grace", "600").await;
    assert_eq!(tagged, Ok(()));
    house.finished(1).await;
    house.store.pass(599);
    let token = house.rotate(2, true).await;
    let refused = house.step(Step::Create, &token).await;
    assert_eq!(
        refused.map_err(|e| e.class()),
        Err(ErrorClass::GraceRunning)
    );
    assert!(house.logs_in(&StagingLabel::Previous).await);
    house.store.pass(1);
    let process = house.process(Trace::default());
    assert_eq!(process.attempt(&house.secret, &token).await, Ok(()));
}

#[tokio::test]
async fn every_step_of_a_secret_whose_rotation_was_turned_off_is_refused() {
    let house = House::build(Overlap::SingleUser).await;
    let token = house.rotate(1, true).await;
    // With a value put and set, so that nothing but the guard can refuse.
    for step in [Step::Create, Step::Set] {
        assert_eq!(house.step(step, &token).await, Ok(Outcome::Done));
    }
    assert_eq!(house.store.cancel_rotate_secret(SECRET).await, Ok(()));
    for step in Step::ALL {
        let process = house.process(Trace::default());
        let refused = process.step(step, &house.secret, &token).await;
        assert_eq!(
            refused.map_err(|e| e.class()),
            Err(ErrorClass::InvalidRequest),
            "{step}"
        );
        let calls = process.trace.calls();
        assert_eq!(calls.last().map(String::as_str), Some("announce failed"));
    }
    assert!(house.logs_in(&StagingLabel::Pending).await);
}

/// Somebody moves `AWSCURRENT` back by hand while `setSecret` waits: the user that it is about to change
/// is then the one in use.
#[tokio::test]
async fn a_label_that_is_moved_while_set_secret_waits_is_seen_under_the_lock() {
    let mut stopped = 0;
    for call in 1.. {
        let house = House::build(Overlap::AlternatingUsers).await;
        let before = house.store.holder(&house.secret, &StagingLabel::Current);
        let first = house.finished(1).await;
        let token = house.rotate(2, true).await;
        let how = How::StopBefore;
        let process = house.process(Trace::new(Some(Cut { call, how })));
        let mut attempt = std::pin::pin!(process.attempt(&house.secret, &token));
        let driven = process.trace.drive(&mut attempt).await;
        assert!(matches!(driven, Driven::AtCut));
        house.move_current(before.as_deref(), &first).await;
        process.trace.release();
        let ended = attempt.await;
        assert!(house.logs_in(&StagingLabel::Current).await, "call {call}");
        stopped += 1;
        // What comes after these labels were read is inside the target's lock, which a rollback takes too.
        let calls = process.trace.calls();
        let described = calls
            .iter()
            .take(call)
            .filter(|name| name.starts_with("DescribeSecret"));
        if described.count() == 2 {
            let refused = ended.map_err(|(step, error)| (step, error.class()));
            assert_eq!(refused, Err((Step::Set, ErrorClass::RotationOpen)));
            break;
        }
    }
    assert!(stopped >= 8, "it was stopped at {stopped} calls only");
}

/// A rollback that saw no rotation moves it when `setSecret` and `testSecret` are over. What it brought back is not
/// taken away again where nothing but the label says what counts; where there is a target, the user that was brought
/// back may have been changed since, and what is promoted logs in.
#[tokio::test]
async fn a_label_that_is_moved_before_finish_secret_stays_only_where_the_secret_is_its_own_target()
{
    for overlap in Overlap::ALL {
        let house = House::build(overlap).await;
        let before = house.store.holder(&house.secret, &StagingLabel::Current);
        let first = house.finished(1).await;
        let token = house.rotate(2, true).await;
        let process = house.process(Trace::default());
        for step in [Step::Create, Step::Set, Step::Test] {
            let done = process.step(step, &house.secret, &token).await;
            assert_eq!(done, Ok(Outcome::Done), "{overlap:?}");
        }
        house.move_current(before.as_deref(), &first).await;
        let ended = process.step(Step::Finish, &house.secret, &token).await;
        let ended = ended.map_err(|error| error.class());
        let (expected, holder) = if overlap.has_a_target() {
            (Ok(Outcome::Done), Some(token.to_string()))
        } else {
            (Err(ErrorClass::RotationOpen), before)
        };
        assert_eq!(ended, expected, "{overlap:?}");
        let current = house.store.holder(&house.secret, &StagingLabel::Current);
        assert_eq!(current, holder, "{overlap:?}");
        if overlap.has_a_target() {
            assert!(house.logs_in(&StagingLabel::Current).await, "{overlap:?}");
        }
    }
}

#[tokio::test]
async fn the_target_is_not_changed_when_the_bus_does_not_take_the_intent() {
    let house = House::build(Overlap::SingleUser).await;
    let token = house.rotate(1, true).await;
    assert_eq!(house.step(Step::Create, &token).await, Ok(Outcome::Done));
    // GetSecretValue twice and DescribeSecret, for a process that has not done createSecret; lock,
    // DescribeSecret, and the intent as the sixth call.
    let (call, how) = (6, How::LoseAnswer);
    let process = house.process(Trace::new(Some(Cut { call, how })));
    let refused = process.step(Step::Set, &house.secret, &token).await;
    assert_eq!(
        refused.map_err(|e| e.class()),
        Err(ErrorClass::AuditUnavailable)
    );
    let calls = process.trace.calls();
    assert_eq!(calls[5..], ["announce intended", "announce failed"]);
    assert!(house.logs_in(&StagingLabel::Current).await);
    assert!(!house.logs_in(&StagingLabel::Pending).await);
}

#[tokio::test]
async fn a_password_that_was_changed_back_by_hand_is_rotated_from_the_one_before() {
    let house = House::build(Overlap::SingleUser).await;
    let first = house.server.first();
    house.finished(1).await;
    house.server.set_password(&first).expect("a toy's secret");
    assert!(!house.logs_in(&StagingLabel::Current).await);
    house.finished(2).await;
    assert!(house.logs_in(&StagingLabel::Current).await);
    assert!(!house.server.logs_in(&first).await);
}

#[tokio::test]
async fn a_failure_is_announced_once_and_the_step_fails_whether_or_not_it_is_heard() {
    let house = House::build(Overlap::SingleUser).await;
    let stray = ClientRequestToken::parse(&"x".repeat(40)).expect("a token");
    for cut in [
        None,
        Some(Cut {
            call: 3,
            how: How::LoseAnswer,
        }),
    ] {
        let process = house.process(Trace::new(cut));
        let refused = process.step(Step::Create, &house.secret, &stray).await;
        assert_eq!(
            refused.map_err(|e| e.class()),
            Err(ErrorClass::InvalidRequest)
        );
        let calls = process.trace.calls();
        assert_eq!(
            calls,
            [
                "DescribeSecret",
                "GetSecretValue AWSCURRENT",
                "announce failed"
            ]
        );
    }
}
