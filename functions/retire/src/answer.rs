//! The outcome of an order to its answer. What a rehearsal found is in `rehearsal.rs`.

use rekey_events::{
    ErrorClass, HoldCause, Identifier, LimitError, Message, OrderOutcome, RetireAnswer, Word,
};
use rekey_function::Unended;
use rekey_registry::Failed;
use rekey_rotation::{
    AftermathError, Cause, ClearOutcome, Cleared, Kept, RetireOutcome, RollBackOutcome, VoidReason,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::order::Order;

impl Order {
    /// An answer that says no more than this.
    pub fn answer(&self, outcome: OrderOutcome, message: &str) -> RetireAnswer {
        let version = self.wire.version_id.clone();
        RetireAnswer::new(outcome, version, Message::clipped(message))
    }

    /// How a retirement ended.
    pub fn retired(&self, outcome: &RetireOutcome) -> RetireAnswer {
        match outcome {
            RetireOutcome::Retired {
                sessions_ended,
                label_removed,
            } => RetireAnswer {
                sessions_ended: Some(*sessions_ended),
                label_removed: Some(*label_removed),
                ..self.answer(
                    OrderOutcome::Retired,
                    "the target refuses the old credential",
                )
            },
            RetireOutcome::Held(causes) => RetireAnswer {
                causes: Some(causes.iter().map(hold_cause).collect()),
                services: Some(causes.iter().flat_map(services).collect()),
                retryable: Some(true),
                ..self.answer(OrderOutcome::Held, &in_words(causes))
            },
            RetireOutcome::Void(why) => RetireAnswer {
                class: Some(class(why.class())),
                retryable: Some(false),
                ..self.answer(OrderOutcome::Void, void_in_words(*why))
            },
        }
    }

    /// How a rollback ended.
    pub fn rolled_back(&self, outcome: RollBackOutcome) -> RetireAnswer {
        match outcome {
            RollBackOutcome::RolledBack { restored } => RetireAnswer {
                restored: Some(restored),
                ..self.answer(
                    OrderOutcome::RolledBack,
                    "the earlier credential logs in and is AWSCURRENT",
                )
            },
            RollBackOutcome::AlreadyDone => self.answer(
                OrderOutcome::AlreadyDone,
                "the version is AWSCURRENT already",
            ),
        }
    }

    /// How a clearing ended.
    pub fn cleared(&self, outcome: &ClearOutcome) -> RetireAnswer {
        match outcome {
            ClearOutcome::Cleared(why) => RetireAnswer {
                label_removed: Some(true),
                ..self.answer(OrderOutcome::Cleared, cleared_in_words(*why))
            },
            ClearOutcome::Kept(why) => RetireAnswer {
                retryable: Some(matches!(why, Kept::Unproved(_))),
                ..self.answer(OrderOutcome::Kept, &kept_in_words(why))
            },
        }
    }

    /// Why it was refused, or failed.
    pub fn failed(&self, error: &AftermathError) -> RetireAnswer {
        let outcome = match error {
            AftermathError::Refused(_) => OrderOutcome::Refused,
            _ => OrderOutcome::Failed,
        };
        RetireAnswer {
            class: Some(class(error.class())),
            retryable: Some(error.class().retryable()),
            ..self.answer(outcome, &error.to_string())
        }
    }

    /// It came to no end.
    pub fn unended(&self, error: Unended) -> RetireAnswer {
        let name = match error {
            Unended::OutOfTime { .. } => rekey_rotation::ErrorClass::TargetUnreachable,
            Unended::Bug => rekey_rotation::ErrorClass::Internal,
        };
        RetireAnswer {
            class: Some(class(name)),
            retryable: Some(name.retryable()),
            ..self.answer(OrderOutcome::Failed, &error.to_string())
        }
    }

    /// The deadline that ordered it is not due any more, or not yet again.
    pub fn not_due(&self) -> RetireAnswer {
        RetireAnswer {
            retryable: Some(false),
            ..self.answer(
                OrderOutcome::Void,
                "the deadline that ordered this does not stand any more; nothing was changed, and a later grace has a deadline of its own",
            )
        }
    }

    /// There is no such secret any more.
    pub fn secret_gone(&self) -> RetireAnswer {
        RetireAnswer {
            class: Some(ErrorClass::InvalidRequest),
            retryable: Some(false),
            ..self.answer(
                OrderOutcome::Void,
                "the secret was deleted; whether its credential lives on at the target is for its owner to look at",
            )
        }
    }

    /// The registry does not answer.
    pub fn unrecorded(&self, error: &Failed) -> RetireAnswer {
        RetireAnswer {
            class: Some(error.class()),
            retryable: Some(error.is_passing()),
            ..self.answer(OrderOutcome::Failed, &error.to_string())
        }
    }

    /// The request that ordered a retirement does not wait for it.
    pub fn not_waited_for(&self) -> RetireAnswer {
        RetireAnswer {
            class: Some(ErrorClass::InvalidRequest),
            retryable: Some(false),
            ..self.answer(
                OrderOutcome::Refused,
                "`request` is none of this secret that waits for a retirement, or not any more; nothing was changed",
            )
        }
    }

    /// The secret is not in the registry, so nothing could be remembered.
    pub fn unregistered(&self) -> RetireAnswer {
        RetireAnswer {
            class: Some(class(rekey_rotation::ErrorClass::NotRegistered)),
            retryable: Some(false),
            ..self.answer(
                OrderOutcome::Refused,
                "the secret is not registered, so nothing of this could be remembered; give it the tag rekey:owner, and ask again when `rekey secrets list` shows it",
            )
        }
    }
}

/// A class of the protocol as one of the contract.
pub fn class(class: rekey_rotation::ErrorClass) -> ErrorClass {
    match Word::new(class.as_str()) {
        Ok(word) => ErrorClass::from(word),
        Err(LimitError { .. }) => ErrorClass::Internal,
    }
}

fn hold_cause(cause: &Cause) -> HoldCause {
    match cause {
        Cause::HealthCheck { .. } => HoldCause::HealthCheckFailing,
        Cause::Consumers { .. } => HoldCause::ConsumerNotMoved,
        Cause::Sessions { .. } => HoldCause::SessionsOpen,
        Cause::KeptUntil { .. } => HoldCause::KeptUntil,
    }
}

fn services(cause: &Cause) -> Vec<Identifier> {
    match cause {
        Cause::Consumers { services } => services
            .iter()
            .filter_map(|service| Identifier::new(service.as_str()).ok())
            .collect(),
        Cause::HealthCheck { .. } | Cause::Sessions { .. } | Cause::KeptUntil { .. } => Vec::new(),
    }
}

/// What a retirement waits for, for people.
pub fn in_words(causes: &[Cause]) -> String {
    let words = causes.iter().map(|cause| match cause {
        Cause::HealthCheck { what } => format!("the health check {what} fails"),
        Cause::Consumers { services } => format!(
            "not read since the switch by: {}; restart them, or let them read the secret again",
            services.join(", ")
        ),
        Cause::Sessions { count } => format!(
            "{count} sessions of the old credential are open; let the application renew its connections"
        ),
        Cause::KeptUntil { until } => format!(
            "what the old credential has made is valid until {}; whoever knows that it must not be, asks for it with force",
            utc(*until)
        ),
    });
    words.collect::<Vec<_>>().join("; ")
}

/// A time in seconds since 1970, as RFC 3339 writes it.
fn utc(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| at.to_string())
}

