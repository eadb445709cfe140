//! The lock of an ACL user at one node: a connection that has the lock's name.
//!
//! A server runs one command, or one transaction, after the other. Whoever takes the name and sees in the same
//! transaction that nobody else has it, has the lock; whoever sees another gives the name back. No key is
//! written, and the lock ends with its connection. A connection that is silent for too long is ended by
//! whoever wants the lock next: what changes the user is sent on it, and so can take no effect any more.

use std::time::Duration;

use rekey_rotation::{SecretValue, TargetError};
use tokio::time::{Instant, sleep};

use super::clients::{self, Client};
use super::errors;
use super::session::Session;
use super::user::Hash;

/// What a lock's name begins with.
const PREFIX: &str = "rekey:";

/// Between one look at the lock and the next.
const WAIT: Duration = Duration::from_millis(10);
/// Contenders wait up to so many milliseconds longer, each by the number of its connection.
const SCATTER: u64 = 23;

/// Takes the lock of `username`, waiting for it until `deadline`.
pub(super) async fn take(
    session: &Session,
    username: &str,
    idle: Duration,
    deadline: Instant,
) -> Result<(), TargetError> {
    let name = name(username)?;
    let own = clients::id(session).await?;
    let wait = WAIT + Duration::from_millis(own % SCATTER);
    loop {
        let answer: String = session.ask(&clients::list()).await?;
        let mut others = others(clients::read(&answer)?, &name, own);
        if others.is_empty() {
            let both = [named(&name), clients::list()];
            let answers = session.transaction(&both).await?;
            others = self::others(clients::read_last(answers)?, &name, own);
            if others.is_empty() {
                return Ok(());
            }
            session.ask::<()>(&named("")).await?;
        }
        for silent in others.iter().filter(|other| other.idle >= idle.as_secs()) {
            let _ended: u32 = session.ask(&clients::end(silent.id)).await?;
        }
        if Instant::now() + wait > deadline {
            return Err(errors::locked(session.place(), username));
        }
        sleep(wait).await;
    }
}

/// By a hash, so that every name of a user makes a name of a connection.
fn name(username: &str) -> Result<String, TargetError> {
    let username = SecretValue::new(username.to_owned()).map_err(|_| errors::unexpected())?;
    let hash = Hash::of(&username);
    Ok(hash
        .as_str()
        .chars()
        .take(32)
        .fold(PREFIX.to_owned(), |mut name, digit| {
            name.push(digit);
            name
        }))
}

fn named(name: &str) -> redis::Cmd {
    let mut command = redis::cmd("CLIENT");
    command.arg("SETNAME").arg(name);
    command
}

fn others(mut clients: Vec<Client>, name: &str, own: u64) -> Vec<Client> {
    clients.retain(|client| client.name == name && client.id != own);
    clients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_lock_is_one_word_whatever_the_user_is_called() {
        let (one, other) = (name("app").unwrap(), name("ürgs=\"x\"").unwrap());
        assert_ne!(one, other);
        for name in [one, other] {
            let digits = name.strip_prefix(PREFIX).unwrap();
            assert_eq!(digits.len(), 32);
            assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    }
}
