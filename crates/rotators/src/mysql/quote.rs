/// A name as SQL text.
pub(super) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text as SQL text. Sessions are set up so that a backslash escapes.
pub(super) fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for character in text.chars() {
        match character {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            '\0' => quoted.push_str("\\0"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

/// An account as SQL text: who, and from where.
pub(super) fn account(user: &str, host: &str) -> String {
    format!("{}@{}", identifier(user), identifier(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_name_or_a_text_early() {
        assert_eq!(identifier("a`; DROP USER x; --"), "`a``; DROP USER x; --`");
        assert_eq!(literal(r"it's \' over"), r"'it''s \\'' over'");
        assert_eq!(literal("\0"), r"'\0'");
        assert_eq!(account("a`b", "%"), "`a``b`@`%`");
    }
}
