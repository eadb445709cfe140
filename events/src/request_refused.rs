//! `rekey.request.refused`: a rotation was asked for and will not be done, and why.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::object::event;
use crate::rehearsal::Check;
use crate::secret_ref::SecretRef;
use crate::text::{Actor, ClientRequestToken, Identifier, Message, StoredName, Word};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::topics::KeyScope;
use crate::vocabulary::ErrorClass;

event! {
    /// A rotation request was refused: no rotation began. A forced one may have had the old credential retired before;
    /// that has its own event.
    pub struct RequestRefused {
        required {
            /// A UUID version 5 of the request and the class: the same when it is refused twice for it.
            event_id: EventId,
            /// When it was refused.
            occurred_at: Timestamp,
            /// The id of the request.
            request: ClientRequestToken,
            /// Who asked: the `source` of the request, which the bus vouches for.
            requester: Identifier,
            /// Why, in a word.
            class: ErrorClass,
            /// Why, for people.
            message: Message,
            /// What to do now, for people.
            advice: Message,
        }
        optional {
            /// What was asked for; absent when it breaks the grammar of names.
            key: StoredName,
            /// Where the requester says that the key belongs.
            scope: KeyScope,
            /// The secret in the store, once known.
            secret: SecretRef,
            /// Who the requester is, as an administrator wrote it down.
            actor: Actor,
            /// The requester's role, as an administrator wrote it down.
            role: Word,
            /// On whose behalf, as the requester says. It is no authority.
            requested_by: Actor,
            /// What the rotation was for, as the requester says.
            reason: Message,
            /// When the same request may be taken, where that is known.
            retry_at: Timestamp,
            /// Whether it was a dry run.
            dry_run: bool,
            /// Who looks after the secret.
            owner: Identifier,
            /// The services that use the secret.
            consumers: Vec<Identifier>,
            /// The version of the rotation that is in the way.
            version_id: ClientRequestToken,
            /// What a rehearsal looked at before it failed.
            checks: Vec<Check>,
        }
    }
}

impl RequestRefused {
    /// The id of this event.
    #[must_use]
    pub fn id(request: &ClientRequestToken, class: &ErrorClass) -> EventId {
        let what = format!("{}/{class}", DetailType::RequestRefused);
        EventId::derive(request.as_str(), &what)
    }
}

impl Detail for RequestRefused {
    const DETAIL_TYPE: DetailType = DetailType::RequestRefused;
}
