//! The function that retires what the family `keys` has rotated.
// As in the library.
#![recursion_limit = "256"]

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rekey_retire::run::<rekey_families::Keys>().await
}
