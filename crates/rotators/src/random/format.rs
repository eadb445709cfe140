use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use rekey_rotation::TargetError;
use serde_json::Value;
use zeroize::Zeroizing;

use super::held::Held;
use crate::object::invalid;

/// Standard Webhooks asks for 24 to 64 bytes. HMAC-SHA256 gains nothing from more.
/// Source: [Standard Webhooks, signature scheme](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme).
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
const LENGTH: usize = 32;

/// How a key is written. What it stands for are bytes, and they are what signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    /// Base64 behind the prefix of Standard Webhooks.
    Whsec,
    Hex,
    /// Base64 for URLs, without padding.
    Base64Url,
}

const PREFIX: &str = "whsec_";

impl Format {
    /// The field `format`; without it, Standard Webhooks.
    pub(super) fn of(held: &Held) -> Result<Self, TargetError> {
        match held.object.field("format").map(Value::as_str) {
            None | Some(Some("whsec_")) => Ok(Self::Whsec),
            Some(Some("hex")) => Ok(Self::Hex),
            Some(Some("base64url")) => Ok(Self::Base64Url),
            Some(_) => Err(invalid(
                "`format` must be one of `whsec_`, `hex` and `base64url`; correct it in AWSCURRENT, or take it out for `whsec_`",
            )),
        }
    }

    /// The bytes of a key; `None` when it is not written so, or there are none.
    pub(super) fn read(self, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = match self {
            Self::Whsec => Base64::decode_vec(text.strip_prefix(PREFIX)?).ok(),
            Self::Hex => base16ct::mixed::decode_vec(text).ok(),
            Self::Base64Url => Base64UrlUnpadded::decode_vec(text).ok(),
        };
        bytes.map(Zeroizing::new).filter(|bytes| !bytes.is_empty())
    }

    pub(super) fn write(self, bytes: &[u8]) -> Zeroizing<String> {
        match self {
            Self::Whsec => {
                let text = Zeroizing::new(Base64::encode_string(bytes));
                Zeroizing::new([PREFIX, &text].concat())
            }
            Self::Hex => Zeroizing::new(base16ct::lower::encode_string(bytes)),
            Self::Base64Url => Zeroizing::new(Base64UrlUnpadded::encode_string(bytes)),
        }
    }
}

/// How many bytes a new key has: the field `bytes`, or 32.
pub(super) fn length(held: &Held) -> Result<usize, TargetError> {
    let Some(given) = held.object.field("bytes") else {
        return Ok(LENGTH);
    };
    given
        .as_u64()
        .and_then(|bytes| usize::try_from(bytes).ok())
        .filter(|bytes| LENGTHS.contains(bytes))
        .ok_or_else(|| {
            invalid(
                "`bytes` must be a whole number from 24 to 64, the lengths that Standard Webhooks allows; correct it in AWSCURRENT, or take it out for 32",
            )
        })
}
