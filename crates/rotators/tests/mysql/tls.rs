use rekey_rotation::{Login, Rotator as _};
use serde_json::json;

use crate::case::{Case, bounds, changed, failure, rotator};

const ANOTHER_AUTHORITY: &[u8] = include_bytes!("another_authority.pem");

#[tokio::test]
async fn without_a_word_about_it_tls_is_verified() {
    let mut case = Case::alternating().await;
    case.sql("ALTER USER {app}@'%' REQUIRE SSL").await;
    let old = case.rotate().await;
    // The second user got the requirement with everything else.
    let plain = changed(&case.current, "ssl", json!(false));
    assert_eq!(
        failure(case.rotator().test(&plain).await).0,
        "wrong_password"
    );
    case.retire(&old).await.unwrap();
    assert_eq!(case.login(&old).await, Ok(Login::Refused));
}

#[tokio::test]
async fn a_certificate_for_another_name_or_of_another_authority_is_refused() {
    let case = Case::single().await;
    let named = changed(&case.current, "host", json!("127.0.0.1"));
    case.rotator().test(&named).await.unwrap();

    let misnamed = changed(&case.current, "host", json!("127.0.0.2"));
    let (class, text) = failure(case.rotator().test(&misnamed).await);
    assert_eq!(class, "tls_refused", "{text}");
    assert!(text.contains("another name"), "{text}");

    let distrustful = rotator(ANOTHER_AUTHORITY, bounds());
    let (class, text) = failure(distrustful.test(&case.current).await);
    assert_eq!(class, "tls_refused", "{text}");
    assert!(text.contains("authority"), "{text}");
}

#[tokio::test]
async fn there_is_no_way_back_to_plaintext_and_plaintext_only_on_purpose() {
    let case = Case::single().await;
    let here = json!(case.server.plain_port);
    let root = case.server.root(case.server.plain_port).await;
    let password = crate::case::field(&case.current, "password");
    root.run(&format!(
        "CREATE USER {}@'%' IDENTIFIED BY '{password}'",
        case.app
    ))
    .await
    .unwrap();
    let plain_server = changed(&case.current, "port", here);
    let plain_server = changed(&plain_server, "dbname", json!(null));
    for ssl in [json!(null), json!(true), json!("true")] {
        let asking = changed(&plain_server, "ssl", ssl);
        let (class, text) = failure(case.rotator().test(&asking).await);
        assert_eq!(class, "tls_refused", "{text}");
        assert!(text.contains("offers no TLS"), "{text}");
    }
    let on_purpose = changed(&plain_server, "ssl", json!(false));
    case.rotator().test(&on_purpose).await.unwrap();
    root.run(&format!("DROP USER {}@'%'", case.app))
        .await
        .unwrap();
    // No TLS there, so a refusal without it stands.
    assert_eq!(case.login(&on_purpose).await, Ok(Login::Refused));
}

#[tokio::test]
async fn a_superuser_secret_without_a_host_is_sent_where_the_certificate_is_right_only() {
    let case = Case::alternating().await;
    let managed = json!({"username": case.master, "password": case.master_password});
    let managed = crate::case::value(&managed);
    let pending = case.next();
    case.set_with(&case.rotator(), &pending, &managed)
        .await
        .unwrap();

    // `"ssl": false` of the user's secret is not the superuser's.
    let mut plain = Case::alternating().await;
    plain.current = changed(&plain.current, "ssl", json!(false));
    plain.current = changed(&plain.current, "host", json!("127.0.0.2"));
    let managed = json!({"username": plain.master, "password": plain.master_password});
    let managed = crate::case::value(&managed);
    let before = plain.server.logins(&plain.master);
    let pending = plain.next();
    let (class, text) = failure(plain.set_with(&plain.rotator(), &pending, &managed).await);
    assert_eq!(class, "tls_refused", "{text}");
    assert_eq!(plain.server.logins(&plain.master), before);
}
