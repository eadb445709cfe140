use std::time::Duration;

use rekey_rotation::{Login, Revoker};
use rekey_rotators::postgres::Bounds;
use tokio::time::{Instant, sleep};

use crate::case::{Case, bounds, failure, field, rotator};
use crate::revoking::{at, is_open, login, retire, retire_with, revocation, seize};
use crate::servers::{self, connect};

#[tokio::test]
async fn the_old_users_sessions_end_and_nobody_elses() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let bystander = Case::on(&server).await;
        let other = bystander.session(&bystander.current).await;
        for _ in 0..2 {
            let old = case.rotate().await;
            let pool = [case.session(&old).await, case.session(&old).await];
            // One of them in the middle of a transaction.
            pool[0]
                .batch_execute("BEGIN; CREATE TEMP TABLE kept (n int)")
                .await
                .unwrap();
            let current = case.session(&case.current).await;
            assert_eq!(login(&case, &old).await, Ok(Login::Accepted));

            let (rotator, superuser) = (case.rotator(), case.superuser_secret());
            let revocation = revocation(&case, &old, &superuser);
            let mut seized = rotator.seize(revocation).await.unwrap();
            assert_eq!(rotator.sessions(&mut seized, revocation).await, Ok(2));
            assert!(is_open(&pool[0]).await, "looking ends nothing");
            assert_eq!(rotator.revoke(&mut seized, revocation).await, Ok(2));
            for session in &pool {
                assert!(!is_open(session).await);
            }
            assert!(is_open(&current).await && is_open(&other).await);
            assert_eq!(rotator.sessions(&mut seized, revocation).await, Ok(0));
            assert_eq!(rotator.try_login(&old, at(&old)).await, Ok(Login::Refused));
            assert_eq!(
                rotator.try_login(&case.current, at(&case.current)).await,
                Ok(Login::Accepted)
            );
            // Again by the same process, and by another one.
            assert_eq!(rotator.revoke(&mut seized, revocation).await, Ok(0));
            drop(seized);
            assert_eq!(retire(&case, &old).await, Ok(0));
        }
        assert!(bystander.logs_in(&bystander.current).await);
    }
}

#[tokio::test]
async fn a_pool_that_opens_sessions_all_the_time_is_closed_for_good() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        let (user, password) = (field(&old, "username"), field(&old, "password"));
        let (port, dbname) = (server.port, case.dbname.clone());
        let pools: Vec<_> = (0..4)
            .map(|_| {
                let (dbname, user, password) = (dbname.clone(), user.clone(), password.clone());
                tokio::spawn(async move {
                    let mut sessions = Vec::new();
                    while let Ok(session) = connect(port, &dbname, &user, &password).await {
                        sessions.push(session);
                        if sessions.len() > 10 {
                            sessions.remove(0);
                        }
                        sleep(Duration::from_millis(3)).await;
                    }
                    sessions
                })
            })
            .collect();
        sleep(Duration::from_millis(50)).await;
        assert!(retire(&case, &old).await.unwrap() > 0);
        for pool in pools {
            for session in pool.await.unwrap() {
                assert!(!is_open(&session).await);
            }
        }
    }
}

#[tokio::test]
async fn only_the_password_is_taken_and_everything_stays_with_the_base_role() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        for turn in 0..2 {
            let old = case.rotate().await;
            let table = format!("made_{turn}");
            let session = case.session(&old).await;
            session
                .batch_execute(&format!(
                    "CREATE SCHEMA IF NOT EXISTS work; CREATE TABLE work.{table} (n int)"
                ))
                .await
                .unwrap();
            let without_password = |roles: Option<String>| {
                let mut roles: serde_json::Value = serde_json::from_str(&roles.unwrap()).unwrap();
                for role in roles["roles"].as_array_mut().unwrap() {
                    if role["rolname"].as_str() == Some(&field(&old, "username")) {
                        role["rolpassword"].take();
                    }
                }
                roles
            };
            let before = without_password(case.roles().await);
            retire(&case, &old).await.unwrap();
            assert_eq!(without_password(case.roles().await), before);
            let owner =
                format!("SELECT relowner::regrole::text FROM pg_class WHERE relname = '{table}'");
            assert_eq!(case.ask(&owner).await, Some(case.app.clone()));
            let current = case.session(&case.current).await;
            current
                .batch_execute(&format!("DROP TABLE work.{table}"))
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn a_retired_user_comes_back_with_its_next_turn_or_by_awss_own_statement() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        for _ in 0..4 {
            let old = case.rotate().await;
            retire(&case, &old).await.unwrap();
            assert_eq!(login(&case, &old).await, Ok(Login::Refused));
            assert!(case.logs_in(&case.current).await);
        }
        // What AWS's function runs for the user whose turn is next; it is not LOGIN that comes with it.
        let user = case.clone_name();
        let master = case.session(&case.superuser_secret()).await;
        master
            .batch_execute(&format!("ALTER USER {user} WITH PASSWORD 'Aws-made-2'"))
            .await
            .unwrap();
        assert!(
            connect(server.port, &case.dbname, &user, "Aws-made-2")
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn a_retirement_waits_for_a_step_and_a_step_for_a_retirement() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        let pending = case.next();
        let hold = case.lock(&pending).await.unwrap();
        let (class, _) = failure(seize(&case, &case.rotator(), &old).await);
        assert_eq!(class, "throttled");
        drop(hold);

        let seized = seize(&case, &case.rotator(), &old).await.unwrap();
        assert_eq!(failure(case.lock(&pending).await).0, "throttled");
        let again = seize(&case, &case.rotator(), &old).await;
        assert_eq!(failure(again).0, "throttled");
        drop(seized);
        case.set(&pending).await.unwrap();
    }
}

