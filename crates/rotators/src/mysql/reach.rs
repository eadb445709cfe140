use super::grants::EVERYTHING;
use super::server::Engine;
use super::tokens;

/// What `ALL PRIVILEGES` is on a table; the first of what it is on a database.
const ON_A_TABLE: [&str; 12] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "CREATE VIEW",
    "SHOW VIEW",
    "TRIGGER",
];
const ON_A_DATABASE: [&str; 6] = [
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "EXECUTE",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "EVENT",
];

/// What `ALL PRIVILEGES` on this object are one by one, as somebody has them who was granted each; `None` on
/// everything, where each version has others.
pub(super) fn parts_of_all(
    object: &str,
    engine: Engine,
) -> Option<impl Iterator<Item = &'static str>> {
    if object == EVERYTHING {
        return None;
    }
    let database: &[&str] = if object.ends_with(".*") {
        &ON_A_DATABASE
    } else {
        &[]
    };
    let own: &[&str] = match engine {
        Engine::MariaDb => &["DELETE HISTORY"],
        Engine::MySql => &[],
    };
    Some(ON_A_TABLE.iter().chain(database).chain(own).copied())
}

/// Whether privileges on `wider` are privileges on `object`.
pub(super) fn covers(wider: &str, object: &str) -> bool {
    if wider == object || wider == EVERYTHING {
        return true;
    }
    let schema = |name: &str| {
        let words = tokens::of(name);
        let quoted = words.iter().find(|word| word.raw.starts_with('`'))?;
        Some(quoted.text())
    };
    let pattern = wider.strip_suffix(".*").and_then(schema);
    match (pattern, schema(object)) {
        // A pattern is covered by one that fits its text.
        (Some(pattern), Some(name)) if object.ends_with(".*") => {
            fits(&pattern, &name.replace('\\', ""))
        }
        (Some(pattern), Some(name)) => fits(&pattern, &name),
        _ => false,
    }
}

/// Whether a database's name fits a pattern of a grant: `%` is any text, `_` any character, and a backslash
/// takes that from them.
fn fits(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    let mut left = name.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('%') => {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            let mut ends = ends.filter_map(|at| name.get(at..));
            ends.any(|end| fits(rest.as_str(), end))
        }
        // One character of a text that is a pattern itself is not any text.
        Some('_') => {
            left.next().is_some_and(|character| character != '%')
                && fits(rest.as_str(), left.as_str())
        }
        Some('\\') => rest.next() == left.next() && fits(rest.as_str(), left.as_str()),
        Some(wanted) => left.next() == Some(wanted) && fits(rest.as_str(), left.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_reaches_what_its_pattern_fits() {
        for (wider, object, reaches) in [
            ("*.*", "`shop`.*", true),
            ("*.*", "PROCEDURE `shop`.`buy`", true),
            ("`shop`.*", "`shop`.`t`", true),
            ("`shop`.*", "`shopping`.`t`", false),
            ("`shop`.*", "*.*", false),
            ("`shop`.`t`", "`shop`.*", false),
            ("`%`.*", "`shop`.*", true),
            ("`sh_p`.*", "`shop`.`t`", true),
            ("`sh_p`.*", "`sh%p`.*", false),
            ("`sh%`.*", "`sh%p`.*", true),
            (r"`my\_db`.*", r"`my\_db`.*", true),
            (r"`my\_db`.*", "`my_db`.`t`", true),
            (r"`my\_db`.*", "`my1db`.`t`", false),
            ("`my%`.*", r"`my\_db`.*", true),
        ] {
            assert_eq!(covers(wider, object), reaches, "{wider} {object}");
        }
    }
}
