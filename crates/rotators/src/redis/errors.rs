//! What the server said, as a class and a sentence that says what to do.
//!
//! The server's own texts may quote a command, and stay here.

use std::io;
use std::time::Duration;

use redis::RedisError;
use rekey_rotation::TargetError;
use rustls::CertificateError;

use super::session::{Login, Unopened};
use crate::object::invalid;
use crate::reach::Unreached;
use crate::whose::Whose;

pub(super) fn unreached(login: &Login<'_>, why: &Unreached, bound: Duration) -> TargetError {
    let place = login.node.place();
    TargetError::Unreachable(match why {
        Unreached::UnknownHost => format!(
            "the host name of {} does not resolve: {}; check `host` and `nodes`, and the DNS of the function's VPC",
            login.whose.secret(),
            login.node.host
        ),
        Unreached::Refused(error) if error.kind() == io::ErrorKind::ConnectionRefused => format!(
            "{place} refuses connections; check that the server is up and that `port` is its port"
        ),
        Unreached::Refused(error) => format!(
            "{place} cannot be reached ({}); check the route from the function's subnets to the server",
            error.kind()
        ),
        Unreached::TooSlow => format!(
            "no answer from {place} within {} s; check both security groups, and the route from the function's subnets",
            bound.as_secs_f32()
        ),
    })
}

