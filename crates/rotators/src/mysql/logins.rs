use rekey_rotation::TargetError;

use super::secret::UserSecret;
use super::session::{Login, Tls, place};
use super::superuser::SuperuserSecret;
use crate::object::invalid;
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
        dbname: secret.dbname.as_deref(),
        username: &secret.username,
        password: &secret.password,
        tls: tls(secret),
        whose,
    }
}

/// Where the superuser logs in to change one user.
pub(super) struct SuperuserLogins<'a> {
    /// At the server where the change is made.
    pub(super) primary: Login<'a>,
    /// At the read replica of it that the user's secret names, if it names one.
    pub(super) replica: Option<Login<'a>>,
}

/// Who may write the user's secret must not choose where the superuser's password is sent: to the places that
/// the superuser secret names, and to no other. One without a host (one that RDS manages) names none; it is
/// sent to the one server that the user's secret says.
///
/// There is no way here to bind a login to its TLS connection. So the certificate has to be right, whatever
/// `ssl` says, but at the host that the superuser secret has beside it.
pub(super) fn superuser_logins<'a>(
    superuser: &'a SuperuserSecret,
    user: &'a UserSecret,
) -> Result<SuperuserLogins<'a>, TargetError> {
    let tls = match (&superuser.host, superuser.tls) {
        (Some(_), Some(false)) => Tls::Off,
        _ => Tls::Verified,
    };
    let primary = Login {
        host: superuser.host.as_deref().unwrap_or(&user.host),
        port: superuser.port.unwrap_or(user.port),
        dbname: None,
        username: &superuser.username,
        password: &superuser.password,
        tls,
        whose: Whose::Superuser,
    };
    if server_of(&primary) == server(user) {
        let replica = None;
        return Ok(SuperuserLogins { primary, replica });
    }
    let replica = Login {
        host: &user.host,
        port: user.port,
        tls: Tls::Verified,
        ..primary
    };
    if superuser.replicas.contains(&server(user)) {
        let replica = Some(replica);
        return Ok(SuperuserLogins { primary, replica });
    }
    let (here, own) = (place(&replica), place(&primary));
    Err(invalid(if superuser.host.is_some() {
        format!(
            "the superuser secret names {own} and not {here}, and its password is sent nowhere else; write `host` and `port` alike in both secrets, or, if {here} is a read replica, add \"replicas\": [\"{here}\"] to the superuser secret"
        )
    } else {
        "the superuser secret has a `port` of its own and no `host`; add `engine` and `host` to it, or take `port` away".to_owned()
    }))
}

#[cfg(test)]
mod tests {
    use rekey_rotation::SecretValue;
    use serde_json::{Value, json};

    use super::super::server::Engine;
    use super::*;

    /// The places where the superuser would log in for a user at `r1.example:3310`, and whether over TLS.
    fn places(superuser: &Value) -> Result<Vec<(String, bool)>, String> {
        let value = |json: &Value| SecretValue::new(json.to_string()).unwrap();
        let user = json!({"engine": "mysql", "host": "R1.example", "port": 3310, "username": "app",
            "password": "p", "ssl": false});
        let user = UserSecret::parse(&value(&user), Engine::MySql).unwrap();
        let superuser = SuperuserSecret::parse(&value(superuser), Engine::MySql).unwrap();
        let logins = match superuser_logins(&superuser, &user) {
            Ok(logins) => logins,
            Err(TargetError::InvalidSecret(text)) => return Err(text),
            Err(other) => panic!("another class: {other}"),
        };
        let each = [Some(logins.primary), logins.replica].into_iter().flatten();
        Ok(each
            .map(|login| (place(&login), login.tls == Tls::Verified))
            .collect())
    }

    fn own(host: &str, more: (&str, Value)) -> Value {
        let mut json = json!({"engine": "mysql", "host": host, "port": 3310, "username": "admin",
            "password": "p"});
        json[more.0] = more.1;
        json
    }

    #[test]
    fn the_superuser_logs_in_at_its_own_server_and_at_replicas_of_its_own_list_only() {
        let at = |host: &str, tls| (format!("{host}:3310"), tls);
        let alike = places(&own("r1.EXAMPLE", ("ssl", json!(false)))).unwrap();
        assert_eq!(alike, [at("r1.EXAMPLE", false)]);
        for listed in ["r1.example", "R1.example:3310"] {
            let both = places(&own("db", ("replicas", json!(["r0", listed])))).unwrap();
            assert_eq!(both, [at("db", true), at("R1.example", true)]);
        }
        for other in [
            ("replicas", json!(null)),
            ("replicas", json!(["r2.example", "r1.example:3311"])),
            ("replicas", json!(["example"])),
        ] {
            let text = places(&own("db", other)).unwrap_err();
            assert!(
                text.contains("\"replicas\": [\"R1.example:3310\"]"),
                "{text}"
            );
        }
        // The same host, another port.
        assert!(places(&own("r1.example", ("port", json!(3306)))).is_err());
    }

    #[test]
    fn a_superuser_secret_without_a_host_is_sent_to_one_server_and_over_tls() {
        let managed = json!({"username": "admin", "password": "p", "ssl": false});
        assert_eq!(
            places(&managed).unwrap(),
            [("R1.example:3310".to_owned(), true)]
        );
        let ported = json!({"username": "admin", "password": "p", "port": 3306});
        assert!(places(&ported).unwrap_err().contains("`port`"));
    }
}
