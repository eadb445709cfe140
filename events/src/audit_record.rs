//! What the audit trail keeps of an event: one record for each, with the same fields whatever it was about.

use crate::event_id::EventId;
use crate::extra::Extra;
use crate::metadata::Metadata;
use crate::object::object;
use crate::text::{Action, Actor, Identifier, StoredName, UserAgent, Word};
use crate::timestamp::Timestamp;
use crate::vocabulary::ActorType;

object! {
    /// One entry of the audit trail. It says who did what to which secret, and never a value.
    pub struct AuditRecord {
        required {
            /// The id of the event that it records: an event that comes twice is recorded once.
            id: EventId,
            /// Who did it: as AWS names them, as an administrator wrote them down, or the source of one of our
            /// functions.
            actor_id: Actor,
            /// What kind of actor that is.
            actor_type: ActorType,
            /// What was done (`secret.rotated`).
            action: Action,
            /// What `target_id` is (`secret`).
            target_type: Word,
            /// What it was done to: the name in the store, or the name that was asked for.
            target_id: StoredName,
            /// The tenant whose chain it stands in; `platform` where there is none.
            tenant: Identifier,
            /// When it was done.
            created_at as "createdAt": Timestamp,
        }
        optional {
            /// The actor's role, as an administrator wrote it down.
            actor_role as "actorRole": Word,
            /// What else the event says, by the names that it has there. Never a secret value.
            metadata: Metadata,
            /// The address that the call came from, or the AWS service that made it.
            ip_address: Identifier,
            /// The program that made the call, as it called itself.
            user_agent: UserAgent,
            /// The request that it belongs to: of a rotation, its client request token, which is the id of its
            /// version; of a read, the id that AWS gave the call.
            request_id: Identifier,
        }
        flattened {
            extra: Extra,
        }
    }
}
