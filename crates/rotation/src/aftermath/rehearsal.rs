//! What a rehearsal tells: what was looked at, and what each step would do. No value and no user's name.

use crate::{ErrorClass, Overlap, Step};

/// How a rehearsal ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rehearsed {
    /// Every check, in the order of [`CheckName::ALL`].
    pub checks: Vec<Check>,
    /// What each step would do; empty when a check failed, because a rotation would not come that far.
    pub steps: Vec<PlannedStep>,
    /// How old and new would share the time; `None` when a check failed.
    pub overlap: Option<Overlap>,
}

impl Rehearsed {
    /// What went wrong, and what to do: the class and the text of the check that failed.
    pub fn failure(&self) -> Option<(ErrorClass, &str)> {
        self.checks.iter().find_map(|check| match &check.result {
            CheckResult::Failed { class, message } => Some((*class, message.as_str())),
            CheckResult::Passed | CheckResult::NotTried => None,
        })
    }
}

/// One thing that a rotation needs, and whether it is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Check {
    /// What was looked at.
    pub name: CheckName,
    /// How it ended.
    pub result: CheckResult,
}

/// What is looked at, in this order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CheckName {
    /// The secret, and the superuser secret if it needs one: they can be read, and are of this kind.
    Secret,
    /// The next value can be made, and fits into a version of the secret.
    Quota,
    /// The target can be reached.
    Reachable,
    /// Its TLS is as the secret asks for it.
    Tls,
    /// The logins that a rotation needs are taken.
    Login,
    /// The whole change can be made there.
    Permission,
}

impl CheckName {
    /// All of them in order.
    pub const ALL: [Self; 6] = [
        Self::Secret,
        Self::Quota,
        Self::Reachable,
        Self::Tls,
        Self::Login,
        Self::Permission,
    ];

    /// The name, as in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Quota => "quota",
            Self::Reachable => "reachable",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Permission => "permission",
        }
    }
}

/// How one check ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CheckResult {
    /// As a rotation needs it.
    Passed,
    /// Not so; a rotation would fail here.
    Failed {
        /// What kind of failure it is.
        class: ErrorClass,
        /// What was seen and what to do, for people.
        message: String,
    },
    /// Not looked at, because an earlier one failed.
    NotTried,
}

impl CheckResult {
    /// The name, as in events.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed { .. } => "failed",
            Self::NotTried => "not_tried",
        }
    }
}

/// What one step would do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PlannedStep {
    /// The step.
    pub step: Step,
    /// What it would do, for people.
    pub message: &'static str,
}

/// All checks: those before the one that failed have passed, those after it were not tried.
pub(super) fn checks(failed: Option<Check>) -> Vec<Check> {
    let Some(failed) = failed else {
        return CheckName::ALL.map(passed).to_vec();
    };
    let at = failed.name;
    let before = CheckName::ALL.into_iter().filter(|name| *name < at);
    let after = CheckName::ALL.into_iter().filter(|name| *name > at);
    before
        .map(passed)
        .chain([failed])
        .chain(after.map(|name| Check {
            name,
            result: CheckResult::NotTried,
        }))
        .collect()
}

fn passed(name: CheckName) -> Check {
    Check {
        name,
        result: CheckResult::Passed,
    }
}

/// What the four steps would do.
pub(super) fn planned(overlap: Overlap) -> Vec<PlannedStep> {
    let plan = |step| PlannedStep {
        step,
        message: in_words(step, overlap),
    };
    Step::ALL.map(plan).to_vec()
}

