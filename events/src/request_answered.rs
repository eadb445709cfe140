//! `rekey.request.answered`: what became of a rotation request that was not refused.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::object::event;
use crate::rehearsal::{Check, PlannedStep};
use crate::secret_ref::SecretRef;
use crate::text::{Actor, ClientRequestToken, Identifier, Message, StoredName, Word};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::topics::KeyScope;
use crate::vocabulary::RequestAnswer;

event! {
    /// A rotation request was taken, waits for a yes, was overtaken, or was tried as a dry run. How a
    /// rotation that was accepted ends is told by `greentic.secrets.rotate.completed`.
    pub struct RequestAnswered {
        required {
            /// A UUID version 5 of the request and the answer: the same when it is told twice.
            event_id: EventId,
            /// When it was answered.
            occurred_at: Timestamp,
            /// The id of the request, which is the id of the version that it makes.
            request: ClientRequestToken,
            /// Who asked: the `source` of the request, which the bus vouches for.
            requester: Identifier,
            /// The answer, in a word.
            answer: RequestAnswer,
            /// What was asked for.
            key: StoredName,
            /// The secret in the store.
            secret: SecretRef,
        }
        optional {
            /// Where the requester says that the key belongs.
            scope: KeyScope,
            /// Who the requester is, as an administrator wrote it down.
            actor: Actor,
            /// The requester's role, as an administrator wrote it down.
            role: Word,
            /// On whose behalf, as the requester says. It is no authority.
            requested_by: Actor,
            /// What the rotation is for, as the requester says.
            reason: Message,
            /// The note of the rollout that it belongs to.
            rollout_note: Message,
            /// Who looks after the secret.
            owner: Identifier,
            /// The services that use the secret and are affected.
            consumers: Vec<Identifier>,
            /// Where the secret is used.
            sites: Vec<Identifier>,
            /// Whether it was a dry run.
            dry_run: bool,
            /// The version that Secrets Manager went on with instead.
            superseded_by: ClientRequestToken,
            /// Who said yes.
            approved_by: Actor,
            /// When a request that waits is given up.
            expires_at: Timestamp,
            /// What the rehearsal looked at, in this order.
            checks: Vec<Check>,
            /// What each step would do.
            steps: Vec<PlannedStep>,
        }
    }
}

impl RequestAnswered {
    /// The id of this event.
    #[must_use]
    pub fn id(request: &ClientRequestToken, answer: &RequestAnswer) -> EventId {
        let what = format!("{}/{answer}", DetailType::RequestAnswered);
        EventId::derive(request.as_str(), &what)
    }
}

impl Detail for RequestAnswered {
    const DETAIL_TYPE: DetailType = DetailType::RequestAnswered;
}
