use postgres_protocol::escape::{escape_identifier, escape_literal};

/// A name as SQL text. Names cannot hold a zero byte: the secret's parser refuses it, and the server's
/// catalog has none.
pub(super) fn identifier(name: &str) -> String {
    escape_identifier(name)
}

/// A text as SQL text, whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    escape_literal(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_name_or_a_text_early() {
        assert_eq!(
            identifier(r#"a"; DROP ROLE x; --"#),
            r#""a""; DROP ROLE x; --""#
        );
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"\'"), r" E'\\'''");
    }
}
