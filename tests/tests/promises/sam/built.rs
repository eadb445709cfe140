//! `sam build`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{cli, functions};

#[test]
fn every_function_of_the_templates_is_built() {
    for function in functions::all() {
        let program = cli::built().join(&function).join("bootstrap");
        let metadata =
            fs::metadata(&program).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        assert!(metadata.permissions().mode() & 0o111 != 0, "{function}");
    }
}