fn void_in_words(why: VoidReason) -> &'static str {
    match why {
        VoidReason::Current => "the version is AWSCURRENT, so its credential stays",
        VoidReason::SameCredential => {
            "another labelled version has the same credential, so there is nothing to retire"
        }
        VoidReason::ValueGone => {
            "the version has no value any more, so there is nothing to try a login with"
        }
    }
}

fn cleared_in_words(why: Cleared) -> &'static str {
    match why {
        Cleared::Over => "cleared: the version's rotation was over, and the label was left from it",
        Cleared::Empty => "cleared: the open version had no value; a rotation can begin anew",
        Cleared::Refused => {
            "cleared: the target refuses the open version's credential and lets the current one in; a rotation can begin anew"
        }
    }
}

fn kept_in_words(why: &Kept) -> String {
    match why {
        Kept::NotOpen => "kept: the version is not open; its rotation is over".to_owned(),
        Kept::PendingWorks => {
            "kept: the target lets the open version's credential in; mend what fails, and call RotateSecret to bring the rotation to its end".to_owned()
        }
        Kept::CurrentRefused => {
            "kept: the target does not let AWSCURRENT in, so the open version may be all that is left; look at the target first".to_owned()
        }
        Kept::Unproved(error) => format!("kept: nothing could be proved: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rekey_events::RetireOrder;
    use serde_json::json;

    fn order(operation: &str) -> Order {
        let version = "b27c1d9a-0e55-4f6b-9c1f-7a84d1c0e2f3";
        let order = json!({ "operation": operation, "secret": "a", "version_id": version });
        Order::parse(RetireOrder::try_from(order).unwrap(), "delivery-1").unwrap()
    }

    #[test]
    fn a_clearing_that_could_prove_nothing_is_one_to_be_tried_again() {
        let order = order("clear");
        let unreachable = rekey_rotation::TargetError::Unreachable("no route".to_owned());
        for (kept, again) in [
            (Kept::Unproved(unreachable), true),
            (Kept::PendingWorks, false),
            (Kept::CurrentRefused, false),
            (Kept::NotOpen, false),
        ] {
            let answer = order.cleared(&ClearOutcome::Kept(kept));
            assert_eq!(answer.outcome, OrderOutcome::Kept);
            assert_eq!(answer.retryable, Some(again));
        }
    }

    #[test]
    fn every_class_of_the_protocol_is_one_of_the_contract() {
        let answer = order("retire").failed(&AftermathError::StillAccepted);
        assert_eq!(answer.class, Some(ErrorClass::StillInUse));
        assert_eq!(answer.retryable, Some(true));
        assert_eq!(answer.outcome, OrderOutcome::Failed);
    }
}
