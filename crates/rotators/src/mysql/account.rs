use std::collections::BTreeMap;

use super::password::Plugin;
use super::server::Engine;
use super::tokens::{self, Token};

/// The limits that an account may have, and their names in statements. Zero is none.
const LIMITS: [&str; 5] = [
    "MAX_QUERIES_PER_HOUR",
    "MAX_UPDATES_PER_HOUR",
    "MAX_CONNECTIONS_PER_HOUR",
    "MAX_USER_CONNECTIONS",
    "MAX_STATEMENT_TIME",
];

/// What `SHOW CREATE USER` says of an account, but for its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Account {
    /// How a login is checked; one of several is enough.
    pub(super) ways: Vec<Way>,
    pub(super) options: Options,
    pub(super) locked: bool,
    /// MySQL says here which roles a session begins with; MariaDB among the grants.
    pub(super) default_roles: Option<String>,
}

/// One way in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Way {
    /// The plugin's name.
    pub(super) plugin: String,
    /// What the server keeps of the password, as it says it; none when there is no password.
    pub(super) hash: Option<String>,
}

/// The account's options, but for whether it is locked: what one of two users must have as the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Options {
    /// What TLS must be, as a clause: `NONE`, `SSL`, `X509`, `SUBJECT '...'`.
    require: String,
    limits: BTreeMap<&'static str, String>,
    /// `PASSWORD EXPIRE` and what MySQL has besides, as clauses.
    rest: Vec<String>,
}

impl Account {
    /// Reads the answer; `None` when it has another shape than is known.
    pub(super) fn parse(created: &str, engine: Engine) -> Option<Self> {
        let clauses = clauses(created)?;
        let mut account = Self {
            ways: Vec::new(),
            options: Options {
                require: "NONE".to_owned(),
                limits: BTreeMap::new(),
                rest: Vec::new(),
            },
            locked: false,
            default_roles: None,
        };
        for clause in clauses {
            let words = tokens::of(clause);
            let first = words.first()?;
            if first.is("IDENTIFIED") {
                account.ways = ways(&words)?;
            } else if first.is("REQUIRE") {
                account.options.require = clause.get(first.end()..)?.trim().to_owned();
            } else if first.is("WITH") {
                account.options.limits = limits(words.get(1..)?)?;
            } else if first.is("ACCOUNT") {
                account.locked = words.get(1)?.is("LOCK");
            } else if first.is("DEFAULT") {
                account.default_roles = Some(clause.get(words.get(1)?.end()..)?.trim().to_owned());
            } else if !(first.is("COMMENT") || first.is("ATTRIBUTE")) {
                account.options.rest.push(clause.to_owned());
            }
        }
        if account.ways.is_empty() && engine == Engine::MariaDb {
            account.ways.push(Way {
                plugin: "mysql_native_password".to_owned(),
                hash: None,
            });
        }
        let expiry = |clause: &String| clause.starts_with("PASSWORD EXPIRE");
        if !account.options.rest.iter().any(expiry) {
            let default = "PASSWORD EXPIRE DEFAULT".to_owned();
            account.options.rest.insert(0, default);
        }
        Some(account)
    }

    /// The only way in, when it is by a password that can be set here.
    pub(super) fn plugin(&self) -> Option<Plugin> {
        match self.ways.as_slice() {
            [way] => Plugin::named(&way.plugin),
            _ => None,
        }
    }

    /// The ways in, for an error text.
    pub(super) fn ways_in(&self) -> String {
        let names: Vec<&str> = self.ways.iter().map(|way| way.plugin.as_str()).collect();
        names.join(" or ")
    }
}

impl Options {
    /// All of them, as `ALTER USER` takes them for an account that has `before`: what only that one has is
    /// switched off.
    pub(super) fn clauses_over(&self, before: &Self, engine: Engine) -> String {
        let mut text = self.clauses(engine);
        for name in ["FAILED_LOGIN_ATTEMPTS", "PASSWORD_LOCK_TIME"] {
            let has = |options: &Self| options.rest.iter().any(|clause| clause.starts_with(name));
            if has(before) && !has(self) {
                text.push_str(&format!(" {name} 0"));
            }
        }
        text
    }

