//! How numbers and keys are written in JSON Web Keys.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// Base64url without padding (RFC 7515, section 2).
pub(super) fn encoded(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// The bytes of a member; `None` when it is not there or not written so.
pub(super) fn decoded(jwk: &Map<String, Value>, member: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = jwk.get(member)?.as_str()?;
    Base64UrlUnpadded::decode_vec(text).ok().map(Zeroizing::new)
}

/// The text of a member.
pub(super) fn text<'a>(jwk: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    jwk.get(member)?.as_str()
}
