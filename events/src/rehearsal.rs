//! What a dry run tells: what was looked at, and what each step would do.

use crate::extra::Extra;
use crate::object::object;
use crate::text::{Identifier, Message};
use crate::vocabulary::{CheckResult, ErrorClass, Step};

object! {
    /// One thing that a rotation needs, and whether it is there.
    pub struct Check {
        required {
            /// What was looked at: `secret`, `reachable`, `tls`, `login`, `permission`, ...
            name: Identifier,
            /// How it ended.
            result: CheckResult,
        }
        optional {
            /// What kind of failure it was.
            class: ErrorClass,
            /// What was seen and what to do, for people.
            message: Message,
        }
        flattened {
            extra: Extra,
        }
    }
}

object! {
    /// What one step of the rotation would do.
    pub struct PlannedStep {
        required {
            /// The step.
            step: Step,
            /// What it would do, for people.
            message: Message,
        }
        optional {}
        flattened {
            extra: Extra,
        }
    }
}
