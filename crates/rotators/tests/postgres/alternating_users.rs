use rekey_rotation::Overlap;
use rekey_rotation::Rotator;

use crate::case::{Case, ask, changed, failure, field};
use crate::servers::{self, unique};

#[tokio::test]
async fn two_users_take_turns_and_the_old_credential_works_on() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        assert_eq!(
            case.rotator().overlap(&case.current).unwrap(),
            Overlap::AlternatingUsers
        );
        for user in [case.clone_name(), case.app.clone(), case.clone_name()] {
            let old = case.rotate().await;
            assert_eq!(field(&case.current, "username"), user);
            assert!(case.logs_in(&case.current).await);
            assert!(case.logs_in(&old).await);
        }
    }
}

#[tokio::test]
async fn it_takes_one_login_each_of_user_and_superuser_to_set_and_one_to_test() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let before = server.logins(&case.master);
        case.rotate().await;
        assert_eq!(server.logins(&case.app), 1);
        assert_eq!(server.logins(&case.clone_name()), 1);
        assert_eq!(server.logins(&case.master), before + 1);
    }
}

#[tokio::test]
async fn what_either_user_makes_can_be_used_and_dropped_by_both() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        case.sql(&format!("CREATE SCHEMA work AUTHORIZATION {}", case.app))
            .await;
        let old = case.rotate().await;
        let (first, second) = (case.session(&old).await, case.session(&case.current).await);
        for (maker, other) in [(&first, &second), (&second, &first)] {
            for round in 0..2 {
                let dropper = if round == 0 { other } else { maker };
                maker
                    .batch_execute("CREATE TABLE work.t (n int); INSERT INTO work.t VALUES (1)")
                    .await
                    .unwrap();
                other
                    .batch_execute("UPDATE work.t SET n = 2; ALTER TABLE work.t ADD COLUMN m int")
                    .await
                    .unwrap();
                dropper.batch_execute("DROP TABLE work.t").await.unwrap();
            }
        }
        second.batch_execute("DISCARD ALL").await.unwrap();
        assert_eq!(
            ask(&second, "SELECT current_user::text").await,
            Some(case.app.clone()),
            "a pool that resets its connections keeps acting as the base role"
        );
    }
}

#[tokio::test]
async fn what_awss_function_left_to_the_clone_is_handed_to_the_base_role() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let (app, clone) = (case.app.clone(), case.clone_name());
        // As that function makes the clone, by the same administrator.
        let superuser = case.superuser_secret();
        let master = case.session(&superuser).await;
        master
            .batch_execute(&format!(
                "CREATE ROLE {clone} WITH LOGIN PASSWORD 'Aws-made-1'; GRANT {app} TO {clone}"
            ))
            .await
            .unwrap();
        case.current = changed(&case.current, "username", clone.clone().into());
        case.current = changed(&case.current, "password", "Aws-made-1".into());
        let live = case.session(&case.current).await;
        case.sql(&format!("GRANT CREATE ON SCHEMA public TO {app}"))
            .await;
        live.batch_execute(
            "CREATE TABLE public.left_over (n serial); CREATE VIEW public.seen AS SELECT 1 AS n",
        )
        .await
        .unwrap();
        assert_eq!(owner(&case, "left_over").await, clone);
        let memberships = "SELECT count(*)::text FROM pg_auth_members m JOIN pg_roles r
                           ON r.oid = m.member AND r.rolname = ";
        let memberships = format!("{memberships}'{}'", case.master);
        let before = case.ask(&memberships).await;

        let old = case.rotate().await;
        assert_eq!(owner(&case, "left_over").await, app);
        assert_eq!(owner(&case, "seen").await, app);
        assert_eq!(
            case.ask(&memberships).await,
            before,
            "nothing borrowed is kept"
        );
        let first = case.session(&case.current).await;
        first
            .batch_execute("DROP VIEW public.seen; INSERT INTO public.left_over DEFAULT VALUES")
            .await
            .unwrap();
        let second = case.session(&old).await;
        second
            .batch_execute("DROP TABLE public.left_over")
            .await
            .unwrap();
    }
}

async fn owner(case: &Case, relation: &str) -> String {
    case.ask(&format!(
        "SELECT relowner::regrole::text FROM pg_class WHERE relname = '{relation}'"
    ))
    .await
    .unwrap()
}

