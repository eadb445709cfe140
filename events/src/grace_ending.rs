//! `rekey.grace.ending`: an old credential will soon be revoked.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::object::event;
use crate::secret_ref::SecretRef;
use crate::text::{ClientRequestToken, Identifier};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;

event! {
    /// The time in which both credentials work ends soon.
    pub struct GraceEnding {
        required {
            /// A UUID version 5 of the secret, the version and the end of its grace.
            event_id: EventId,
            /// When it was noticed.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// The version whose credential will be revoked.
            version_id: ClientRequestToken,
            /// When its grace ends.
            ends_at: Timestamp,
            /// The services that have not read the secret since it changed; empty when all have.
            consumers_not_moved: Vec<Identifier>,
        }
        optional {
            /// Who looks after the secret.
            owner: Identifier,
        }
    }
}

impl GraceEnding {
    /// The id of this event. A grace that was made longer is announced again.
    #[must_use]
    pub fn id(secret: &SecretRef, version_id: &ClientRequestToken, ends_at: Timestamp) -> EventId {
        let end = ends_at.unix();
        let what = format!("{}/{version_id}/{end}", DetailType::GraceEnding);
        EventId::derive(secret.identity(), &what)
    }
}

impl Detail for GraceEnding {
    const DETAIL_TYPE: DetailType = DetailType::GraceEnding;
}
