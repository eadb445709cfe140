//! `rekey.secret.retire_held`: revoking waits, and why.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::object::event;
use crate::secret_ref::SecretRef;
use crate::text::{ClientRequestToken, Identifier, Message};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::vocabulary::HoldCause;

event! {
    /// The grace has ended and the old credential is not revoked yet.
    pub struct SecretRetireHeld {
        required {
            /// A UUID version 5 of the secret, the version, the cause and the beginning of the wait.
            event_id: EventId,
            /// When it was looked at.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// The version whose credential is to be revoked.
            version_id: ClientRequestToken,
            /// What is in the way.
            cause: HoldCause,
            /// What is in the way and what to do, for people.
            message: Message,
            /// The services in the way; empty when it is none.
            services: Vec<Identifier>,
            /// When the wait began.
            held_since: Timestamp,
        }
        optional {
            /// When the wait ends, whatever is in the way then.
            bound: Timestamp,
            /// When it is looked at again.
            next_try: Timestamp,
        }
    }
}

impl SecretRetireHeld {
    /// The id of this event: said once for each cause of one wait.
    #[must_use]
    pub fn id(
        secret: &SecretRef,
        version_id: &ClientRequestToken,
        cause: &HoldCause,
        held_since: Timestamp,
    ) -> EventId {
        let since = held_since.unix();
        let what = format!(
            "{}/{version_id}/{cause}/{since}",
            DetailType::SecretRetireHeld
        );
        EventId::derive(secret.identity(), &what)
    }
}

impl Detail for SecretRetireHeld {
    const DETAIL_TYPE: DetailType = DetailType::SecretRetireHeld;
}
