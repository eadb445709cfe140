//! `rekey.secret.rolled_back`: an earlier credential is the current one again.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::object::event;
use crate::proof::Proof;
use crate::secret_ref::SecretRef;
use crate::text::{Actor, ClientRequestToken, Message};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;

event! {
    /// An earlier credential is the current one again, and is proved to work.
    pub struct SecretRolledBack {
        required {
            /// A UUID version 5 of the intent that came before.
            event_id: EventId,
            /// When it was done.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// The version that was current until then.
            from_version: ClientRequestToken,
            /// The version that is current now.
            to_version: ClientRequestToken,
            /// Why, for people.
            reason: Message,
            /// What was seen at the target.
            proof: Proof,
            /// Whether the credential had to be made valid at the target again.
            restored: bool,
        }
        optional {
            /// Who asked for it.
            requested_by: Actor,
        }
    }
}

impl SecretRolledBack {
    /// The id of this event, which closes that intent.
    #[must_use]
    pub fn id(intent: &EventId) -> EventId {
        EventId::derive(&intent.to_string(), DetailType::SecretRolledBack.as_str())
    }
}

impl Detail for SecretRolledBack {
    const DETAIL_TYPE: DetailType = DetailType::SecretRolledBack;
}