pub(super) fn login_too_slow(login: &Login<'_>, bound: Duration) -> TargetError {
    TargetError::Unreachable(format!(
        "{} took the connection and did not finish the login within {} s; check that it is a Redis or Valkey server and not overloaded",
        login.node.place(),
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

pub(super) fn no_server_name(login: &Login<'_>) -> TargetError {
    TargetError::TlsRefused(format!(
        "{} is no name that a certificate can be checked against; put the server's DNS name or address into the secret",
        login.node.host
    ))
}

pub(super) fn handshake_too_slow(login: &Login<'_>, bound: Duration) -> TargetError {
    TargetError::TlsRefused(format!(
        "{} took the connection and did not begin TLS within {} s; check that `port` is the server's TLS port (tls-port), or set `ssl` to false in the secret to go without on purpose",
        login.node.place(),
        bound.as_secs_f32()
    ))
}

pub(super) fn handshake(login: &Login<'_>, error: &io::Error) -> TargetError {
    let place = login.node.place();
    let cause = error
        .get_ref()
        .and_then(|it| it.downcast_ref::<rustls::Error>());
    TargetError::TlsRefused(match cause {
        Some(rustls::Error::InvalidCertificate(reason)) => match reason {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!(
                    "the certificate of {place} is for another name; put the server's own endpoint into the secret, not an alias (CNAME) or an address that its certificate does not name"
                )
            }
            CertificateError::UnknownIssuer => format!(
                "the certificate of {place} comes from an authority that is not trusted here; give its bundle with REKEY_CA_FILE"
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("the certificate of {place} has expired; renew it at the server")
            }
            reason => format!("the certificate of {place} is not valid: {reason}"),
        },
        Some(rustls::Error::InvalidMessage(_)) => format!(
            "{place} does not answer with TLS; check that `port` is the server's TLS port (tls-port), or set `ssl` to false in the secret to go without on purpose"
        ),
        // A text of the TLS library: protocol matters, no data.
        Some(other) => format!("TLS with {place} failed: {other}"),
        None => format!(
            "the TLS handshake with {place} was broken off; check that `port` is the server's TLS port (tls-port), and that it has connections left (maxclients)"
        ),
    })
}

/// Why a login failed.
pub(super) fn logging_in(error: RedisError, login: &Login<'_>) -> Unopened {
    let place = login.node.place();
    let whose = login.whose.secret();
    let Some(said) = Said::of(error) else {
        return ended_at_login(&place).into();
    };
    let unopened = match (said.code.as_str(), said.detail.as_str()) {
        ("WRONGPASS", _) => {
            return Unopened {
                refused: true,
                error: wrong_password(login, &place),
            };
        }
        ("ERR", detail) if detail.contains("max number of clients") => no_connection_left(&place),
        ("ERR", _) => invalid(format!(
            "{place} does not know AUTH with a user name, as servers before Redis 6 do not; there, one password is all there is, and it cannot be rotated without a moment in which neither works"
        )),
        ("DENIED", _) => TargetError::Permission(format!(
            "{place} is in protected mode and lets nobody in from here; give its default user a password, or bind it to its own network"
        )),
        ("NOPERM", _) => {
            TargetError::Permission(format!("{place} does not let the user of {whose} run AUTH"))
        }
        _ => by_code(&said, "AUTH", &place, login.username),
    };
    unopened.into()
}

fn wrong_password(login: &Login<'_>, place: &str) -> TargetError {
    let whose = login.whose.secret();
    let alike = "a user that does not exist and one that is off look the same";
    TargetError::WrongPassword(match login.whose {
        Whose::Superuser => format!(
            "{place} does not take the user name and password of {whose} ({alike}); correct that secret, or rotate it"
        ),
        Whose::Pending => format!(
            "{place} does not take the user name and password of {whose} ({alike}); it was never set there, or changed by hand since: the rotation is begun again"
        ),
        Whose::Current => format!(
            "{place} does not take the user name and password of {whose} ({alike}); put a value that logs in as AWSCURRENT, or give this node the user's password"
        ),
        _ => format!("{place} does not take the user name and password of {whose} ({alike})"),
    })
}

/// Why one of `commands` failed.
pub(super) fn running(
    error: RedisError,
    commands: &[impl AsRef<str>],
    place: &str,
    username: &str,
) -> TargetError {
    let Some(said) = Said::of(error) else {
        return ended(place);
    };
    let command = commands.get(said.index).or(commands.last());
    by_code(
        &said,
        command.map_or("a command", AsRef::as_ref),
        place,
        username,
    )
}

/// An answer that is an error: its code, its text, and which of the commands it is of.
struct Said {
    index: usize,
    code: String,
    detail: String,
}

impl Said {
    /// `None` when the connection failed, not the command.
    fn of(error: RedisError) -> Option<Self> {
        let errors = error.into_server_errors()?;
        // Of a transaction that was refused, why it was.
        let mut causes = errors.iter().filter(|(_, said)| said.code() != "EXECABORT");
        let (index, said) = causes.next().or(errors.first())?;
        let (mut code, mut detail) = (said.code(), said.details().unwrap_or_default());
        // EXEC itself was refused.
        if let Some(cause) = detail.strip_prefix("Transaction discarded because of: ") {
            (code, detail) = cause.split_once(' ').unwrap_or((cause, ""));
        }
        Some(Self {
            index: *index,
            code: code.to_owned(),
            detail: detail.to_owned(),
        })
    }
}

fn by_code(said: &Said, command: &str, place: &str, username: &str) -> TargetError {
    let busy = |what: &str| TargetError::Busy(format!("{place}: {what}; this is repeated later"));
    match said.code.as_str() {
        "NOPERM" => TargetError::Permission(format!(
            "the ACL user `{username}` may not run {command} at {place}; as an administrator: ACL SETUSER {username} +{}",
            command.to_ascii_lowercase().replace(' ', "|")
        )),
        "NOAUTH" => TargetError::Unreachable(format!(
            "{place} has logged `{username}` out; it is asked again later"
        )),
        "LOADING" => TargetError::Unreachable(format!(
            "{place} is loading its data; it is asked again later"
        )),
        "MASTERDOWN" => busy("the replica has lost its primary"),
        "CLUSTERDOWN" => busy("the cluster is down"),
        "BUSY" => busy("a script keeps the server busy"),
        "OOM" => busy("the server is out of memory"),
        "TRYAGAIN" => busy("the cluster is moving slots"),
        "ERR" if said.detail.contains("max number of clients") => no_connection_left(place),
        "ERR" if said.detail.to_ascii_lowercase().starts_with("unknown") => {
            TargetError::Permission(format!(
                "{place} has no command {command}: it was renamed or turned off there, or the server is older than Redis 6; a service that does not let users change its users has an API for it"
            ))
        }
        "ERR" if ["ACL SAVE", "CONFIG REWRITE"].contains(&command) => {
            TargetError::Permission(format!(
                "{place} could not write its file ({command}), so its users would not survive a restart; the server's log says why: give the server the right to write it and its directory, or set `persist` to false in the secret"
            ))
        }
        code => TargetError::Internal(format!(
            "{place} refused {command} with {code}; its log may have the text"
        )),
    }
}

fn no_connection_left(place: &str) -> TargetError {
    TargetError::Busy(format!(
        "{place} has no connection left; raise maxclients, or wait"
    ))
}

fn ended(place: &str) -> TargetError {
    TargetError::Unreachable(format!(
        "{place} ended the connection; check that it stays up: it is asked again later, and then says what was done"
    ))
}

fn ended_at_login(place: &str) -> TargetError {
    TargetError::Unreachable(format!(
        "{place} ended the connection before the login; check that it is a Redis or Valkey server, that `ssl` in the secret is as the port is, and that it has connections left (maxclients)"
    ))
}

pub(super) fn unexpected() -> TargetError {
    TargetError::Internal("the server's answer has another shape than expected".to_owned())
}

pub(super) fn locked(place: &str, username: &str) -> TargetError {
    TargetError::Busy(format!(
        "another rotation or retirement of `{username}` is at work at {place}; this is repeated later"
    ))
}

pub(super) fn no_user(place: &str, username: &str) -> TargetError {
    TargetError::RoleMissing(format!(
        "{place} has no ACL user `{username}`; make it, as every node of the secret must have it"
    ))
}

pub(super) fn nopass(place: &str, username: &str) -> TargetError {
    TargetError::Permission(format!(
        "{place} lets `{username}` in with any password (nopass), so none can be rotated or taken away; nothing was changed: as an administrator, ACL SETUSER {username} resetpass >..., with the password of AWSCURRENT"
    ))
}

pub(super) fn off(place: &str, username: &str) -> TargetError {
    TargetError::Permission(format!(
        "`{username}` exists at {place} and is off, so no password of it logs in; as an administrator: ACL SETUSER {username} on"
    ))
}

pub(super) fn nothing_is_kept(place: &str) -> TargetError {
    invalid(format!(
        "{place} uses no aclfile and was started without a configuration file, so after a restart its users would be as they were, old passwords and all; start it with a file that it may write, or set `persist` to false in the secret when something else gives it its users"
    ))
}

pub(super) fn followed_as(place: &str, username: &str) -> TargetError {
    TargetError::Busy(format!(
        "a replica or a Sentinel is at {place} as `{username}`, and would be cut off for good if it was configured with the old password; nothing was changed: give it an ACL user of its own (masteruser and masterauth at a replica, sentinel auth-user and auth-pass at a Sentinel), end its connections there (CLIENT KILL TYPE replica), and this goes on when it is repeated"
    ))
}

pub(super) fn one_server(one: &str, other: &str) -> TargetError {
    invalid(format!(
        "{one} and {other} are one server (one run_id); name each server once, in `host` or `nodes`"
    ))
}

/// What is to be done about a server that the secret does not name.
const NAME_ALL: &str = "what is not named keeps its passwords as they are: write every node into `nodes` (of the superuser secret too), or set `all_nodes` to false in the secret when the others are left out on purpose";

pub(super) fn nodes_unnamed(place: &str, told: usize, named: usize) -> TargetError {
    invalid(format!(
        "{place} tells of {told} nodes of its cluster, and the secret names {named}; {NAME_ALL}"
    ))
}

pub(super) fn replicas_unnamed(followers: usize, named: usize) -> TargetError {
    let replicas = if followers == 1 {
        "replica"
    } else {
        "replicas"
    };
    invalid(format!(
        "the servers that the secret names tell of {followers} {replicas}, and it names {named}; {NAME_ALL}"
    ))
}

pub(super) fn primary_unnamed(place: &str) -> TargetError {
    invalid(format!(
        "{place} is a replica, and the secret does not name its primary; {NAME_ALL}"
    ))
}

pub(super) fn left_out(place: &str) -> TargetError {
    invalid(format!(
        "the older version names {place}, which AWSCURRENT leaves out, so the old password would stay there; nothing was changed: write it into `nodes` again (of the superuser secret too) and repeat, or, if that server is gone for good, change the user at the others by hand (ACL SETUSER with !<hash> of the old password, or #<hash> to have it back)"
    ))
}
