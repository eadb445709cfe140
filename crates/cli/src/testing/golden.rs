//! Output that is kept in golden/, and shown in docs/cli.md.

use std::path::{Path, PathBuf};

/// Compares `text` with the kept one. `REKEY_BLESS=1` keeps it anew.
pub fn golden(name: &str, text: &str) {
    let path = folder().join(format!("{name}.txt"));
    // A line that ends in a blank is none that an editor keeps.
    let text: Vec<_> = text.lines().map(str::trim_end).collect();
    let text = text.join("\n") + "\n";
    if bless() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "golden/{name}.txt differs (REKEY_BLESS=1 keeps it anew); now it is:\n{text}"
    );
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever changes what is printed says so by this variable"
)]
pub fn bless() -> bool {
    std::env::var("REKEY_BLESS").is_ok()
}
