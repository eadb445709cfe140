use std::fmt;

/// The ARN or name of a secret: 1 to 2,048 characters, none of them blank or a control character.
///
/// Any secret that Secrets Manager accepts is accepted here, whatever its name: the hook is a drop-in.
/// Source: [DescribeSecret, `SecretId`](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SecretId(String);

impl SecretId {
    /// The longest identifier that Secrets Manager takes, in characters.
    pub const MAX_LEN: usize = 2048;

    /// Parses an ARN or a name; `None` when it cannot be either.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::MAX_LEN;
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        (fits && printable).then(|| Self(text.to_owned()))
    }

    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A client request token: 32 to 64 characters. It is also the id of the version it makes.
///
/// Source: [RotateSecret, `ClientRequestToken`](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ClientRequestToken(String);

impl ClientRequestToken {
    /// Parses a token; `None` when it is not 32 to 64 printable ASCII characters.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (32..=64).contains(&text.len());
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        (fits && printable).then(|| Self(text.to_owned()))
    }

    /// The token as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientRequestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a version: the token that made it.
pub type VersionId = ClientRequestToken;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_32_to_64_printable_characters() {
        for (len, taken) in [(0, false), (31, false), (32, true), (64, true), (65, false)] {
            assert_eq!(
                ClientRequestToken::parse(&"a".repeat(len)).is_some(),
                taken,
                "{len} characters"
            );
        }
        assert!(ClientRequestToken::parse(&"\n".repeat(40)).is_none());
    }

    #[test]
    fn a_secret_id_is_any_printable_name_or_arn() {
        assert!(SecretId::parse("prod/db/app-primary").is_some());
        assert!(
            SecretId::parse("arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf")
                .is_some()
        );
        for text in ["", "two words", "tab\t", &"x".repeat(2049)] {
            assert!(SecretId::parse(text).is_none());
        }
    }
}
