use rekey_rotation::Rotator;

use crate::case::{Case, changed, failure};
use crate::servers;

#[tokio::test]
async fn a_probe_of_a_good_set_up_succeeds_and_changes_nothing() {
    for server in servers::all() {
        for alternating in [false, true] {
            let mut case = Case::on(&server).await;
            if alternating {
                case = case.alternating();
            }
            for rotated in [false, true] {
                if rotated {
                    case.rotate().await;
                }
                let before = case.roles().await;
                let superuser = case.superuser_secret();
                let rotator = case.rotator();
                rotator
                    .probe(&case.current, Some(&superuser))
                    .await
                    .unwrap();
                assert_eq!(case.roles().await, before);
                assert!(case.logs_in(&case.current).await);
            }
        }
    }
}

#[tokio::test]
async fn a_probe_finds_what_a_rotation_would_stumble_over() {
    for server in servers::all() {
        let case = Case::alternating_on(&server).await;
        let (rotator, superuser) = (case.rotator(), case.superuser_secret());
        let wrong = changed(&case.current, "password", "not-it".into());
        let (class, _) = failure(rotator.probe(&wrong, Some(&superuser)).await);
        assert_eq!(class, "wrong_password");
        let wrong = changed(&superuser, "password", "not-it".into());
        let (class, text) = failure(rotator.probe(&case.current, Some(&wrong)).await);
        assert_eq!(class, "wrong_password");
        assert!(text.contains("superuser secret"), "{text}");
        case.sql(&format!("ALTER ROLE {} NOCREATEROLE", case.master))
            .await;
        let before = case.roles().await;
        let (class, _) = failure(rotator.probe(&case.current, Some(&superuser)).await);
        assert_eq!(class, "permission");
        assert_eq!(case.roles().await, before);
    }
}
