//! The pages of both kinds, and the code that stands in them.

use std::path::Path;

pub const HMAC: &str = include_str!("../../../../docs/hmac.md");
pub const GENERIC: &str = include_str!("../../../../docs/generic.md");

/// The code blocks of a page in one language, word for word.
pub fn blocks(page: &str, language: &str) -> Vec<String> {
    all_blocks(page)
        .into_iter()
        .filter(|(of, _)| of == language)
        .map(|(_, text)| text)
        .collect()
}

/// The code blocks of a page with their languages.
pub fn all_blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block without its end");
    found
}

/// The only block of a page in one language.
pub fn block(page: &str, language: &str) -> String {
    let mut blocks = blocks(page, language);
    assert_eq!(blocks.len(), 1, "{language}");
    blocks.remove(0)
}

/// A program that was set up for the tests.
#[expect(
    clippy::disallowed_methods,
    reason = "the test runner says by a variable where programs are"
)]
pub fn program(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: these tests run code of the pages; run `cargo xtask test`")
    })
}

/// A folder for one test, taken away when it is over.
pub struct Scratch(std::path::PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let folder = format!("rekey-random-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}
