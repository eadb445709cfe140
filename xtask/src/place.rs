//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The root of the checkout.
pub fn root() -> PathBuf {
    // xtask's manifest is one below the root; cargo sets it at build time.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where servers and tools are kept for every clone of this machine.
pub fn cache() -> Result<PathBuf> {
    let chosen = env::var_os("REKEY_CACHE").map(PathBuf::from);
    let xdg = || env::var_os("XDG_CACHE_HOME").map(|dir| PathBuf::from(dir).join("rekey"));
    let home = || env::var_os("HOME").map(|dir| PathBuf::from(dir).join(".cache/rekey"));
    let cache = chosen
        .or_else(xdg)
        .or_else(home)
        .context("no place for tools: set REKEY_CACHE or HOME")?;
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    Ok(cache)
}
