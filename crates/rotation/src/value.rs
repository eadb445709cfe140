use std::fmt;

use zeroize::Zeroizing;

/// A secret's value in memory. The only type that holds one.
///
/// It has no `Display`, no `Serialize` and no comparison, its `Debug` says nothing, and its bytes are
/// overwritten when it is dropped. Whoever needs the bytes calls [`SecretValue::expose`] and says why.
pub struct SecretValue(Zeroizing<String>);

impl SecretValue {
    /// The most that Secrets Manager keeps in one version, in bytes.
    ///
    /// Source: [Secrets Manager quotas](https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
    pub const MAX_BYTES: usize = 65_536;

    /// Takes a value that fits into a version: 1 to 65,536 bytes.
    ///
    /// # Errors
    /// [`InvalidValue`] when it is empty or too long. The value itself is not in the error.
    pub fn new(value: String) -> Result<Self, InvalidValue> {
        let value = Zeroizing::new(value);
        match value.len() {
            0 => Err(InvalidValue::Empty),
            len if len > Self::MAX_BYTES => Err(InvalidValue::TooLong { bytes: len }),
            _ => Ok(Self(value)),
        }
    }

    /// The value itself. Every call carries a comment that says why it must be seen there.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Clone for SecretValue {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue([redacted])")
    }
}

/// A value that no version can hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidValue {
    /// There is nothing in it.
    #[error("the secret's value is empty")]
    Empty,
    /// It is over the limit of Secrets Manager.
    #[error("the secret's value has {bytes} bytes; Secrets Manager keeps at most 65536")]
    TooLong {
        /// How long it is, in bytes.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_in_its_debug_text() {
        let value = SecretValue::new("correct horse".to_owned()).unwrap();
        assert_eq!(format!("{value:?}"), "SecretValue([redacted])");
    }

    #[test]
    fn a_value_has_1_to_65536_bytes() {
        assert_eq!(
            SecretValue::new(String::new()).unwrap_err(),
            InvalidValue::Empty
        );
        assert!(SecretValue::new("x".repeat(65_536)).is_ok());
        assert_eq!(
            SecretValue::new("x".repeat(65_537)).unwrap_err(),
            InvalidValue::TooLong { bytes: 65_537 }
        );
    }
}
