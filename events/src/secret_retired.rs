//! `rekey.secret.retired`: an old credential is dead, with the proof.

use crate::envelope::Detail;
use crate::event_id::EventId;
use crate::kind::Kind;
use crate::object::event;
use crate::proof::Proof;
use crate::secret_ref::SecretRef;
use crate::strategy::Strategy;
use crate::text::{Actor, ClientRequestToken, Message};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::vocabulary::HoldCause;

event! {
    /// An old credential was revoked at the target and is proved dead.
    pub struct SecretRetired {
        required {
            /// A UUID version 5 of the intent that came before.
            event_id: EventId,
            /// When it was done.
            occurred_at: Timestamp,
            /// The secret.
            secret: SecretRef,
            /// The version whose credential is dead.
            version_id: ClientRequestToken,
            /// The kind of target.
            kind: Kind,
            /// What was seen at the target.
            proof: Proof,
            /// Whether its staging label was taken away, so that Secrets Manager may drop the version.
            label_removed: bool,
            /// Whether it was done although something spoke against it: it was asked for, or the longest wait
            /// was over.
            forced: bool,
            /// What it waited for before; empty when nothing was in the way.
            waited_for: Vec<HoldCause>,
        }
        optional {
            /// How old and new shared the time.
            strategy: Strategy,
            /// Who asked for it; absent when the grace ended.
            requested_by: Actor,
            /// Why, for people.
            reason: Message,
        }
    }
}

impl SecretRetired {
    /// The id of this event, which closes that intent.
    #[must_use]
    pub fn id(intent: &EventId) -> EventId {
        EventId::derive(&intent.to_string(), DetailType::SecretRetired.as_str())
    }
}

impl Detail for SecretRetired {
    const DETAIL_TYPE: DetailType = DetailType::SecretRetired;
}