#[tokio::test]
async fn settings_memberships_limit_and_validity_are_carried_over_at_each_rotation() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let (app, clone, group) = (case.app.clone(), case.clone_name(), unique("group"));
        case.sql(&format!(
            "CREATE ROLE {group};
             GRANT {group} TO {app};
             ALTER ROLE {app} CONNECTION LIMIT 7 VALID UNTIL '2099-01-01 00:00:00+00';
             ALTER ROLE {app} SET statement_timeout = '7s';
             ALTER ROLE {app} IN DATABASE {db} SET search_path = \"$user\", \"we \"\"ird\", public;
             ALTER ROLE {app} IN DATABASE {db} SET work_mem = '5MB'",
            db = case.dbname
        ))
        .await;
        case.rotate().await;
        let session = case.session(&case.current).await;
        for (setting, value) in [
            ("statement_timeout", "7s"),
            ("search_path", r#""$user", "we ""ird", public"#),
            ("work_mem", "5MB"),
        ] {
            let show = format!("SELECT current_setting('{setting}')");
            assert_eq!(ask(&session, &show).await.as_deref(), Some(value));
        }
        let attributes = |role: &str| {
            format!(
                "SELECT rolconnlimit || ' ' || extract(year from rolvaliduntil at time zone 'UTC')
                 || ' ' || pg_has_role(oid, '{group}', 'MEMBER') FROM pg_roles
                 WHERE rolname = '{role}'"
            )
        };
        let carried = case.ask(&attributes(&clone)).await;
        assert_eq!(carried.as_deref(), Some("7 2099 true"));

        // And what the base role no longer has goes away, whoever gave it to the clone.
        case.sql(&format!(
            "REVOKE {group} FROM {app};
             GRANT {group} TO {clone};
             ALTER ROLE {app} CONNECTION LIMIT -1 VALID UNTIL 'infinity';
             ALTER ROLE {app} RESET ALL;
             ALTER ROLE {app} IN DATABASE {db} RESET work_mem;
             GRANT {group} TO {master} WITH ADMIN OPTION;
             GRANT {root} TO {master}",
            db = case.dbname,
            master = case.master,
            root = server.superuser,
        ))
        .await;
        case.rotate().await;
        case.rotate().await;
        let session = case.session(&case.current).await;
        for (setting, value) in [("statement_timeout", "0"), ("work_mem", "4MB")] {
            let show = format!("SELECT current_setting('{setting}')");
            assert_eq!(ask(&session, &show).await.as_deref(), Some(value));
        }
        let limit = "SELECT rolconnlimit || ' ' || coalesce(rolvaliduntil = 'infinity', true)
                     || ' ' || pg_has_role(oid, '{group}', 'MEMBER') FROM pg_roles
                     WHERE rolname = '{clone}'";
        let limit = limit.replace("{group}", &group).replace("{clone}", &clone);
        assert_eq!(case.ask(&limit).await.as_deref(), Some("-1 true false"));
    }
}

#[tokio::test]
async fn a_base_role_that_acts_as_an_owner_has_a_clone_that_does() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let owner = unique("owner");
        case.sql(&format!(
            "CREATE ROLE {owner}; GRANT {owner} TO {app}; ALTER ROLE {app} SET role = '{owner}'",
            app = case.app
        ))
        .await;
        for _ in 0..2 {
            case.rotate().await;
            let session = case.session(&case.current).await;
            let acting = ask(&session, "SELECT current_user::text").await;
            assert_eq!(acting, Some(owner.clone()));
        }
    }
}

#[tokio::test]
async fn a_user_that_was_retired_or_closed_comes_back_with_its_next_turn() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        case.sql(&format!("ALTER ROLE {} PASSWORD NULL NOLOGIN", case.app))
            .await;
        assert!(!case.logs_in(&old).await);
        case.rotate().await;
        assert_eq!(field(&case.current, "username"), case.app);
        assert!(case.logs_in(&case.current).await);
    }
}

