use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{self, Token};

/// Every privilege that there is on an object.
pub(super) const ALL: &str = "ALL PRIVILEGES";

/// The object of a privilege that is not bound to one.
pub(super) const EVERYTHING: &str = "*.*";

/// What an account may do, as `SHOW GRANTS` says it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Grants {
    pub(super) on: BTreeMap<Object, Privileges>,
    /// Roles, and whether they may be handed on.
    pub(super) roles: BTreeMap<String, bool>,
    /// The role that a session begins with: MariaDB says it here.
    pub(super) default_role: Option<String>,
    /// MySQL: what a privilege on everything leaves out, by object.
    pub(super) left_out: BTreeMap<String, BTreeSet<String>>,
}

/// What privileges are on.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Object {
    /// As it stands in the grant: `*.*`, `` `shop`.* ``, `` PROCEDURE `shop`.`buy` ``.
    pub(super) name: String,
    /// MySQL's dynamic privileges may be handed on one by one, so each way is a grant of its own.
    pub(super) dynamic: Option<bool>,
}

/// Privileges on one object.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Privileges {
    /// One by one; of columns, one for each column: ``SELECT (`a`)``.
    pub(super) granted: BTreeSet<String>,
    /// Whether they may be handed on.
    pub(super) grantable: bool,
}

impl Grants {
    /// Reads the answer; `None` when it has another shape than is known.
    pub(super) fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut grants = Self::default();
        for line in lines {
            let words = tokens::of(line);
            let first = words.first()?;
            if first.is("GRANT") {
                grants.grant(line, &words)?;
            } else if first.is("REVOKE") {
                let (privileges, object, _) = taken_apart(line, &words, "FROM")?;
                let left_out = grants.left_out.entry(object?.to_owned()).or_default();
                left_out.extend(each(line, privileges)?);
            } else if first.is("SET") {
                // SET DEFAULT ROLE name FOR account
                let role = words.get(3)?.raw;
                grants.default_role = (!role.eq_ignore_ascii_case("NONE")).then(|| role.to_owned());
            } else {
                return None;
            }
        }
        Some(grants)
    }

    fn grant(&mut self, line: &str, words: &[Token<'_>]) -> Option<()> {
        let (what, object, after) = taken_apart(line, words, "TO")?;
        let handed_on = |word| {
            let ends = |pair: &[Token<'_>]| matches!(pair, [a, b] if a.is(word) && b.is("OPTION"));
            after.windows(2).any(ends)
        };
        let Some(object) = object else {
            let names = what.split(|word| word.is(","));
            for name in names {
                let (first, last) = (name.first()?, name.last()?);
                let role = line.get(first.at..last.end())?.to_owned();
                self.roles.insert(role, handed_on("ADMIN"));
            }
            return Some(());
        };
        let grantable = handed_on("GRANT");
        for privilege in each(line, what)? {
            // MySQL writes these with underscores, and the others, as MariaDB all of them, with spaces.
            let dynamic = (object == EVERYTHING && privilege.contains('_')).then_some(grantable);
            let entry = self.entry(object, dynamic);
            entry.grantable |= grantable;
            if privilege != "USAGE" {
                entry.granted.insert(privilege);
            }
        }
        Some(())
    }

    fn entry(&mut self, object: &str, dynamic: Option<bool>) -> &mut Privileges {
        let name = object.to_owned();
        self.on.entry(Object { name, dynamic }).or_default()
    }

    /// Whether the account may do this on everything.
    pub(super) fn everywhere(&self, privilege: &str) -> bool {
        self.on
            .iter()
            .any(|(object, privileges)| object.name == EVERYTHING && privileges.holds(privilege))
    }
}

impl Privileges {
    pub(super) fn holds(&self, privilege: &str) -> bool {
        self.granted.contains(ALL) || self.granted.contains(privilege)
    }
}

/// What is granted, the object if there is one, and what follows the word before the account.
fn taken_apart<'a, 't>(
    line: &'a str,
    words: &'t [Token<'a>],
    before: &str,
) -> Option<(&'t [Token<'a>], Option<&'a str>, &'t [Token<'a>])> {
    let end = words.iter().position(|word| word.is(before))?;
    let after = words.get(end + 1..)?;
    let what = words.get(1..end)?;
    let Some(on) = what.iter().position(|word| word.is("ON")) else {
        return Some((what, None, after));
    };
    let object = line.get(what.get(on)?.end()..words.get(end)?.at)?.trim();
    Some((what.get(..on)?, Some(object), after))
}

/// The privileges one by one.
fn each(line: &str, words: &[Token<'_>]) -> Option<Vec<String>> {
    let mut privileges = Vec::new();
    let mut rest = words;
    while let Some(first) = rest.first() {
        let end = rest
            .iter()
            .position(|word| word.is(",") || word.is("("))
            .unwrap_or(rest.len());
        let last = rest.get(..end)?.last()?;
        let name = line.get(first.at..last.end())?.to_uppercase();
        if rest.get(end).is_some_and(|word| word.is("(")) {
            let close = rest.iter().position(|word| word.is(")"))?;
            let columns = rest.get(end + 1..close)?.iter();
            for column in columns.filter(|word| !word.is(",")) {
                privileges.push(format!("{name} ({})", column.raw));
            }
            rest = rest.get(close + 1..)?;
            rest = rest.get(1..).unwrap_or_default();
        } else {
            privileges.push(name);
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
    Some(privileges)
}
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn privileges_are_read_one_by_one_with_their_columns() {
        let line = "GRANT SELECT (`a`, `TO`), DELETE ON `shop`.`t` TO `app`@`%` WITH GRANT OPTION";
        let grants = Grants::parse([line]).unwrap();
        let (object, privileges) = grants.on.first_key_value().unwrap();
        assert_eq!(object.name, "`shop`.`t`");
        let granted: Vec<&String> = privileges.granted.iter().collect();
        assert_eq!(granted, ["DELETE", "SELECT (`TO`)", "SELECT (`a`)"]);
        assert!(privileges.grantable);
    }

    #[test]
    fn an_answer_of_another_shape_is_not_guessed_at() {
        for line in ["", "DENY SELECT", "GRANT SELECT ON `a`.*", "GRANT"] {
            assert_eq!(Grants::parse([line]), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(line in "(GRANT|REVOKE|SET) [A-Z,()`'.*@ %a-zü\\\\]{0,60}( ON | TO | FROM )?[`a-z@%*.' ]{0,40}") {
            let _read = Grants::parse([line.as_str()]);
        }
    }
}
