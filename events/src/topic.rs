//! Where our events come from and what they are called on a bus.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::error::{LimitError, PayloadError};
use crate::fields::Field;

/// The source of an outside requester is this and its name (`rekey.requester.billing`); its IAM policy
/// pins it with `events:source`, so it is the one thing in a request that says who asks.
pub const REQUESTER_SOURCE_PREFIX: &str = "rekey.requester.";

/// The source of what our own schedule asks for. The policy of the requests bus lets the function that
/// sweeps use it and nobody else.
pub const SCHEDULE_SOURCE: &str = "rekey.requester.schedule";

/// Declares an enum of names, each with its one spelling.
macro_rules! names {
    (
        $(#[$doc:meta])*
        $name:ident, $unknown:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`: ")] $(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every one of them, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The spelling on the bus.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        #[doc = concat!("A text that is no [`", stringify!($name), "`] of this contract.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        #[error("not a name of this contract")]
        pub struct $unknown;

        impl FromStr for $name {
            type Err = $unknown;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($unknown),
                }
            }
        }
    };
}

names! {
    /// The `source` of an event: one of our functions, or Secrets Manager.
    Source, UnknownSource {
        /// the rotation hook.
        Rotate = "rekey.rotate",
        /// the function that accepts rotation requests.
        Request = "rekey.request",
        /// the function that reacts to the store's own events.
        Observe = "rekey.observe",
        /// the scheduled search for what is due.
        Sweep = "rekey.sweep",
        /// the function that revokes and rolls back.
        Retire = "rekey.retire",
        /// the audit writer.
        Audit = "rekey.audit",
        /// AWS Secrets Manager itself, on the default bus.
        SecretsManager = "aws.secretsmanager",
    }
}

names! {
    /// The `detail-type` of an event, which says what its `detail` is.
    DetailType, UnknownDetailType {
        /// a secret was written.
        SecretPut = "greentic.secrets.put",
        /// a secret was deleted.
        SecretDelete = "greentic.secrets.delete",
        /// somebody asks for a rotation.
        RotateRequested = "greentic.secrets.rotate.requested",
        /// a rotation has ended, well or not.
        RotateCompleted = "greentic.secrets.rotate.completed",
        /// a secret that should be there is not.
        MissingDetected = "greentic.secrets.missing.detected",
        /// the hook is about to change something at the target.
        RotationIntended = "rekey.rotation.intended",
        /// an old credential is about to be revoked.
        RetireIntended = "rekey.retire.intended",
        /// the previous credential is about to be made the current one again.
        RollbackIntended = "rekey.rollback.intended",
        /// a step failed, with its class.
        StepFailed = "rekey.step.failed",
        /// a rotation request was refused, with the reason.
        RequestRefused = "rekey.request.refused",
        /// a rotation request was taken, waits, was overtaken, or was tried as a dry run.
        RequestAnswered = "rekey.request.answered",
        /// a secret was read.
        SecretAccessed = "rekey.secret.accessed",
        /// an old credential was revoked and is proved dead.
        SecretRetired = "rekey.secret.retired",
        /// revoking an old credential waits, with the reason.
        SecretRetireHeld = "rekey.secret.retire_held",
        /// the previous credential is the current one again.
        SecretRolledBack = "rekey.secret.rolled_back",
        /// a secret comes close to the end of its lifetime.
        SecretNearExpiry = "rekey.secret.near_expiry",
        /// a secret should have been rotated by now.
        SecretOverdue = "rekey.secret.overdue",
        /// an old credential will soon be revoked.
        GraceEnding = "rekey.grace.ending",
        /// rotations of a secret are stopped after repeated failures.
        SecretQuarantined = "rekey.secret.quarantined",
        /// a staging label moved to another version (any but AWSPENDING and AWSPREVIOUS).
        SecretLabelUpdated = "Secret Label Updated",
        /// somebody called Secrets Manager.
        ApiCall = "AWS API Call via CloudTrail",
        /// Secrets Manager did something by itself.
        ServiceEvent = "AWS Service Event via CloudTrail",
    }
}

impl serde::Serialize for DetailType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Field for DetailType {
    fn read(value: Value) -> Result<Self, PayloadError> {
        Self::from_str(&String::read(value)?).map_err(|_| {
            let limit = "a type of event of this contract";
            LimitError { limit }.into()
        })
    }
}