#[tokio::test]
async fn nothing_is_touched_before_awscurrent_has_logged_in() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let before = (case.roles().await, server.logins(&case.master));
        case.current = changed(&case.current, "password", "not-it".into());
        let (class, text) = failure(case.set(&case.next()).await);
        assert_eq!(class, "wrong_password");
        assert!(text.contains("AWSCURRENT"), "{text}");
        assert_eq!((case.roles().await, server.logins(&case.master)), before);
    }
}

#[tokio::test]
async fn the_pending_user_is_the_other_one_of_the_two() {
    for server in servers::all() {
        let case = Case::alternating_on(&server).await;
        let before = case.roles().await;
        for user in [case.app.as_str(), "postgres", "someone_clone"] {
            let pending = changed(&case.next(), "username", user.into());
            let (class, text) = failure(case.set(&pending).await);
            assert_eq!(class, "invalid_request");
            assert!(text.contains("`username`"), "{text}");
        }
        for (name, to) in [("host", "127.0.0.1".into()), ("dbname", "postgres".into())] {
            let (class, text) = failure(case.set(&changed(&case.next(), name, to)).await);
            assert_eq!(class, "invalid_request");
            assert!(text.contains(&format!("`{name}`")), "{text}");
        }
        assert_eq!(case.roles().await, before);
    }
}

#[tokio::test]
async fn a_role_that_is_only_named_like_a_clone_does_not_get_at_the_base_role() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let clone = case.clone_name();
        case.sql(&format!("CREATE ROLE {clone} LOGIN PASSWORD 'Intruder-1'"))
            .await;
        case.current = changed(&case.current, "username", clone.clone().into());
        case.current = changed(&case.current, "password", "Intruder-1".into());
        let before = case.roles().await;
        let root = changed(&case.superuser_secret(), "username", "postgres".into());
        let root = changed(&root, "password", server.superuser_password.as_str().into());
        let pending = case.next();
        let (class, text) = failure(case.set_with(&case.rotator(), &pending, &root).await);
        assert_eq!(class, "permission");
        assert!(text.contains("not a member"), "{text}");
        assert_eq!(case.roles().await, before);

        case.sql(&format!("ALTER ROLE {clone} SUPERUSER")).await;
        let (class, _) = failure(case.set_with(&case.rotator(), &pending, &root).await);
        assert_eq!(class, "permission");
    }
}

#[tokio::test]
async fn a_clone_without_its_base_role_is_told_so() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let lonely = unique("lonely_clone");
        let lonely = format!("{}_clone", lonely.replace("_clone", ""));
        case.sql(&format!("CREATE ROLE {lonely} LOGIN PASSWORD 'Lonely-1'"))
            .await;
        case.current = changed(&case.current, "username", lonely.into());
        case.current = changed(&case.current, "password", "Lonely-1".into());
        let (class, text) = failure(case.set(&case.next()).await);
        assert_eq!(class, "role_missing", "{text}");
    }
}

#[tokio::test]
async fn the_test_refuses_a_pending_user_that_is_not_what_the_current_one_is() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        case.rotate().await;
        let (app, clone) = (case.app.clone(), case.clone_name());
        let rotator = case.rotator();
        for (spoil, mend, word) in [
            (
                format!("ALTER ROLE {clone} RESET role"),
                format!("ALTER ROLE {clone} SET role = '{app}'"),
                "acts as",
            ),
            (
                format!("ALTER ROLE {clone} SET work_mem = '9MB'"),
                format!("ALTER ROLE {clone} RESET work_mem"),
                "different settings",
            ),
            (
                format!("ALTER ROLE {app} SET default_transaction_read_only = on"),
                format!("ALTER ROLE {app} RESET default_transaction_read_only"),
                "different settings",
            ),
        ] {
            case.sql(&spoil).await;
            let (class, text) = failure(rotator.test(&case.current).await);
            assert_eq!(class, "permission");
            assert!(text.contains(word), "{text}");
            case.sql(&mend).await;
            rotator.test(&case.current).await.unwrap();
        }
        let master = case.master.clone();
        case.sql(&format!(
            "SET ROLE {master}; REVOKE {app} FROM {clone}; RESET ROLE;
             REVOKE {app} FROM {clone} GRANTED BY {master}"
        ))
        .await;
        let (class, text) = failure(rotator.test(&case.current).await);
        assert_eq!(class, "permission", "{text}");
        case.set(&case.next()).await.unwrap_err();
    }
}
