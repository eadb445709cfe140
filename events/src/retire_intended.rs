//! `rekey.retire.intended`: the trace that comes before a credential is revoked.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::kind::Kind;
use crate::object::event;
use crate::secret_ref::SecretRef;
use crate::text::{Actor, ClientRequestToken, Message};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;

event! {
    /// An old credential is about to be revoked at the target. It is published, and known to be accepted,
    /// before anything is changed; when it is not accepted, nothing changes.
    pub struct RetireIntended {
        required {
            /// A UUID version 5 of the secret, the version and the cause: the same for every attempt.
            event_id: EventId,
            /// When it was about to be done.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// The version whose credential will be revoked.
            version_id: ClientRequestToken,
            /// The kind of target.
            kind: Kind,
        }
        optional {
            /// Who asked for it; absent when the grace ended.
            requested_by: Actor,
            /// Why, for people.
            reason: Message,
        }
    }
}

impl RetireIntended {
    /// The id of this event. `cause` names what made it due: the request, or the deadline with its time. A
    /// credential that was brought back and is revoked again has another cause.
    #[must_use]
    pub fn id(secret: &SecretRef, version_id: &ClientRequestToken, cause: &str) -> EventId {
        let what = format!("{}/{version_id}/{cause}", DetailType::RetireIntended);
        EventId::derive(secret.identity(), &what)
    }
}

impl Detail for RetireIntended {
    const DETAIL_TYPE: DetailType = DetailType::RetireIntended;
}
