//! Every place where a secret leaves its type says why.

use super::rust_source::RustSource;
use super::sources::production;
use super::{holds, tree};

/// How far above the line the reason may end.
const LINES_ABOVE: usize = 2;

fn without_reason(source: &RustSource) -> Vec<usize> {
    let text: Vec<&str> = source.text.lines().collect();
    let code: Vec<&str> = source.code.lines().collect();
    let gives_a_reason = |at: usize| {
        // A comment is what the file has and the code has not.
        let comment = text[at]
            .get(code[at].trim_end().len()..)
            .unwrap_or_default();
        let comment = comment.trim();
        let words = comment.trim_start_matches('/').split_whitespace().count();
        comment.starts_with("//") && !comment.starts_with("///") && words >= 3
    };
    let exposed = source.uses(&[".expose()", "::expose"]);
    exposed
        .map(|(line, _)| line)
        .filter(|line| {
            let at = line - 1;
            !(at.saturating_sub(LINES_ABOVE)..=at).any(gives_a_reason)
        })
        .collect()
}

#[test]
fn every_exposed_secret_has_its_reason_beside_it() {
    let mut exposed = 0;
    let mut missing = Vec::new();
    for file in production(tree::files()) {
        let source = RustSource::production(&file.text);
        exposed += source.uses(&[".expose()", "::expose"]).count();
        let lines = without_reason(&source).into_iter();
        missing.extend(lines.map(|line| format!("{}:{line}: exposed without a reason", file.path)));
    }
    assert!(
        exposed > 0,
        "nothing is exposed anywhere: the search looks in the wrong place"
    );
    holds(&missing);
}

#[test]
fn a_secret_that_is_exposed_without_a_reason_is_found() {
    let lines = |text| without_reason(&RustSource::production(text));
    assert_eq!(lines("a.expose()\n"), [1]);
    assert_eq!(
        lines("// The driver takes the text.\na\n    .b()\n    .expose()\n"),
        [4]
    );
    assert_eq!(
        lines("/// The driver takes the text.\na.map(Secret::expose)\n"),
        [2]
    );
    assert_eq!(lines("// why\na.expose()\n"), [2]);
    assert_eq!(
        lines("\"// The driver takes the text.\"; a.expose()\n"),
        [1]
    );
    assert!(lines("// The driver takes the text.\na\n    .expose()\n").is_empty());
    assert!(lines("a.expose() // the driver takes the text\n").is_empty());
    assert!(lines("pub fn expose(&self) -> &str { &self.0 }\n").is_empty());
}
