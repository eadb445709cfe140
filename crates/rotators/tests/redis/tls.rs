use rekey_rotation::{Rotator as _, TargetError};

use crate::case::{Case, changed, failure};
use crate::own::Own;
use crate::servers;

/// A user's own login, over whatever way `host`, `port` and `ssl` say.
async fn login(case: &Case, host: &str, port: u16, ssl: bool) -> Result<(), TargetError> {
    let value = changed(&case.current, "host", host.into());
    let value = changed(&value, "port", port.into());
    let value = changed(&value, "ssl", ssl.into());
    case.rotator().test(&value).await
}

#[tokio::test]
async fn a_certificate_is_verified_name_included_and_there_is_no_way_back_to_plaintext() {
    let case = Case::on(vec![servers::one("aclfile")]).await;
    let (plain, tls) = (case.server().port, case.server().tls_port.unwrap());
    assert_eq!(login(&case, "localhost", tls, true).await, Ok(()));
    assert_eq!(login(&case, "127.0.0.1", tls, true).await, Ok(()));
    assert_eq!(login(&case, "localhost", plain, false).await, Ok(()));

    let (class, text) = failure(login(&case, "127.0.0.2", tls, true).await);
    assert_eq!(class, "tls_refused");
    assert!(text.contains("is for another name"), "{text}");
    let (class, text) = failure(login(&case, "localhost", plain, true).await);
    assert_eq!(class, "tls_refused");
    assert!(text.contains("tls-port"), "{text}");
    let (class, text) = failure(login(&case, "localhost", tls, false).await);
    assert_eq!(class, "target_unreachable");
    assert!(text.contains("`ssl`"), "{text}");
}

#[tokio::test]
async fn a_superuser_and_its_user_are_rotated_over_tls() {
    let mut case = Case::on(vec![servers::one("aclfile")]).await;
    let port = case.server().tls_port.unwrap();
    for secret in [&mut case.current, &mut case.superuser] {
        let over = changed(secret, "port", port.into());
        *secret = changed(&over, "ssl", true.into());
    }
    let old = case.rotate().await;
    case.revoke(&old).await.unwrap();
    assert_eq!(case.works_at(&old).await, [false]);
}

#[tokio::test]
async fn a_server_without_a_connection_left_says_so_if_it_is_heard_before_it_closes() {
    let own = Own::with_file(&["requirepass what-default-is-started-with"]).await;
    let case = Case::on(vec![own.server.clone()]).await;
    case.root()
        .ask::<()>(&["CONFIG", "SET", "maxclients", "1"])
        .await;
    let (class, text) = failure(case.rotator().test(&case.current).await);
    assert!(
        ["throttled", "target_unreachable"].contains(&class),
        "{class}"
    );
    assert!(text.contains("maxclients"), "{text}");
}
