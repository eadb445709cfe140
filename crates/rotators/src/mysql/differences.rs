use std::collections::BTreeSet;

use super::grants::{ALL, EVERYTHING, Grants, Object, Privileges};

const PROXY: &str = "PROXY";

/// A statement, and what it is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Change {
    pub(super) statement: String,
    pub(super) about: About,
}

/// What a change hands on, or takes away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum About {
    Privileges(String, BTreeSet<String>),
    Role(String),
    DefaultRole,
}

impl Grants {
    /// What makes `self` be as `wanted`, for the account `to`: first what takes away, then what gives.
    pub(super) fn changes(&self, wanted: &Self, to: &str) -> Vec<Change> {
        let mut revoked = Vec::new();
        let mut granted = Vec::new();
        for (role, admin) in &self.roles {
            let keeps = wanted.roles.get(role);
            if keeps.is_none() || keeps == Some(&false) && *admin {
                revoked.push(Change::role(role, format!("REVOKE {role} FROM {to}")));
            }
        }
        for (role, admin) in &wanted.roles {
            if self.roles.get(role) != Some(admin) {
                let option = if *admin { " WITH ADMIN OPTION" } else { "" };
                granted.push(Change::role(role, format!("GRANT {role} TO {to}{option}")));
            }
        }
        let none = Privileges::default();
        let objects: BTreeSet<&Object> = self.on.keys().chain(wanted.on.keys()).collect();
        for object in objects {
            let has = self.on.get(object).unwrap_or(&none);
            let wants = wanted.on.get(object).unwrap_or(&none);
            has.change(wants, object, to, &mut revoked, &mut granted);
        }
        for (object, privileges) in &wanted.left_out {
            if self.left_out.get(object) != Some(privileges) {
                let statement = format!("REVOKE {} ON {object} FROM {to}", list(privileges));
                granted.push(Change::privileges(object, privileges.clone(), statement));
            }
        }
        revoked.extend(granted);
        if self.default_role != wanted.default_role {
            let role = wanted.default_role.as_deref().unwrap_or("NONE");
            revoked.push(Change {
                statement: format!("SET DEFAULT ROLE {role} FOR {to}"),
                about: About::DefaultRole,
            });
        }
        revoked
    }

    /// The same, handed on as `other` may hand on what both have.
    pub(super) fn handed_on_as(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        for (role, admin) in &mut merged.roles {
            *admin |= other.roles.get(role) == Some(&true);
        }
        for (object, privileges) in &mut merged.on {
            let same = other.on.get(object);
            privileges.grantable |= same.is_some_and(|same| same.grantable);
        }
        let dynamic = |may| Object {
            name: EVERYTHING.to_owned(),
            dynamic: Some(may),
        };
        if let Some(handed_on) = other.on.get(&dynamic(true)) {
            let bound = merged.on.remove(&dynamic(false)).unwrap_or_default();
            for privilege in bound.granted {
                let may = handed_on.granted.contains(&privilege);
                let entry = merged.on.entry(dynamic(may)).or_default();
                entry.grantable = may;
                entry.granted.insert(privilege);
            }
        }
        merged
    }
}

impl Change {
    fn role(role: &str, statement: String) -> Self {
        Self {
            statement,
            about: About::Role(role.to_owned()),
        }
    }

    fn privileges(object: &str, privileges: BTreeSet<String>, statement: String) -> Self {
        Self {
            statement,
            about: About::Privileges(object.to_owned(), privileges),
        }
    }
}

impl Privileges {
    fn change(
        &self,
        wanted: &Self,
        Object {
            name: object,
            dynamic,
        }: &Object,
        to: &str,
        revoked: &mut Vec<Change>,
        granted: &mut Vec<Change>,
    ) {
        if self == wanted {
            return;
        }
        let mut has = self.clone();
        // The whole is not taken apart, and a proxy's right to hand it on not taken alone.
        let whole = |privileges: &Self| {
            privileges.granted.contains(ALL) || privileges.granted.contains(PROXY)
        };
        let extra: BTreeSet<String> = if whole(&has) && has != *wanted {
            std::mem::take(&mut has.granted)
        } else if wanted.granted.contains(ALL) {
            BTreeSet::new()
        } else {
            has.granted.difference(&wanted.granted).cloned().collect()
        };
        if !extra.is_empty() {
            let statement = format!("REVOKE {} ON {object} FROM {to}", list(&extra));
            revoked.push(Change::privileges(object, extra.clone(), statement));
        }
        // The right to hand these on goes with them.
        if extra.contains(PROXY) || dynamic.is_some() {
            has.grantable = false;
        }
        if has.grantable && !wanted.grantable {
            let statement = format!("REVOKE GRANT OPTION ON {object} FROM {to}");
            revoked.push(Change::privileges(object, extra, statement));
        }
        let missing: BTreeSet<String> = wanted.granted.difference(&has.granted).cloned().collect();
        let as_it_should = has.grantable || !wanted.grantable || dynamic.is_some();
        if missing.is_empty() && as_it_should {
            return;
        }
        let option = if wanted.grantable {
            " WITH GRANT OPTION"
        } else {
            ""
        };
        let statement = format!("GRANT {} ON {object} TO {to}{option}", list(&missing));
        granted.push(Change::privileges(object, missing, statement));
    }
}

