use redis::Value;

use crate::case::Case;
use crate::servers;

/// Everything the server knows of a user but its passwords, and how many of those there are.
async fn seen(case: &Case) -> (Vec<String>, usize) {
    let user: Vec<Value> = case.root().ask(&["ACL", "GETUSER", &case.app]).await;
    let mut kept = Vec::new();
    let mut passwords = 0;
    for pair in user.chunks(2) {
        match (&pair[0], &pair[1]) {
            (Value::BulkString(name), Value::Array(list)) if name == b"passwords" => {
                passwords = list.len();
            }
            pair => kept.push(format!("{pair:?}")),
        }
    }
    assert_eq!(kept.len(), 5, "flags, commands, keys, channels, selectors");
    (kept, passwords)
}

#[tokio::test]
async fn nothing_of_a_user_changes_but_its_passwords() {
    let mut case = Case::on(vec![servers::one("aclfile")]).await;
    let root = case.root().clone();
    root.ask::<()>(&[
        "ACL",
        "SETUSER",
        &case.app,
        "sanitize-payload",
        ">stale-1",
        ">stale-2",
    ])
    .await;
    let (before, passwords) = seen(&case).await;
    assert_eq!(passwords, 3);
    assert!(
        before.iter().any(|field| field.contains("~other:*")),
        "{before:?}"
    );

    let old = case.rotate().await;
    assert_eq!(seen(&case).await, (before.clone(), 2), "stale passwords go");
    case.revoke(&old).await.unwrap();
    assert_eq!(seen(&case).await, (before.clone(), 1));
    case.restore(&old).await.unwrap();
    assert_eq!(seen(&case).await, (before, 2));
    assert_eq!(case.works_at(&old).await, [true]);
    assert_eq!(case.works_at(&case.current).await, [true]);
}
