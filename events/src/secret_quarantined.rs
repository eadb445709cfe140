//! `rekey.secret.quarantined`: rotations of a secret are stopped, or go on.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::object::event;
use crate::secret_ref::SecretRef;
use crate::text::{ClientRequestToken, Identifier, Message};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::vocabulary::{ErrorClass, Step};

event! {
    /// Rotations of a secret are stopped after repeated failures, or were let go on.
    pub struct SecretQuarantined {
        required {
            /// A UUID version 5 of the secret, the version, the beginning, and whether it is over.
            event_id: EventId,
            /// When it was decided.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// The version that could not be finished.
            version_id: ClientRequestToken,
            /// Since when nothing is tried.
            since: Timestamp,
            /// How often it was tried again before.
            resumes: u32,
            /// Whether it is over.
            cleared: bool,
        }
        optional {
            /// The step that failed last.
            step: Step,
            /// What kind of failure it was.
            class: ErrorClass,
            /// What happened and what to do, for people.
            message: Message,
            /// Who looks after the secret.
            owner: Identifier,
        }
    }
}

impl SecretQuarantined {
    /// The id of this event: one for the beginning, one for the end.
    #[must_use]
    pub fn id(
        secret: &SecretRef,
        version_id: &ClientRequestToken,
        since: Timestamp,
        cleared: bool,
    ) -> EventId {
        let since = since.unix();
        let now = if cleared { "cleared" } else { "held" };
        let what = format!(
            "{}/{version_id}/{since}/{now}",
            DetailType::SecretQuarantined
        );
        EventId::derive(secret.identity(), &what)
    }
}

impl Detail for SecretQuarantined {
    const DETAIL_TYPE: DetailType = DetailType::SecretQuarantined;
}
