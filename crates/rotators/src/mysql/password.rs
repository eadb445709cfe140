use base64ct::{Base64Unpadded, Encoding as _};
use curve25519_dalek::EdwardsPoint;
use rekey_rotation::{SecretValue, TargetError};
use sha1::{Digest as _, Sha1};
use sha2::Sha512;
use zeroize::{Zeroize as _, Zeroizing};

use super::quote::literal;
use super::server::Engine;

/// How an account's password is checked, of the ways that are known here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Plugin {
    /// SHA-1, twice: both servers.
    Native,
    /// A public key that the password is the seed of: MariaDB.
    Ed25519,
    /// SHA-256, many times, with salt: MySQL.
    CachingSha2,
}

/// What follows the name in `ALTER USER`: the way and the password's hash, or for one way the password.
pub(super) struct Identified(Zeroizing<String>);

impl Plugin {
    /// The plugin by its name in the server, if it is known here.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "mysql_native_password" => Some(Self::Native),
            "ed25519" => Some(Self::Ed25519),
            "caching_sha2_password" => Some(Self::CachingSha2),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::Ed25519 => "ed25519",
            Self::CachingSha2 => "caching_sha2_password",
        }
    }

    /// The clause that gives an account this password.
    ///
    /// The password itself is in it for `caching_sha2_password` only, whose server takes it out of every
    /// log that it writes.
    /// Source: [MySQL, Passwords and Logging](https://dev.mysql.com/doc/refman/8.4/en/password-logging.html).
    pub(super) fn identified(self, password: &SecretValue, engine: Engine) -> Identified {
        match self.hash(password) {
            Some(hash) => self.by_hash(&hash, engine),
            None => {
                // Exposed to be set.
                let text = Zeroizing::new(literal(password.expose()));
                let name = self.name();
                Identified(Zeroizing::new(format!(
                    "IDENTIFIED WITH {name} BY {}",
                    *text
                )))
            }
        }
    }

    /// The clause that gives an account a password that nobody has.
    pub(super) fn identified_by_none(self, engine: Engine) -> Identified {
        self.by_hash(&self.nobodys_hash(), engine)
    }

    /// A hash, well formed, that nobody knows a password for.
    pub(super) fn nobodys_hash(self) -> String {
        match self {
            // SHA-1 of SHA-1 of which text is zero?
            Self::Native => format!("*{}", "0".repeat(40)),
            // A point that stands for a text, so that nobody can have made it from a key.
            Self::Ed25519 => Base64Unpadded::encode_string(&nobodys_key()),
            // SHA-256 with all digits zero, after a salt of twenty bytes.
            Self::CachingSha2 => format!("$A$005${}{}", "nobody has this one.", ".".repeat(43)),
        }
    }

    fn by_hash(self, hash: &str, engine: Engine) -> Identified {
        let (with, using) = match engine {
            Engine::MariaDb => ("VIA", "USING"),
            Engine::MySql => ("WITH", "AS"),
        };
        let hash = literal(hash);
        Identified(Zeroizing::new(format!(
            "IDENTIFIED {with} {} {using} {hash}",
            self.name()
        )))
    }

    /// What the server keeps of a password; `None` where the server itself must make it.
    pub(super) fn hash(self, password: &SecretValue) -> Option<String> {
        // Exposed to be hashed, here and below; only the hash goes on from here.
        let bytes = password.expose().as_bytes();
        match self {
            Self::Native => Some(native(bytes)),
            Self::Ed25519 => Some(ed25519(bytes)),
            Self::CachingSha2 => None,
        }
    }
}

impl Identified {
    /// As SQL text.
    pub(super) fn clause(&self) -> &str {
        &self.0
    }
}

/// Source: [MariaDB, PASSWORD](https://mariadb.com/kb/en/password/).
fn native(password: &[u8]) -> String {
    let once = Zeroizing::new(<[u8; 20]>::from(Sha1::digest(password)));
    let twice: [u8; 20] = Sha1::digest(once.as_slice()).into();
    format!("*{}", base16ct::upper::encode_string(&twice))
}

