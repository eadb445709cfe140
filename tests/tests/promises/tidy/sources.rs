//! What production code does not do.

use super::holds;
use super::rust_source::RustSource;
use super::tree::{self, File};

/// The longest production source, in lines. A file about one thing is a page or three.
const LONGEST_SOURCE: usize = 500;

/// The longest `main.rs` of a function, in lines: it wires, it decides nothing.
const LONGEST_MAIN: usize = 60;

const STOPS_OR_PRINTS: [&str; 12] = [
    ".unwrap()",
    ".unwrap_err()",
    ".expect(",
    ".expect_err(",
    "panic!",
    "todo!",
    "unimplemented!",
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
    "dbg!",
];

/// The sources that end up in a deployed binary.
pub fn production(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| is_production(&file.path))
}

fn is_production(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let in_a_source = match parts.as_slice() {
        ["events", "src", ..] => true,
        ["crates" | "functions", _, "src", rest @ ..] => !rest
            .iter()
            .any(|part| matches!(*part, "testing" | "testing.rs")),
        _ => false,
    };
    in_a_source && path.ends_with(".rs")
}

fn is_pure(file: &File) -> bool {
    [
        "events/",
        "crates/audit/",
        "crates/registry/",
        "crates/rotation/",
    ]
    .iter()
    .any(|room| file.path.starts_with(room))
}

/// The places where a file uses one of the spellings outside its tests.
fn uses(file: &File, spellings: &[&str]) -> Vec<String> {
    let source = RustSource::production(&file.text);
    let used = source.uses(spellings);
    used.map(|(line, word)| format!("{}:{line}: {word}", file.path))
        .collect()
}

fn too_long(file: &File, limit: usize) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > limit).then(|| format!("{}: {lines} lines, at most {limit}", file.path))
}

fn file(path: &str, text: &str) -> File {
    File {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn production_code_neither_panics_nor_prints() {
    let found: Vec<_> = production(tree::files())
        .flat_map(|file| uses(file, &STOPS_OR_PRINTS))
        .collect();
    holds(&found);
    assert!(
        production(tree::files()).count() > 20,
        "the search looks in the wrong place"
    );
}

#[test]
fn a_panic_or_a_print_is_found() {
    for word in STOPS_OR_PRINTS {
        let before = if word.starts_with('.') { "b" } else { "" };
        let planted = file("events/src/a.rs", &format!("fn a() {{ {before}{word} }}\n"));
        assert_eq!(uses(&planted, &STOPS_OR_PRINTS).len(), 1, "{word}");
    }
    let clean =
        "fn a() { b.unwrap_or_default() } // no .unwrap() here\n#[expect(dead_code)]\nfn c() {}\n";
    assert!(uses(&file("events/src/a.rs", clean), &STOPS_OR_PRINTS).is_empty());
}

#[test]
fn the_environment_is_read_in_a_programs_config_only() {
    let is_program = |path: &str| path.starts_with("functions/") || path.starts_with("crates/cli/");
    let found: Vec<_> = production(tree::files())
        .filter(|file| !(is_program(&file.path) && file.path.ends_with("/src/config.rs")))
        .flat_map(|file| uses(file, &["env::var", "env::var_os", "env::vars"]))
        .collect();
    holds(&found);
}

#[test]
fn pure_crates_read_no_clock_and_make_no_randomness() {
    let sources = [
        "SystemTime::now",
        "Instant::now",
        "now_utc",
        "OsRng",
        "SysRng",
        "thread_rng",
    ];
    let found: Vec<_> = production(tree::files())
        .filter(|file| is_pure(file))
        .flat_map(|file| uses(file, &sources))
        .collect();
    holds(&found);
}

#[test]
fn pure_crates_choose_by_enum_and_generics_not_at_run_time() {
    let found: Vec<_> = production(tree::files())
        .filter(|file| is_pure(file))
        .flat_map(|file| uses(file, &["dyn"]))
        .collect();
    holds(&found);
    let planted = file(
        "events/src/a.rs",
        "// dyn\nfn a(b: &dyn C) {}\nfn dynamic() {}\n",
    );
    assert_eq!(uses(&planted, &["dyn"]).len(), 1);
}

#[test]
fn a_read_of_the_environment_or_the_clock_is_found() {
    let planted = file(
        "crates/a/src/b.rs",
        "let c = std::env::var(\"D\");\nlet e = Instant::now();\n",
    );
    assert_eq!(uses(&planted, &["env::var", "Instant::now"]).len(), 2);
}

#[test]
fn no_test_is_ignored() {
    let ignored = |file: &File| {
        let source = RustSource::new(&file.text);
        let attributes = source.uses(&["#[ignore]", "#[ignore ="]);
        attributes
            .map(|(line, _)| format!("{}:{line}", file.path))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ignored(&file(
            "a.rs",
            "#[test]\n#[ignore]\nfn b() {}\n#[ignore = \"c\"]\n"
        ))
        .len(),
        2
    );
    let rust = tree::files()
        .iter()
        .filter(|file| file.path.ends_with(".rs"));
    holds(&rust.flat_map(ignored).collect::<Vec<_>>());
}

#[test]
fn no_python_check_is_skipped() {
    let skipped = |file: &File| {
        let lines = file.text.lines().enumerate();
        let skips = lines.filter(|(_, line)| {
            [
                "unittest.skip",
                "skipTest(",
                "SkipTest",
                "mark.skip",
                "expectedFailure",
            ]
            .iter()
            .any(|word| line.contains(word))
        });
        let found = skips.map(|(at, line)| format!("{}:{}: {line}", file.path, at + 1));
        found.collect::<Vec<_>>()
    };
    assert_eq!(
        skipped(&file(
            "a.py",
            "@unittest.skipIf(b, \"c\")\nself.skipTest(\"d\")\n"
        ))
        .len(),
        2
    );
    let python = tree::files()
        .iter()
        .filter(|file| file.path.ends_with(".py"));
    holds(&python.flat_map(skipped).collect::<Vec<_>>());
}

#[test]
fn a_production_source_is_at_most_500_lines() {
    let sources = production(tree::files());
    holds(
        &sources
            .filter_map(|file| too_long(file, LONGEST_SOURCE))
            .collect::<Vec<_>>(),
    );
    assert!(too_long(&file("a.rs", &"\n".repeat(501)), LONGEST_SOURCE).is_some());
}

#[test]
fn the_main_of_a_function_is_at_most_60_lines() {
    let mains: Vec<_> = production(tree::files())
        .filter(|file| file.path.starts_with("functions/") && file.path.ends_with("/src/main.rs"))
        .collect();
    assert!(!mains.is_empty());
    let found: Vec<_> = mains
        .iter()
        .filter_map(|file| too_long(file, LONGEST_MAIN))
        .collect();
    holds(&found);
    assert!(too_long(&file("main.rs", &"\n".repeat(61)), LONGEST_MAIN).is_some());
}

#[test]
fn no_file_is_named_after_a_drawer() {
    let drawers = [
        "utils", "util", "common", "shared", "misc", "helpers", "helper",
    ];
    let found: Vec<_> = tree::files()
        .iter()
        .filter(|file| {
            let mut parts = file.path.split('/');
            parts.any(|part| drawers.contains(&part.split('.').next().unwrap()))
        })
        .map(|file| file.path.clone())
        .collect();
    holds(&found);
}
