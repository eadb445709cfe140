//! What the database said, as a class and a sentence that says what to do.
//!
//! The driver's and the server's own texts may quote a statement, and a hash with it, and stay here. The one
//! exception is a missing permission, whose text names objects only.

use std::io;
use std::time::Duration;

use mysql_async::{DriverError, Error, IoError, ServerError, TlsError};
use rekey_rotation::TargetError;
use rustls::CertificateError;

use super::quote::identifier;
use super::session::{Failed, Login, Tls, Unopened, place};
use crate::object::invalid;
use crate::whose::Whose;

/// Error numbers of both servers. Source:
/// [MariaDB, Error Codes](https://mariadb.com/kb/en/mariadb-error-codes/),
/// [MySQL, Server Error Messages](https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html).
pub(super) mod code {
    pub(in super::super) const TOO_MANY_CONNECTIONS: u16 = 1040;
    pub(in super::super) const NO_DATABASE_ACCESS: u16 = 1044;
    pub(in super::super) const ACCESS_DENIED: u16 = 1045;
    pub(in super::super) const NO_DATABASE: u16 = 1049;
    pub(in super::super) const NO_COLUMN: u16 = 1054;
    pub(in super::super) const NO_THREAD: u16 = 1094;
    pub(in super::super) const KILL_DENIED: u16 = 1095;
    pub(in super::super) const HOST_BLOCKED: u16 = 1129;
    pub(in super::super) const HOST_NOT_ALLOWED: u16 = 1130;
    pub(in super::super) const NO_TABLE: u16 = 1146;
    pub(in super::super) const TOO_MANY_OF_USER: u16 = 1203;
    pub(in super::super) const LIMIT_OF_USER: u16 = 1226;
    pub(in super::super) const NO_ROUTINE: u16 = 1305;
    pub(in super::super) const ACCESS_DENIED_UNASKED: u16 = 1698;
    pub(in super::super) const MUST_CHANGE_PASSWORD: u16 = 1820;
    pub(in super::super) const PASSWORD_EXPIRED: u16 = 1862;
    pub(in super::super) const LOCKED_MYSQL: u16 = 3118;
    pub(in super::super) const TLS_REQUIRED: u16 = 3159;
    pub(in super::super) const LOCKED_MARIADB: u16 = 4151;
}

pub(super) fn unknown_host(login: &Login<'_>) -> TargetError {
    TargetError::Unreachable(format!(
        "the host name of {} does not resolve: {}; check `host`, and the DNS of the function's VPC",
        login.whose.secret(),
        login.host
    ))
}

pub(super) fn unreachable_in_time(login: &Login<'_>, bound: Duration) -> TargetError {
    TargetError::Unreachable(format!(
        "no login at {} within {} s; check both security groups, the route from the function's subnets, and that it is a MariaDB or MySQL server that is not overloaded",
        place(login),
        bound.as_secs_f32()
    ))
}

pub(super) fn answer_too_slow(place: &str, bound: Duration) -> Failed {
    unreachable(format!(
        "{place} did not answer within {} s; it is asked again later, and then says what was done",
        bound.as_secs_f32()
    ))
}

pub(super) fn ended(place: &str) -> Failed {
    unreachable(format!(
        "{place} ended the connection; check that it is a MariaDB or MySQL server and stays up: it is asked again later"
    ))
}

fn unreachable(text: String) -> Failed {
    Failed {
        code: None,
        error: TargetError::Unreachable(text),
    }
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
        "{place} is read-only (a read replica, or a server that is closed for changes), and no password can be set there; name the primary: in `host` of a single user's secret, or in `host` of the superuser secret"
    ))
}

pub(super) fn another_account(place: &str, username: &str, account: &str) -> TargetError {
    TargetError::Permission(format!(
        "{place} takes a login of {} for the account {account}, whose password is not the secret's; drop the anonymous or proxy account that stands before it",
        identifier(username)
    ))
}

/// Whether the server was not reached at all, so that another of its addresses may do.
pub(super) fn unconnected(error: &Error) -> bool {
    matches!(error, Error::Io(IoError::Io(cause)) if tls_cause(cause).is_none())
}

/// Why a login failed.
pub(super) fn logging_in(error: &Error, login: &Login<'_>) -> Unopened {
    let place = place(login);
    match error {
        Error::Server(said) => Unopened {
            refused: matches!(
                said.code,
                code::ACCESS_DENIED
                    | code::ACCESS_DENIED_UNASKED
                    | code::LOCKED_MARIADB
                    | code::LOCKED_MYSQL
            ),
            no_tls: false,
            error: refused_login(said, login),
        },
        Error::Driver(DriverError::NoClientSslFlagFromServer) => Unopened {
            refused: false,
            no_tls: true,
            error: TargetError::TlsRefused(format!(
                "{place} offers no TLS; turn it on at the server, or set `ssl` to false in the secret to go without on purpose"
            )),
        },
        other => unproved(other, login).into(),
    }
}

