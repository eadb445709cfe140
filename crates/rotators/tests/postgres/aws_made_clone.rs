//! A clone that AWS's function left, as AWSCURRENT: it acts as itself, with what it was given by name.

use rekey_rotation::Rotator;
use tokio_postgres::Client;

use crate::administrators::remedy;
use crate::case::{Case, changed, failure};
use crate::servers::{self, Server, unique};

/// The clone is live, owns `own`, and may read `granted` by its own name and `grouped` by a group.
struct Legacy {
    case: Case,
    clone: String,
    group: String,
}

impl Legacy {
    async fn on(server: &Server) -> Self {
        let mut case = Case::alternating_on(server).await;
        let (app, clone, group) = (case.app.clone(), case.clone_name(), unique("group"));
        // As that function makes the clone, by the same administrator.
        let master = case.session(&case.superuser_secret()).await;
        master
            .batch_execute(&format!(
                "CREATE ROLE {clone} WITH LOGIN PASSWORD 'Aws-made-1'; GRANT {app} TO {clone}"
            ))
            .await
            .unwrap();
        case.current = changed(&case.current, "username", clone.clone().into());
        case.current = changed(&case.current, "password", "Aws-made-1".into());
        case.sql(&format!(
            "CREATE ROLE {group};
             GRANT {group} TO {clone};
             CREATE TABLE granted (n int, secret int);
             CREATE TABLE grouped (n int);
             CREATE TABLE partly (n int, secret int);
             GRANT SELECT, INSERT ON granted TO {clone};
             GRANT SELECT (n) ON partly TO {clone};
             GRANT SELECT ON grouped TO {group};
             GRANT CREATE, USAGE ON SCHEMA public TO {app}"
        ))
        .await;
        let live = case.session(&case.current).await;
        live.batch_execute("CREATE TABLE own (n serial)")
            .await
            .unwrap();
        Self { case, clone, group }
    }
}

const ALL: [&str; 4] = [
    "SELECT FROM own",
    "SELECT FROM granted",
    "SELECT FROM grouped",
    "SELECT n FROM partly",
];

async fn assert_reads_everything(session: &Client, who: &str) {
    for query in ALL {
        let read = session.batch_execute(query).await;
        assert!(read.is_ok(), "{who}: {query}: {read:?}");
    }
}

#[tokio::test]
async fn what_a_live_clone_may_do_by_its_own_name_is_asked_for_and_nothing_is_taken_from_it() {
    for server in servers::all() {
        let Legacy {
            mut case,
            clone,
            group,
        } = Legacy::on(&server).await;
        let (app, old) = (case.app.clone(), case.current.clone());
        let long_lived = case.session(&old).await;
        let before = case.roles().await;

        let (class, text) = failure(case.set(&case.next()).await);
        assert_eq!(class, "permission");
        assert_eq!(
            remedy(&text),
            format!(
                "GRANT {group} TO {app}; GRANT INSERT, SELECT ON TABLE public.granted TO {app}; \
                 GRANT SELECT (n) ON TABLE public.partly TO {app};"
            )
        );
        assert_eq!(case.roles().await, before, "a refusal changes nothing");
        assert_reads_everything(&long_lived, "refused, open session").await;
        assert_reads_everything(&case.session(&old).await, "refused").await;
        let superuser = case.superuser_secret();
        let probe = case.rotator().probe(&case.current, Some(&superuser)).await;
        assert_eq!(failure(probe).0, "permission", "a probe finds it too");

        case.sql(remedy(&text)).await;
        let pending = case.next();
        case.set(&pending).await.unwrap();
        assert_reads_everything(&long_lived, "set, open session").await;
        assert_reads_everything(&case.session(&old).await, "set").await;
        assert_reads_everything(&case.session(&pending).await, "the pending user").await;
        let kept = case
            .ask(&format!(
                "SELECT coalesce(array_to_string(rolconfig, ','), '') || pg_has_role(oid, '{group}', 'MEMBER')
                 FROM pg_roles WHERE rolname = '{clone}'"
            ))
            .await;
        assert_eq!(kept.as_deref(), Some("true"), "the live clone is as it was");
        case.rotator().test(&pending).await.unwrap();
        case.current = pending;

        // Its own turn: now it is idle, and becomes a second way to log in as the base role.
        case.rotate().await;
        let session = case.session(&case.current).await;
        assert_reads_everything(&session, "the clone again").await;
        let acting = crate::case::ask(&session, "SELECT current_user::text").await;
        assert_eq!(acting, Some(app));
        case.rotate().await;
    }
}

