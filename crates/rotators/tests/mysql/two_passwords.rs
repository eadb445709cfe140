//! Two passwords of one user, at a server that is played: MySQL itself is not at hand.

use rekey_rotation::{
    Credentials, Revocation, Revoker as _, Rotator as _, SecretValue, TargetError,
};
use rekey_rotators::mysql::{Config, Mysql, Strategy};
use rekey_rotators::{PasswordPolicy, Trust};
use serde_json::json;

use crate::case::{bounds, failure};
use crate::played::{Passwords, Played, USER};

fn mysql() -> Mysql {
    Mysql::mysql(Config {
        strategy: Strategy::Auto,
        trust: Trust::from_pem(include_bytes!("another_authority.pem")).unwrap(),
        passwords: PasswordPolicy::default(),
        bounds: bounds(),
    })
}

fn version(server: &Played, password: &str) -> SecretValue {
    crate::case::value(
        &json!({"engine": "mysql", "host": "127.0.0.1", "port": server.port,
        "username": USER, "password": password, "ssl": false, "dual_password": true}),
    )
}

fn passwords(primary: &str, second: Option<&str>) -> Passwords {
    Passwords {
        primary: primary.to_owned(),
        second: second.map(str::to_owned),
    }
}

async fn retire(server: &Played, old: &str, current: &str) -> Result<u32, TargetError> {
    let (old, current) = (version(server, old), version(server, current));
    let revocation = Revocation {
        old: &old,
        current: &current,
        superuser: None,
        switched_at: None,
        now: 0,
    };
    let mysql = mysql();
    let mut seized = mysql.seize(revocation).await?;
    mysql.revoke(&mut seized, revocation).await
}

#[tokio::test]
async fn a_rotation_keeps_the_password_before_and_a_retirement_ends_it() {
    // The second password is of a rotation that was given up.
    let server = Played::new("Pw_stuck", Some("Pw_1")).await;
    let (current, pending) = (version(&server, "Pw_1"), version(&server, "Pw_2"));
    let credentials = Credentials {
        current: &current,
        pending: &pending,
        previous: None,
        superuser: None,
        now: 0,
    };
    let mysql = mysql();
    for _ in 0..2 {
        let hold = mysql.lock(credentials).await.unwrap();
        mysql.set(hold, credentials).await.unwrap();
        assert_eq!(server.kept(), passwords("Pw_2", Some("Pw_1")));
    }
    mysql.test(&pending).await.unwrap();
    assert_eq!(retire(&server, "Pw_1", "Pw_2").await, Ok(0));
    assert_eq!(server.kept(), passwords("Pw_2", None));
}

#[tokio::test]
async fn retiring_an_overtaken_version_leaves_the_one_in_its_grace() {
    let server = Played::new("Pw_3", Some("Pw_2")).await;
    assert_eq!(retire(&server, "Pw_1", "Pw_3").await, Ok(0));
    assert_eq!(server.kept(), passwords("Pw_3", Some("Pw_2")));
}

#[tokio::test]
async fn nothing_is_retired_while_the_current_password_is_refused() {
    let server = Played::new("Pw_2", Some("Pw_1")).await;
    let (class, text) = failure(retire(&server, "Pw_1", "Pw_3").await);
    assert_eq!(class, "wrong_password", "{text}");
    assert_eq!(server.kept(), passwords("Pw_2", Some("Pw_1")));
}
