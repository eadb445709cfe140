//! `rekey.rotation.intended`: the trace that comes before a change.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::kind::Kind;
use crate::object::event;
use crate::secret_ref::SecretRef;
use crate::strategy::Strategy;
use crate::text::{ClientRequestToken, Fingerprint};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::vocabulary::Step;

event! {
    /// The hook is about to change something at the target. It is published, and known to be accepted,
    /// before anything is changed; when it is not accepted, nothing changes.
    pub struct RotationIntended {
        required {
            /// A UUID version 5 of the secret, the version and the step: the same for every attempt.
            event_id: EventId,
            /// When the hook was about to act.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// The version whose value is about to be set.
            version_id: ClientRequestToken,
            /// The step that acts, as a rule `setSecret`.
            step: Step,
            /// The kind of target (`postgres`).
            kind: Kind,
            /// How old and new share the time.
            strategy: Strategy,
            /// Of the value about to be set.
            fingerprint: Fingerprint,
        }
        optional {}
    }
}

impl RotationIntended {
    /// The id of this event for one step of one version: a retry of the step says the same thing again.
    #[must_use]
    pub fn id(secret: &SecretRef, version_id: &ClientRequestToken, step: Step) -> EventId {
        let what = format!("{}/{version_id}/{step}", DetailType::RotationIntended);
        EventId::derive(secret.identity(), &what)
    }
}

impl Detail for RotationIntended {
    const DETAIL_TYPE: DetailType = DetailType::RotationIntended;
}
