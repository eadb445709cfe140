use std::fmt;

use rekey_events::{REQUESTER_SOURCE_PREFIX, SCHEDULE_SOURCE};

/// The role that may rotate.
pub const ADMIN: &str = "internal_admin";

/// The longest name, as infra/requester.yaml has it.
const LONGEST: usize = 32;

/// The name under which somebody asks for rotations: `billing` for the source `rekey.requester.billing`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Requester(String);

impl Requester {
    /// Reads a name, or a source.
    ///
    /// # Errors
    /// A sentence for the command line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix(REQUESTER_SOURCE_PREFIX).unwrap_or(text);
        let one = Self(name.to_owned());
        if one.source() == SCHEDULE_SOURCE {
            return Err("schedule is the stack's own, and nobody else speaks under it".into());
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let sound = (1..=LONGEST).contains(&name.len())
            && name.chars().all(allowed)
            && !name.starts_with('-');
        match sound {
            true => Ok(one),
            false => Err(format!(
                "a requester is 1 to {LONGEST} lower-case letters, digits and hyphens, such as billing"
            )),
        }
    }

    /// The one of the operator policy.
    pub fn operators() -> Self {
        Self("operators".to_owned())
    }

    /// Whether it is.
    pub fn is_operators(&self) -> bool {
        *self == Self::operators()
    }

    /// The source of its events, which IAM pins.
    pub fn source(&self) -> String {
        format!("{REQUESTER_SOURCE_PREFIX}{self}")
    }
}

impl fmt::Display for Requester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name in a source: `billing`.
pub fn name_of(source: &str) -> &str {
    source
        .strip_prefix(REQUESTER_SOURCE_PREFIX)
        .unwrap_or(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requester_is_given_by_its_name_or_its_source() {
        for text in ["billing", "rekey.requester.billing"] {
            let requester = Requester::parse(text).unwrap();
            assert_eq!(requester.source(), "rekey.requester.billing");
            assert_eq!(requester.to_string(), "billing");
        }
        assert_eq!(name_of("rekey.requester.billing"), "billing");
    }

    #[test]
    fn the_role_that_may_rotate_is_the_one_of_the_stacks_own_schedule() {
        assert_eq!(rekey_registry::request::Actor::schedule().role, ADMIN);
    }

    #[test]
    fn the_stacks_own_name_is_nobody_elses() {
        for text in ["schedule", "rekey.requester.schedule"] {
            assert!(Requester::parse(text).unwrap_err().contains("stack's own"));
        }
    }

    #[test]
    fn what_no_policy_can_be_named_after_is_no_requester() {
        let long = "x".repeat(33);
        for text in [
            "",
            "-billing",
            "Billing",
            "a.b",
            "a b",
            "rekey.requester.",
            &long,
        ] {
            assert!(Requester::parse(text).is_err(), "{text}");
        }
    }
}