fn unproved(error: &Error, login: &Login<'_>) -> TargetError {
    let place = place(login);
    match error {
        Error::Io(IoError::Io(cause)) => match tls_cause(cause) {
            Some(tls) => TargetError::TlsRefused(tls_refusal(tls, login)),
            None => TargetError::Unreachable(match cause.kind() {
                io::ErrorKind::ConnectionRefused => format!(
                    "{place} refuses connections; check that the server is up and that `port` is its port"
                ),
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::Other
                | io::ErrorKind::InvalidData => format!(
                    "{place} took the connection and ended it; check that it is a MariaDB or MySQL server and stays up"
                ),
                kind => format!(
                    "{place} cannot be reached ({kind}); check the route from the function's subnets to the server"
                ),
            }),
        },
        Error::Io(IoError::Tls(TlsError::Tls(tls))) => {
            TargetError::TlsRefused(tls_refusal(tls, login))
        }
        Error::Io(IoError::Tls(_)) => TargetError::TlsRefused(format!(
            "TLS with {place} could not be set up; put the server's own name into `host`, as its certificate has it"
        )),
        Error::Driver(
            DriverError::UnknownAuthPlugin { .. }
            | DriverError::CleartextPluginDisabled
            | DriverError::MysqlOldPasswordDisabled,
        ) => TargetError::Permission(format!(
            "{place} asks {} for a way to log in that is no password known here; use mysql_native_password, ed25519 or caching_sha2_password",
            identifier(login.username)
        )),
        _ => ended(&place).error,
    }
}

fn refused_login(said: &ServerError, login: &Login<'_>) -> TargetError {
    let place = place(login);
    let whose = login.whose.secret();
    let user = identifier(login.username);
    match said.code {
        code::ACCESS_DENIED => TargetError::WrongPassword(match login.whose {
            Whose::Superuser => format!(
                "{place} does not take the user name and password of {whose}; correct that secret, or rotate it"
            ),
            Whose::Pending => format!(
                "{place} does not take the user name and password of {whose} ({}); it was never set, or changed by hand since: the rotation is begun again",
                alike(login)
            ),
            Whose::Old | Whose::Version => format!(
                "{place} does not take the user name and password of {whose} ({})",
                alike(login)
            ),
            Whose::Current | Whose::Previous => format!(
                "{place} does not take the user name and password of {whose} ({}); put a value that logs in as AWSCURRENT",
                alike(login)
            ),
        }),
        code::ACCESS_DENIED_UNASKED => TargetError::WrongPassword(format!(
            "{place} does not let {user} in by a password at all (unix_socket, or another plugin); give the account one: ALTER USER ... IDENTIFIED VIA mysql_native_password USING PASSWORD('...')"
        )),
        code::LOCKED_MARIADB | code::LOCKED_MYSQL => TargetError::Permission(format!(
            "{user} is locked at {place}; as an administrator: ALTER USER ... ACCOUNT UNLOCK"
        )),
        code::PASSWORD_EXPIRED | code::MUST_CHANGE_PASSWORD => expired(&user, &place),
        code::TLS_REQUIRED | 4105 => TargetError::TlsRefused(format!(
            "{place} does not let {user} in without TLS; set `ssl` to true in the secret, or remove it"
        )),
        code::NO_DATABASE => TargetError::RoleMissing(format!(
            "{place} has no database of the name in `dbname` of {whose}; correct it"
        )),
        code::NO_DATABASE_ACCESS => TargetError::Permission(format!(
            "{user} may not use the database in `dbname` of {whose}; grant it something there, or correct `dbname`"
        )),
        code::HOST_BLOCKED => TargetError::Busy(format!(
            "{place} has blocked the function's address after too many broken connections; as an administrator: FLUSH HOSTS, and look for what breaks them"
        )),
        code::HOST_NOT_ALLOWED => TargetError::Permission(format!(
            "{place} has no account for the function's address; give {user} an account whose host part matches the function's subnets"
        )),
        code::TOO_MANY_CONNECTIONS | code::TOO_MANY_OF_USER | code::LIMIT_OF_USER => {
            TargetError::Busy(format!(
                "{place} has no connection left for {user}; raise max_connections or the user's own limits, or wait"
            ))
        }
        _ => by_code(said, &place, login.username),
    }
}

