//! A rehearsal on a real server: everything is tried, the one thing that is wrong is told, and nothing is
//! changed.

use rekey_rotation::testing::aftermath::{Book, Objectors, Order, Process, Surroundings};
use rekey_rotation::testing::{Recorder, SecretsManager, Trace, Verbs};
use rekey_rotation::{
    Patience, Rehearsed, Rotator, SecretId, SecretValue, StagingLabel, VersionId,
};
use rekey_rotators::postgres::Postgres;

use crate::case::{Case, changed, field};
use crate::servers;

const SECRET: &str = "db/app";

/// The case's secrets, where secrets are kept.
struct Kept {
    store: SecretsManager,
    secret: SecretId,
    version: VersionId,
}

impl Kept {
    async fn of(current: &SecretValue, superuser: &SecretValue) -> Self {
        let store = SecretsManager::new(1_800_000_000);
        for (name, value) in [(SECRET, current), ("the-superuser-secret", superuser)] {
            // Exposed to be put where secrets are kept.
            let made = store.create_secret(name, Some(value.expose()), None).await;
            made.unwrap();
        }
        let secret = SecretId::parse(SECRET).unwrap();
        let version = store.holder(&secret, &StagingLabel::Current).unwrap();
        Self {
            store,
            secret,
            version: VersionId::parse(&version).unwrap(),
        }
    }

    async fn rehearse(&self, revoker: Postgres) -> Rehearsed {
        let surroundings = Surroundings {
            store: self.store.clone(),
            book: Book::default(),
            objectors: Objectors::default(),
            recorder: Recorder::default(),
        };
        let order = Order {
            secret: self.secret.clone(),
            subject: self.version.clone(),
            from: self.version.clone(),
            patience: Patience::Wait,
        };
        let process = Process::start(&surroundings, revoker, order, None, Trace::default());
        let rehearsed = process.rehearse().await.unwrap();
        assert_eq!(surroundings.book.entries(), []);
        rehearsed
    }
}

async fn rehearse_with(case: &Case, revoker: Postgres, current: &SecretValue) -> Rehearsed {
    let kept = Kept::of(current, &case.superuser_secret()).await;
    let before = case.roles().await;
    let rehearsed = kept.rehearse(revoker).await;
    assert_eq!(
        case.roles().await,
        before,
        "the row in pg_authid is as it was"
    );
    assert_eq!(kept.store.versions_with_a_value(&kept.secret).len(), 1);
    let told = format!("{rehearsed:?}");
    for value in [current, &case.superuser_secret()] {
        assert!(!told.contains(&field(value, "password")), "{told}");
    }
    rehearsed
}

async fn rehearse(case: &Case) -> Rehearsed {
    rehearse_with(case, case.rotator(), &case.current).await
}

/// Which check failed, its class and its text; what stands before it has passed.
fn failed(rehearsed: &Rehearsed) -> (&'static str, &'static str, String) {
    let (class, text) = rehearsed.failure().expect("nothing failed");
    let results = rehearsed.checks.iter();
    let mut open = results.skip_while(|check| check.result.as_str() == "passed");
    let at = open.next().unwrap();
    assert_eq!(at.result.as_str(), "failed");
    assert!(open.all(|check| check.result.as_str() == "not_tried"));
    assert!(rehearsed.steps.is_empty());
    (at.name.as_str(), class.as_str(), text.to_owned())
}

/// Both strategies.
async fn cases(server: &servers::Server) -> [Case; 2] {
    [Case::on(server).await, Case::alternating_on(server).await]
}

#[tokio::test]
async fn what_the_server_refuses_at_the_login_is_no_login_that_passed() {
    for server in servers::all() {
        for case in cases(&server).await {
            let app = case.app.clone();
            for (spoil, mend, expected) in [
                ("NOLOGIN", "LOGIN", "permission"),
                ("CONNECTION LIMIT 0", "CONNECTION LIMIT -1", "throttled"),
                (
                    "VALID UNTIL '2001-01-01'",
                    "VALID UNTIL 'infinity'",
                    "wrong_password",
                ),
            ] {
                case.sql(&format!("ALTER ROLE {app} {spoil}")).await;
                let (name, class, text) = failed(&rehearse(&case).await);
                assert_eq!((name, class), ("login", expected), "{text}");
                case.sql(&format!("ALTER ROLE {app} {mend}")).await;
            }
        }
    }
}

#[tokio::test]
async fn a_superuser_secret_that_no_longer_logs_in_is_found() {
    for server in servers::all() {
        let case = Case::alternating_on(&server).await;
        let wrong = changed(&case.superuser_secret(), "password", "not-it".into());
        let kept = Kept::of(&case.current, &wrong).await;
        let (name, class, text) = failed(&kept.rehearse(case.rotator()).await);
        assert_eq!((name, class), ("login", "wrong_password"));
        assert!(text.contains("superuser secret"), "{text}");
    }
}

#[tokio::test]
async fn a_step_that_holds_the_lock_is_told_and_left_alone() {
    for server in servers::all() {
        for case in cases(&server).await {
            let pending = case.next();
            let hold = case.lock(&pending).await.unwrap();
            let (name, class, _) = failed(&rehearse(&case).await);
            assert_eq!((name, class), ("permission", "throttled"));
            let superuser = case.superuser_secret();
            let credentials = case.credentials(&pending, &superuser);
            case.rotator().set(hold, credentials).await.unwrap();
            assert!(case.logs_in(&pending).await);
        }
    }
}