/// The public key of the pair whose seed is the password, of any length.
///
/// Source: [MariaDB, Authentication Plugin - ed25519](https://mariadb.com/kb/en/authentication-plugin-ed25519/).
fn ed25519(password: &[u8]) -> String {
    let mut expanded: [u8; 64] = Sha512::digest(password).into();
    let mut scalar = Zeroizing::new([0_u8; 32]);
    for (to, from) in scalar.iter_mut().zip(expanded) {
        *to = from;
    }
    expanded.zeroize();
    let key = EdwardsPoint::mul_base_clamped(*scalar).compress();
    Base64Unpadded::encode_string(key.as_bytes())
}

/// The first half of a digest of a text. Whether it is a point or none, nobody has its private key.
fn nobodys_key() -> [u8; 32] {
    let digest: [u8; 64] = Sha512::digest(b"rekey: nobody has the key to this").into();
    let mut key = [0_u8; 32];
    for (to, from) in key.iter_mut().zip(digest) {
        *to = from;
    }
    key
}

/// Refuses a way of logging in that no password belongs to, or one that is not known here.
pub(super) fn unknown_plugin(account: &str, plugin: &str) -> TargetError {
    TargetError::Permission(format!(
        "{account} is let in by {plugin}, whose passwords cannot be set here; give it one of mysql_native_password, ed25519 (MariaDB) or caching_sha2_password (MySQL)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned()).unwrap()
    }

    /// What MariaDB 10.11 makes of these passwords by `PASSWORD()`.
    #[test]
    fn the_hashes_are_the_servers_own() {
        for (plugin, password, hash) in [
            (
                Plugin::Native,
                "abc",
                "*0D3CED9BEC10A777AEC23CCC353A8C08A633045E",
            ),
            (
                Plugin::Ed25519,
                "secret",
                "ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY",
            ),
        ] {
            assert_eq!(plugin.hash(&value(password)).as_deref(), Some(hash));
        }
    }

    #[test]
    fn a_password_is_in_no_statement_but_the_one_that_the_server_masks() {
        let password = value("canary'1");
        for plugin in [Plugin::Native, Plugin::Ed25519] {
            for engine in [Engine::MariaDb, Engine::MySql] {
                let identified = plugin.identified(&password, engine);
                assert!(!identified.clause().contains("canary"));
            }
        }
        let identified = Plugin::CachingSha2.identified(&password, Engine::MySql);
        assert_eq!(
            identified.clause(),
            "IDENTIFIED WITH caching_sha2_password BY 'canary''1'"
        );
    }

    #[test]
    fn a_password_that_nobody_has_is_a_hash_of_the_right_form() {
        let clause = |plugin: Plugin, engine| plugin.identified_by_none(engine).clause().to_owned();
        assert_eq!(
            clause(Plugin::Native, Engine::MariaDb),
            "IDENTIFIED VIA mysql_native_password USING '*0000000000000000000000000000000000000000'"
        );
        assert_eq!(
            clause(Plugin::Native, Engine::MySql),
            "IDENTIFIED WITH mysql_native_password AS '*0000000000000000000000000000000000000000'"
        );
        let ed25519 = clause(Plugin::Ed25519, Engine::MariaDb);
        assert_eq!(ed25519.len(), "IDENTIFIED VIA ed25519 USING ''".len() + 43);
        let sha2 = clause(Plugin::CachingSha2, Engine::MySql);
        assert_eq!(
            sha2.len(),
            "IDENTIFIED WITH caching_sha2_password AS ''".len() + 7 + 20 + 43
        );
    }

    #[test]
    fn plugins_are_known_by_their_names() {
        for plugin in [Plugin::Native, Plugin::Ed25519, Plugin::CachingSha2] {
            assert_eq!(Plugin::named(plugin.name()), Some(plugin));
        }
        for name in ["unix_socket", "pam", "mysql_old_password", "", "parsec"] {
            assert_eq!(Plugin::named(name), None);
        }
    }
}