#[tokio::test]
async fn everything_that_can_be_granted_by_name_is_asked_for_in_statements_that_run() {
    for server in servers::all() {
        let Legacy {
            mut case, clone, ..
        } = Legacy::on(&server).await;
        let other = unique("other");
        let db = case.dbname.clone();
        case.sql(&format!(
            "CREATE ROLE {other};
             ALTER ROLE {clone} CREATEDB BYPASSRLS;
             CREATE SCHEMA \"Work Room\";
             GRANT USAGE ON SCHEMA \"Work Room\" TO {clone} WITH GRANT OPTION;
             CREATE SEQUENCE \"Work Room\".numbers;
             GRANT USAGE ON SEQUENCE \"Work Room\".numbers TO {clone};
             CREATE TYPE \"Work Room\".kind AS ENUM ('one');
             CREATE FUNCTION \"Work Room\".f(\"Work Room\".kind, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
             REVOKE EXECUTE ON FUNCTION \"Work Room\".f FROM PUBLIC;
             GRANT EXECUTE ON FUNCTION \"Work Room\".f TO {clone};
             CREATE TYPE mood AS ENUM ('good');
             REVOKE USAGE ON TYPE mood FROM PUBLIC;
             GRANT USAGE ON TYPE mood TO {clone};
             ALTER DATABASE {db} OWNER TO postgres;
             GRANT CREATE ON DATABASE {db} TO {clone};
             GRANT CREATE ON TABLESPACE pg_default TO {clone};
             GRANT SET ON PARAMETER log_statement TO {clone};
             CREATE FOREIGN DATA WRAPPER wrapper_{other};
             GRANT USAGE ON FOREIGN DATA WRAPPER wrapper_{other} TO {clone};
             CREATE SERVER server_{other} FOREIGN DATA WRAPPER wrapper_{other};
             GRANT USAGE ON FOREIGN SERVER server_{other} TO {clone};
             SELECT lo_create(4711);
             GRANT SELECT ON LARGE OBJECT 4711 TO {clone};
             CREATE SCHEMA one; GRANT USAGE ON SCHEMA one TO {clone};
             CREATE SCHEMA two; GRANT USAGE ON SCHEMA two TO {clone};
             ALTER TABLE granted ENABLE ROW LEVEL SECURITY;
             CREATE POLICY seen ON granted TO {clone} USING (true);
             ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO {clone};
             ALTER DEFAULT PRIVILEGES FOR ROLE {clone} IN SCHEMA public GRANT SELECT ON TABLES TO {other};
             ALTER DEFAULT PRIVILEGES FOR ROLE {clone} GRANT USAGE ON SEQUENCES TO {other}"
        ))
        .await;
        let (class, text) = failure(case.set(&case.next()).await);
        assert_eq!(class, "permission");
        for part in [
            "CREATEDB",
            "BYPASSRLS",
            "WITH GRANT OPTION",
            "ON SEQUENCE",
            "ON ROUTINE",
            "ON TYPE",
            "ON DATABASE",
            "ON TABLESPACE",
            "ON PARAMETER log_statement",
            "ON FOREIGN DATA WRAPPER",
            "ON FOREIGN SERVER",
            "ON LARGE OBJECT 4711",
            "FOR ROLE postgres GRANT SELECT ON TABLES",
            " IN SCHEMA public GRANT SELECT ON TABLES",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let (statements, _) = remedy(&text)
            .split_once(" (and 1 more")
            .unwrap_or_else(|| panic!("{text}"));
        case.sql(statements).await;
        let (_, text) = failure(case.set(&case.next()).await);
        let last = "ALTER POLICY seen ON public.granted TO ";
        assert!(text.contains(last), "{text}");
        case.sql(remedy(&text)).await;
        case.rotate().await;
        // The tablespace and the parameter belong to the server, not to this database.
        case.sql(&format!(
            "DROP OWNED BY {clone}; DROP OWNED BY {app}",
            app = case.app
        ))
        .await;
    }
}

#[tokio::test]
async fn what_the_base_role_owns_or_has_by_a_group_or_public_is_not_asked_for() {
    for server in servers::all() {
        let Legacy {
            mut case,
            clone,
            group,
        } = Legacy::on(&server).await;
        let (app, all) = (case.app.clone(), unique("all"));
        case.sql(&format!(
            "CREATE ROLE {all};
             GRANT {all} TO {app};
             GRANT {group} TO {all};
             GRANT SELECT, INSERT ON granted TO {all};
             GRANT SELECT ON partly TO PUBLIC;
             GRANT SELECT (n) ON partly TO {app};
             CREATE TABLE of_app (n int);
             ALTER TABLE of_app OWNER TO {app};
             GRANT SELECT ON of_app TO {clone};
             ALTER DEFAULT PRIVILEGES FOR ROLE {app} GRANT ALL ON TABLES TO {clone};
             ALTER DEFAULT PRIVILEGES FOR ROLE {clone} GRANT ALL ON TABLES TO {app}"
        ))
        .await;
        case.rotate().await;
        let session = case.session(&case.current).await;
        assert_reads_everything(&session, "the base role").await;
    }
}

#[tokio::test]
async fn what_a_live_clone_has_in_another_database_is_asked_for_by_the_databases_name() {
    for server in servers::all() {
        let Legacy {
            mut case, clone, ..
        } = Legacy::on(&server).await;
        let (_, text) = failure(case.set(&case.next()).await);
        case.sql(remedy(&text)).await;
        let elsewhere = Case::on(&server).await;
        let (app, db) = (case.app.clone(), elsewhere.dbname.clone());
        elsewhere
            .sql(&format!(
                "CREATE TABLE far (n int); GRANT SELECT ON far TO {clone};
                 CREATE TABLE far_own (n int); ALTER TABLE far_own OWNER TO {clone}"
            ))
            .await;
        let (class, text) = failure(case.set(&case.next()).await);
        assert_eq!(class, "permission");
        assert!(
            text.contains(&format!("in database {db}: GRANT to {app}")),
            "{text}"
        );
        let reassign = format!("REASSIGN OWNED BY {clone} TO {app}");
        assert!(
            text.contains(&format!("in database {db}: {reassign};")),
            "{text}"
        );
        elsewhere
            .sql(&format!("{reassign}; GRANT SELECT ON far TO {app}"))
            .await;
        case.rotate().await;
    }
}

#[tokio::test]
async fn a_live_clone_that_does_not_inherit_keeps_what_it_owns() {
    for server in servers::all() {
        let Legacy {
            mut case, clone, ..
        } = Legacy::on(&server).await;
        let (app, master) = (case.app.clone(), case.master.clone());
        let (_, text) = failure(case.set(&case.next()).await);
        case.sql(remedy(&text)).await;
        case.sql(&if server.major >= 16 {
            format!("GRANT {app} TO {clone} WITH INHERIT FALSE GRANTED BY {master}")
        } else {
            format!("ALTER ROLE {clone} NOINHERIT; GRANT SELECT ON grouped TO {clone}")
        })
        .await;
        let live = case.session(&case.current).await;
        let (class, text) = failure(case.set(&case.next()).await);
        assert_eq!(class, "permission");
        assert!(text.contains("does not inherit"), "{text}");
        assert_reads_everything(&live, "refused").await;
        case.sql(remedy(&text)).await;
        case.set(&case.next()).await.unwrap();
        assert_reads_everything(&live, "set").await;
        case.rotate().await;
    }
}

#[tokio::test]
async fn a_membership_that_only_administers_makes_no_second_user() {
    for server in servers::all() {
        if server.major < 16 {
            continue;
        }
        let Legacy { case, clone, .. } = Legacy::on(&server).await;
        let (app, master) = (&case.app, &case.master);
        case.sql(&format!(
            "GRANT {app} TO {clone} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE GRANTED BY {master}"
        ))
        .await;
        let before = case.roles().await;
        let (class, text) = failure(case.set(&case.next()).await);
        assert_eq!(class, "permission");
        assert!(text.contains("not its second user"), "{text}");
        assert_eq!(case.roles().await, before);
    }
}
