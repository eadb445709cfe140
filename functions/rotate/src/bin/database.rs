//! The rotation function of the family `database`.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rekey_rotate::run::<rekey_families::Database>().await
}
