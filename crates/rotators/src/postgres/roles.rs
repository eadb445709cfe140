use std::collections::BTreeMap;

use rekey_rotation::TargetError;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::errors;
use super::session::Session;

/// What the server says of the two roles, and of the one who asks.
#[derive(Debug, Default)]
pub(super) struct Roles {
    pub(super) admin: Admin,
    pub(super) base: Option<Role>,
    pub(super) clone: Option<Role>,
    /// Whether the clone may act as the base role.
    pub(super) member: bool,
    /// Whether the base role's privileges come with it at once, whoever granted them.
    pub(super) uses: bool,
    /// Whether it was granted the base role itself, and so that the base's privileges come with it.
    pub(super) inherits: bool,
    /// Whether something in this database, or a database, belongs to the clone.
    pub(super) clone_owns: bool,
    pub(super) settings_of_base: Settings,
    pub(super) settings_of_clone: Settings,
    /// Groups that the clone is in and the base role is not.
    pub(super) strays: Vec<Stray>,
}

/// The role that makes the change.
#[derive(Debug, Default)]
pub(super) struct Admin {
    pub(super) name: String,
    pub(super) superuser: bool,
    pub(super) createrole: bool,
    pub(super) replication: bool,
}

/// One of the two users.
#[derive(Debug, Default)]
pub(super) struct Role {
    pub(super) superuser: bool,
    pub(super) inherit: bool,
    /// Whether it may log in for replication: an attribute, which no membership brings.
    pub(super) replication: bool,
    pub(super) connection_limit: i32,
    /// As the server writes it; `None` is for ever.
    pub(super) valid_until: Option<String>,
    pub(super) expired: bool,
    /// Whether the administrator has the ADMIN option on it.
    pub(super) administered: bool,
    /// Whether the administrator may take its place.
    pub(super) usable: bool,
    /// Whether the administrator was granted it by itself.
    pub(super) granted: bool,
}

/// A membership that only the clone has.
#[derive(Debug)]
pub(super) struct Stray {
    pub(super) group: String,
    pub(super) grantor: Option<String>,
}

/// Settings of a role: by database (`None`: all of them) and name.
pub(super) type Settings = BTreeMap<(Option<String>, String), String>;

impl Roles {
    /// Reads them, in one round trip.
    pub(super) async fn read(
        session: &Session,
        base: &str,
        clone: &str,
    ) -> Result<Self, TargetError> {
        let roles = roles_query(session.major);
        let names = [base, clone];
        let (roles, settings, strays) = tokio::join!(
            session.row(&roles, &names),
            session.rows(SETTINGS, &names),
            session.rows(STRAYS, &names),
        );
        let mut read = Self::from_row(&roles?)?;
        for row in settings? {
            let line: String = get(&row, 2)?;
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let settings = if get(&row, 0)? {
                &mut read.settings_of_base
            } else {
                &mut read.settings_of_clone
            };
            settings.insert((get(&row, 1)?, name.to_owned()), value.to_owned());
        }
        for row in strays? {
            read.strays.push(Stray {
                group: get(&row, 0)?,
                grantor: get(&row, 1)?,
            });
        }
        Ok(read)
    }

    fn from_row(row: &Row) -> Result<Self, TargetError> {
        Ok(Self {
            admin: Admin {
                name: get(row, 0)?,
                superuser: get(row, 1)?,
                createrole: get(row, 2)?,
                replication: get(row, 3)?,
            },
            member: get(row, 4)?,
            uses: get(row, 5)?,
            inherits: get(row, 6)?,
            clone_owns: get(row, 7)?,
            base: Role::from_row(row, 8)?,
            clone: Role::from_row(row, 8 + Role::COLUMNS)?,
            ..Self::default()
        })
    }
}

impl Role {
    const COLUMNS: usize = 10;

