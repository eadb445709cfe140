//! `rekey.secret.accessed`: a secret was read, and by whom.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::extra::Extra;
use crate::object::{event, object};
use crate::secret_ref::SecretRef;
use crate::text::{Actor, ClientRequestToken, Identifier, StagingLabel, UserAgent};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;

object! {
    /// Who read a secret.
    pub struct Reader {
        required {
            /// The service, by the name of its role or user.
            service: Identifier,
            /// The caller as AWS names it: an ARN, or the id of a principal.
            actor: Actor,
            /// Whether it is one of our own functions.
            own: bool,
        }
        optional {}
        flattened {
            extra: Extra,
        }
    }
}

event! {
    /// The value of a secret was read. It says who and when, never what.
    pub struct SecretAccessed {
        required {
            /// A UUID version 5 of the id that CloudTrail gave the call.
            event_id: EventId,
            /// When it was read.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// Who read it.
            reader: Reader,
        }
        optional {
            /// The version that was asked for by its id.
            version_id: ClientRequestToken,
            /// The label that was asked for. Without either, Secrets Manager gives AWSCURRENT.
            stage: StagingLabel,
            /// The id that Secrets Manager gave the call.
            request_id: Identifier,
            /// The address the call came from, or the AWS service that made it.
            source_ip: Identifier,
            /// The program that made the call, as it called itself.
            user_agent: UserAgent,
        }
    }
}

impl SecretAccessed {
    /// The id of this event. CloudTrail records each secret of a batch as a call of its own (API reference
    /// of `BatchGetSecretValue`), so its event id is enough.
    #[must_use]
    pub fn id(trail_event_id: &Identifier) -> EventId {
        EventId::derive(trail_event_id.as_str(), DetailType::SecretAccessed.as_str())
    }
}

impl Detail for SecretAccessed {
    const DETAIL_TYPE: DetailType = DetailType::SecretAccessed;
}
