//! `rekey.step.failed`: a step failed, and why.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::kind::Kind;
use crate::object::event;
use crate::secret_ref::SecretRef;
use crate::strategy::Strategy;
use crate::text::{ClientRequestToken, Fingerprint, Identifier, Message};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::vocabulary::{ErrorClass, Step};

event! {
    /// A step of a rotation failed. Fields that the hook learns on the way are absent when it failed before.
    pub struct StepFailed {
        required {
            /// A UUID version 5 of the invocation: the same when it is told twice.
            event_id: EventId,
            /// When it failed.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// The version that was being made.
            version_id: ClientRequestToken,
            /// What kind of failure it was.
            class: ErrorClass,
            /// What happened and what to do, for people.
            message: Message,
            /// Whether the same step may succeed when it is tried again without anybody doing anything.
            retryable: bool,
            /// The invocation of the function, to be found in its log.
            request_id: Identifier,
        }
        optional {
            /// The step; absent when the event named none of the four.
            step: Step,
            /// The kind of target, once known.
            kind: Kind,
            /// How old and new share the time, once known.
            strategy: Strategy,
            /// Of the pending value, once read.
            fingerprint: Fingerprint,
        }
    }
}

impl StepFailed {
    /// The id of this event for one invocation: each attempt that fails is a failure of its own.
    #[must_use]
    pub fn id(request_id: &Identifier) -> EventId {
        EventId::derive(request_id.as_str(), DetailType::StepFailed.as_str())
    }
}

impl Detail for StepFailed {
    const DETAIL_TYPE: DetailType = DetailType::StepFailed;
}