/// What a server answers alike.
fn alike(login: &Login<'_>) -> &'static str {
    match login.tls {
        Tls::Off => "no such account, one for another host and one that asks for TLS look the same",
        Tls::Verified => "no such account and one for another host look the same",
    }
}

fn expired(user: &str, place: &str) -> TargetError {
    TargetError::Permission(format!(
        "the password of {user} at {place} has expired and must be changed before anything else; as an administrator: ALTER USER ... PASSWORD EXPIRE NEVER"
    ))
}

/// Why a statement failed.
pub(super) fn running(error: &Error, place: &str, username: &str) -> Failed {
    match error {
        Error::Server(said) => Failed {
            code: Some(said.code),
            error: by_code(said, place, username),
        },
        _ => ended(place),
    }
}

fn by_code(said: &ServerError, place: &str, username: &str) -> TargetError {
    let user = identifier(username);
    let busy = |what: &str| {
        TargetError::Busy(format!(
            "{place}: {what}; that statement has changed nothing, and is repeated later"
        ))
    };
    match said.code {
        // A statement that is denied is answered like a login that is.
        code::ACCESS_DENIED
        | code::ACCESS_DENIED_UNASKED
        | code::NO_DATABASE_ACCESS
        | code::KILL_DENIED
        | 1131
        | 1142
        | 1143
        | 1227
        | 1370
        | 1410
        | 1873
        | 3619 => TargetError::Permission(format!(
            "{user} lacks a permission at {place}: {}; grant it and try again",
            names_only(&said.message)
        )),
        // Read-only, or a plugin that wants to see every password.
        1290 if said.message.contains("read-only") || said.message.contains("read_only") => {
            read_replica(place)
        }
        1836 => read_replica(place),
        1290 if said.message.contains("strict-password-validation") => {
            TargetError::Permission(format!(
                "{place} wants to check the text of every password (strict_password_validation), and is sent its hash only, so that no log has it; as an administrator, or in the parameter group: strict_password_validation = OFF"
            ))
        }
        1290 => TargetError::Permission(format!(
            "an option of {place} forbids the change; see the server's log"
        )),
        1819 | 3638 | 4113 => invalid(format!(
            "the password rules of {place} do not take the new password; adjust PASSWORD_LENGTH and EXCLUDE_CHARACTERS, or those rules"
        )),
        code::MUST_CHANGE_PASSWORD | code::PASSWORD_EXPIRED => expired(&user, place),
        1133 | 1141 | 1147 | 1396 | 1403 | 1959 | 1976 | 3523 | 3530 => {
            TargetError::RoleMissing(format!(
                "{place}: a user, role or grant that is needed is gone, or was made by someone else at this moment; rotate again"
            ))
        }
        code::NO_DATABASE | code::NO_COLUMN | code::NO_TABLE | code::NO_ROUTINE => {
            TargetError::RoleMissing(format!(
                "{place}: a database, table or routine that is needed is gone; rotate again"
            ))
        }
        code::TOO_MANY_CONNECTIONS
        | code::TOO_MANY_OF_USER
        | code::LIMIT_OF_USER
        | 1037
        | 1038
        | 1041
        | 1021
        | 1114 => busy("the server is short of resources"),
        1205 | 1213 | 1223 | 1969 | 3024 | 1317 | 1015 => busy(
            "another rotation, a backup or a long transaction was in the way, or the statement was cancelled",
        ),
        1053 | 1152 | 1158..=1161 | 1927 | 3169 | 4031 => ended(place).error,
        code => TargetError::Internal(format!(
            "{place} refused a statement with error {code}; see the server's log"
        )),
    }
}

/// A text of the server about a missing permission, if it is one sentence without a hash in it.
fn names_only(message: &str) -> &str {
    let hash = |text: &str| {
        text.split(|character: char| !character.is_ascii_alphanumeric())
            .any(|word| word.len() >= 32)
    };
    let fits = message.len() <= 300 && !message.contains('\n');
    if fits && !hash(message) && !message.contains("IDENTIFIED") && !message.contains("PASSWORD '")
    {
        message.trim_end_matches('.')
    } else {
        "the server's log has the details"
    }
}

fn tls_cause(cause: &io::Error) -> Option<&rustls::Error> {
    cause
        .get_ref()
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
        let text = "Access denied; you need (at least one of) the CREATE USER privilege(s) for this operation";
        assert_eq!(names_only(text), text);
    }

    #[test]
    fn a_text_that_quotes_a_statement_is_left_to_the_servers_log() {
        let hash = format!("denied near '*{}'", "A0".repeat(20));
        let long = "canary ".repeat(100);
        for spoilt in [
            hash.as_str(),
            "denied near IDENTIFIED BY 'canary'",
            "a\ncanary",
            "SET PASSWORD 'canary'",
            &long,
        ] {
            assert_eq!(names_only(spoilt), "the server's log has the details");
        }
    }
}
