use rekey_rotation::{Login, Revoker};

use crate::administrators::remedy;
use crate::case::{Case, changed, failure, field};
use crate::revoking::{is_open, login, restore, retire, revocation};
use crate::servers;

#[tokio::test]
async fn inside_the_grace_the_old_credential_goes_on_working() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        for _ in 0..2 {
            let old = case.rotate().await;
            let (before, after) = (case.session(&old).await, case.session(&case.current).await);
            for _ in 0..2 {
                restore(&case, &old).await.unwrap();
                assert!(case.logs_in(&old).await && case.logs_in(&case.current).await);
            }
            assert!(is_open(&before).await && is_open(&after).await);
        }
    }
}

#[tokio::test]
async fn a_retired_credential_is_brought_back_and_can_be_rotated_on() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        for _ in 0..2 {
            let old = case.rotate().await;
            let session = case.session(&case.current).await;
            retire(&case, &old).await.unwrap();
            let others = |roles: Option<String>| {
                let mut roles: serde_json::Value = serde_json::from_str(&roles.unwrap()).unwrap();
                for role in roles["roles"].as_array_mut().unwrap() {
                    if role["rolname"].as_str() == Some(&field(&old, "username")) {
                        role["rolpassword"].take();
                    }
                }
                roles
            };
            let before = others(case.roles().await);
            restore(&case, &old).await.unwrap();
            assert_eq!(login(&case, &old).await, Ok(Login::Accepted));
            assert_eq!(login(&case, &case.current).await, Ok(Login::Accepted));
            assert!(is_open(&session).await);
            assert_eq!(others(case.roles().await), before, "a password and no more");

            // The labels move back, the one that was bad is retired, and the next rotation is of it.
            let bad = std::mem::replace(&mut case.current, old);
            assert_eq!(retire(&case, &bad).await, Ok(1));
            assert_eq!(login(&case, &bad).await, Ok(Login::Refused));
            case.rotate().await;
            assert_eq!(field(&case.current, "username"), field(&bad, "username"));
        }
    }
}

#[tokio::test]
async fn a_current_credential_that_does_not_log_in_is_rolled_back_from() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        for spoil in ["PASSWORD NULL", "NOLOGIN"] {
            let old = case.rotate().await;
            retire(&case, &old).await.unwrap();
            let current = field(&case.current, "username");
            case.sql(&format!("ALTER ROLE {current} {spoil}")).await;
            restore(&case, &old).await.unwrap();
            assert_eq!(login(&case, &old).await, Ok(Login::Accepted));
            assert_eq!(login(&case, &case.current).await, Ok(Login::Refused));
            case.current = old;
            case.rotate().await;
        }
    }
}

#[tokio::test]
async fn what_keeps_the_old_credential_from_coming_back_is_told_with_the_statement_that_helps() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        retire(&case, &old).await.unwrap();
        let (app, clone) = (case.app.clone(), case.clone_name());
        case.sql(&format!(
            "ALTER ROLE {app} NOLOGIN VALID UNTIL '2001-01-01'"
        ))
        .await;
        let before = case.roles().await;
        let (class, text) = failure(restore(&case, &old).await);
        assert_eq!(class, "permission");
        assert_eq!(case.roles().await, before);
        case.sql(remedy(&text)).await;
        restore(&case, &old).await.unwrap();
        assert_eq!(login(&case, &old).await, Ok(Login::Accepted));

        let old = case.rotate().await;
        case.sql(&format!("DROP ROLE {clone}")).await;
        let (class, text) = failure(restore(&case, &old).await);
        assert_eq!(class, "role_missing");
        assert!(text.contains("rotate instead"), "{text}");
    }
}

#[tokio::test]
async fn a_role_that_is_only_named_like_one_of_a_pair_is_given_no_password() {
    for server in servers::all() {
        let case = Case::alternating_on(&server).await;
        let clone = case.clone_name();
        case.sql(&format!("CREATE ROLE {clone} LOGIN")).await;
        let stranger = changed(&case.current, "username", clone.into());
        let before = case.roles().await;
        let (class, text) = failure(restore(&case, &stranger).await);
        assert_eq!(class, "permission");
        assert!(text.contains("not a member"), "{text}");
        assert_eq!(case.roles().await, before);
    }
}

#[tokio::test]
async fn a_user_that_has_no_second_one_is_given_no_password() {
    for server in servers::all() {
        let case = Case::alternating_on(&server).await;
        let before = case.roles().await;
        let old = changed(&case.current, "password", "By-hand-2".into());
        let (class, text) = failure(restore(&case, &old).await);
        assert_eq!(class, "role_missing");
        assert!(text.contains("not one of two users"), "{text}");
        assert_eq!(case.roles().await, before);
    }
}

#[tokio::test]
async fn a_single_users_old_password_is_set_again_by_whichever_password_is_valid() {
    for server in servers::all() {
        let mut case = Case::on(&server).await;
        let old = case.rotate().await;
        let session = case.session(&case.current).await;
        // The second time the current password is the one that is refused.
        for _ in 0..2 {
            restore(&case, &old).await.unwrap();
            assert_eq!(login(&case, &old).await, Ok(Login::Accepted));
            assert_eq!(login(&case, &case.current).await, Ok(Login::Refused));
        }
        assert!(is_open(&session).await);

        case.sql(&format!("ALTER ROLE {} PASSWORD 'By-hand-1'", case.app))
            .await;
        let (class, text) = failure(restore(&case, &old).await);
        assert_eq!(class, "wrong_password");
        assert!(text.contains("AWSCURRENT"), "{text}");
    }
}

#[tokio::test]
async fn a_roll_back_is_all_or_nothing_and_the_lock_is_kept_after_it() {
    for server in servers::all() {
        for alternating in [false, true] {
            let mut case = Case::on(&server).await;
            if alternating {
                case = case.alternating();
            }
            let old = case.rotate().await;
            let before = case.roles().await;
            let (rotator, superuser) = (case.rotator(), case.superuser_secret());
            let revocation = revocation(&case, &old, &superuser);
            drop(rotator.seize(revocation).await.unwrap());
            assert_eq!(case.roles().await, before, "a lock alone changes nothing");

            let mut seized = rotator.seize(revocation).await.unwrap();
            rotator.restore(&mut seized, revocation).await.unwrap();
            // Whoever sets a password now would need one that logs in: both strategies have one.
            let pending = case.next();
            assert_eq!(failure(case.lock(&pending).await).0, expected(alternating));
            drop(seized);
        }
    }
}

/// The single user's own login is tried first, and its current password is no longer valid.
fn expected(alternating: bool) -> &'static str {
    if alternating {
        "throttled"
    } else {
        "wrong_password"
    }
}
