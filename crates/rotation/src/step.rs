use std::fmt;
use std::str::FromStr;

/// A rotation step, in the order in which Secrets Manager calls them.
///
/// Source: [AWS, rotation by Lambda function](https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// Make the next value and keep it under `AWSPENDING`.
    Create,
    /// Make the pending value valid at the target.
    Set,
    /// Log in with the pending value.
    Test,
    /// Move `AWSCURRENT` to the pending version.
    Finish,
}

impl Step {
    /// The four steps in order.
    pub const ALL: [Self; 4] = [Self::Create, Self::Set, Self::Test, Self::Finish];

    /// The spelling that Secrets Manager sends.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "createSecret",
            Self::Set => "setSecret",
            Self::Test => "testSecret",
            Self::Finish => "finishSecret",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Step {
    type Err = UnknownStep;

    /// Takes `createSecret` and `create_secret` alike: AWS's documentation uses both.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "createSecret" | "create_secret" => Ok(Self::Create),
            "setSecret" | "set_secret" => Ok(Self::Set),
            "testSecret" | "test_secret" => Ok(Self::Test),
            "finishSecret" | "finish_secret" => Ok(Self::Finish),
            _ => Err(UnknownStep),
        }
    }
}

/// The text is none of the four steps. It is not repeated: whatever was sent there may be anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("Step must be one of createSecret, setSecret, testSecret, finishSecret")]
pub struct UnknownStep;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_each_step_are_taken() {
        for step in Step::ALL {
            let camel = step.as_str();
            let snake = camel.replace("Secret", "_secret");
            assert_eq!(camel.parse(), Ok(step));
            assert_eq!(snake.parse(), Ok(step));
        }
    }

    #[test]
    fn anything_else_is_refused_without_repeating_it() {
        for text in ["", "CreateSecret", "createsecret", "rollback", "hunter2"] {
            let refused = text.parse::<Step>().unwrap_err().to_string();
            assert!(text.is_empty() || !refused.contains(text));
        }
    }
}