fn list(privileges: &BTreeSet<String>) -> String {
    if privileges.is_empty() {
        return "USAGE".to_owned();
    }
    let each: Vec<&str> = privileges.iter().map(String::as_str).collect();
    each.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RICH: &[&str] = &[
        "GRANT `reader` TO `app`@`%` WITH ADMIN OPTION",
        "GRANT SELECT, CREATE TEMPORARY TABLES ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*0D3C' REQUIRE SSL WITH GRANT OPTION MAX_QUERIES_PER_HOUR 10",
        r"GRANT ALL PRIVILEGES ON `shop\_1`.* TO `app`@`%`",
        "GRANT SELECT (`a`, `b`), UPDATE (`TO`), DELETE ON `shop`.`t` TO `app`@`%`",
        "GRANT EXECUTE ON PROCEDURE `shop`.`buy` TO `app`@`%`",
        "GRANT PROXY ON `other`@`%` TO `app`@`%` WITH GRANT OPTION",
        "SET DEFAULT ROLE `reader` FOR `app`@`%`",
    ];

    fn parse(lines: &[&str]) -> Grants {
        Grants::parse(lines.iter().copied()).unwrap()
    }

    fn statements(from: &[&str], to: &[&str]) -> Vec<String> {
        let changes = parse(from).changes(&parse(to), "x");
        changes.into_iter().map(|change| change.statement).collect()
    }

    #[test]
    fn everything_is_given_that_the_other_has() {
        assert_eq!(
            statements(&["GRANT USAGE ON *.* TO `x`@`%`"], RICH),
            [
                "GRANT `reader` TO x WITH ADMIN OPTION",
                "GRANT CREATE TEMPORARY TABLES, SELECT ON *.* TO x WITH GRANT OPTION",
                "GRANT EXECUTE ON PROCEDURE `shop`.`buy` TO x",
                "GRANT PROXY ON `other`@`%` TO x WITH GRANT OPTION",
                r"GRANT ALL PRIVILEGES ON `shop\_1`.* TO x",
                "GRANT DELETE, SELECT (`a`), SELECT (`b`), UPDATE (`TO`) ON `shop`.`t` TO x",
                "SET DEFAULT ROLE `reader` FOR x",
            ]
        );
    }

    #[test]
    fn everything_is_taken_away_that_the_other_has_not() {
        assert_eq!(
            statements(RICH, &["GRANT USAGE ON *.* TO `x`@`%`"]),
            [
                "REVOKE `reader` FROM x",
                "REVOKE CREATE TEMPORARY TABLES, SELECT ON *.* FROM x",
                "REVOKE GRANT OPTION ON *.* FROM x",
                "REVOKE EXECUTE ON PROCEDURE `shop`.`buy` FROM x",
                "REVOKE PROXY ON `other`@`%` FROM x",
                r"REVOKE ALL PRIVILEGES ON `shop\_1`.* FROM x",
                "REVOKE DELETE, SELECT (`a`), SELECT (`b`), UPDATE (`TO`) ON `shop`.`t` FROM x",
                "SET DEFAULT ROLE NONE FOR x",
            ]
        );
    }

    #[test]
    fn nothing_is_said_when_both_have_the_same() {
        assert_eq!(statements(RICH, RICH), Vec::<String>::new());
    }

    #[test]
    fn only_the_difference_is_said() {
        for (from, to, expected) in [
            (
                "GRANT SELECT, INSERT ON `a`.* TO x",
                "GRANT SELECT, DELETE ON `a`.* TO x WITH GRANT OPTION",
                vec![
                    "REVOKE INSERT ON `a`.* FROM x",
                    "GRANT DELETE ON `a`.* TO x WITH GRANT OPTION",
                ],
            ),
            (
                "GRANT SELECT ON `a`.* TO x",
                "GRANT SELECT ON `a`.* TO x WITH GRANT OPTION",
                vec!["GRANT USAGE ON `a`.* TO x WITH GRANT OPTION"],
            ),
            (
                "GRANT SELECT ON `a`.* TO x",
                "GRANT ALL PRIVILEGES ON `a`.* TO x",
                vec!["GRANT ALL PRIVILEGES ON `a`.* TO x"],
            ),
            (
                "GRANT ALL PRIVILEGES ON `a`.* TO x WITH GRANT OPTION",
                "GRANT SELECT ON `a`.* TO x",
                vec![
                    "REVOKE ALL PRIVILEGES ON `a`.* FROM x",
                    "REVOKE GRANT OPTION ON `a`.* FROM x",
                    "GRANT SELECT ON `a`.* TO x",
                ],
            ),
            (
                "GRANT `r` TO x WITH ADMIN OPTION",
                "GRANT `r` TO x",
                vec!["REVOKE `r` FROM x", "GRANT `r` TO x"],
            ),
            (
                "GRANT PROXY ON `p`@`%` TO x WITH GRANT OPTION",
                "GRANT PROXY ON `p`@`%` TO x",
                vec![
                    "REVOKE PROXY ON `p`@`%` FROM x",
                    "GRANT PROXY ON `p`@`%` TO x",
                ],
            ),
        ] {
            assert_eq!(statements(&[from], &[to]), expected, "{from} -> {to}");
        }
    }

    #[test]
    fn mysqls_dynamic_privileges_roles_with_hosts_and_partial_revokes_are_read() {
        let mysql = [
            "GRANT SELECT ON *.* TO `app`@`%`",
            "GRANT BACKUP_ADMIN ON *.* TO `app`@`%` WITH GRANT OPTION",
            "GRANT XA_RECOVER_ADMIN ON *.* TO `app`@`%`",
            "REVOKE SELECT ON `mysql`.* FROM `app`@`%`",
            "GRANT `reader`@`%`,`writer`@`%` TO `app`@`%`",
        ];
        assert_eq!(
            statements(&["GRANT USAGE ON *.* TO `x`@`%`"], &mysql),
            [
                "GRANT `reader`@`%` TO x",
                "GRANT `writer`@`%` TO x",
                "GRANT SELECT ON *.* TO x",
                "GRANT XA_RECOVER_ADMIN ON *.* TO x",
                "GRANT BACKUP_ADMIN ON *.* TO x WITH GRANT OPTION",
                "REVOKE SELECT ON `mysql`.* FROM x",
            ]
        );
        assert_eq!(statements(&mysql, &mysql), Vec::<String>::new());
    }

    #[test]
    fn what_both_have_is_handed_on_as_by_the_other_one() {
        let mine = parse(&[
            "GRANT `r` TO x",
            "GRANT SELECT ON `a`.* TO x",
            "GRANT SELECT ON `b`.* TO x",
            "GRANT BACKUP_ADMIN, CLONE_ADMIN ON *.* TO x",
        ]);
        let other = parse(&[
            "GRANT `r` TO x WITH ADMIN OPTION",
            "GRANT INSERT ON `a`.* TO x WITH GRANT OPTION",
            "GRANT BACKUP_ADMIN ON *.* TO x WITH GRANT OPTION",
        ]);
        let both = parse(&[
            "GRANT `r` TO x WITH ADMIN OPTION",
            "GRANT SELECT ON `a`.* TO x WITH GRANT OPTION",
            "GRANT SELECT ON `b`.* TO x",
            "GRANT CLONE_ADMIN ON *.* TO x",
            "GRANT BACKUP_ADMIN ON *.* TO x WITH GRANT OPTION",
        ]);
        assert_eq!(mine.handed_on_as(&other), both);
    }

    #[test]
    fn a_dynamic_privilege_takes_its_own_right_to_be_handed_on_with_it() {
        assert_eq!(
            statements(
                &["GRANT BACKUP_ADMIN, CLONE_ADMIN ON *.* TO x WITH GRANT OPTION"],
                &[
                    "GRANT CLONE_ADMIN ON *.* TO x WITH GRANT OPTION",
                    "GRANT BACKUP_ADMIN ON *.* TO x"
                ],
            ),
            [
                "REVOKE BACKUP_ADMIN ON *.* FROM x",
                "GRANT BACKUP_ADMIN ON *.* TO x"
            ]
        );
    }
}
