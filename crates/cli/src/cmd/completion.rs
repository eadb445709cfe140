use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::arguments::Arguments;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;

/// Prints the completion script for a shell.
pub fn run(shell: Shell, console: &mut Console<'_>) -> Result<Exit, Error> {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "rekey", &mut script);
    console.raw(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Ok)
}
