//! What servers tell of each other: replicas and nodes of a cluster that the secret does not name, and one that
//! it names twice.

use rekey_rotation::{Rotator as _, TargetError};
use serde_json::json;

use crate::case::{Case, changed, failure};
use crate::own::Own;
use crate::servers;

const PASSWORD: &str = "requirepass what-default-is-started-with";

impl Case {
    async fn probe(&self) -> Result<(), TargetError> {
        let rotator = self.rotator();
        rotator.probe(&self.current, Some(&self.superuser)).await
    }

    /// Everything but a rollback is refused, by this part of the text, with nothing changed; a secret that says
    /// so is rotated.
    async fn is_refused_until_the_secret_says_so(&mut self, part: &str) {
        let before = self.root().rules(&self.app).await;
        let pending = self.next();
        for refused in [self.probe().await, self.set(&pending).await] {
            let (class, text) = failure(refused);
            assert_eq!(class, "invalid_request");
            assert!(text.contains(part), "{text}");
            assert!(text.contains("`all_nodes`"), "{text}");
        }
        assert_eq!(self.root().rules(&self.app).await, before);

        self.current = changed(&self.current, "all_nodes", false.into());
        assert_eq!(self.probe().await, Ok(()));
        let old = self.rotate().await;
        let said = self.current.clone();
        self.current = changed(&said, "all_nodes", true.into());
        let (class, text) = failure(self.revoke(&old).await);
        assert_eq!(class, "invalid_request");
        assert!(text.contains(part), "{text}");
        self.restore(&old).await.unwrap();
        self.current = said;
        self.revoke(&old).await.unwrap();
    }
}

#[tokio::test]
async fn a_replica_that_is_not_named_is_noticed() {
    let primary = Own::with_file(&[PASSWORD, "repl-diskless-sync-delay 0"]).await;
    let follows = format!("replicaof 127.0.0.1 {}", primary.server.port);
    drop(primary.server.keeper().await);
    let replica = Own::with_file(&[
        PASSWORD,
        "masteruser keeper-of-the-tests",
        "masterauth what-default-is-started-with",
        &follows,
    ])
    .await;
    let mut case = Case::on(vec![primary.server.clone(), replica.server.clone()]).await;
    let linked = async || {
        let about: String = case.root().ask(&["INFO", "replication"]).await;
        about.contains("connected_slaves:1")
    };
    while !linked().await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let old = case.rotate().await;
    case.revoke(&old).await.unwrap();
    assert_eq!(case.works_at(&old).await, [false; 2], "both are named");

    let lean = changed(&case.current, "nodes", json!([]));
    case.current = lean.clone();
    case.is_refused_until_the_secret_says_so("1 replica").await;

    // The primary is not named, and the replica has the password of before.
    case.current = changed(&lean, "port", replica.server.port.into());
    case.roots.swap(0, 1);
    case.is_refused_until_the_secret_says_so("primary").await;
}

#[tokio::test]
async fn a_node_of_a_cluster_that_is_not_named_is_noticed() {
    let mut case = Case::on(servers::cluster()).await;
    case.current = changed(&case.current, "persist", false.into());
    let right = "+cluster|info";
    let taken = right.replacen('+', "-", 1);
    for (rule, missing) in [(taken.as_str(), true), (right, false)] {
        case.root()
            .ask::<()>(&["ACL", "SETUSER", &case.admin, rule])
            .await;
        let probed = case.probe().await;
        if missing {
            let (class, text) = failure(probed);
            assert_eq!(class, "permission");
            let grant = format!("ACL SETUSER {} {right}", case.admin);
            assert!(text.contains(&grant), "{text}");
        } else {
            assert_eq!(probed, Ok(()));
        }
    }

    case.current = changed(&case.current, "nodes", json!([]));
    case.is_refused_until_the_secret_says_so("3 nodes").await;
}

#[tokio::test]
async fn a_server_that_is_named_twice_is_told_by_both_names() {
    let mut case = Case::on(vec![servers::one("aclfile")]).await;
    let port = case.server().port;
    let names = [format!("localhost:{port}"), format!("127.0.0.1:{port}")];
    for secret in [&mut case.current, &mut case.superuser] {
        *secret = changed(secret, "nodes", json!(names));
    }
    let (class, text) = failure(case.set(&case.next()).await);
    assert_eq!(class, "invalid_request");
    assert!(names.iter().all(|name| text.contains(name)), "{text}");
    let (class, _) = failure(case.revoke(&case.next()).await);
    assert_eq!(class, "invalid_request");
}
