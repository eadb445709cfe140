//! When the value before ends, and what a retirement and a rollback make of that.

use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::prop_assert_eq;
use rekey_rotation::testing::TestRandomness;
use rekey_rotation::testing::aftermath::{
    Book, Ended, Objectors, Order, Process as After, Surroundings, Task,
};
use rekey_rotation::testing::{
    Process, Recorder, SECRET, SecretsManager, Target as _, Trace, Verbs as _, World as _,
};
use rekey_rotation::{
    AftermathError, Cause, ClientRequestToken, Kinship, Login, Moment, Occasion, Patience,
    RetireOutcome, Revoker as _, Rotator as _, SecretId, StagingLabel, VersionId,
};
use rekey_rotators::PasswordPolicy;
use rekey_rotators::random::RandomValue;
use serde_json::json;

use crate::case::{
    GRACE, NOW, Readers, Values, generic, hmac, hmac_secrets, lock_at, next, read, refusal, value,
};

#[test]
fn the_tag_of_the_secret_says_when_the_one_before_ends_or_else_the_function() {
    let current = value(&hmac_secrets()[0]);
    for (grace, ends) in [
        (None, NOW + i64::from(GRACE)),
        (Some(600), NOW + 600),
        (Some(0), 0),
        (Some(u32::MAX), NOW + i64::from(u32::MAX)),
    ] {
        let occasion = Occasion {
            now: NOW,
            grace,
            switched_at: None,
        };
        let pending = hmac().next(&current, occasion, &mut TestRandomness::fresh());
        assert_eq!(read(&pending.unwrap())["previous_ends"], ends);
    }
}

#[tokio::test]
async fn without_the_tag_and_without_a_grace_of_the_function_nothing_is_made() {
    let rotators = [
        RandomValue::hmac(None),
        RandomValue::generic(PasswordPolicy::default(), None),
    ];
    let firsts = [hmac_secrets()[0].clone(), json!({"password": "first"})];
    for (rotator, first) in rotators.iter().zip(firsts) {
        let at = |grace| {
            let occasion = Occasion {
                now: NOW,
                grace,
                switched_at: None,
            };
            rotator.next(&value(&first), occasion, &mut TestRandomness::fresh())
        };
        let text = refusal(at(None));
        assert!(
            text.contains("`rekey:grace`") && text.contains("REKEY_GRACE_SECONDS"),
            "{text}"
        );
        assert!(at(Some(600)).is_ok());
        assert_eq!(rotator.probe(&value(&first), None).await, Ok(()));
    }
}

/// A step failed for longer than the grace.
#[tokio::test]
async fn a_rotation_that_was_open_for_longer_than_the_grace_switches_nobody_hard() {
    for (rotator, first) in [
        (hmac(), hmac_secrets()[0].clone()),
        (generic(), json!({"password": "first"})),
    ] {
        let pending = next(&rotator, &first, NOW).unwrap();
        let end = NOW + i64::from(GRACE);
        let taken = lock_at(&rotator, &first, &pending, end + 59).await;
        assert_eq!(taken, Ok(()));
        for now in [end + 60, end + 100_000] {
            let text = refusal(lock_at(&rotator, &first, &pending, now).await);
            assert!(text.contains("rotate again"), "{text}");
        }
        // What the doctor asks before it clears AWSPENDING.
        let moment = Moment {
            current: &value(&first),
            now: end,
        };
        let login = async |json| rotator.try_login(&value(json), moment).await;
        assert_eq!(login(&pending).await, Ok(Login::Refused));
        assert_eq!(login(&first).await, Ok(Login::Accepted));
    }
}

