use std::fmt;

/// A staging label. One label is attached to at most one version of a secret.
///
/// Source: [AWS, secret versions](https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum StagingLabel {
    /// `AWSCURRENT`: what a reader gets who asks for nothing else.
    Current,
    /// `AWSPENDING`: the value of a rotation under way.
    Pending,
    /// `AWSPREVIOUS`: the last known good value. Secrets Manager moves it by itself.
    Previous,
    /// A label of somebody's own.
    Other(String),
}

impl StagingLabel {
    /// The label as Secrets Manager writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
            Self::Previous => "AWSPREVIOUS",
            Self::Other(label) => label,
        }
    }
}

impl From<&str> for StagingLabel {
    fn from(text: &str) -> Self {
        match text {
            "AWSCURRENT" => Self::Current,
            "AWSPENDING" => Self::Pending,
            "AWSPREVIOUS" => Self::Previous,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for StagingLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