const fn in_words(step: Step, overlap: Overlap) -> &'static str {
    use Overlap::{
        AlternatingUsers, DualPublish, Keyring, PreviousInside, SingleUser, TwoPasswords,
    };
    match (step, overlap) {
        (Step::Create, AlternatingUsers) => {
            "makes a new password for the user that AWSCURRENT does not have, and keeps it as AWSPENDING"
        }
        (Step::Create, SingleUser) => {
            "makes a new password for the user that AWSCURRENT has, and keeps it as AWSPENDING"
        }
        (Step::Create, TwoPasswords) => {
            "makes a second password for the user that AWSCURRENT has, and keeps it as AWSPENDING"
        }
        (Step::Create, DualPublish) => {
            "takes the next key of AWSCURRENT into use, makes the one after it, and keeps both as AWSPENDING"
        }
        (Step::Create, PreviousInside) => {
            "makes a new value, puts the one of AWSCURRENT beside it with the time at which it ends, and keeps both as AWSPENDING"
        }
        (Step::Create, Keyring) => {
            "adds a new key to those of AWSCURRENT, and keeps the ring as AWSPENDING"
        }
        (Step::Set, AlternatingUsers) => {
            "logs in as the superuser, makes the idle user the equal of the one in use, and gives it the new password; the one in use is not touched"
        }
        (Step::Set, SingleUser) => {
            "logs in with AWSCURRENT and changes the password of its user: from then on the old password is refused"
        }
        (Step::Set, TwoPasswords) => {
            "gives the user the new password beside the one in use, and takes any older one away"
        }
        (Step::Set, DualPublish) => {
            "publishes the key set anew: the key in use as the one before, the next one, and the one after it; verifiers know the next one already"
        }
        (Step::Set, PreviousInside) => {
            "compares AWSPENDING with AWSCURRENT: the value in use is in it, and nothing is set anywhere"
        }
        (Step::Set, Keyring) => {
            "compares AWSPENDING with AWSCURRENT: every key as it was, and one more"
        }
        (Step::Test, Keyring) => "checks that AWSPENDING is a ring whose newest key is in use",
        (Step::Test, DualPublish) => {
            "signs with AWSPENDING, and checks the signature by what is published"
        }
        (Step::Test, PreviousInside) => {
            "uses AWSPENDING as whoever reads it will: both values are accepted, and another one is not"
        }
        (Step::Test, AlternatingUsers | SingleUser | TwoPasswords) => {
            "logs in with AWSPENDING, and checks that it may do what AWSCURRENT may"
        }
        (Step::Finish, AlternatingUsers | TwoPasswords) => {
            "moves AWSCURRENT to the new version; the credential before it becomes AWSPREVIOUS and works until it is retired"
        }
        (Step::Finish, DualPublish) => {
            "moves AWSCURRENT to the new version, which signs from then on; what the one before it has signed is verified until that is retired"
        }
        (Step::Finish, PreviousInside) => {
            "moves AWSCURRENT to the new version; the value before it is accepted until it ends"
        }
        (Step::Finish, SingleUser) => {
            "moves AWSCURRENT to the new version; the one before it becomes AWSPREVIOUS, and its password does not work any more"
        }
        (Step::Finish, Keyring) => {
            "moves AWSCURRENT to the new version; every earlier key is in it and works on"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_a_failure_has_passed_and_what_comes_after_it_was_not_tried() {
        for at in CheckName::ALL {
            let result = CheckResult::Failed {
                class: ErrorClass::Internal,
                message: "why".to_owned(),
            };
            let checks = checks(Some(Check { name: at, result }));
            let names: Vec<CheckName> = checks.iter().map(|check| check.name).collect();
            assert_eq!(names, CheckName::ALL);
            for check in &checks {
                let expected = match check.name.cmp(&at) {
                    std::cmp::Ordering::Less => "passed",
                    std::cmp::Ordering::Equal => "failed",
                    std::cmp::Ordering::Greater => "not_tried",
                };
                assert_eq!(check.result.as_str(), expected, "{}", check.name.as_str());
            }
        }
        assert!(
            checks(None)
                .iter()
                .all(|check| check.result == CheckResult::Passed)
        );
    }

    #[test]
    fn one_user_is_told_that_the_old_password_stops_and_the_others_that_it_goes_on() {
        let text = |overlap| {
            let steps: Vec<&str> = planned(overlap).iter().map(|one| one.message).collect();
            steps.join("; ")
        };
        assert!(text(Overlap::SingleUser).contains("from then on the old password is refused"));
        assert!(text(Overlap::AlternatingUsers).contains("works until it is retired"));
        assert!(text(Overlap::Keyring).contains("every earlier key is in it and works on"));
        assert_eq!(planned(Overlap::SingleUser).len(), 4);
    }
}
