use serde_json::Value;

use super::{NOBODY, ToyServer, parse, value};
use crate::SecretValue;
use crate::testing::Target as _;
use crate::testing::conformance::ConformingTarget;

/// A promise that a toy breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The next value lacks what somebody else has put into the secret.
    DropsFields,
    /// A pending value of any target is taken.
    AnyTarget,
    /// A dry run sets a password.
    DryRunIsWet,
    /// What is forbidden is told as a bug.
    Misclassifies,
    /// A text tells the password.
    LeaksInTexts,
    /// The server's log tells the password.
    LeaksAtTheTarget,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::DropsFields,
        Self::AnyTarget,
        Self::DryRunIsWet,
        Self::Misclassifies,
        Self::LeaksInTexts,
        Self::LeaksAtTheTarget,
    ];
}

impl ConformingTarget for ToyServer {
    fn version(&self) -> String {
        "in memory".to_owned()
    }

    async fn snapshot(&self) -> String {
        let state = self.state();
        format!("{:?}", state.users)
    }

    async fn written_down(&self) -> String {
        self.state().log.join("\n")
    }

    async fn plant(&self, text: &str) {
        self.state().log.push(text.to_owned());
    }

    fn elsewhere(&self, of: &SecretValue) -> Option<SecretValue> {
        with_host(of, "elsewhere.test")
    }

    fn unreachable(&self) -> Option<SecretValue> {
        with_host(&self.first(), NOBODY)
    }

    async fn forbid(&self) -> bool {
        self.state().forbidden = true;
        true
    }
}

fn with_host(of: &SecretValue, host: &str) -> Option<SecretValue> {
    let mut json = parse(of).ok()?;
    *json.get_mut("host")? = Value::from(host);
    Some(value(&json))
}
