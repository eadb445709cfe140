//! Running commands so that a failure says which command, where, and what it printed.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A command in the root of the checkout.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(crate::place::root());
    command
}

/// Cargo, as this xtask was started with.
pub fn cargo() -> Command {
    as_from_a_shell(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A command that calls cargo, without what cargo tells this process about its own package: build scripts
/// look at it, and would build their crates again each time they are called from here instead of from a
/// shell.
pub fn as_from_a_shell(program: impl AsRef<OsStr>) -> Command {
    let mut command = command(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs it with its output shown.
pub fn shown(command: &mut Command) -> Result<()> {
    let name = line(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start `{name}`"))?;
    if !status.success() {
        bail!("`{name}` failed ({status})");
    }
    Ok(())
}

/// Runs it and returns what it printed; shows that only when it fails.
pub fn quiet(command: &mut Command) -> Result<String> {
    let name = line(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{name}`"))?;
    if !output.status.success() {
        bail!(
            "`{name}` failed ({})\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub fn line(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
