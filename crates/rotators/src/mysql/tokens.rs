//! The words of what `SHOW GRANTS` and `SHOW CREATE USER` answer.

/// One word, with its place in the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Token<'a> {
    /// As it stands there, quotes included.
    pub(super) raw: &'a str,
    /// Where it begins.
    pub(super) at: usize,
}

impl Token<'_> {
    /// Whether it is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.raw.eq_ignore_ascii_case(keyword)
    }

    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.at + self.raw.len()
    }

    /// What a quoted one says; a word as it is.
    pub(super) fn text(&self) -> String {
        let mut characters = self.raw.chars();
        let Some(quote) = characters.next().filter(|first| is_quote(*first)) else {
            return self.raw.to_owned();
        };
        let mut text = String::with_capacity(self.raw.len());
        while let Some(character) = characters.next() {
            if character == quote {
                // A quote in a text is doubled; a single one is its end.
                match characters.next() {
                    Some(next) => text.push(next),
                    None => break,
                }
            } else if character == '\\' && quote == '\'' {
                text.extend(characters.next());
            } else {
                text.push(character);
            }
        }
        text
    }
}

const fn is_quote(character: char) -> bool {
    matches!(character, '`' | '\'' | '"')
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

/// Takes a text apart: words and numbers, quoted names and texts, and single signs.
pub(super) fn of(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let length = if first.is_whitespace() {
            0
        } else if is_quote(first) {
            quoted(rest, first)
        } else if is_word(first) {
            word(rest)
        } else {
            first.len_utf8()
        };
        let (raw, after) = rest.split_at(if length == 0 {
            first.len_utf8()
        } else {
            length
        });
        if length > 0 {
            tokens.push(Token { raw, at });
        }
        rest = after;
    }
    tokens
}

/// The length of a quoted text, quotes included; one that never ends goes to the end.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote == '\'' {
            characters.next();
        } else if character == quote {
            match characters.peek() {
                Some((_, next)) if *next == quote => {
                    characters.next();
                }
                _ => return at + quote.len_utf8(),
            }
        }
    }
    text.len()
}

/// The length of a word. A number may have a point in it.
fn word(text: &str) -> usize {
    let number = text.starts_with(|first: char| first.is_ascii_digit());
    text.find(|character: char| !(is_word(character) || number && character == '.'))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        of(text).iter().map(|token| token.raw).collect()
    }

    #[test]
    fn quotes_keep_together_what_belongs_together() {
        assert_eq!(
            words("GRANT SELECT (`a``) TO `, `b`) ON `d.b`.* TO 'it''s'@`%` \"x\"\"y\""),
            [
                "GRANT",
                "SELECT",
                "(",
                "`a``) TO `",
                ",",
                "`b`",
                ")",
                "ON",
                "`d.b`",
                ".",
                "*",
                "TO",
                "'it''s'",
                "@",
                "`%`",
                "\"x\"\"y\""
            ]
        );
        assert_eq!(
            words(r"ISSUER 'a\'b' 1.500000 `ü`"),
            ["ISSUER", r"'a\'b'", "1.500000", "`ü`"]
        );
        assert_eq!(words("never 'ends"), ["never", "'ends"]);
    }

    #[test]
    fn a_quoted_text_is_read_without_its_quotes() {
        let read = |text: &str| of(text)[0].text();
        assert_eq!(read("`a``b`"), "a`b");
        assert_eq!(read("'it''s'"), "it's");
        assert_eq!(read(r"'it\'s'"), "it's");
        assert_eq!(read("word"), "word");
        assert_eq!(read("`back\\slash`"), "back\\slash");
    }

    #[test]
    fn a_token_knows_its_place() {
        let text = "GRANT `ü` TO x";
        for token in of(text) {
            assert_eq!(&text[token.at..token.end()], token.raw);
        }
    }
}
