//! `rekey.secret.overdue`: a secret should have been changed by now.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::object::event;
use crate::secret_ref::SecretRef;
use crate::text::Identifier;
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::vocabulary::Lateness;

event! {
    /// A secret should have been changed by now and was not.
    pub struct SecretOverdue {
        required {
            /// A UUID version 5 of the secret, what is late and when it was due.
            event_id: EventId,
            /// When it was noticed.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// When it was due.
            due_at: Timestamp,
            /// What was due.
            what: Lateness,
        }
        optional {
            /// Who looks after the secret.
            owner: Identifier,
        }
    }
}

impl SecretOverdue {
    /// The id of this event.
    #[must_use]
    pub fn id(secret: &SecretRef, what: &Lateness, due_at: Timestamp) -> EventId {
        let due = due_at.unix();
        let what = format!("{}/{what}/{due}", DetailType::SecretOverdue);
        EventId::derive(secret.identity(), &what)
    }
}

impl Detail for SecretOverdue {
    const DETAIL_TYPE: DetailType = DetailType::SecretOverdue;
}
