//! The tree is the same on every machine, and finished.

use super::holds;
use super::tree::{self, File};

/// The places where a text names a directory of one machine.
fn machine_paths(file: &File) -> Vec<String> {
    // Put together here, so that this file does not find itself.
    let roots = ["root", "work", "home", "Users"].map(|name| format!("/{name}/"));
    let starts_a_path = |line: &str, at: usize| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~})*>/".contains(c))
    };
    found_in(file, |line| {
        roots.iter().any(|root| {
            let mut places = line.match_indices(root.as_str());
            places.any(|(at, _)| starts_a_path(line, at))
        })
    })
}

/// The places where something is put off.
fn put_off(file: &File) -> Vec<String> {
    let marks = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]].map(|parts| parts.concat());
    found_in(file, |line| {
        let mut words = line.split(|c: char| !c.is_alphanumeric());
        words.any(|word| marks.iter().any(|mark| mark == word))
    })
}

fn found_in(file: &File, wrong: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| wrong(line))
        .map(|(at, line)| format!("{}:{}: {}", file.path, at + 1, line.trim()))
        .collect()
}

fn file(text: &str) -> File {
    File {
        path: "a".to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn no_file_names_a_directory_of_one_machine() {
    holds(
        &tree::files()
            .iter()
            .flat_map(machine_paths)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_directory_of_one_machine_is_found() {
    let planted = ["root", "work", "home"]
        .map(|name| format!("see `/{name}/me/notes.md`\n"))
        .concat();
    assert_eq!(machine_paths(&file(&planted)).len(), 3);
    assert!(
        machine_paths(&file(
            "https://example.com/home/a target/work/b $HOME/work/c\n"
        ))
        .is_empty()
    );
}

#[test]
fn nothing_is_put_off() {
    holds(&tree::files().iter().flat_map(put_off).collect::<Vec<_>>());
}

#[test]
fn something_put_off_is_found() {
    let planted = ["// TO", "DO: later\n# FIX", "ME\ntodo = \"warn\"\n"].concat();
    assert_eq!(put_off(&file(&planted)).len(), 2);
}
