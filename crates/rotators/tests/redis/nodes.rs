use rekey_rotation::Login;
use serde_json::json;

use crate::case::{Case, changed, failure, field};
use crate::servers;

/// Three nodes that share no users.
pub async fn three() -> Case {
    let mut case = Case::on(servers::cluster()).await;
    case.current = changed(&case.current, "persist", false.into());
    case
}

impl Case {
    /// Adds or takes away a password at one node, by hand.
    pub async fn by_hand(&self, node: usize, rule: &str) {
        self.roots[node]
            .ask::<()>(&["ACL", "SETUSER", &self.app, rule])
            .await;
    }
}

#[tokio::test]
async fn a_rotation_and_a_retirement_happen_at_every_node() {
    let mut case = three().await;
    let old = case.rotate().await;
    assert_eq!(case.works_at(&old).await, [true; 3]);
    assert_eq!(case.works_at(&case.current).await, [true; 3]);
    case.revoke(&old).await.unwrap();
    assert_eq!(case.works_at(&old).await, [false; 3]);
    assert_eq!(case.works_at(&case.current).await, [true; 3]);
    assert_eq!(case.knock(&old).await, Ok(Login::Refused));
}

#[tokio::test]
async fn what_was_half_done_is_seen_and_healed_by_a_repetition() {
    let mut case = three().await;
    let pending = case.next();
    case.by_hand(1, &format!(">{}", field(&pending, "password")))
        .await;
    assert_eq!(case.works_at(&pending).await, [false, true, false]);
    let login = case.knock(&pending).await;
    assert_eq!(login, Ok(Login::Accepted), "one node is enough to be alive");
    case.set(&pending).await.unwrap();
    assert_eq!(case.works_at(&pending).await, [true; 3]);
    let old = std::mem::replace(&mut case.current, pending);

    let taken = format!("<{}", field(&old, "password"));
    case.by_hand(0, &taken).await;
    assert_eq!(case.knock(&old).await, Ok(Login::Accepted));
    case.revoke(&old).await.unwrap();
    assert_eq!(case.works_at(&old).await, [false; 3]);

    case.by_hand(2, &format!(">{}", field(&old, "password")))
        .await;
    case.restore(&old).await.unwrap();
    assert_eq!(case.works_at(&old).await, [true; 3]);

    let gone = format!("<{}", field(&case.current, "password"));
    case.by_hand(2, &gone).await;
    let login = case.knock(&case.current).await;
    assert_eq!(
        login,
        Ok(Login::Refused),
        "the current one must work everywhere"
    );
}

#[tokio::test]
async fn a_node_that_is_down_or_lacks_the_user_is_named_before_anything_changes() {
    let mut case = three().await;
    let before = case.root().rules(&case.app).await;
    let whole = case.current.clone();
    let nodes = json!(["localhost:1"]);
    case.current = changed(&whole, "nodes", nodes);
    let (class, text) = failure(case.set(&case.next()).await);
    assert_eq!(class, "target_unreachable");
    assert!(text.contains("localhost:1"), "{text}");

    case.current = whole;
    let place = format!("localhost:{}", case.nodes[2].port);
    case.roots[2]
        .ask::<u32>(&["ACL", "DELUSER", &case.app])
        .await;
    let (class, text) = failure(case.set(&case.next()).await);
    assert_eq!(class, "wrong_password");
    assert!(text.contains(&place), "{text}");
    assert_eq!(case.root().rules(&case.app).await, before);
}

#[tokio::test]
async fn a_superusers_password_is_sent_to_no_node_that_its_own_secret_does_not_name() {
    let mut case = three().await;
    case.superuser = changed(&case.superuser, "nodes", json!([]));
    let (class, text) = failure(case.set(&case.next()).await);
    assert_eq!(class, "invalid_request");
    let strange = |node: &servers::Server| text.contains(&format!("localhost:{}", node.port));
    assert!(case.nodes.iter().any(strange), "{text}");
}
