use super::secret::{SuperuserSecret, UserSecret};
use super::session::{Login, Tls};
use crate::whose::Whose;

/// A server as logins name it: host in lower case, and port.
pub(super) type Server = (String, u16);

pub(super) fn server(secret: &UserSecret) -> Server {
    (secret.host.to_ascii_lowercase(), secret.port)
}

pub(super) fn server_of(login: &Login<'_>) -> Server {
    (login.host.to_ascii_lowercase(), login.port)
}

pub(super) fn tls(secret: &UserSecret) -> Tls {
    if secret.tls { Tls::Verified } else { Tls::Off }
}

pub(super) fn login(secret: &UserSecret, whose: Whose) -> Login<'_> {
    Login {
        host: &secret.host,
        port: secret.port,
        dbname: &secret.dbname,
        username: &secret.username,
        password: Some(&secret.password),
        tls: tls(secret),
        whose,
    }
}

/// The superuser works in the user's database. A superuser secret without a host (one that RDS manages) is
/// sent where the user's secret says, and then only in a way that tells a wrong server nothing.
pub(super) fn superuser_login<'a>(
    superuser: &'a SuperuserSecret,
    user: &'a UserSecret,
) -> Login<'a> {
    let tls = match (&superuser.host, superuser.tls) {
        (None, _) => Tls::Bound,
        (Some(_), Some(false)) => Tls::Off,
        (Some(_), _) => Tls::Verified,
    };
    Login {
        host: superuser.host.as_deref().unwrap_or(&user.host),
        port: superuser.port.unwrap_or(user.port),
        dbname: &user.dbname,
        username: &superuser.username,
        password: Some(&superuser.password),
        tls,
        whose: Whose::Superuser,
    }
}

/// The superuser at the server that the user's secret names, which the superuser's own does not: a read
/// replica. A wrong server is told nothing there either.
pub(super) fn superuser_at_replica<'a>(
    superuser: &'a SuperuserSecret,
    user: &'a UserSecret,
) -> Login<'a> {
    Login {
        host: &user.host,
        port: user.port,
        tls: Tls::Bound,
        ..superuser_login(superuser, user)
    }
}
