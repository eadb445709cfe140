//! `rekey.rollback.intended`: the trace that comes before a credential is brought back.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::kind::Kind;
use crate::object::event;
use crate::secret_ref::SecretRef;
use crate::text::{Actor, ClientRequestToken, Message};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;

event! {
    /// An earlier credential is about to be made the current one again. It is published, and known to be
    /// accepted, before anything is changed; when it is not accepted, nothing changes.
    pub struct RollbackIntended {
        required {
            /// A UUID version 5 of the secret, the version and the cause: the same for every attempt.
            event_id: EventId,
            /// When it was about to be done.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// The version to be brought back.
            version_id: ClientRequestToken,
            /// The kind of target.
            kind: Kind,
        }
        optional {
            /// The version that is current until then.
            from_version: ClientRequestToken,
            /// Who asked for it.
            requested_by: Actor,
            /// Why, for people.
            reason: Message,
        }
    }
}

impl RollbackIntended {
    /// The id of this event. `cause` names the request; the same version may be brought back more than once.
    #[must_use]
    pub fn id(secret: &SecretRef, version_id: &ClientRequestToken, cause: &str) -> EventId {
        let what = format!("{}/{version_id}/{cause}", DetailType::RollbackIntended);
        EventId::derive(secret.identity(), &what)
    }
}

impl Detail for RollbackIntended {
    const DETAIL_TYPE: DetailType = DetailType::RollbackIntended;
}
