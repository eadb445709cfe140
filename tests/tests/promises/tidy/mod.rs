//! The tree keeps its own rules. Each check is a function over text, so that each is also shown a
//! violation that it has to find.

mod crate_graph;
mod deployed;
mod exposure;
mod links;
mod manifests;
mod places;
mod rooms;
pub mod runbooks;
pub mod rust_source;
mod sources;
pub mod toml;
pub mod tree;

/// Passes when nothing was found, and otherwise lists what was.
#[track_caller]
pub fn holds(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}
