//! A node that the older version names, and the newer one does not any more.

use rekey_rotation::testing::aftermath::Book;
use rekey_rotation::testing::{SecretsManager, Verbs as _};
use rekey_rotation::{
    Aftermath, AftermathError, Cause, Dependants, DependantsError, Login, Patience, RetireOutcome,
    RetireRequest, RollBackOutcome, RollBackRequest, SecretId, SecretValue, StagingLabel,
    VersionId,
};
use rekey_rotators::redis::Redis;
use serde_json::json;

use crate::case::{Case, changed, failure, field};
use crate::nodes::three;

const SECRET: &str = "cache/app";
const FIRST: &str = "first-version-00000000000000000000";
const SECOND: &str = "second-version-0000000000000000000";
const THIRD: &str = "third-version-00000000000000000000";

struct Nobody;

impl Dependants for Nobody {
    async fn holds(&self, _: &SecretId, _: &VersionId) -> Result<Vec<Cause>, DependantsError> {
        Ok(Vec::new())
    }
}

/// A secret of three nodes that was rotated; then the last one was left out of `nodes`, or has another name there.
struct Story {
    case: Case,
    old: SecretValue,
    whole: SecretValue,
    store: SecretsManager,
    aftermath: Aftermath<SecretsManager, Redis, Book, Nobody>,
}

fn exposed(of: &SecretValue) -> &str {
    // To be put into the Secrets Manager that is played here.
    of.expose()
}

fn version(id: &str) -> VersionId {
    VersionId::parse(id).unwrap()
}

impl Story {
    async fn begin() -> Self {
        Self::with(|_| Vec::new(), |third| third).await
    }

    /// `now` are the current version's names of the last node, and `before` is the older one's.
    async fn with(now: impl Fn(&str) -> Vec<String>, before: impl Fn(String) -> String) -> Self {
        let mut case = three().await;
        let rotated = case.rotate().await;
        let [second, third] = [1, 2].map(|n| format!("localhost:{}", case.nodes[n].port));
        let port = third.trim_start_matches("localhost:");
        let mut named = now(port);
        let older = before(third.clone());
        let further = vec![second.clone(), third.clone(), older.clone()];
        let every = [named.clone(), further].concat();
        case.superuser = changed(&case.superuser, "nodes", json!(every));
        named.push(second.clone());
        let old = changed(&rotated, "nodes", json!([second, older]));
        let whole = case.current.clone();
        case.current = changed(&whole, "nodes", json!(named));
        let store = SecretsManager::new(2_000);
        for (name, value, id) in [
            ("the-superuser-secret", &case.superuser, THIRD),
            (SECRET, &old, FIRST),
        ] {
            let made = store.create_secret(name, Some(exposed(value)), Some(id));
            made.await.unwrap();
        }
        let story = Self {
            aftermath: Aftermath {
                store: store.clone(),
                kinds: case.rotator(),
                ledger: Book::default(),
                dependants: Nobody,
            },
            store,
            old,
            whole,
            case,
        };
        story.put(SECOND, &story.case.current).await;
        story
    }

    /// The node that was left out.
    fn place(&self) -> String {
        format!("localhost:{}", self.case.nodes[2].port)
    }

    async fn put(&self, id: &str, value: &SecretValue) {
        let put = self
            .store
            .put_secret_value(SECRET, Some(id), exposed(value), &["AWSCURRENT"]);
        put.await.unwrap();
    }

    async fn retire(&self) -> Result<RetireOutcome, AftermathError> {
        let request = RetireRequest {
            secret: SecretId::parse(SECRET).unwrap(),
            version: version(FIRST),
            switch: None,
            patience: Patience::Forced,
            occasion: "1".to_owned(),
            requested_by: None,
            reason: Some("a test".to_owned()),
        };
        self.aftermath.retire(&request, 2_000).await
    }

    async fn roll_back(&self) -> Result<RollBackOutcome, AftermathError> {
        let request = RollBackRequest {
            secret: SecretId::parse(SECRET).unwrap(),
            from: version(SECOND),
            to: version(FIRST),
            reason: "a test".to_owned(),
            occasion: "1".to_owned(),
            requested_by: None,
        };
        self.aftermath.roll_back(&request, 2_000).await
    }

    fn is_back(&self) -> bool {
        let secret = SecretId::parse(SECRET).unwrap();
        let current = self.store.holder(&secret, &StagingLabel::Current);
        current.as_deref() == Some(FIRST)
    }

