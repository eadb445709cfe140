//! ARCHITECTURE.md names the rooms that there are, and no others.

use super::toml::entries;
use super::{holds, tree};

/// The rooms of the page: the first column of the rows that begin with a path in backticks.
fn rooms(architecture: &str) -> Vec<&str> {
    let rows = architecture
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split('`').next());
    names.filter_map(|name| name.strip_suffix('/')).collect()
}

/// The rooms that are named and not there, and those that are there and not named. A directory at the
/// top is named by itself or by a room in it.
fn disagreements(rooms: &[&str], members: &[String], top_level: &[String]) -> Vec<String> {
    let gone = rooms
        .iter()
        .filter(|room| !tree::root().join(room).is_dir())
        .map(|room| format!("{room}/ is named and not there"));
    let unnamed = members
        .iter()
        .filter(|member| !rooms.contains(&member.as_str()))
        .map(|member| format!("{member}/ is a member and not named"));
    let unmapped = top_level
        .iter()
        .filter(|directory| {
            !rooms
                .iter()
                .any(|room| room.split('/').next() == Some(*directory))
        })
        .map(|directory| format!("{directory}/ is there and not named"));
    gone.chain(unnamed).chain(unmapped).collect()
}

fn members() -> Vec<String> {
    let manifest = entries(&tree::read("Cargo.toml"));
    let members = manifest
        .iter()
        .find(|entry| entry.table == "workspace" && entry.key == "members")
        .unwrap();
    members.strings().into_iter().map(str::to_owned).collect()
}

#[test]
fn the_architecture_page_names_every_room_and_no_other() {
    let page = tree::read("ARCHITECTURE.md");
    let rooms = rooms(&page);
    assert!(
        !rooms.is_empty(),
        "ARCHITECTURE.md has no rows that begin with \"| `path/`\""
    );
    holds(&disagreements(
        &rooms,
        &members(),
        &tree::top_level_directories(),
    ));
}

#[test]
fn a_room_that_is_gone_or_not_named_is_found() {
    let page =
        "| room | owns |\n|---|---|\n| `events/` | the contract |\n| `crates/attic/` | - |\n";
    let rooms = rooms(page);
    assert_eq!(rooms, ["events", "crates/attic"]);
    let here = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let found = disagreements(
        &rooms,
        &here(&["events", "xtask"]),
        &here(&["events", "crates", "infra"]),
    );
    assert_eq!(
        found,
        [
            "crates/attic/ is named and not there",
            "xtask/ is a member and not named",
            "infra/ is there and not named",
        ]
    );
}

#[test]
fn every_member_of_the_workspace_is_there_and_every_manifest_is_a_member() {
    let mut members = members();
    members.sort();
    let manifests = tree::files()
        .iter()
        .filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    assert_eq!(members, manifests.collect::<Vec<_>>());
}
