//! Every crate is set up the same way.

use std::collections::BTreeSet;

use super::holds;
use super::toml::{Entry, entries};
use super::tree::{self, File};

/// It runs on a developer's machine, where printing is the point.
const OWN_LINTS: &str = "xtask/Cargo.toml";

fn manifests() -> impl Iterator<Item = &'static File> {
    tree::files()
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"))
}

/// The dependencies of a manifest: name and what is said about it.
fn dependencies(manifest: &[Entry]) -> impl Iterator<Item = (&str, String)> {
    let of_dependencies = |entry: &&Entry| {
        let table = entry.table.rsplit('.').next().unwrap();
        matches!(
            table,
            "dependencies" | "dev-dependencies" | "build-dependencies"
        ) && entry.table != "workspace.dependencies"
    };
    manifest
        .iter()
        .filter(of_dependencies)
        .map(|entry| match entry.key.split_once('.') {
            Some((name, key)) => (name, format!("{key} = {}", entry.value)),
            None => (entry.key.as_str(), entry.value.clone()),
        })
}

/// A version belongs in the root manifest, once.
fn own_versions(manifest: &[Entry]) -> Vec<String> {
    dependencies(manifest)
        .filter(|(name, said)| {
            let ours = name.starts_with("rekey-") && said.contains("path = ");
            !said.contains("workspace = true") && !ours
        })
        .map(|(name, _)| format!("{name} has a version of its own"))
        .collect()
}

fn inherits_lints(manifest: &[Entry]) -> bool {
    let mut lints = manifest.iter().filter(|entry| entry.table == "lints");
    lints.any(|entry| entry.key == "workspace" && entry.value == "true")
}

/// Whether a crate's page is its README.
fn page_is_readme(root_source: &str) -> bool {
    root_source.contains("#![doc = include_str!(\"../README.md\")]")
}

#[test]
fn every_version_of_a_dependency_is_in_the_root_manifest() {
    let found: Vec<_> = manifests()
        .flat_map(|file| {
            let wrong = own_versions(&entries(&file.text));
            wrong.into_iter().map(|one| format!("{}: {one}", file.path))
        })
        .collect();
    holds(&found);
}

#[test]
fn a_version_outside_the_root_manifest_is_found() {
    let planted = entries(concat!(
        "[dependencies]\nserde = \"1\"\nserde_json.workspace = true\ntime = { workspace = true }\n",
        "[dev-dependencies]\nproptest = { version = \"1\" }\nrekey-rotation = { path = \".\" }\n",
        "[target.'cfg(unix)'.dependencies]\nlibc.version = \"1\"\n",
    ));
    assert_eq!(
        own_versions(&planted),
        ["serde", "proptest", "libc"].map(|name| format!("{name} has a version of its own"))
    );
}

#[test]
fn every_dependency_of_the_root_manifest_is_used() {
    let parsed: Vec<_> = manifests().map(|file| entries(&file.text)).collect();
    let used: BTreeSet<_> = parsed
        .iter()
        .flat_map(|manifest| dependencies(manifest).map(|(name, _)| name))
        .collect();
    let root = entries(&tree::read("Cargo.toml"));
    let unused: Vec<_> = root
        .iter()
        .filter(|entry| {
            entry.table == "workspace.dependencies" && !used.contains(entry.key.as_str())
        })
        .map(|entry| format!("{} is in no crate", entry.key))
        .collect();
    holds(&unused);
    assert!(used.contains("serde_json"));
}

#[test]
fn every_crate_inherits_the_lints_of_the_workspace() {
    let without: Vec<_> = manifests()
        .filter(|file| file.path != OWN_LINTS && !inherits_lints(&entries(&file.text)))
        .map(|file| file.path.clone())
        .collect();
    holds(&without);
    assert!(!inherits_lints(&entries(
        "[lints.rust]\nunsafe_code = \"forbid\"\n"
    )));
}

#[test]
fn every_crate_has_a_readme_that_is_its_page() {
    let mut missing = Vec::new();
    for file in manifests() {
        let room = file.path.strip_suffix("/Cargo.toml").unwrap();
        let at = |name: &str| {
            tree::files()
                .iter()
                .find(|one| one.path == format!("{room}/{name}"))
        };
        if at("README.md").is_none() {
            missing.push(format!("{room}/README.md is not there"));
        }
        // Tools have a command line, which is their page.
        let source = at("src/lib.rs").or_else(|| at("src/main.rs")).unwrap();
        if room != "xtask" && !page_is_readme(&source.text) {
            missing.push(format!("{} does not include the README", source.path));
        }
    }
    holds(&missing);
    assert!(!page_is_readme("//! A page of its own."));
}
