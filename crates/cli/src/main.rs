//! `rekey`: see the library beside it.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rekey_cli::main().await.into()
}
