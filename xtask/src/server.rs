//! What every kind of server that is started here has: a folder, an owner, a certificate, an end.

pub mod certificate;
pub mod files;
pub mod folder;
pub mod owner;
pub mod packages;
pub mod port;
pub mod process;

use std::fs::File;
use std::io::Read as _;

use anyhow::{Context as _, Result};

/// A password or an id: 32 hexadecimal digits for 16 bytes.
pub fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0_u8; bytes];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut random))
        .context("no randomness")?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
