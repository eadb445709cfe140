//! Text with limits. Each type is parsed once, at the edge, and says the same to its JSON Schema.

use std::fmt;

use serde_json::Value;

use crate::error::{LimitError, PayloadError};
use crate::event_id::EventId;
use crate::fields::Field;

/// Declares a string type: lengths in characters, the characters allowed (once as code, once as the
/// pattern of the schema; the tests hold the two together) and the limit in words.
macro_rules! text {
    (
        $(#[$doc:meta])*
        $name:ident: $min:literal..=$max:literal, $allowed:expr, $pattern:literal, $limit:literal
    ) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Takes ", $limit, ".")]
            ///
            /// # Errors
            /// [`LimitError`] says the limit and does not repeat the text.
            pub fn new(text: impl Into<String>) -> Result<Self, LimitError> {
                let text = text.into();
                let allowed: fn(&str) -> bool = $allowed;
                if ($min..=$max).contains(&text.chars().count()) && allowed(&text) {
                    Ok(Self(text))
                } else {
                    Err(LimitError { limit: $limit })
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl Field for $name {
            fn read(value: Value) -> Result<Self, PayloadError> {
                Ok(Self::new(String::read(value)?)?)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "minLength": $min,
                    "maxLength": $max,
                    "pattern": $pattern,
                    "description": $limit,
                })
            }
        }
    };
}

text! {
    /// What Secrets Manager calls `SecretId`: an ARN, or a name.
    SecretId: 1..=2048, visible_ascii, r"^[!-~]*$",
    "1 to 2048 printable ASCII characters without spaces"
}

text! {
    /// The ARN of an AWS resource.
    Arn: 1..=2048, visible_ascii, r"^[!-~]*$",
    "1 to 2048 printable ASCII characters without spaces"
}

text! {
    /// The client request token of a rotation, which is the id of the version it makes. Length after the
    /// API reference of `RotateSecret`.
    ClientRequestToken: 32..=64, visible_ascii, r"^[!-~]*$",
    "32 to 64 printable ASCII characters without spaces"
}

text! {
    /// The name a secret has in the store, ours or not (`rds!...` too): no grammar beyond the length.
    StoredName: 1..=512, visible_ascii, r"^[!-~]*$",
    "1 to 512 printable ASCII characters without spaces"
}

text! {
    /// A staging label (`AWSCURRENT`, or one of a user's own).
    StagingLabel: 1..=256, printable, r"^[^\u0000-\u001f\u007f-\u009f]*$",
    "1 to 256 characters without control characters"
}

text! {
    /// The `Step` of a rotation event as it was sent. Both spellings in use pass here; what it means is
    /// for the rotation to say.
    StepName: 1..=64, printable, r"^[^\u0000-\u001f\u007f-\u009f]*$",
    "1 to 64 characters without control characters"
}

text! {
    /// An identifier that somebody else made: a correlation id, a request id, an account.
    Identifier: 1..=256, printable, r"^[^\u0000-\u001f\u007f-\u009f]*$",
    "1 to 256 characters without control characters"
}

text! {
    /// Who did or asked for something: an ARN of IAM or STS, or a user's id. Long enough for a role with a
    /// path (API reference of IAM's `CreateRole`).
    Actor: 1..=2048, printable, r"^[^\u0000-\u001f\u007f-\u009f]*$",
    "1 to 2048 characters without control characters"
}

text! {
    /// The program that made a call, as it called itself. CloudTrail keeps 1 KB of it (CloudTrail User
    /// Guide, "CloudTrail record contents").
    UserAgent: 1..=1024, printable, r"^[^\u0000-\u001f\u007f-\u009f]*$",
    "1 to 1024 characters without control characters"
}

text! {
    /// A sentence for people. Whoever writes it keeps secret values out of it.
    Message: 1..=1024, printable, r"^[^\u0000-\u001f\u007f-\u009f]*$",
    "1 to 1024 characters without control characters"
}

text! {
    /// A word of a vocabulary: `postgres`, `alternating-users`, `target_unreachable`.
    Word: 1..=64, |text| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-'))
    }, r"^[a-z][a-z0-9_-]*$",
    "1 to 64 of a-z, 0-9, `_`, `-`, beginning with a letter"
}

