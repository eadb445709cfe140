//! What the database said, as a class and a sentence that says what to do.
//!
//! The driver's and the server's own texts may quote a statement, a setting's value or a verifier, and
//! stay here. The one exception is a missing permission, whose text names objects only.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use rekey_rotation::TargetError;
use rustls::CertificateError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use super::quote::identifier;
use super::session::{Login, Tls, place};
use crate::object::invalid;
use crate::whose::Whose;

pub(super) fn unknown_host(login: &Login<'_>) -> TargetError {
    TargetError::Unreachable(format!(
        "the host name of {} does not resolve: {}; check `host`, and the DNS of the function's VPC",
        login.whose.secret(),
        login.host
    ))
}

pub(super) fn refused(login: &Login<'_>, error: &io::Error) -> TargetError {
    let place = place(login);
    TargetError::Unreachable(match error.kind() {
        io::ErrorKind::ConnectionRefused => format!(
            "{place} refuses connections; check that the server is up and that `port` is its port"
        ),
        kind => format!(
            "{place} cannot be reached ({kind}); check the route from the function's subnets to the server"
        ),
    })
}

pub(super) fn unreachable_in_time(login: &Login<'_>, bound: Duration) -> TargetError {
    TargetError::Unreachable(format!(
        "no answer from {} within {} s; check both security groups, and the route from the function's subnets",
        place(login),
        bound.as_secs_f32()
    ))
}

pub(super) fn login_too_slow(login: &Login<'_>, bound: Duration) -> TargetError {
    TargetError::Unreachable(format!(
        "{} took the connection and did not finish the login within {} s; check that it is a PostgreSQL server and not overloaded",
        place(login),
        bound.as_secs_f32()
    ))
}

pub(super) fn answer_too_slow(place: &str, bound: Duration) -> TargetError {
    TargetError::Unreachable(format!(
        "{place} did not answer within {} s; it is asked again later, and then says what was done",
        bound.as_secs_f32()
    ))
}

pub(super) fn no_trust() -> TargetError {
    TargetError::TlsRefused(
        "this system has no bundle of certificate authorities, so no server's certificate can be verified; give one with REKEY_CA_FILE".to_owned(),
    )
}

pub(super) fn unexpected() -> TargetError {
    TargetError::Internal("the server's answer has another shape than expected".to_owned())
}

pub(super) fn read_replica(place: &str) -> TargetError {
    invalid(format!(
        "{place} is a read replica, on which no password can be set; name the primary: in `host` of a single user's secret, or in `host` of the superuser secret"
    ))
}

/// Whether the server has refused the credential itself: the password, or the role's right to log in. A way
/// of checking passwords outside the server (LDAP, PAM) fails for other reasons too, and says the same.
pub(super) fn refuses_credential(error: &Error) -> bool {
    error.as_db_error().is_some_and(|said| {
        let code = said.code();
        *code == SqlState::INVALID_PASSWORD
            || (*code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
                && said.routine() == Some("InitializeSessionUserId"))
    })
}

/// Why a login failed.
pub(super) fn logging_in(error: &Error, login: &Login<'_>) -> TargetError {
    if let Some(said) = error.as_db_error() {
        return refused_login(said, login);
    }
    let place = place(login);
    let cause = error.source();
    if let Some(tls) = cause.and_then(tls_cause) {
        return TargetError::TlsRefused(tls_refusal(tls, login));
    }
    match (error.to_string().as_str(), cause.map(ToString::to_string)) {
        ("error performing TLS handshake", Some(text)) if text == "server does not support TLS" => {
            TargetError::TlsRefused(format!(
                "{place} offers no TLS; turn it on at the server, or set `ssl` to false in the secret to go without on purpose"
            ))
        }
        ("error performing TLS handshake", _) => TargetError::TlsRefused(format!(
            "the TLS handshake with {place} was broken off; check that it is a PostgreSQL server and speaks TLS 1.2 or 1.3"
        )),
        ("authentication error", _) if login.tls == Tls::Bound => TargetError::TlsRefused(format!(
            "{place} cannot bind the superuser's login to its TLS connection, as is asked for where the superuser secret does not name the host itself: add engine, host and port to the superuser secret, or store its password with SCRAM-SHA-256"
        )),
        ("authentication error", _) => TargetError::Internal(format!(
            "{place} asks for a way to log in that is not known here, or failed to prove that it knows the password; use SCRAM-SHA-256"
        )),
        _ => ended(&place),
    }
}

fn refused_login(said: &DbError, login: &Login<'_>) -> TargetError {
    let place = place(login);
    let whose = login.whose.secret();
    let role = identifier(login.username);
    let database = identifier(login.dbname);
    let code = said.code();
    if *code == SqlState::INVALID_PASSWORD {
        return TargetError::WrongPassword(match login.whose {
            Whose::Superuser => format!(
                "{place} does not take the user name and password of {whose}; correct that secret, or rotate it"
            ),
            Whose::Pending => format!(
                "{place} does not take the user name and password of {whose} (a role that does not exist and one past its VALID UNTIL look the same); it was never set, or changed by hand since: the rotation is begun again"
            ),
            Whose::Old | Whose::Version => format!(
                "{place} does not take the user name and password of {whose} (a role that does not exist and one past its VALID UNTIL look the same)"
            ),
            Whose::Current | Whose::Previous => format!(
                "{place} does not take the user name and password of {whose} (a role that does not exist and one past its VALID UNTIL look the same); put a value that logs in as AWSCURRENT"
            ),
        });
    }
    if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        // The routine's name is not translated, as the text would be.
        return match (said.routine(), login.tls) {
            (Some("ClientAuthentication"), Tls::Off) => TargetError::TlsRefused(format!(
                "{place} does not let {role} in without TLS; set `ssl` to true in the secret, or remove it"
            )),
            (Some("ClientAuthentication"), _) => TargetError::Permission(format!(
                "the access rules of {place} (pg_hba.conf) do not let {role} into {database} from here; add a rule for the function's addresses"
            )),
            (Some("InitializeSessionUserId"), _) => TargetError::Permission(format!(
                "{role} exists and may not log in; as an administrator: ALTER ROLE {role} LOGIN"
            )),
            _ => TargetError::WrongPassword(format!("{place} does not take the login of {whose}")),
        };
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        return TargetError::RoleMissing(format!(
            "{place} has no database {database}; correct `dbname` in the secret (`postgres` when it is not given)"
        ));
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return TargetError::Permission(format!(
            "{role} may not connect to {database}; as its owner: GRANT CONNECT ON DATABASE {database} TO {role}"
        ));
    }
    if *code == SqlState::TOO_MANY_CONNECTIONS {
        return TargetError::Busy(format!(
            "{place} has no connection left for {role}; raise max_connections or the role's CONNECTION LIMIT, or wait"
        ));
    }
    by_state(said, &place, login.username)
}