#[tokio::test]
async fn a_hard_switch_that_was_asked_for_is_made_however_long_it_takes() {
    for (rotator, first) in [
        (hmac(), hmac_secrets()[0].clone()),
        (generic(), json!({"password": "first"})),
    ] {
        let occasion = Occasion {
            now: NOW,
            grace: Some(0),
            switched_at: None,
        };
        let pending = rotator.next(&value(&first), occasion, &mut TestRandomness::fresh());
        let pending = pending.unwrap();
        for now in [NOW, NOW + 100_000] {
            let taken = lock_at(&rotator, &first, &read(&pending), now).await;
            assert_eq!(taken, Ok(()));
        }
        assert_eq!(rotator.test(&pending).await, Ok(()));
        let moment = Moment {
            current: &pending,
            now: NOW,
        };
        let old = rotator.try_login(&value(&first), moment).await;
        assert_eq!(old, Ok(Login::Refused));
        assert_eq!(
            rotator.kept_until(&value(&first), &pending, None),
            Ok(Some(0))
        );
    }
}

#[test]
fn only_the_value_before_is_kept_and_until_the_end_that_the_current_one_names() {
    let first = hmac_secrets()[0].clone();
    let second = next(&hmac(), &first, NOW).unwrap();
    let third = next(&hmac(), &second, NOW + 10).unwrap();
    let [first, second, third] = [first, second, third].map(|json| value(&json));
    let kept = |old, current| hmac().kept_until(old, current, Some(NOW + 20)).unwrap();
    assert_eq!(kept(&first, &second), Some(NOW + i64::from(GRACE)));
    assert_eq!(kept(&second, &third), Some(NOW + 10 + i64::from(GRACE)));
    assert_eq!(kept(&first, &third), None);
    assert_eq!(kept(&third, &third), None);
    assert_eq!(hmac().kinship(&first, &third), Ok(Kinship::Separate));
    assert_eq!(hmac().kinship(&third, &third), Ok(Kinship::Same));
}

/// One secret, its readers, and who rotates and retires.
struct House {
    store: SecretsManager,
    readers: Readers,
    secret: SecretId,
    recorder: Recorder,
    book: Book,
    first: VersionId,
}

impl House {
    async fn of(world: &Values) -> Self {
        let store = SecretsManager::new(NOW);
        let readers = world.fresh(&store).await;
        let first = readers.first();
        store
            .create_secret(SECRET, Some(first.expose()), None)
            .await
            .unwrap();
        let secret = SecretId::parse(SECRET).unwrap();
        let holder = store.holder(&secret, &StagingLabel::Current).unwrap();
        Self {
            store,
            readers,
            secret,
            recorder: Recorder::default(),
            book: Book::default(),
            first: VersionId::parse(&holder).unwrap(),
        }
    }

    async fn rotate(&self, n: usize) -> VersionId {
        let token = ClientRequestToken::parse(&format!("rotation-{n:-<40}")).unwrap();
        let function = self.store.rotation_function().to_owned();
        let rotated = self
            .store
            .rotate_secret(SECRET, Some(token.as_str()), Some(&function), true);
        rotated.await.unwrap();
        let rotator = self.readers.rotator();
        let process = Process::start(&self.store, rotator, &self.recorder, None, Trace::default());
        process.attempt(&self.secret, &token).await.unwrap();
        self.store.note_rotated(&self.secret);
        token
    }

    async fn ask(
        &self,
        task: Task,
        subject: &VersionId,
        patience: Patience,
    ) -> Result<Ended, AftermathError> {
        let surroundings = Surroundings {
            store: self.store.clone(),
            book: self.book.clone(),
            objectors: Objectors::default(),
            recorder: self.recorder.clone(),
        };
        let holder = self
            .store
            .holder(&self.secret, &StagingLabel::Current)
            .unwrap();
        let order = Order {
            secret: self.secret.clone(),
            subject: subject.clone(),
            from: VersionId::parse(&holder).unwrap(),
            patience,
        };
        let process = After::start(
            &surroundings,
            self.readers.rotator(),
            order,
            None,
            Trace::default(),
        );
        process.perform(task).await
    }

    async fn takes(&self, version: &VersionId) -> bool {
        let value = self.store.peek_version(&self.secret, version).unwrap();
        self.readers.logs_in(&value).await
    }
}