    fn from_row(row: &Row, at: usize) -> Result<Option<Self>, TargetError> {
        if !get::<bool>(row, at)? {
            return Ok(None);
        }
        Ok(Some(Self {
            superuser: get(row, at + 1)?,
            inherit: get(row, at + 2)?,
            connection_limit: get(row, at + 3)?,
            valid_until: get(row, at + 4)?,
            expired: get(row, at + 5)?,
            administered: get(row, at + 6)?,
            usable: get(row, at + 7)?,
            granted: get(row, at + 8)?,
            replication: get(row, at + 9)?,
        }))
    }
}

fn get<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, TargetError> {
    row.try_get(index).map_err(|_| errors::unexpected())
}

fn roles_query(major: u32) -> String {
    // From 16 on a membership says by itself whether it may be acted on (one that only administers is a
    // membership too), and may be there once per grantor.
    let (set, own) = if major >= 16 {
        ("'SET'", "am.grantor = m.oid")
    } else {
        ("'MEMBER'", "true")
    };
    let columns = |role: &str| {
        format!(
            "{role}.oid IS NOT NULL, {role}.rolsuper, {role}.rolinherit, {role}.rolconnlimit,
             CASE WHEN isfinite({role}.rolvaliduntil) THEN {role}.rolvaliduntil::text END,
             coalesce({role}.rolvaliduntil <= now(), false),
             coalesce(pg_has_role(m.oid, {role}.oid, 'MEMBER WITH ADMIN OPTION'), false),
             coalesce(pg_has_role(m.oid, {role}.oid, 'USAGE')
                      AND pg_has_role(m.oid, {role}.oid, {set}), false),
             EXISTS (SELECT FROM pg_auth_members am
                     WHERE am.roleid = {role}.oid AND am.member = m.oid AND {own}),
             {role}.rolreplication"
        )
    };
    format!(
        "SELECT m.rolname::text, m.rolsuper, m.rolcreaterole, m.rolreplication,
             coalesce(pg_has_role(c.oid, b.oid, 'USAGE')
                      OR pg_has_role(c.oid, b.oid, {set}), false),
             coalesce(pg_has_role(c.oid, b.oid, 'USAGE'), false),
             coalesce(pg_has_role(c.oid, b.oid, 'USAGE'), false)
                 AND EXISTS (SELECT FROM pg_auth_members am
                             WHERE am.roleid = b.oid AND am.member = c.oid),
             EXISTS (SELECT FROM pg_shdepend d
                     WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = c.oid
                       AND d.deptype = 'o' AND d.classid <> 'pg_default_acl'::regclass
                       AND d.dbid IN
                         (0, (SELECT oid FROM pg_database WHERE datname = current_database()))),
             {}, {}
         FROM pg_roles m
         LEFT JOIN pg_roles b ON b.rolname = $1
         LEFT JOIN pg_roles c ON c.rolname = $2
         WHERE m.rolname = current_user",
        columns("b"),
        columns("c")
    )
}

const SETTINGS: &str = "
    SELECT r.rolname = $1, d.datname::text, line
    FROM pg_db_role_setting s
    JOIN pg_roles r ON r.oid = s.setrole AND r.rolname IN ($1, $2)
    LEFT JOIN pg_database d ON d.oid = s.setdatabase
    CROSS JOIN unnest(s.setconfig) AS line
    WHERE s.setdatabase = 0 OR d.oid IS NOT NULL";

const STRAYS: &str = "
    SELECT g.rolname::text, o.rolname::text
    FROM pg_auth_members am
    JOIN pg_roles c ON c.oid = am.member AND c.rolname = $2
    JOIN pg_roles g ON g.oid = am.roleid AND g.rolname <> $1
    LEFT JOIN pg_roles o ON o.oid = am.grantor
    WHERE NOT EXISTS (
        SELECT FROM pg_auth_members bm JOIN pg_roles b ON b.oid = bm.member AND b.rolname = $1
        WHERE bm.roleid = am.roleid)
    ORDER BY 1, 2";
