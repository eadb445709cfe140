//! `rekey.secret.near_expiry`: a secret comes close to the end of its lifetime.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::object::event;
use crate::secret_ref::SecretRef;
use crate::text::Identifier;
use crate::timestamp::Timestamp;
use crate::topic::DetailType;

event! {
    /// A secret expires soon.
    pub struct SecretNearExpiry {
        required {
            /// A UUID version 5 of the secret, the end and the days left: each warning is said once.
            event_id: EventId,
            /// When it was noticed.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// The end of its lifetime.
            expires_at: Timestamp,
            /// Whole days until then.
            days_left: u32,
        }
        optional {
            /// Who looks after the secret.
            owner: Identifier,
        }
    }
}

impl SecretNearExpiry {
    /// The id of this event.
    #[must_use]
    pub fn id(secret: &SecretRef, expires_at: Timestamp, days_left: u32) -> EventId {
        let end = expires_at.unix();
        let what = format!("{}/{end}/{days_left}", DetailType::SecretNearExpiry);
        EventId::derive(secret.identity(), &what)
    }
}

impl Detail for SecretNearExpiry {
    const DETAIL_TYPE: DetailType = DetailType::SecretNearExpiry;
}
