//! What the retire function is asked to do, and what it answers. An order comes through its queue or from a
//! person who may invoke it; it is not an event.

use crate::object::object;
use crate::rehearsal::{Check, PlannedStep};
use crate::text::{Actor, ClientRequestToken, Identifier, Message, SecretId};
use crate::timestamp::Timestamp;
use crate::vocabulary::{ErrorClass, HoldCause, OrderOutcome, OrderPatience, RetireOperation};

object! {
    /// One thing to do. Who invokes the function may do it; `requested_by` is what they say of themselves.
    pub struct RetireOrder {
        required {
            /// What.
            operation: RetireOperation,
            /// The secret.
            secret: SecretId,
            /// The version whose credential is retired, that is made current again, whose rotation is
            /// cleared, or from which a rehearsal starts.
            version_id: ClientRequestToken,
        }
        optional {
            /// For a rollback: the version that is AWSCURRENT now. When another one is, nothing is done.
            from_version: ClientRequestToken,
            /// The request on whose behalf: a dry run, or a rotation that waits until the grace has ended.
            request: ClientRequestToken,
            /// How long a retirement waits for others; `wait` when it is absent.
            patience: OrderPatience,
            /// The same in every repetition of the same wish: the id of a request, or of a deadline.
            occasion: Identifier,
            /// When it was promised, if a deadline asks.
            promised_at: Timestamp,
            /// Who asks, as claimed.
            requested_by: Actor,
            /// Why. A rollback needs one.
            reason: Message,
        }
    }
}

object! {
    /// How it ended.
    pub struct RetireAnswer {
        required {
            /// In a word.
            outcome: OrderOutcome,
            /// The version that the order named.
            version_id: ClientRequestToken,
            /// What happened and what to do, for people.
            message: Message,
        }
        optional {
            /// How many sessions of the old credential were ended.
            sessions_ended: u32,
            /// Whether a staging label was taken from the version.
            label_removed: bool,
            /// Whether the credential had to be made valid again at the target.
            restored: bool,
            /// What it waits for.
            causes: Vec<HoldCause>,
            /// The services that have not read the secret since it changed.
            services: Vec<Identifier>,
            /// Why it was refused, or failed.
            class: ErrorClass,
            /// Whether the same order may succeed later with nobody doing anything.
            retryable: bool,
            /// Of a rehearsal: what was looked at, in this order.
            checks: Vec<Check>,
            /// Of a rehearsal: what each step would do.
            steps: Vec<PlannedStep>,
        }
    }
}
