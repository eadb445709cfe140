//! AWSCURRENT is moved while a rotation is open.

use rekey_rotation::testing::{
    Process, Recorder, SecretsManager, Target as _, Trace, Verbs as _, World as _,
};
use rekey_rotation::{ClientRequestToken, ErrorClass, Outcome, SecretId, StagingLabel, Step};

use crate::case::Values;

const NAME: &str = "webhook/orders";

fn token(n: usize) -> ClientRequestToken {
    ClientRequestToken::parse(&format!("rotation-{n:->40}")).unwrap()
}

/// No lock keeps a rollback and a rotation apart where the secret is its own target. A process that was not there at
/// setSecret sees it too.
#[tokio::test]
async fn what_a_rollback_brought_back_is_not_taken_away_by_the_step_that_comes_after_it() {
    for world in Values::all() {
        let store = SecretsManager::new(1_800_000_000);
        let readers = world.fresh(&store).await;
        let first = readers.first();
        let made = store.create_secret(NAME, Some(first.expose()), None).await;
        assert!(made.is_ok());
        let secret = SecretId::parse(NAME).unwrap();
        let process = || {
            let recorder = Recorder::default();
            Process::start(&store, readers.rotator(), &recorder, None, Trace::default())
        };
        let function = store.rotation_function().to_owned();
        let begin = async |n| {
            let token = token(n);
            let begun = store.rotate_secret(NAME, Some(token.as_str()), Some(&function), true);
            assert_eq!(begun.await, Ok(()));
            token
        };
        let before = store.holder(&secret, &StagingLabel::Current);
        let one = begin(1).await;
        assert_eq!(process().attempt(&secret, &one).await, Ok(()));
        store.note_rotated(&secret);
        let two = begin(2).await;
        for step in [Step::Create, Step::Set, Step::Test] {
            let done = process().step(step, &secret, &two).await;
            assert_eq!(done, Ok(Outcome::Done));
        }
        let (to, from) = (before.as_deref(), Some(one.as_str()));
        let moved = store.update_secret_version_stage(NAME, "AWSCURRENT", to, from);
        assert_eq!(moved.await, Ok(()));

        let refused = process().step(Step::Finish, &secret, &two).await;
        let class = refused.map_err(|error| error.class());
        assert_eq!(class, Err(ErrorClass::InvalidRequest), "{}", world.name());
        assert_eq!(store.holder(&secret, &StagingLabel::Current), before);
    }
}
