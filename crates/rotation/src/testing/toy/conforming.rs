use serde_json::Value;

use super::{NOBODY, ToyServer, parse, value};
use crate::SecretValue;
use crate::testing::Target as _;
use crate::testing::conformance::ConformingTarget;

/// The name of a field that only one fault has.
const TOKEN: &str = "token";

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
    /// The secret has a value under a name of its own, and the server's log tells it once there is one before it.
    LeaksAnotherField,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::DropsFields,
        Self::AnyTarget,
        Self::DryRunIsWet,
        Self::Misclassifies,
        Self::LeaksInTexts,
        Self::LeaksAtTheTarget,
        Self::LeaksAnotherField,
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

/// Puts a value under a name that no kind has, and the one that stood there beside it.
pub(super) fn with_another_field(next: &mut Value, made: &str) {
    if let Some(fields) = next.as_object_mut()
        && let Some(before) = fields.insert(TOKEN.to_owned(), made.into())
    {
        fields.insert(format!("{TOKEN}_previous"), before);
    }
}

/// The value under that name, once there is one before it: no other field of the secret has its text.
pub(super) fn another_field(of: &SecretValue) -> Option<String> {
    let json = parse(of).ok()?;
    json.get(format!("{TOKEN}_previous"))?;
    json.get(TOKEN)?.as_str().map(str::to_owned)
}
