use super::secret::{SuperuserSecret, UserSecret};
use super::session::{Login, Tls, Whose};

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
        dbname: secret.dbname.as_deref(),
        username: &secret.username,
        password: &secret.password,
        tls: tls(secret),
        whose,
    }
}

/// A superuser secret without a host (one that RDS manages) is sent where the user's secret says. There is no
/// way here to bind a login to its TLS connection, so the certificate has to be right, whatever `ssl` says.
pub(super) fn superuser_login<'a>(
    superuser: &'a SuperuserSecret,
    user: &'a UserSecret,
) -> Login<'a> {
    let tls = match (&superuser.host, superuser.tls) {
        (Some(_), Some(false)) => Tls::Off,
        _ => Tls::Verified,
    };
    Login {
        host: superuser.host.as_deref().unwrap_or(&user.host),
        port: superuser.port.unwrap_or(user.port),
        dbname: None,
        username: &superuser.username,
        password: &superuser.password,
        tls,
        whose: Whose::Superuser,
    }
}

/// The superuser at the server that the user's secret names, which the superuser's own does not: a read
/// replica. A server there that cannot show the right certificate is told nothing.
pub(super) fn superuser_at_replica<'a>(
    superuser: &'a SuperuserSecret,
    user: &'a UserSecret,
) -> Login<'a> {
    Login {
        host: &user.host,
        port: user.port,
        tls: Tls::Verified,
        ..superuser_login(superuser, user)
    }
}
