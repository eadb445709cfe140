//! The one hash, and how it is written.

use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub(crate) fn hash_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 as 64 lower-case hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&hash_of(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// The canonical spelling of a document, RFC 8785: what is hashed has one, in every language.
pub(crate) fn canonical(document: &impl Serialize) -> Result<Vec<u8>, Unwritable> {
    serde_json_canonicalizer::to_vec(document).map_err(|_| Unwritable)
}

/// A document that has no canonical spelling: a number that JSON cannot hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the record cannot be written as canonical JSON (RFC 8785)")]
pub struct Unwritable;
