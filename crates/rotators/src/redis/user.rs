use std::fmt::Write as _;

use redis::{Cmd, Value};
use rekey_rotation::{SecretValue, TargetError};
use sha2::{Digest, Sha256};

use super::errors;
use super::session::Session;

/// What the server keeps of a password. It can check a login with it, nobody can log in with it: that is
/// what is sent, so that no statement holds a password.
///
/// Source: [Redis, ACL SETUSER](https://redis.io/docs/latest/commands/acl-setuser/).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Hash(String);

impl Hash {
    pub(super) fn of(password: &SecretValue) -> Self {
        // Exposed to be hashed; only the hash goes on from here.
        let digest = Sha256::digest(password.expose().as_bytes());
        let mut text = String::with_capacity(64);
        for byte in digest {
            let _infallible = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is known of an ACL user.
#[derive(Debug)]
pub(super) struct User {
    passwords: Vec<Hash>,
    nopass: bool,
    on: bool,
}

impl User {
    /// Asks the server; whoever is let in without a password, or not at all, is refused.
    pub(super) async fn rotatable(session: &Session, username: &str) -> Result<Self, TargetError> {
        let user = Self::of(session, username).await?;
        if user.nopass {
            return Err(errors::nopass(session.place(), username));
        }
        if !user.on {
            return Err(errors::off(session.place(), username));
        }
        Ok(user)
    }

    async fn of(session: &Session, username: &str) -> Result<Self, TargetError> {
        let mut command = redis::cmd("ACL");
        command.arg("GETUSER").arg(username);
        match session.ask(&command).await? {
            Value::Nil => Err(errors::no_user(session.place(), username)),
            Value::Array(fields) => Self::read(&fields).ok_or_else(errors::unexpected),
            _ => Err(errors::unexpected()),
        }
    }

    /// From a list of names, each with its value behind it.
    fn read(fields: &[Value]) -> Option<Self> {
        let field = |wanted: &str| -> Option<Vec<&str>> {
            let pair = fields
                .as_chunks::<2>()
                .0
                .iter()
                .find(|[name, _]| text(name) == Some(wanted))?;
            match pair {
                [_, Value::Array(list) | Value::Set(list)] => list.iter().map(text).collect(),
                _ => None,
            }
        };
        let flags = field("flags")?;
        let passwords = field("passwords")?;
        Some(Self {
            passwords: passwords
                .into_iter()
                .map(|it| Hash(it.to_owned()))
                .collect(),
            nopass: flags.contains(&"nopass"),
            on: flags.contains(&"on"),
        })
    }

    /// The command that leaves the user with these passwords and no others, and does not touch anything
    /// else of it; `None` when there is nothing to change.
    pub(super) fn exactly(&self, username: &str, wanted: &[Hash]) -> Option<Cmd> {
        let new = wanted.iter().filter(|hash| !self.has(hash));
        let old = self.passwords.iter().filter(|hash| !wanted.contains(hash));
        self.change(username, new, old)
    }

    /// The command that adds this password.
    pub(super) fn with(&self, username: &str, hash: &Hash) -> Option<Cmd> {
        let new = Some(hash).filter(|hash| !self.has(hash));
        self.change(username, new.into_iter(), std::iter::empty())
    }

    /// The command that takes this password away.
    pub(super) fn without(&self, username: &str, hash: &Hash) -> Option<Cmd> {
        let old = Some(hash).filter(|hash| self.has(hash));
        self.change(username, std::iter::empty(), old.into_iter())
    }

    fn has(&self, hash: &Hash) -> bool {
        self.passwords.contains(hash)
    }

    fn change<'a>(
        &self,
        username: &str,
        new: impl Iterator<Item = &'a Hash>,
        old: impl Iterator<Item = &'a Hash>,
    ) -> Option<Cmd> {
        let added = new.map(|hash| format!("#{}", hash.as_str()));
        let taken = old.map(|hash| format!("!{}", hash.as_str()));
        let rules: Vec<String> = added.chain(taken).collect();
        (!rules.is_empty()).then(|| set_user(username, &rules))
    }
}

/// One command: the server makes all of these changes or none.
pub(super) fn set_user(username: &str, rules: &[String]) -> Cmd {
    let mut command = redis::cmd("ACL");
    command.arg("SETUSER").arg(username).arg(rules);
    command
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> Hash {
        Hash::of(&SecretValue::new(text.to_owned()).unwrap())
    }

    fn rules(command: Option<Cmd>) -> Vec<String> {
        let Some(command) = command else {
            return Vec::new();
        };
        let words = command.args_iter().map(|arg| match arg {
            redis::Arg::Simple(word) => String::from_utf8(word.to_vec()).unwrap(),
            _ => panic!("no word"),
        });
        let words: Vec<String> = words.collect();
        assert_eq!(words[..3], ["ACL", "SETUSER", "app"]);
        words[3..].to_vec()
    }

    #[test]
    fn a_hash_is_what_the_server_keeps() {
        // From the documentation of ACL SETUSER: SHA-256 in lower-case hexadecimal digits.
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash("abc").as_str(), known);
    }

    #[test]
    fn a_change_names_hashes_only_and_only_those_that_change() {
        let user = User {
            passwords: vec![hash("current"), hash("stale"), hash("staler")],
            nopass: false,
            on: true,
        };
        let of = |sign: &str, text: &str| format!("{sign}{}", hash(text).as_str());
        let wanted = [hash("current"), hash("new")];
        let expected = [of("#", "new"), of("!", "stale"), of("!", "staler")];
        assert_eq!(rules(user.exactly("app", &wanted)), expected);
        assert!(user.exactly("app", &user.passwords).is_none());
        assert_eq!(rules(user.with("app", &hash("new"))), [of("#", "new")]);
        assert!(user.with("app", &hash("stale")).is_none());
        assert_eq!(
            rules(user.without("app", &hash("stale"))),
            [of("!", "stale")]
        );
        assert!(user.without("app", &hash("new")).is_none());
    }
}