    /// All of them, as `CREATE USER` takes them.
    pub(super) fn clauses(&self, engine: Engine) -> String {
        let mut text = format!("REQUIRE {} WITH", self.require);
        for name in limits_of(engine) {
            let limit = self.limits.get(name).map_or("0", String::as_str);
            text.push_str(&format!(" {name} {limit}"));
        }
        for clause in &self.rest {
            text.push(' ');
            text.push_str(clause);
        }
        text
    }
}

fn limits_of(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::MariaDb => &LIMITS,
        Engine::MySql => LIMITS.get(..4).unwrap_or(&LIMITS),
    }
}

/// The clauses after the account's name. A word begins one where it is not part of the one before.
fn clauses(created: &str) -> Option<Vec<&str>> {
    let words = tokens::of(created);
    let mut rest = words.as_slice();
    let is = |token: Option<&Token<'_>>, keyword| token.is_some_and(|token| token.is(keyword));
    if !(is(rest.first(), "CREATE") && is(rest.get(1), "USER")) {
        return None;
    }
    // CREATE USER name @ host
    rest = rest.get(5..)?;
    let mut starts = Vec::new();
    while let Some(first) = rest.first() {
        let second = rest.get(1);
        // How many words belong to the beginning whatever they are.
        let taken = if first.is("IDENTIFIED") {
            if is(second, "BY") && is(rest.get(2), "PASSWORD") {
                3
            } else {
                2
            }
        } else if first.is("REQUIRE") || first.is("WITH") || first.is("ACCOUNT") {
            2
        } else if first.is("PASSWORD") {
            // PASSWORD REQUIRE CURRENT, PASSWORD REUSE INTERVAL
            2
        } else if first.is("DEFAULT") && is(second, "ROLE") {
            2
        } else if [
            "FAILED_LOGIN_ATTEMPTS",
            "PASSWORD_LOCK_TIME",
            "COMMENT",
            "ATTRIBUTE",
        ]
        .iter()
        .any(|keyword| first.is(keyword))
        {
            1
        } else {
            rest = rest.get(1..)?;
            continue;
        };
        starts.push(first.at);
        rest = rest.get(taken..).unwrap_or_default();
    }
    let ends = starts.iter().skip(1).copied().chain([created.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| created.get(*start..end).map(str::trim))
        .collect()
}

/// The ways in of `IDENTIFIED BY PASSWORD 'hash'`, `IDENTIFIED VIA a USING 'hash' OR b` and
/// `IDENTIFIED WITH 'a' AS 'hash'`.
fn ways(words: &[Token<'_>]) -> Option<Vec<Way>> {
    let how = words.get(1)?;
    if how.is("BY") {
        return Some(vec![Way {
            plugin: "mysql_native_password".to_owned(),
            hash: Some(words.get(3)?.text()),
        }]);
    }
    let mut ways = Vec::new();
    let mut rest = words.get(2..)?.iter();
    while let Some(plugin) = rest.next() {
        let mut way = Way {
            plugin: plugin.text(),
            hash: None,
        };
        let mut next = rest.next();
        if next.is_some_and(|word| word.is("USING") || word.is("AS")) {
            way.hash = Some(rest.next()?.text());
            next = rest.next();
        }
        ways.push(way);
        match next {
            None => break,
            Some(or) if or.is("OR") => {}
            // AND IDENTIFIED WITH: a second factor.
            Some(_) => {
                ways.push(Way {
                    plugin: "a second factor".to_owned(),
                    hash: None,
                });
                break;
            }
        }
    }
    Some(ways)
}

fn limits(words: &[Token<'_>]) -> Option<BTreeMap<&'static str, String>> {
    let mut limits = BTreeMap::new();
    for pair in words.chunks(2) {
        let [name, limit] = pair else { return None };
        let name = LIMITS.iter().find(|known| name.is(known))?;
        if !limit.raw.trim_matches(['0', '.']).is_empty() {
            limits.insert(*name, limit.raw.to_owned());
        }
    }
    Some(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mariadb(rest: &str) -> Account {
        Account::parse(&format!("CREATE USER `a``p`@`%` {rest}"), Engine::MariaDb).unwrap()
    }

    fn mysql(rest: &str) -> Account {
        Account::parse(&format!("CREATE USER `app`@`%` {rest}"), Engine::MySql).unwrap()
    }

    #[test]
    fn an_account_of_mariadb_is_read_whole() {
        let account = mariadb(
            r#"IDENTIFIED BY PASSWORD '*0D3C' REQUIRE ISSUER 'i' SUBJECT 'it''s WITH "x"' CIPHER 'c' WITH MAX_QUERIES_PER_HOUR 10 MAX_STATEMENT_TIME 1.500000 ACCOUNT LOCK PASSWORD EXPIRE INTERVAL 10 DAY"#,
        );
        assert_eq!(account.plugin(), Some(Plugin::Native));
        assert_eq!(account.ways[0].hash.as_deref(), Some("*0D3C"));
        assert!(account.locked);
        assert_eq!(
            account.options.clauses(Engine::MariaDb),
            r#"REQUIRE ISSUER 'i' SUBJECT 'it''s WITH "x"' CIPHER 'c' WITH MAX_QUERIES_PER_HOUR 10 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 0 MAX_STATEMENT_TIME 1.500000 PASSWORD EXPIRE INTERVAL 10 DAY"#
        );
    }

    #[test]
    fn what_is_not_said_is_the_default() {
        let account = mariadb("");
        assert_eq!(account.ways[0].hash, None);
        assert_eq!(
            account.options.clauses(Engine::MariaDb),
            "REQUIRE NONE WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 0 MAX_STATEMENT_TIME 0 PASSWORD EXPIRE DEFAULT"
        );
    }

    #[test]
    fn an_account_of_mysql_is_read_whole() {
        let account = mysql(
            "IDENTIFIED WITH 'caching_sha2_password' AS 0x2441 DEFAULT ROLE `reader`@`%`,`writer`@`%` REQUIRE SSL WITH MAX_USER_CONNECTIONS 3 PASSWORD EXPIRE DEFAULT ACCOUNT UNLOCK PASSWORD HISTORY 5 PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT FAILED_LOGIN_ATTEMPTS 2 PASSWORD_LOCK_TIME UNBOUNDED ATTRIBUTE '{\"a\": \"REQUIRE X\"}'",
        );
        assert_eq!(account.plugin(), Some(Plugin::CachingSha2));
        assert_eq!(
            account.default_roles.as_deref(),
            Some("`reader`@`%`,`writer`@`%`")
        );
        assert_eq!(
            account.options.clauses(Engine::MySql),
            "REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 3 PASSWORD EXPIRE DEFAULT PASSWORD HISTORY 5 PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT FAILED_LOGIN_ATTEMPTS 2 PASSWORD_LOCK_TIME UNBOUNDED"
        );
        let none = mysql("IDENTIFIED WITH 'caching_sha2_password' AS 0x2441 REQUIRE NONE");
        let over = none.options.clauses_over(&account.options, Engine::MySql);
        assert!(
            over.ends_with("PASSWORD EXPIRE DEFAULT FAILED_LOGIN_ATTEMPTS 0 PASSWORD_LOCK_TIME 0"),
            "{over}"
        );
    }

    #[test]
    fn more_than_one_way_in_is_no_password_that_can_be_set() {
        let two = mariadb("IDENTIFIED VIA mysql_native_password USING '*B690' OR unix_socket");
        assert_eq!(two.plugin(), None);
        assert_eq!(two.ways_in(), "mysql_native_password or unix_socket");
        let factors = mysql(
            "IDENTIFIED WITH 'caching_sha2_password' AS '$A$' AND IDENTIFIED WITH 'authentication_fido' REQUIRE NONE",
        );
        assert_eq!(factors.plugin(), None);
        assert_eq!(mariadb("IDENTIFIED VIA unix_socket").plugin(), None);
        assert_eq!(
            mariadb("IDENTIFIED VIA ed25519 USING 'ZIg'").plugin(),
            Some(Plugin::Ed25519)
        );
    }

    #[test]
    fn an_answer_of_another_shape_is_not_guessed_at() {
        for text in [
            "",
            "CREATE ROLE x",
            "CREATE USER `a`@`%` WITH MAX_UNHEARD_OF 3",
        ] {
            assert_eq!(Account::parse(text, Engine::MariaDb), None, "{text}");
        }
    }
}
