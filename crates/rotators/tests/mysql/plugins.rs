//! How an account's password is checked, and that the way is kept.

use rekey_rotation::Login;
use tokio::sync::OnceCell;

use crate::case::{Case, failure};
use crate::servers::server;

static ED25519: OnceCell<()> = OnceCell::const_new();

/// Loads the plugin into both servers; the replica runs the same statements.
async fn ed25519() {
    ED25519
        .get_or_init(|| async {
            let server = server();
            for port in [server.replica_port, server.port] {
                let root = server.root(port).await;
                root.run("INSTALL PLUGIN IF NOT EXISTS ed25519 SONAME 'auth_ed25519'")
                    .await
                    .unwrap();
            }
        })
        .await;
}

async fn plugin_of(case: &Case, user: &str) -> Vec<String> {
    case.root
        .texts(&format!(
            "SELECT plugin FROM mysql.user WHERE User = '{user}'"
        ))
        .await
}

#[tokio::test]
async fn ed25519_is_kept_for_both_users_and_for_one() {
    ed25519().await;
    let identified = "IDENTIFIED VIA ed25519 USING PASSWORD('PW')";
    let mut single = Case::made(identified).await;
    let old = single.rotate().await;
    assert_eq!(single.login(&single.current).await, Ok(Login::Accepted));
    assert_eq!(single.login(&old).await, Ok(Login::Refused));

    let mut pair = Case::made(identified).await;
    pair.current = crate::case::changed(&pair.current, "masterarn", "m".into());
    let old = pair.rotate().await;
    for user in [pair.app.clone(), pair.clone_name()] {
        assert_eq!(plugin_of(&pair, &user).await, ["ed25519"]);
    }
    assert_eq!(pair.login(&old).await, Ok(Login::Accepted));
    pair.retire(&old).await.unwrap();
    assert_eq!(pair.login(&old).await, Ok(Login::Refused));
    pair.restore(&old).await.unwrap();
    assert_eq!(pair.login(&old).await, Ok(Login::Accepted));
}

#[tokio::test]
async fn a_second_user_that_is_there_keeps_its_own_plugin() {
    ed25519().await;
    let mut case = Case::alternating().await;
    case.sql("CREATE USER {clone}@'%' IDENTIFIED VIA ed25519 USING PASSWORD('Second-1')")
        .await;
    case.rotate().await;
    assert_eq!(plugin_of(&case, &case.clone_name()).await, ["ed25519"]);
    case.rotate().await;
    assert_eq!(plugin_of(&case, &case.app).await, ["mysql_native_password"]);
}

#[tokio::test]
async fn a_way_in_that_no_password_opens_alone_is_refused_and_nothing_is_changed() {
    for identified in [
        "IDENTIFIED VIA mysql_native_password USING PASSWORD('PW') OR unix_socket",
        "IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('PW')",
    ] {
        let mut single = Case::made(identified).await;
        let before = single.kept().await;
        let (class, text) = failure(single.try_rotate().await);
        assert_eq!(class, "permission", "{text}");
        assert!(text.contains("unix_socket"), "{text}");
        assert_eq!(failure(single.probe().await).0, "permission");
        assert_eq!(single.kept().await, before);
        single.current = crate::case::changed(&single.current, "masterarn", "m".into());
        assert_eq!(failure(single.try_rotate().await).0, "permission");
        assert_eq!(single.kept().await, before);
    }
}
