use rekey_rotation::TargetError;

use super::errors;
use super::quote::identifier;
use super::session::Session;

/// Who a session is, beside who it should be: the role that a login as `$1` acts as, whether this login
/// has its privileges, and whether its settings are the same. The catalogs are open to everybody.
const IDENTITY: &str = "
    WITH base AS (SELECT oid FROM pg_roles WHERE rolname = $1),
    setting AS (
        SELECT s.setrole, s.setdatabase, line
        FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS line
        WHERE s.setdatabase IN
            (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ),
    other AS (
        SELECT setrole, array_agg(setdatabase::text || ' ' || line ORDER BY setdatabase, line) AS lines
        FROM setting WHERE line NOT LIKE 'role=%' GROUP BY setrole
    )
    SELECT
        session_user::text,
        current_user::text,
        coalesce(
            (SELECT nullif(substr(line, 6), 'none') FROM setting
             WHERE setrole = (SELECT oid FROM base) AND line LIKE 'role=%'
             ORDER BY setdatabase DESC LIMIT 1),
            $1),
        EXISTS (SELECT FROM base),
        coalesce((SELECT pg_has_role(session_user, oid, 'USAGE') FROM base), false),
        (SELECT lines FROM other WHERE setrole = (SELECT oid FROM base))
            IS NOT DISTINCT FROM
        (SELECT lines FROM other
         WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = session_user))";

/// Checks that `session` acts as `base` does and may do what `base` may.
pub(super) async fn acts_as(session: &Session, base: &str) -> Result<(), TargetError> {
    let row = session.row(IDENTITY, &[base]).await?;
    let text = |index| -> Result<String, TargetError> {
        row.try_get(index).map_err(|_| errors::unexpected())
    };
    let holds = |index| -> Result<bool, TargetError> {
        row.try_get(index).map_err(|_| errors::unexpected())
    };
    let (login, acting, expected) = (text(0)?, text(1)?, text(2)?);
    let (login, base) = (identifier(&login), identifier(base));
    if !holds(3)? {
        return Err(TargetError::RoleMissing(format!(
            "{login} logs in, and the role {base} whose second user it is does not exist; make it, or put a secret for another role"
        )));
    }
    if acting != expected {
        return Err(TargetError::Permission(format!(
            "{login} acts as {} where {base} acts as {}; as an administrator: ALTER ROLE {login} SET role = {}",
            identifier(&acting),
            identifier(&expected),
            identifier(&expected)
        )));
    }
    if !holds(4)? {
        return Err(TargetError::Permission(format!(
            "{login} does not have the privileges of {base}; as an administrator: GRANT {base} TO {login}"
        )));
    }
    if !holds(5)? {
        return Err(TargetError::Permission(format!(
            "{login} and {base} have different settings in this database; they are made the same when the step is repeated: do not change one of them while a rotation is open"
        )));
    }
    Ok(())
}
