use rekey_rotation::TargetError;

use super::errors;
use super::quote::identifier;
use super::session::Session;

/// More statements than this make no sentence; the rest is found when these have been run.
const SHOWN: usize = 20;

/// Refuses to give the base role the next password while its clone, which is live and acts as itself, may
/// do what the base role may not: with the promotion the application would lose it.
///
/// # Errors
/// `permission`, with the statements that give it to the base role.
pub(super) async fn check(session: &Session, base: &str, clone: &str) -> Result<(), TargetError> {
    let query = lacking(session.major);
    let mut statements = Vec::new();
    for row in session.rows(&query, &[base, clone]).await? {
        let statement: String = row.try_get(1).map_err(|_| errors::unexpected())?;
        statements.push(statement);
    }
    if statements.is_empty() {
        return Ok(());
    }
    let more = match statements.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" (and {more} more, named when these have been run)"),
    };
    statements.truncate(SHOWN);
    Err(TargetError::Permission(format!(
        "{clone} is live and may do what {base}, the next user, may not, so the application would lose it; nothing was changed; as an administrator in the secret's database: {}{more}",
        statements.join(" "),
        base = identifier(base),
        clone = identifier(clone),
    )))
}

/// What the clone has by its own name and the base role has in no way: attributes, groups, privileges on
/// objects of this database and on shared ones, default privileges, policies; and which other databases
/// it owns or may use something in. As statements that give it to the base role.
///
/// What the clone owns here is handed over, so only what others own counts. Under `search_path = pg_catalog`
/// the server writes every other name in full.
fn lacking(major: u32) -> String {
    let parameters = if major >= 15 {
        "UNION ALL
         SELECT 'PARAMETER ' || parname, NULL, 10::oid, paracl FROM pg_parameter_acl"
    } else {
        ""
    };
    format!(
        "WITH pair AS (
             SELECT b.oid AS base, c.oid AS clone, format('%I', b.rolname) AS name
             FROM pg_roles b, pg_roles c WHERE b.rolname = $1 AND c.rolname = $2
         ),
         object(what, part, owner, acl) AS ({OBJECTS} {parameters}),
         privilege(what, part, word, grantable) AS (
             SELECT o.what, o.part, x.privilege_type, x.is_grantable
             FROM pair, object o, aclexplode(o.acl) x
             WHERE x.grantee = pair.clone AND o.owner <> pair.clone
               AND NOT pg_has_role(pair.base, o.owner, 'USAGE')
               AND NOT EXISTS (
                   SELECT FROM aclexplode(o.acl) y
                   WHERE y.privilege_type = x.privilege_type
                     AND (y.is_grantable OR NOT x.is_grantable)
                     AND (y.grantee = 0 OR pg_has_role(pair.base, y.grantee, 'USAGE')))
         )
         {ATTRIBUTES}
         UNION ALL {GROUPS}
         UNION ALL
         SELECT 3, format('GRANT %s ON %s TO %s%s;',
                    string_agg(word || coalesce(' (' || quote_ident(part) || ')', ''), ', ' ORDER BY word, part),
                    what, name, CASE WHEN grantable THEN ' WITH GRANT OPTION' ELSE '' END)
         FROM pair, privilege GROUP BY what, name, grantable
         UNION ALL {DEFAULTS_FOR_CLONE}
         UNION ALL {DEFAULTS_OF_CLONE}
         UNION ALL {POLICIES}
         UNION ALL {ELSEWHERE}
         ORDER BY 1, 2"
    )
}

const ATTRIBUTES: &str = "
    SELECT 1, format('ALTER ROLE %s %s;', name, word)
    FROM pair JOIN pg_roles b ON b.oid = pair.base JOIN pg_roles c ON c.oid = pair.clone,
    LATERAL (VALUES
        ('BYPASSRLS', c.rolbypassrls AND NOT b.rolbypassrls),
        ('CREATEDB', c.rolcreatedb AND NOT b.rolcreatedb),
        ('CREATEROLE', c.rolcreaterole AND NOT b.rolcreaterole),
        ('REPLICATION', c.rolreplication AND NOT b.rolreplication)
    ) AS attribute(word, lacking)
    WHERE lacking AND NOT b.rolsuper";

const GROUPS: &str = "
    SELECT DISTINCT 2, format('GRANT %I TO %s;', g.rolname, name)
    FROM pair JOIN pg_auth_members m ON m.member = pair.clone JOIN pg_roles g ON g.oid = m.roleid
    WHERE g.oid <> pair.base AND NOT pg_has_role(pair.base, g.oid, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_auth_members o
                      WHERE o.roleid = g.oid AND o.member = pair.base)";