text! {
    /// What was done, as the audit trail names it: `secret.rotated`, `secret_ref_upserted`.
    Action: 1..=64, |text| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '.'))
    }, r"^[a-z][a-z0-9_.]*$",
    "1 to 64 of a-z, 0-9, _ and ., beginning with a letter"
}

text! {
    /// A keyed fingerprint of a secret value, the first 128 bits of an HMAC-SHA-256: equal values have
    /// equal fingerprints under one key, and without the key nobody can try guesses against it.
    Fingerprint: 44..=44, |text| {
        text.strip_prefix("hmac-sha256:").is_some_and(|hex| {
            hex.len() == 32 && hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        })
    }, r"^hmac-sha256:[0-9a-f]{32}$",
    "`hmac-sha256:` and 32 lower-case hexadecimal digits"
}

impl Fingerprint {
    /// Writes down the first 16 bytes of a MAC.
    #[must_use]
    pub fn of_mac(mac: [u8; 16]) -> Self {
        Self(format!("hmac-sha256:{:032x}", u128::from_be_bytes(mac)))
    }
}

impl Message {
    /// Makes a message of any text: control characters become spaces, what is too long is cut and ends
    /// in an ellipsis, and an empty text says that nothing was explained. A failure is never lost for
    /// the form of its sentence.
    #[must_use]
    pub fn clipped(text: &str) -> Self {
        Self(clipped(text).unwrap_or_else(|| "no explanation was given".to_owned()))
    }
}

impl UserAgent {
    /// What a caller said of itself, in the same form as [`Message::clipped`]; nothing when it said nothing.
    #[must_use]
    pub fn clipped(text: &str) -> Option<Self> {
        clipped(text).map(Self)
    }
}

/// At most 1024 characters without control characters; nothing when there is nothing to read.
fn clipped(text: &str) -> Option<String> {
    const LONGEST: usize = 1024;
    let mut clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST + 1)
        .collect();
    if let Some((at_limit, _)) = clean.char_indices().nth(LONGEST) {
        clean.truncate(at_limit);
        clean.pop();
        clean.push('…');
    }
    (!clean.trim().is_empty()).then_some(clean)
}

/// An id is a token that Secrets Manager takes, which is how the version of a rotation leads back to who
/// asked for it.
impl From<EventId> for ClientRequestToken {
    fn from(id: EventId) -> Self {
        Self(id.to_string())
    }
}

impl Word {
    /// A word that this contract spells itself.
    pub(crate) fn of_ours(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl StoredName {
    /// A name for a report: of a text too long for a name, which no secret can have, its beginning.
    /// The caller has a [`SecretId`], so there is at least one character and all are allowed.
    pub(crate) fn of_part(id_or_part: &str) -> Self {
        Self(id_or_part.chars().take(512).collect())
    }
}

impl Arn {
    /// Both have the same limits.
    pub(crate) fn of_secret_id(id: &SecretId) -> Self {
        Self(id.0.clone())
    }
}

/// The token that proves, in a cross-account call, that Secrets Manager started this rotation. It is
/// handed back to `PutSecretValue` and otherwise treated as a secret: no Display, no Serialize, a Debug
/// that shows nothing, no comparison.
#[derive(Clone)]
pub struct RotationToken(String);

impl RotationToken {
    const LIMIT: &'static str = "1 to 256 printable ASCII characters without spaces";

    /// Takes 1 to 256 printable ASCII characters. The API reference of `PutSecretValue` asks for at least
    /// 36; the store is left to judge that.
    ///
    /// # Errors
    /// [`LimitError`] says the limit and does not repeat the token.
    pub fn new(token: impl Into<String>) -> Result<Self, LimitError> {
        let token = token.into();
        if (1..=256).contains(&token.len()) && visible_ascii(&token) {
            Ok(Self(token))
        } else {
            Err(LimitError { limit: Self::LIMIT })
        }
    }

    /// The token itself, for the one call that takes it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RotationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Field for RotationToken {
    fn read(value: Value) -> Result<Self, PayloadError> {
        Ok(Self::new(String::read(value)?)?)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RotationToken {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RotationToken".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": 256,
            "pattern": r"^[!-~]*$",
            "description": Self::LIMIT,
        })
    }
}

fn visible_ascii(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic())
}

fn printable(text: &str) -> bool {
    !text.contains(char::is_control)
}
