//! The page and these files say the same.

use std::fs;
use std::path::Path;

pub const PAGE: &str = include_str!("../../../../docs/write-a-rotator.md");

/// In the order of the page.
const FILES: [&str; 8] = [
    "htpasswd/mod.rs",
    "htpasswd/secret.rs",
    "htpasswd/people.rs",
    "htpasswd/rotator.rs",
    "htpasswd/revoker.rs",
    "htpasswd/catalogue.rs",
    "case.rs",
    "conformance.rs",
];

/// The files into which the lines of the last section go.
const WIRING: [&str; 4] = [
    "Cargo.toml",
    "src/lib.rs",
    "src/catalogue.rs",
    "src/families.rs",
];

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).unwrap()
}

fn of_the_toy(file: &str) -> String {
    read(&format!("tests/write_a_rotator/{file}"))
}

/// The code blocks of a text, word for word.
fn blocks(text: &str) -> Vec<String> {
    let parts = text.split("\n```");
    // Every other part is a block: the first line of it is the rest of the fence.
    let blocks = parts.skip(1).step_by(2);
    blocks
        .map(|block| block.split_once('\n').unwrap().1.to_owned() + "\n")
        .collect()
}

#[test]
fn every_block_of_the_page_is_word_for_word_in_the_files_and_no_file_is_left_out() {
    let (page, wiring) = PAGE.split_once("\n## Wire it\n").unwrap();
    let [command, code @ .., modules, said] = &blocks(page)[..] else {
        panic!("too few blocks");
    };
    assert_eq!(
        command.trim_end(),
        "cargo test -p rekey-rotators --test write_a_rotator"
    );
    assert_eq!(code.len(), FILES.len());
    for (block, file) in code.iter().zip(FILES) {
        assert_eq!(block, &of_the_toy(file), "{file}");
    }
    assert!(of_the_toy("main.rs").contains(modules.as_str()));
    assert!(said.starts_with("htpasswd: "), "{said}");
    let wiring = blocks(wiring);
    assert_eq!(wiring.len(), WIRING.len());
    for (block, file) in wiring.iter().zip(WIRING) {
        assert!(read(file).contains(block.as_str()), "{file}");
    }
}

/// The comparison can fail.
#[test]
fn a_block_that_differs_by_a_letter_is_another_block() {
    let page = "a\n```rust\nlet a = 1;\n```\nb\n\n```sh\nc\nd\n```\n";
    assert_eq!(blocks(page), ["let a = 1;\n", "c\nd\n"]);
    assert_ne!(blocks(page)[0], "let a = 2;\n");
    let secret = of_the_toy("htpasswd/secret.rs");
    assert!(PAGE.contains(&secret));
    assert!(!PAGE.contains(&secret.replacen("password", "passw0rd", 1)));
}
