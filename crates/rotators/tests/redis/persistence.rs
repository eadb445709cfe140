use rekey_rotation::SecretValue;

use crate::case::{Case, changed, failure, logs_in, secret, value};
use crate::own::Own;

/// A rotation, the retirement after it and a rollback, each followed by a power cut.
async fn survives_power_cuts(case: &mut Case, own: &mut Own) {
    let old = case.rotate().await;
    own.restart().await;
    assert!(logs_in(&own.server, &case.current).await, "the new one");
    assert!(logs_in(&own.server, &old).await, "the old one in its grace");
    case.revoke(&old).await.unwrap();
    own.restart().await;
    assert!(logs_in(&own.server, &case.current).await);
    assert!(!logs_in(&own.server, &old).await, "back after a restart");
    case.restore(&old).await.unwrap();
    own.restart().await;
    assert!(logs_in(&own.server, &old).await);
}

/// The default user, which changes itself.
fn of_default(own: &Own) -> SecretValue {
    let server = own.server.clone();
    let password = server.superuser_password.clone();
    value(&secret(&[server], "default", &password))
}

#[tokio::test]
async fn an_aclfile_is_saved() {
    let users = std::env::temp_dir().join(crate::servers::unique("users.acl"));
    let user = "user default on >what-default-is-started-with ~* &* +@all\n";
    std::fs::write(&users, user).unwrap();
    let line = format!("aclfile {}", users.display());
    let mut own = Own::with_file(&[&line]).await;
    let mut case = Case::on(vec![own.server.clone()]).await;
    survives_power_cuts(&mut case, &mut own).await;
    std::fs::remove_file(users).unwrap();
}

#[tokio::test]
async fn a_configuration_file_is_rewritten() {
    let mut own = Own::with_file(&["requirepass what-default-is-started-with"]).await;
    let mut case = Case::on(vec![own.server.clone()]).await;
    survives_power_cuts(&mut case, &mut own).await;
}

#[tokio::test]
async fn requirepass_in_the_file_does_not_bring_a_retired_password_back() {
    let mut own = Own::with_file(&["requirepass what-default-is-started-with"]).await;
    let mut case = Case::on(vec![own.server.clone()]).await;
    case.current = of_default(&own);
    survives_power_cuts(&mut case, &mut own).await;
    let file = std::fs::read_to_string(own.server.config_file.as_ref().unwrap()).unwrap();
    assert!(
        file.contains("requirepass \"what-default-is-started-with\""),
        "as it was"
    );
    assert!(file.contains("\nuser default on "), "this counts: {file}");
}

#[tokio::test]
async fn a_server_that_keeps_nothing_is_refused_unless_the_secret_says_so() {
    let own = Own::without_file(&["requirepass what-default-is-started-with"]).await;
    let mut case = Case::on(vec![own.server.clone()]).await;
    let before = case.root().rules(&case.app).await;
    let (class, text) = failure(case.set(&case.next()).await);
    assert_eq!(class, "invalid_request");
    assert!(text.contains("`persist` to false"), "{text}");
    assert_eq!(case.root().rules(&case.app).await, before);

    case.current = changed(&case.current, "persist", false.into());
    let old = case.rotate().await;
    case.revoke(&old).await.unwrap();
    assert_eq!(case.works_at(&old).await, [false]);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_found_before_anything_changes() {
    let own = Own::with_file(&["requirepass what-default-is-started-with"]).await;
    let case = Case::on(vec![own.server.clone()]).await;
    let before = case.root().rules(&case.app).await;
    std::fs::remove_dir_all(own.directory()).unwrap();
    let (class, text) = failure(case.set(&case.next()).await);
    assert_eq!(class, "permission");
    assert!(text.contains("CONFIG REWRITE"), "{text}");
    assert_eq!(case.root().rules(&case.app).await, before);
}
