//! Text of others on a page of ours.

use crate::console::printable;

/// The heading of what a person writes.
const SIGN_OFF: &str = "## Sign-off";

/// Text that a page shows as it is: nothing in it is a heading, a link, an image, a cell or a comment.
pub fn plain(text: &str) -> String {
    let text = printable(text);
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => plain.push(' '),
            '\\' | '|' | '<' | '>' | '[' | ']' | '*' | '`' | '&' => {
                plain.push('\\');
                plain.push(c);
            }
            _ => plain.push(c),
        }
    }
    plain
}

/// What a person wrote under "Sign-off", with its heading, up to the next heading of its rank.
pub fn sign_off_of(page: &str) -> Option<String> {
    let mut lines = page.lines().skip_while(|line| line.trim_end() != SIGN_OFF);
    let mut kept = lines.next()?.trim_end().to_owned();
    for line in lines.take_while(|line| !line.starts_with("## ") && !line.starts_with("# ")) {
        kept.push('\n');
        kept.push_str(line);
    }
    Some(kept.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_no_markup() {
        let text = "a\n## b | [c](http://d) <script> ![e](f) `g` \u{1b}[2J";
        let plain = plain(text);
        assert!(!plain.contains('\n') && !plain.contains('\u{1b}'));
        for (at, c) in plain.char_indices() {
            if ['|', '[', '<', '`'].contains(&c) {
                assert_eq!(&plain[at - 1..at], "\\", "{plain}");
            }
        }
    }

    #[test]
    fn a_sign_off_is_found_and_nothing_behind_it() {
        let page = "# a\n\n## Sign-off\n\nSeen. Anna\n### more\n\n## Other\nx\n";
        assert_eq!(
            sign_off_of(page).as_deref(),
            Some("## Sign-off\n\nSeen. Anna\n### more")
        );
        assert_eq!(sign_off_of("# a\n"), None);
    }
}