#[tokio::test]
async fn a_retirement_waits_for_the_end_even_past_its_bound_and_force_is_told_what_to_do() {
    for world in Values::all() {
        let house = House::of(&world).await;
        let second = house.rotate(1).await;
        house.store.pass(i64::from(GRACE) - 1);
        assert!(house.takes(&house.first).await && house.takes(&second).await);
        let until = NOW + i64::from(GRACE);
        let held = Ok(Ended::Retire(RetireOutcome::Held(vec![Cause::KeptUntil {
            until,
        }])));
        for patience in [Patience::Wait, Patience::BoundReached] {
            assert_eq!(house.ask(Task::Retire, &house.first, patience).await, held);
        }
        let forced = house
            .ask(Task::Retire, &house.first, Patience::Forced)
            .await;
        let text = forced.unwrap_err().to_string();
        assert!(
            text.contains("rotate again") && text.contains(&until.to_string()),
            "{text}"
        );
        assert!(house.takes(&house.first).await, "nothing was changed");

        house.store.pass(1);
        assert!(!house.takes(&house.first).await, "it ends by itself");
        let retired = house.ask(Task::Retire, &house.first, Patience::Wait).await;
        assert!(
            matches!(retired, Ok(Ended::Retire(RetireOutcome::Retired { .. }))),
            "{retired:?}"
        );
        assert!(house.takes(&second).await);
    }
}

#[tokio::test]
async fn a_second_rotation_inside_the_grace_ends_the_value_before_the_last_at_once() {
    for world in Values::all() {
        let house = House::of(&world).await;
        let second = house.rotate(1).await;
        house.store.pass(60);
        let third = house.rotate(2).await;
        assert!(!house.takes(&house.first).await);
        assert!(house.takes(&second).await && house.takes(&third).await);
        let retired = house.ask(Task::Retire, &house.first, Patience::Wait).await;
        assert!(
            matches!(retired, Ok(Ended::Retire(RetireOutcome::Retired { .. }))),
            "{retired:?}"
        );
    }
}

#[tokio::test]
async fn after_a_rollback_the_older_version_is_what_counts_as_it_was() {
    for world in Values::all() {
        let house = House::of(&world).await;
        let second = house.rotate(1).await;
        house.store.pass(60);
        house
            .ask(Task::RollBack, &house.first, Patience::Wait)
            .await
            .unwrap();
        assert!(house.takes(&house.first).await);
        assert!(
            !house.takes(&second).await,
            "the older version does not know it"
        );
        let third = house.rotate(2).await;
        assert!(house.takes(&house.first).await && house.takes(&third).await);
        assert!(!house.takes(&second).await);
    }
}

#[test]
fn a_time_beyond_every_calendar_is_kept_as_it_is() {
    let current = json!({
        "current": "00ff", "format": "hex", "previous": "00ee", "previous_ends": i64::MAX,
    });
    let pending = next(&hmac(), &current, i64::MAX).unwrap();
    assert_eq!(pending["previous_ends"], i64::MAX);
}

proptest! {
    /// With any fields beside it, and any time between one rotation and the next.
    #[test]
    fn exactly_the_last_two_values_are_accepted_and_the_one_before_until_its_end(
        gaps in vec(0_i64..2 * i64::from(GRACE), 1..12),
        note in "\\PC{0,40}",
        webhook in any::<bool>(),
    ) {
        let (rotator, mut first) = if webhook {
            (hmac(), hmac_secrets()[0].clone())
        } else {
            (generic(), json!({"password": "first"}))
        };
        first["note"] = note.clone().into();
        let (mut now, mut values) = (NOW, vec![first]);
        for gap in gaps {
            now += gap;
            let current = next(&rotator, &values[values.len() - 1], now).unwrap();
            prop_assert_eq!(&current["note"], &json!(note));
            values.push(current);
            let current = value(&values[values.len() - 1]);
            let end = now + i64::from(GRACE);
            for (age, earlier) in values.iter().rev().enumerate() {
                for at in [now, end - 1, end] {
                    let moment = Moment { current: &current, now: at };
                    let tried = by_hand(rotator.try_login(&value(earlier), moment));
                    let taken = age == 0 || age == 1 && at < end;
                    let expected = if taken { Login::Accepted } else { Login::Refused };
                    prop_assert_eq!(tried, Ok(expected), "{} ago", age);
                }
            }
        }
    }
}

fn by_hand<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}
