//! Replicas that follow as the user, and Sentinels that watch as it: each comes back with the password that it was
//! configured with, whenever its connection ends.

use std::time::Duration;

use rekey_rotation::{Revocation, SecretValue};

use crate::case::{Case, changed, failure, logs_in, make, secret, value};
use crate::own::Own;
use crate::servers::Root;

const PASSWORD: &str = "requirepass what-default-is-started-with";

/// The default user of a server, which changes itself, rotated; and the value before.
async fn rotated(primary: &Own) -> (Case, SecretValue) {
    let mut case = Case::on(vec![primary.server.clone()]).await;
    let password = &primary.server.superuser_password;
    let of_default = secret(&case.nodes, "default", password);
    case.current = changed(&value(&of_default), "all_nodes", false.into());
    let old = case.rotate().await;
    (case, old)
}

impl Case {
    /// What a retirement answers when the switch was so long ago.
    async fn revoke_after(&self, old: &SecretValue, seconds: i64) -> (&'static str, String) {
        use rekey_rotation::Revoker as _;

        let revocation = self.revocation(old);
        let revocation = Revocation {
            switched_at: Some(revocation.now - seconds),
            ..revocation
        };
        let rotator = self.rotator();
        let mut seized = rotator.seize(revocation).await.unwrap();
        failure(rotator.revoke(&mut seized, revocation).await)
    }
}

/// A connection of a server's list that is younger than `than`, which is found by a part of its line; its number.
async fn connected(root: &Root, part: &str, than: u64) -> u64 {
    for _ in 0..1_000 {
        let list: String = root.ask(&["CLIENT", "LIST"]).await;
        let mut lines = list.lines().filter(|line| line.contains(part));
        let number = |line: &str| {
            let (id, _) = line.strip_prefix("id=")?.split_once(' ')?;
            id.parse().ok().filter(|id| *id > than)
        };
        if let Some(id) = lines.find_map(number) {
            return id;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody has come with {part}");
}

#[tokio::test]
async fn a_replica_that_came_back_with_the_old_password_after_the_switch_is_not_cut_off() {
    let primary = Own::with_file(&[PASSWORD, "repl-diskless-sync-delay 0"]).await;
    let follows = format!("replicaof 127.0.0.1 {}", primary.server.port);
    let old_password = format!("masterauth {}", primary.server.superuser_password);
    let replica = Own::with_file(&[PASSWORD, &old_password, &follows]).await;
    let root = primary.server.keeper().await;
    let first = connected(&root, " flags=S ", 0).await;

    let (case, old) = rotated(&primary).await;
    let before = root.rules("default").await;
    let ended: u32 = root.ask(&["CLIENT", "KILL", "TYPE", "replica"]).await;
    assert_eq!(ended, 1);
    let since = connected(&root, " flags=S ", first).await;
    for seconds in [0, 100] {
        let (class, text) = case.revoke_after(&old, seconds).await;
        assert_eq!(class, "throttled");
        assert!(text.contains("masteruser"), "{text}");
    }
    assert_eq!(root.rules("default").await, before);
    assert!(logs_in(&primary.server, &old).await);

    // As the page says.
    make(
        &root,
        "replication",
        "of-replicas",
        "+psync +replconf +ping",
    )
    .await;
    let own = replica.server.keeper().await;
    own.ask::<()>(&["CONFIG", "SET", "masteruser", "replication"])
        .await;
    own.ask::<()>(&["CONFIG", "SET", "masterauth", "of-replicas"])
        .await;
    root.ask::<u32>(&["CLIENT", "KILL", "TYPE", "replica"])
        .await;
    let since = connected(&root, " user=replication ", since).await;
    case.revoke(&old).await.unwrap();
    assert!(!logs_in(&primary.server, &old).await);
    root.ask::<u32>(&["CLIENT", "KILL", "TYPE", "replica"])
        .await;
    connected(&root, " flags=S ", since).await;
}

#[tokio::test]
async fn a_sentinel_that_watches_as_the_user_is_not_cut_off() {
    let primary = Own::with_file(&[PASSWORD]).await;
    let monitor = format!("sentinel monitor cache 127.0.0.1 {} 1", primary.server.port);
    let password = &primary.server.superuser_password;
    let with = format!("sentinel auth-pass cache {password}");
    let sentinel = Own::sentinel(&[&monitor, &with]).await;
    let root = primary.server.keeper().await;
    connected(&root, " name=sentinel-", 0).await;

    let (case, old) = rotated(&primary).await;
    let (class, text) = case.revoke_after(&old, 100).await;
    assert_eq!(class, "throttled");
    assert!(text.contains("auth-user"), "{text}");
    assert!(logs_in(&primary.server, &old).await);

    drop(sentinel);
    let mut answer = case.revoke(&old).await;
    // The server has not noticed yet.
    for _ in 0..100 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer = case.revoke(&old).await;
    }
    answer.unwrap();
    assert!(!logs_in(&primary.server, &old).await);
}