    /// Takes the old password away at these nodes.
    async fn taken(&self, at: &[usize]) {
        let rule = format!("<{}", field(&self.old, "password"));
        for node in at {
            self.case.by_hand(*node, &rule).await;
        }
    }
}

fn refusal<T>(ended: Result<T, AftermathError>) -> (&'static str, String) {
    match ended {
        Err(AftermathError::Target(error)) => failure::<()>(Err(error)),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("nothing was refused"),
    }
}

#[tokio::test]
async fn a_password_is_not_retired_while_a_node_that_has_it_is_left_out() {
    let story = Story::begin().await;
    let (class, text) = refusal(story.retire().await);
    assert_eq!(class, "invalid_request");
    assert!(text.contains(&story.place()), "{text}");
    let (case, old) = (&story.case, &story.old);
    assert_eq!(case.works_at(old).await, [true; 3], "nothing was changed");
    let (class, _) = failure(case.revoke(old).await);
    assert_eq!(class, "invalid_request", "by nobody");

    story.taken(&[0, 1]).await;
    let login = case.knock(old).await;
    assert_eq!(login, Ok(Login::Accepted), "it works at one");

    story.put(THIRD, &story.whole).await;
    let retired = story.retire().await;
    assert!(matches!(retired, Ok(RetireOutcome::Retired { .. })));
    assert_eq!(case.works_at(old).await, [false; 3]);
}

#[tokio::test]
async fn a_rollback_to_a_version_that_names_it_is_made_and_proved_there_too() {
    let story = Story::begin().await;
    story.taken(&[0, 2]).await;
    assert_eq!(story.case.works_at(&story.old).await, [false, true, false]);
    let outcome = story.roll_back().await;
    assert_eq!(outcome, Ok(RollBackOutcome::RolledBack { restored: true }));
    assert!(story.is_back());
    assert_eq!(story.case.works_at(&story.old).await, [true; 3]);
}

#[tokio::test]
async fn a_rollback_that_cannot_be_made_there_is_refused_by_its_name_and_changes_nothing() {
    let story = Story::begin().await;
    story.taken(&[0, 2]).await;
    let root = &story.case.roots[2];
    root.ask::<u32>(&["ACL", "DELUSER", &story.case.app]).await;
    let (class, text) = refusal(story.roll_back().await);
    assert_eq!(class, "role_missing");
    assert!(text.contains(&story.place()), "{text}");

    let second = format!("localhost:{}", story.case.nodes[1].port);
    let superuser = changed(&story.case.superuser, "nodes", json!([second]));
    let put = story.store.put_secret_value(
        "the-superuser-secret",
        Some(SECOND),
        exposed(&superuser),
        &["AWSCURRENT"],
    );
    put.await.unwrap();
    for refused in [
        refusal(story.roll_back().await),
        refusal(story.retire().await),
    ] {
        let (class, text) = refused;
        assert_eq!(class, "invalid_request");
        assert!(text.contains(&story.place()), "{text}");
    }
    assert!(!story.is_back());
    let works = [
        story.case.works_at(&story.old).await,
        story.case.works_at(&story.case.current).await,
    ];
    assert_eq!(works[0][..2], [false, true]);
    assert_eq!(works[1][..2], [true, true]);
}

#[tokio::test]
async fn a_node_that_is_gone_is_refused_by_its_name_and_changes_nothing() {
    let gone = "localhost:1";
    let story = Story::with(|_| Vec::new(), |_| gone.to_owned()).await;
    story.taken(&[0]).await;
    for refused in [
        refusal(story.roll_back().await),
        refusal(story.retire().await),
    ] {
        let (class, text) = refused;
        assert_eq!(class, "invalid_request", "it is not repeated by itself");
        assert!(text.contains(gone), "{text}");
    }
    assert!(!story.is_back());
    let works = story.case.works_at(&story.old).await;
    assert_eq!(works, [false, true, true]);
}

#[tokio::test]
async fn a_node_that_has_another_name_now_is_not_left_out() {
    let story = Story::with(|port| vec![format!("127.0.0.1:{port}")], |third| third).await;
    let retired = story.retire().await;
    assert!(matches!(retired, Ok(RetireOutcome::Retired { .. })));
    assert_eq!(story.case.works_at(&story.old).await, [false; 3]);
}