const OBJECTS: &str = "
    SELECT format('%s %I.%I', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
               n.nspname, relname), NULL::text, relowner, relacl
    FROM pg_class r JOIN pg_namespace n ON n.oid = relnamespace WHERE relacl IS NOT NULL
    UNION ALL
    SELECT format('TABLE %I.%I', n.nspname, relname), attname::text, relowner, attacl
    FROM pg_attribute JOIN pg_class r ON r.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE attacl IS NOT NULL AND NOT attisdropped
    UNION ALL
    SELECT 'ROUTINE ' || oid::regprocedure, NULL, proowner, proacl FROM pg_proc
    WHERE proacl IS NOT NULL
    UNION ALL
    SELECT format('TYPE %I.%I', n.nspname, typname), NULL, typowner, typacl
    FROM pg_type JOIN pg_namespace n ON n.oid = typnamespace WHERE typacl IS NOT NULL
    UNION ALL SELECT format('SCHEMA %I', nspname), NULL, nspowner, nspacl FROM pg_namespace
    UNION ALL SELECT format('LANGUAGE %I', lanname), NULL, lanowner, lanacl FROM pg_language
    UNION ALL SELECT format('DATABASE %I', datname), NULL, datdba, datacl FROM pg_database
    UNION ALL SELECT format('TABLESPACE %I', spcname), NULL, spcowner, spcacl FROM pg_tablespace
    UNION ALL SELECT format('FOREIGN DATA WRAPPER %I', fdwname), NULL, fdwowner, fdwacl
              FROM pg_foreign_data_wrapper
    UNION ALL SELECT format('FOREIGN SERVER %I', srvname), NULL, srvowner, srvacl
              FROM pg_foreign_server
    UNION ALL SELECT format('LARGE OBJECT %s', oid), NULL, lomowner, lomacl
              FROM pg_largeobject_metadata WHERE lomacl IS NOT NULL";

/// What others' future objects will let the clone do.
const DEFAULTS_FOR_CLONE: &str = "
    SELECT 4, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s GRANT %s ON %s TO %s%s;',
               pg_get_userbyid(d.defaclrole),
               (SELECT format(' IN SCHEMA %I', nspname) FROM pg_namespace n WHERE n.oid = d.defaclnamespace),
               x.privilege_type,
               CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                    WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS'
                    ELSE 'LARGE OBJECTS' END,
               name, CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pair, pg_default_acl d, aclexplode(d.defaclacl) x
    WHERE x.grantee = pair.clone AND d.defaclrole <> pair.clone
      AND NOT pg_has_role(pair.base, d.defaclrole, 'USAGE')
      AND NOT EXISTS (
          SELECT FROM aclexplode(d.defaclacl) y
          WHERE y.privilege_type = x.privilege_type AND (y.is_grantable OR NOT x.is_grantable)
            AND (y.grantee = 0 OR pg_has_role(pair.base, y.grantee, 'USAGE')))";

/// What the clone's future objects would let others do, and the base role's will not.
const DEFAULTS_OF_CLONE: &str = "
    SELECT 5, format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s GRANT %s ON %s TO %s%s;',
               name,
               (SELECT format(' IN SCHEMA %I', nspname) FROM pg_namespace n WHERE n.oid = d.defaclnamespace),
               x.privilege_type,
               CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                    WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS'
                    ELSE 'LARGE OBJECTS' END,
               CASE x.grantee WHEN 0 THEN 'PUBLIC'
                    ELSE format('%I', pg_get_userbyid(x.grantee)) END,
               CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pair JOIN pg_default_acl d ON d.defaclrole = pair.clone
    LEFT JOIN pg_default_acl own ON own.defaclrole = pair.base
        AND own.defaclnamespace = d.defaclnamespace AND own.defaclobjtype = d.defaclobjtype,
    aclexplode(d.defaclacl) x
    WHERE x.grantee NOT IN (pair.base, pair.clone)
      AND NOT EXISTS (
          SELECT FROM aclexplode(coalesce(own.defaclacl, CASE d.defaclnamespace WHEN 0 THEN
              acldefault((CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END)::\"char\",
                         pair.base) END)) y
          WHERE y.grantee = x.grantee AND y.privilege_type = x.privilege_type
            AND (y.is_grantable OR NOT x.is_grantable))";

/// Rows that a policy lets the clone see or write by its name.
const POLICIES: &str = "
    SELECT 6, format('ALTER POLICY %I ON %I.%I TO %s, %s;', polname, n.nspname, relname,
               (SELECT string_agg(format('%I', rolname), ', ' ORDER BY rolname) FROM pg_roles
                WHERE oid = ANY (polroles)), name)
    FROM pair JOIN pg_policy p ON pair.clone = ANY (polroles)
    JOIN pg_class r ON r.oid = polrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE polpermissive AND relowner <> pair.clone
      AND NOT pg_has_role(pair.base, relowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM unnest(polroles) AS given(role)
                      WHERE given.role = 0 OR pg_has_role(pair.base, given.role, 'USAGE'))";

/// Other databases, of whose objects only the numbers are known here. Default privileges are nothing that
/// REASSIGN hands over.
const ELSEWHERE: &str = "
    SELECT DISTINCT 7, CASE s.deptype
        WHEN 'o' THEN format('in database %I: REASSIGN OWNED BY %I TO %s;', d.datname, $2, name)
        ELSE format('in database %I: GRANT to %s what %I was granted there by name;', d.datname, name, $2)
        END
    FROM pair JOIN pg_shdepend s ON s.refobjid = pair.clone
        AND s.refclassid = 'pg_authid'::regclass AND s.deptype IN ('a', 'o')
    JOIN pg_database d ON d.oid = s.dbid AND d.datname <> current_database()
    WHERE NOT (s.deptype = 'o' AND s.classid = 'pg_default_acl'::regclass)
      AND NOT (s.deptype = 'a' AND EXISTS (
          SELECT FROM pg_shdepend o
          WHERE o.refobjid IN (pair.base, pair.clone) AND o.refclassid = s.refclassid
            AND (o.deptype = 'o' OR o.deptype = 'a' AND o.refobjid = pair.base)
            AND (o.dbid, o.classid, o.objid) = (s.dbid, s.classid, s.objid)
            AND (o.deptype = 'o' OR o.objsubid = s.objsubid)))";
