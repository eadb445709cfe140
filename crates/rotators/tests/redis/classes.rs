//! What goes wrong at a server, and what it is called. The classes that every kind has are the suite's.

use rekey_rotation::{Login, Rotator as _};
use serde_json::json;

use crate::case::{ADMINISTRATOR, Case, changed, failure, rotator, value};
use crate::{fake, servers};

#[tokio::test]
async fn a_user_that_no_password_keeps_out_or_lets_in_is_refused_with_what_to_do() {
    let case = Case::on(vec![servers::one("aclfile")]).await;
    let root = case.root().clone();
    root.ask::<()>(&["ACL", "SETUSER", &case.app, "nopass"])
        .await;
    let before = root.rules(&case.app).await;
    let (class, text) = failure(case.set(&case.next()).await);
    assert_eq!(class, "permission");
    assert!(text.contains("resetpass"), "{text}");
    let (class, _) = failure(case.revoke(&case.next()).await);
    assert_eq!(class, "permission");
    assert_eq!(root.rules(&case.app).await, before);

    root.ask::<()>(&["ACL", "SETUSER", &case.app, "resetpass", "off"])
        .await;
    assert_eq!(case.knock(&case.current).await, Ok(Login::Refused));
    let (class, text) = failure(case.restore(&case.current).await);
    assert_eq!(class, "permission");
    assert!(
        text.contains(&format!("ACL SETUSER {} on", case.app)),
        "{text}"
    );

    root.ask::<u32>(&["ACL", "DELUSER", &case.app]).await;
    let (class, text) = failure(case.restore(&case.current).await);
    assert_eq!(class, "role_missing");
    assert!(text.contains(&case.app), "{text}");
}

#[tokio::test]
async fn each_right_that_is_missing_is_named_as_the_rule_that_gives_it() {
    let case = Case::on(vec![servers::one("aclfile")]).await;
    let root = case.root().clone();
    // One with an aclfile that is in no cluster is not asked for these.
    let unused = ["+config|rewrite", "+cluster|info"];
    for right in ADMINISTRATOR.split_whitespace() {
        let taken = right.replacen('+', "-", 1);
        root.ask::<()>(&["ACL", "SETUSER", &case.admin, &taken])
            .await;
        let probed = case
            .rotator()
            .probe(&case.current, Some(&case.superuser))
            .await;
        root.ask::<()>(&["ACL", "SETUSER", &case.admin, right])
            .await;
        if unused.contains(&right) {
            continue;
        }
        let (class, text) = failure(probed);
        assert_eq!(class, "permission", "{right}: {text}");
        let grant = format!("ACL SETUSER {} {right}", case.admin);
        assert!(text.contains(&grant), "{right}: {text}");
    }
    let probed = case
        .rotator()
        .probe(&case.current, Some(&case.superuser))
        .await;
    assert_eq!(probed, Ok(()));
}

#[tokio::test]
async fn what_a_server_answers_in_passing_has_its_class() {
    let cases: [(fake::Answers, &str, &str); 9] = [
        (
            &[("AUTH", "-ERR wrong number of arguments for 'auth' command")],
            "invalid_request",
            "before Redis 6",
        ),
        (
            &[("AUTH", "-DENIED Redis is running in protected mode")],
            "permission",
            "protected mode",
        ),
        (
            &[("AUTH", "-ERR max number of clients reached")],
            "throttled",
            "maxclients",
        ),
        (
            &[("CLIENT", "-LOADING Redis is loading the dataset in memory")],
            "target_unreachable",
            "loading",
        ),
        (
            &[("CLIENT", "-MASTERDOWN Link with MASTER is down")],
            "throttled",
            "primary",
        ),
        (
            &[("CLIENT", "-BUSY Redis is busy running a script")],
            "throttled",
            "script",
        ),
        (
            &[("CLIENT", "-NOAUTH Authentication required.")],
            "target_unreachable",
            "logged `app` out",
        ),
        (
            &[(
                "CLIENT",
                "-ERR unknown command 'CLIENT', with args beginning with: canary",
            )],
            "permission",
            "no command CLIENT ID",
        ),
        (
            &[("CLIENT", "-ODD canary")],
            "internal",
            "refused CLIENT ID with ODD",
        ),
    ];
    for (answers, class, part) in cases {
        let port = fake::answering(answers).await;
        let current = value(
            &json!({"engine": "redis", "host": "127.0.0.1", "port": port,
            "username": "app", "password": "canary-password", "ssl": false}),
        );
        let rotator = rotator(&servers::one("bare").ca);
        let (found, text) = failure(rotator.probe(&current, None).await);
        assert_eq!(found, class, "{text}");
        assert!(text.contains(part), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn a_host_that_has_no_address_and_a_server_that_says_nothing_are_unreachable() {
    let case = Case::on(vec![servers::one("aclfile")]).await;
    let nowhere = changed(&case.current, "host", "nowhere.invalid".into());
    let (class, text) = failure(case.rotator().test(&nowhere).await);
    assert_eq!(class, "target_unreachable");
    assert!(text.contains("does not resolve"), "{text}");

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let quick = rekey_rotators::redis::Bounds {
        connect: std::time::Duration::from_millis(200),
        ..crate::case::bounds()
    };
    let rotator = crate::case::with_bounds(&case.server().ca, quick);
    let at_silence = changed(&case.current, "port", port.into());
    let at_silence = changed(&at_silence, "host", "127.0.0.1".into());
    let (class, text) = failure(rotator.test(&at_silence).await);
    assert_eq!(class, "target_unreachable");
    assert!(text.contains("did not finish the login"), "{text}");
}
