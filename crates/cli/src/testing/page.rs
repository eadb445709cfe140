//! docs/cli.md shows what is printed, and nothing else.

use std::path::PathBuf;

use super::golden::{bless, folder};

/// In front of a block of the page: `<!-- golden/secrets-list.txt -->`.
const MARK: &str = "<!-- golden/";

fn page() -> PathBuf {
    folder().join("../../../docs/cli.md")
}

/// The page with what is kept now in every block that has a mark; and which files those are.
fn renewed(page: &str) -> (String, Vec<String>) {
    let (mut lines, mut shown) = (Vec::new(), Vec::new());
    let mut input = page.lines();
    while let Some(line) = input.next() {
        lines.push(line.to_owned());
        let Some(file) = line.strip_prefix(MARK) else {
            continue;
        };
        let file = file.trim_end_matches(" -->").to_owned();
        let opening = input.next().unwrap();
        assert!(opening.starts_with("```"), "no block follows {line}");
        lines.push(opening.to_owned());
        // A command line above the output is the page's own.
        let mut old = input.by_ref().take_while(|line| *line != "```").peekable();
        if let Some(command) = old.next_if(|line| line.starts_with("$ ")) {
            lines.push(command.to_owned());
        }
        old.for_each(drop);
        let kept = std::fs::read_to_string(folder().join(&file)).unwrap();
        lines.extend(kept.lines().map(str::to_owned));
        lines.push("```".to_owned());
        shown.push(file);
    }
    (lines.join("\n") + "\n", shown)
}

#[test]
fn every_example_on_the_page_is_what_is_printed() {
    let there = std::fs::read_to_string(page()).unwrap();
    let (renewed, shown) = renewed(&there);
    if bless() {
        std::fs::write(page(), &renewed).unwrap();
    } else {
        assert!(
            there == renewed,
            "docs/cli.md differs from golden/ (REKEY_BLESS=1 writes it anew)"
        );
    }
    for entry in std::fs::read_dir(folder()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            shown.contains(&file),
            "docs/cli.md does not show golden/{file}"
        );
    }
}
