//! The five topics that were there before Rekey. They have one shape: which secret, when, and whatever
//! else the producer knows.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::extra::Extra;
use crate::metadata::Metadata;
use crate::name::Scope;
use crate::object::{event, object};
use crate::secret_ref::SecretRef;
use crate::text::{Actor, ClientRequestToken, Identifier, Message, StoredName};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::vocabulary::{ErrorClass, Outcome};

object! {
    /// Where a producer says that a key belongs.
    #[derive(Default)]
    pub struct KeyScope {
        required {}
        optional {
            /// The environment, as the producer calls it.
            env: Identifier,
            /// The tenant's slug.
            tenant: Identifier,
            /// The team that looks after the secret.
            team: Identifier,
        }
        flattened {
            extra: Extra,
        }
    }
}

impl KeyScope {
    /// What of it is checked against a name.
    #[must_use]
    pub fn of_name(&self) -> Scope<'_> {
        Scope {
            env: self.env.as_ref().map(Identifier::as_str),
            tenant: self.tenant.as_ref().map(Identifier::as_str),
        }
    }
}

macro_rules! topic {
    ($(#[$meta:meta])* $name:ident) => {
        event! {
            $(#[$meta])*
            pub struct $name {
                required {
                    /// The secret, by the name that its users know: a reference
                    /// (`tenant.acme.stripe.api_key`) or a key (`services/payments/api-key`).
                    key: StoredName,
                    /// When it happened.
                    timestamp: Timestamp,
                }
                optional {
                    /// The same for a repeat, where the producer gives one.
                    event_id: EventId,
                    /// Where the key belongs.
                    scope: KeyScope,
                    /// Who asked for it, as the producer says. It is no authority.
                    requested_by: Actor,
                    /// Why, for people.
                    reason: Message,
                    /// How it ended.
                    result: Outcome,
                    /// What went wrong, for people.
                    error: Message,
                    /// What else the producer wants to say. Never a secret value.
                    metadata: Metadata,
                    /// The secret in the store, once known.
                    secret: SecretRef,
                    /// The version that it is about.
                    version_id: ClientRequestToken,
                    /// The version that was current before.
                    rotated_from: ClientRequestToken,
                    /// The number of the version, from 1.
                    version: u32,
                    /// What kind of failure `error` is.
                    class: ErrorClass,
                    /// The services that use the secret and are affected.
                    consumers: Vec<Identifier>,
                }
            }
        }
    };
}

topic! {
    /// A secret was written.
    SecretPut
}

topic! {
    /// A secret was deleted, or will be at the end of its recovery window.
    SecretDelete
}

topic! {
    /// Somebody asks for a rotation. The only one of the five that comes from outside.
    RotateRequested
}

topic! {
    /// A rotation has ended, well or not. Said once for each rotation.
    RotateCompleted
}

topic! {
    /// A secret that should be there is not.
    MissingDetected
}

impl SecretPut {
    /// The id of this event. `cause` is the id of what it is told because of (an event of Secrets Manager's).
    #[must_use]
    pub fn id(cause: &str) -> EventId {
        EventId::derive(cause, DetailType::SecretPut.as_str())
    }
}

impl SecretDelete {
    /// The id of this event. `cause` is the id of what it is told because of (an event of Secrets Manager's).
    #[must_use]
    pub fn id(cause: &str) -> EventId {
        EventId::derive(cause, DetailType::SecretDelete.as_str())
    }
}

impl RotateRequested {
    /// The id of this event. `cause` is the requester's own id for the request.
    #[must_use]
    pub fn id(cause: &str) -> EventId {
        EventId::derive(cause, DetailType::RotateRequested.as_str())
    }

    /// The id of the request that came from `source` in the envelope `envelope_id`; also the token of the
    /// rotation, and so the id of the version it makes. A requester that repeats its `event_id` repeats its
    /// request; no other requester can make the same one.
    #[must_use]
    pub fn token(&self, source: &str, envelope_id: &str) -> EventId {
        match &self.event_id {
            Some(event_id) => EventId::derive(source, &event_id.to_string()),
            None => EventId::derive(source, envelope_id),
        }
    }
}

impl RotateCompleted {
    /// The id of this event. A rotation that succeeded and is rolled back later has two ends.
    #[must_use]
    pub fn id(secret: &SecretRef, version_id: &ClientRequestToken, result: &Outcome) -> EventId {
        let what = format!("{}/{version_id}/{result}", DetailType::RotateCompleted);
        EventId::derive(secret.identity(), &what)
    }
}

impl MissingDetected {
    /// The id of this event. `cause` is the id of the search, or of the request, that missed it.
    #[must_use]
    pub fn id(key: &StoredName, cause: &str) -> EventId {
        let what = format!("{}/{cause}", DetailType::MissingDetected);
        EventId::derive(key.as_str(), &what)
    }
}

impl Detail for SecretPut {
    const DETAIL_TYPE: DetailType = DetailType::SecretPut;
}

impl Detail for SecretDelete {
    const DETAIL_TYPE: DetailType = DetailType::SecretDelete;
}

impl Detail for RotateRequested {
    const DETAIL_TYPE: DetailType = DetailType::RotateRequested;
}

impl Detail for RotateCompleted {
    const DETAIL_TYPE: DetailType = DetailType::RotateCompleted;
}

impl Detail for MissingDetected {
    const DETAIL_TYPE: DetailType = DetailType::MissingDetected;
}