/// Why a statement failed.
pub(super) fn running(error: &Error, place: &str, username: &str) -> TargetError {
    match error.as_db_error() {
        Some(said) => by_state(said, place, username),
        None => ended(place),
    }
}

fn by_state(said: &DbError, place: &str, username: &str) -> TargetError {
    let code = said.code();
    let busy = |what: &str| {
        TargetError::Busy(format!(
            "{place}: {what}; that statement has changed nothing, and is repeated later"
        ))
    };
    match code.code() {
        "42501" => TargetError::Permission(format!(
            "{} lacks a permission at {place}: {}; grant it and try again",
            identifier(username),
            names_only(said.message(), said.detail())
        )),
        "55P03" => busy("another rotation or a long transaction holds a lock that is needed"),
        "57014" => busy("a statement, or its wait for a lock, took too long and was cancelled"),
        "40001" | "40P01" => busy("another transaction was in the way"),
        // Two transactions changed one role; the catalog has no finer code for it.
        "XX000"
            if said
                .routine()
                .is_some_and(|it| it.starts_with("simple_heap_")) =>
        {
            busy("another transaction changed the same role")
        }
        "25P02" => busy("the lock was lost to a statement that failed"),
        "25P03" => busy("the lock was held too long and the server took it back"),
        // A replica before version 14 says that it cannot be asked for a transaction that writes.
        "25006" | "0A000" => read_replica(place),
        "42704" | "42710" => TargetError::RoleMissing(format!(
            "{place}: a role that is needed is gone, or was made by someone else at this moment; rotate again"
        )),
        "57P01" | "57P02" | "57P03" => TargetError::Unreachable(format!(
            "{place} is starting or stopping; it is asked again later"
        )),
        // Class 53: connections, memory, disk.
        state if state.starts_with("53") => busy("the server is short of resources"),
        state => TargetError::Internal(format!(
            "{place} refused a statement with SQLSTATE {state}; its log has the text"
        )),
    }
}

/// The longest that the server's sentences about permissions get with four names of 63 bytes in them.
const SENTENCE: usize = 400;

/// What the server says of a missing permission: names of objects, never a value. An extension or a
/// trigger may say more under the same code, and quote the statement: what looks like that is left out.
fn names_only(message: &str, detail: Option<&str>) -> String {
    let fits = |text: &str| {
        text.len() <= SENTENCE
            && !text.contains(['\n', '\r'])
            && !["SCRAM-SHA-256$", "PASSWORD '", "password '"]
                .iter()
                .any(|sign| text.contains(sign))
    };
    if !fits(message) {
        return "what it says is in its log".to_owned();
    }
    match detail {
        Some(detail) if fits(detail) => format!("{message} ({})", detail.trim_end_matches('.')),
        _ => message.to_owned(),
    }
}

fn ended(place: &str) -> TargetError {
    TargetError::Unreachable(format!(
        "{place} ended the connection; check that it is a PostgreSQL server and stays up: it is asked again later"
    ))
}

fn tls_cause<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
}

fn tls_refusal(error: &rustls::Error, login: &Login<'_>) -> String {
    let place = place(login);
    match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!(
                    "the certificate of {place} is for another name; put the server's own endpoint into `host`, not an alias (CNAME) or an address that its certificate does not name"
                )
            }
            CertificateError::UnknownIssuer => format!(
                "the certificate of {place} comes from an authority that is not trusted here; give its bundle with REKEY_CA_FILE (for RDS: the global bundle, or your Region's)"
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("the certificate of {place} has expired; renew it at the server")
            }
            _ => format!("the certificate of {place} is not valid: {error}"),
        },
        // A text of the TLS library: protocol matters, no data.
        other => format!("TLS with {place} failed: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_told_in_the_servers_words() {
        let detail = "Only roles with the ADMIN option on role \"app\" may grant this role.";
        assert_eq!(
            names_only("permission denied to grant role \"app\"", Some(detail)),
            format!(
                "permission denied to grant role \"app\" ({})",
                detail.trim_end_matches('.')
            )
        );
    }

    #[test]
    fn a_text_that_quotes_a_statement_or_is_no_sentence_is_left_to_the_servers_log() {
        let verifier = "ALTER ROLE app PASSWORD E'SCRAM-SHA-256$4096:canary'";
        let long = "canary ".repeat(100);
        for spoilt in [
            verifier,
            "ALTER ROLE app PASSWORD 'canary'",
            "a\ncanary",
            &long,
        ] {
            let text = names_only(spoilt, None);
            assert!(!text.contains("canary"), "{text}");
            let text = names_only("permission denied", Some(spoilt));
            assert_eq!(text, "permission denied");
        }
    }
}