#[tokio::test]
async fn the_lock_is_never_free_between_the_password_and_the_end() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        let (pending, superuser) = (case.next(), case.superuser_secret());
        let patient = rotator(
            &server.ca,
            Bounds {
                lock: Duration::from_secs(5),
                ..bounds()
            },
        );
        let revocation = revocation(&case, &old, &superuser);
        let mut seized = patient.seize(revocation).await.unwrap();
        let step = async {
            use rekey_rotation::Rotator;
            let hold = patient.lock(case.credentials(&pending, &superuser)).await;
            (hold.unwrap(), Instant::now())
        };
        let waiting = format!(
            "SELECT count(*)::text FROM pg_locks l JOIN pg_database d ON d.oid = l.database
             WHERE d.datname = '{}' AND locktype = 'advisory' AND NOT granted",
            case.dbname
        );
        let retirement = async {
            while case.ask(&waiting).await.as_deref() != Some("1") {
                sleep(Duration::from_millis(10)).await;
            }
            patient.revoke(&mut seized, revocation).await.unwrap();
            assert_eq!(case.ask(&waiting).await.as_deref(), Some("1"));
            assert_eq!(patient.try_login(&old, at(&old)).await, Ok(Login::Refused));
            let end = Instant::now();
            drop(seized);
            end
        };
        let ((_hold, taken), end) = tokio::join!(step, retirement);
        assert!(taken >= end);
    }
}

#[tokio::test]
async fn a_retirement_that_was_frozen_loses_the_lock_and_does_no_harm_when_it_wakes() {
    for server in servers::all() {
        for already_revoked in [false, true] {
            let mut case = Case::alternating_on(&server).await;
            let old = case.rotate().await;
            let forgetful = rotator(
                &server.ca,
                Bounds {
                    idle: Duration::from_millis(200),
                    lock: Duration::from_secs(5),
                    ..bounds()
                },
            );
            let superuser = case.superuser_secret();
            let late = revocation(&case, &old, &superuser);
            let mut frozen = forgetful.seize(late).await.unwrap();
            if already_revoked {
                forgetful.revoke(&mut frozen, late).await.unwrap();
            }
            // Waits until the server has ended the frozen one's session: a rotation that needs the old
            // user again, and gives it its next password.
            let pending = case.next();
            case.set_with(&forgetful, &pending, &superuser)
                .await
                .unwrap();
            assert_eq!(field(&pending, "username"), field(&old, "username"));

            let before = case.roles().await;
            for result in [
                forgetful.revoke(&mut frozen, late).await.map(drop),
                forgetful.restore(&mut frozen, late).await,
                forgetful.sessions(&mut frozen, late).await.map(drop),
            ] {
                let (class, text) = failure(result);
                assert!(
                    ["target_unreachable", "throttled"].contains(&class),
                    "{text}"
                );
            }
            assert_eq!(case.roles().await, before);
            assert!(case.logs_in(&pending).await);
        }
    }
}

#[tokio::test]
async fn a_session_that_does_not_end_in_time_is_told_and_ended_by_the_repetition() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        let pool = case.session(&old).await;
        let hasty = rotator(
            &server.ca,
            Bounds {
                ending: Duration::ZERO,
                ..bounds()
            },
        );
        let result = retire_with(&case, &hasty, &old, &case.superuser_secret()).await;
        let (class, text) = failure(result);
        assert_eq!(class, "throttled");
        assert!(text.contains("still there after 0 s (1)"), "{text}");
        assert_eq!(login(&case, &old).await, Ok(Login::Refused));
        retire(&case, &old).await.unwrap();
        assert!(!is_open(&pool).await);
    }
}

#[tokio::test]
async fn the_workers_of_a_query_are_not_counted_as_sessions() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        let pool = case.session(&old).await;
        let query = pool.batch_execute(
            "SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0;
             SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
             SELECT count(*), max(pg_sleep(0.1)::text) FROM pg_class",
        );
        let working = format!(
            "SELECT (count(*) > 0)::text FROM pg_stat_activity
             WHERE usename = '{}' AND backend_type = 'parallel worker'",
            case.app
        );
        let retirement = async {
            let deadline = Instant::now() + Duration::from_secs(20);
            while case.ask(&working).await.as_deref() != Some("true") {
                assert!(Instant::now() < deadline, "the query has no workers");
                sleep(Duration::from_millis(10)).await;
            }
            retire(&case, &old).await
        };
        let (answer, ended) = tokio::join!(query, retirement);
        assert!(answer.is_err());
        assert_eq!(ended, Ok(1));
    }
}

#[tokio::test]
async fn a_role_that_is_gone_is_out_of_use() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = {
            case.rotate().await;
            case.rotate().await
        };
        case.sql(&format!("DROP ROLE {}", case.clone_name())).await;
        assert_eq!(retire(&case, &old).await, Ok(0));
        assert_eq!(login(&case, &old).await, Ok(Login::Refused));
    }
}

#[tokio::test]
async fn a_replaced_password_is_never_taken_away_a_second_time() {
    for server in servers::all() {
        for alternating in [false, true] {
            let mut case = Case::on(&server).await;
            if alternating {
                case = case.alternating();
            }
            let old = case.rotate().await;
            if alternating {
                case.rotate().await;
            }
            let before = case.roles().await;
            let (class, text) = failure(retire(&case, &old).await);
            assert_eq!(class, "invalid_request");
            assert!(text.contains("ended when the other was set"), "{text}");
            assert_eq!(case.roles().await, before);
            assert_eq!(login(&case, &old).await, Ok(Login::Refused));
            assert_eq!(login(&case, &case.current).await, Ok(Login::Accepted));
        }
    }
}
