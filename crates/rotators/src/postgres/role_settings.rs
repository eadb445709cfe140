use super::quote::{identifier, literal};
use super::roles::Settings;

const ROLE: &str = "role";

/// Settings whose value is a list of names: each name is quoted by itself, the list is not.
///
/// Source: PostgreSQL, the settings marked `GUC_LIST_QUOTE`.
const LISTS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// The statements that give `clone` the settings of `base`: what it lacks is set, what differs is changed,
/// what the base role does not have is taken away. None when they agree.
///
/// The exception is `role`: the clone acts as the base role, or as whom the base role acts as.
pub(super) fn changes(
    base: &str,
    clone: &str,
    of_base: &Settings,
    of_clone: &Settings,
) -> Vec<String> {
    let wanted = wanted(base, of_base);
    let alter = |database: &Option<String>| {
        let role = identifier(clone);
        match database {
            Some(database) => format!("ALTER ROLE {role} IN DATABASE {}", identifier(database)),
            None => format!("ALTER ROLE {role}"),
        }
    };
    let gone = of_clone
        .keys()
        .filter(|key| !wanted.contains_key(*key))
        .map(|(database, name)| format!("{} RESET {}", alter(database), identifier(name)));
    let new = wanted
        .iter()
        .filter(|(key, value)| of_clone.get(*key) != Some(*value))
        .map(|((database, name), text)| {
            format!(
                "{} SET {} TO {}",
                alter(database),
                identifier(name),
                value(name, text)
            )
        });
    gone.chain(new).collect()
}

/// Whether a login as the clone acts as one as the base role does, in every database.
pub(super) fn acts_as_base(base: &str, of_base: &Settings, of_clone: &Settings) -> bool {
    let role = |of: &Settings| -> Settings {
        let role = of.iter().filter(|((_, name), _)| name == ROLE);
        role.map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    role(&wanted(base, of_base)) == role(of_clone)
}

fn wanted(base: &str, of_base: &Settings) -> Settings {
    let mut wanted = of_base.clone();
    for ((_, name), value) in &mut wanted {
        if name == ROLE && value == "none" {
            base.clone_into(value);
        }
    }
    wanted
        .entry((None, ROLE.to_owned()))
        .or_insert_with(|| base.to_owned());
    wanted
}

fn value(name: &str, text: &str) -> String {
    if !LISTS.contains(&name) {
        return literal(text);
    }
    let names: Vec<String> = split(text).iter().map(|name| literal(name)).collect();
    if names.is_empty() {
        return literal("");
    }
    names.join(", ")
}

/// Splits a list of names as the catalog keeps it: commas between, double quotes around what needs them,
/// doubled inside.
fn split(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        let name;
        (name, rest) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (name, rest) = rest.split_at(end);
                (name.trim_end().to_owned(), rest)
            }
        };
        names.push(name);
        rest = rest.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    names
}

fn unquote(quoted: &str) -> (String, &str) {
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            name.push_str(rest);
            return (name, "");
        };
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return (name, after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(of: &[(Option<&str>, &str, &str)]) -> Settings {
        of.iter()
            .map(|(database, name, value)| {
                let key = (database.map(str::to_owned), (*name).to_owned());
                (key, (*value).to_owned())
            })
            .collect()
    }

    #[test]
    fn a_new_clone_acts_as_the_base_role_and_has_its_settings() {
        let base = settings(&[
            (None, "statement_timeout", "5000"),
            (
                Some("shop"),
                "search_path",
                r#""$user", "we ""ird", public"#,
            ),
        ]);
        assert_eq!(
            changes("app", "app_clone", &base, &Settings::new()),
            [
                r#"ALTER ROLE "app_clone" SET "role" TO 'app'"#,
                r#"ALTER ROLE "app_clone" SET "statement_timeout" TO '5000'"#,
                r#"ALTER ROLE "app_clone" IN DATABASE "shop" SET "search_path" TO '$user', 'we "ird', 'public'"#,
            ]
        );
    }

    #[test]
    fn settings_that_agree_are_left_alone_and_removed_ones_are_removed() {
        let base = settings(&[(None, "work_mem", "8MB")]);
        let clone = settings(&[
            (None, "role", "app"),
            (None, "work_mem", "8MB"),
            (Some("shop"), "work_mem", "1MB"),
        ]);
        assert_eq!(
            changes("app", "app_clone", &base, &clone),
            [r#"ALTER ROLE "app_clone" IN DATABASE "shop" RESET "work_mem""#]
        );
    }

    #[test]
    fn a_base_role_that_acts_as_another_takes_its_clone_along() {
        let base = settings(&[(None, "role", "owner")]);
        assert_eq!(
            changes("app", "app_clone", &base, &Settings::new()),
            [r#"ALTER ROLE "app_clone" SET "role" TO 'owner'"#]
        );
        let none = settings(&[(None, "role", "none")]);
        assert_eq!(
            changes("app", "app_clone", &none, &Settings::new()),
            [r#"ALTER ROLE "app_clone" SET "role" TO 'app'"#]
        );
    }

    #[test]
    fn a_clone_acts_as_its_base_role_when_nothing_says_otherwise_in_any_database() {
        let role = |of| settings(of);
        let none = Settings::new();
        let given = role(&[(None, "role", "app"), (None, "work_mem", "1MB")]);
        assert!(acts_as_base("app", &none, &given));
        assert!(!acts_as_base("app", &none, &none));
        let elsewhere = role(&[(None, "role", "app"), (Some("shop"), "role", "none")]);
        assert!(!acts_as_base("app", &none, &elsewhere));
        let owner = role(&[(None, "role", "owner")]);
        assert!(acts_as_base("app", &owner, &owner));
        assert!(!acts_as_base("app", &owner, &given));
    }

    #[test]
    fn a_list_keeps_its_names() {
        for (list, names) in [
            ("a, b", vec!["a", "b"]),
            (r#""a,b" , "c""d""#, vec!["a,b", r#"c"d"#]),
            (r#""""#, vec![""]),
            ("", vec![]),
        ] {
            assert_eq!(split(list), names, "{list}");
        }
        assert_eq!(value("search_path", r#""""#), "''");
        assert_eq!(value("search_path", ""), "''");
    }
}
