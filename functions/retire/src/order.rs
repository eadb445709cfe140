//! An order on the wire to a request, an outcome to an answer. Nothing is decided here.

use rekey_events::{
    ErrorClass, HoldCause, Identifier, LimitError, Message, OrderOutcome, OrderPatience,
    PayloadError, RetireAnswer, RetireOperation, RetireOrder, SecretRef, Word,
};
use rekey_function::Unended;
use rekey_registry::Failed;
use rekey_rotation::{
    AftermathError, Cause, ClearOutcome, ClearRequest, Cleared, Kept, Patience, RehearseRequest,
    RetireOutcome, RetireRequest, RollBackOutcome, RollBackRequest, SecretId, VersionId,
    VoidReason,
};

/// An order that nothing can be done about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// A field is missing or of the wrong type.
    #[error("the order cannot be read: {0}")]
    Payload(#[from] PayloadError),
    /// An operation that this version does not know.
    #[error("the operation must be one of `retire`, `roll_back`, `clear`, `rehearse`")]
    UnknownOperation,
    /// A rollback that does not say what it needs.
    #[error("a rollback needs `from_version`, the version that is AWSCURRENT, and a `reason`")]
    RollbackIncomplete,
    /// A field that Secrets Manager would not take.
    #[error("`{0}` is not one that Secrets Manager knows")]
    Field(&'static str),
}

/// What is asked for, parsed.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Take a credential out of use.
    Retire(RetireRequest),
    /// Bring one back.
    RollBack(RollBackRequest),
    /// Clear a rotation that is stuck.
    Clear(ClearRequest),
    /// Try a rotation, and take it back.
    Rehearse(RehearseRequest),
}

/// An order and what it asks for.
#[derive(Clone, Debug)]
pub struct Order {
    /// The friendly name of the secret: its key in the registry.
    pub name: String,
    /// As it came.
    pub wire: RetireOrder,
    /// As it is done. The patience of a retirement is still the one that was asked for.
    pub wish: Wish,
}

impl Order {
    /// Parses an order. `delivery` stands for the occasion of one that names none.
    pub fn parse(wire: RetireOrder, delivery: &str) -> Result<Self, OrderError> {
        let secret = SecretId::parse(wire.secret.as_str()).ok_or(OrderError::Field("secret"))?;
        let version = VersionId::parse(wire.version_id.as_str());
        let version = version.ok_or(OrderError::Field("version_id"))?;
        let occasion = wire.occasion.as_ref().map_or(delivery, Identifier::as_str);
        let occasion = occasion.to_owned();
        let requested_by = wire
            .requested_by
            .as_ref()
            .map(|who| who.as_str().to_owned());
        let reason = wire.reason.as_ref().map(|why| why.as_str().to_owned());
        let wish = match &wire.operation {
            RetireOperation::Retire => Wish::Retire(RetireRequest {
                secret,
                version,
                patience: match wire.patience {
                    Some(OrderPatience::Forced) => Patience::Forced,
                    Some(OrderPatience::Wait | OrderPatience::Unrecognised(_)) | None => {
                        Patience::Wait
                    }
                },
                occasion,
                requested_by,
                reason,
            }),
            RetireOperation::RollBack => {
                let from = wire.from_version.as_ref();
                let from = from.and_then(|from| VersionId::parse(from.as_str()));
                let (Some(from), Some(reason)) = (from, reason) else {
                    return Err(OrderError::RollbackIncomplete);
                };
                Wish::RollBack(RollBackRequest {
                    secret,
                    from,
                    to: version,
                    reason,
                    occasion,
                    requested_by,
                })
            }
            RetireOperation::Clear => Wish::Clear(ClearRequest { secret, version }),
            RetireOperation::Rehearse => Wish::Rehearse(RehearseRequest { secret, version }),
            RetireOperation::Unrecognised(_) => return Err(OrderError::UnknownOperation),
        };
        Ok(Self {
            name: SecretRef::of_secret_id(&wire.secret)
                .name
                .as_str()
                .to_owned(),
            wire,
            wish,
        })
    }

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

/// The friendly name of a secret, which is its key in the registry.
pub fn name_of(secret: &SecretId) -> String {
    match rekey_events::SecretId::new(secret.as_str()) {
        Ok(id) => SecretRef::of_secret_id(&id).name.as_str().to_owned(),
        Err(LimitError { .. }) => secret.as_str().to_owned(),
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
    }
}

fn services(cause: &Cause) -> Vec<Identifier> {
    match cause {
        Cause::Consumers { services } => services
            .iter()
            .filter_map(|service| Identifier::new(service.as_str()).ok())
            .collect(),
        Cause::HealthCheck { .. } | Cause::Sessions { .. } => Vec::new(),
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
    });
    words.collect::<Vec<_>>().join("; ")
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
    use serde_json::{Value, json};

    const OLD: &str = "b27c1d9a-0e55-4f6b-9c1f-7a84d1c0e2f3";
    const NEW: &str = "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10";

    fn parse(order: Value) -> Result<Order, OrderError> {
        Order::parse(RetireOrder::try_from(order)?, "delivery-1")
    }

    #[test]
    fn an_order_names_its_secret_by_arn_or_by_name() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db/app-aB3dE6";
        for secret in [arn, "prod/db/app"] {
            let order = json!({ "operation": "retire", "secret": secret, "version_id": OLD });
            assert_eq!(parse(order).unwrap().name, "prod/db/app");
        }
    }

    #[test]
    fn a_retirement_waits_unless_it_is_told_not_to() {
        for (patience, expected) in [
            (json!(null), Patience::Wait),
            (json!("wait"), Patience::Wait),
            (json!("hurry"), Patience::Wait),
            (json!("forced"), Patience::Forced),
        ] {
            let order = json!({ "operation": "retire", "secret": "a", "version_id": OLD, "patience": patience });
            let Wish::Retire(request) = parse(order).unwrap().wish else {
                panic!("another wish");
            };
            assert_eq!(request.patience, expected);
            assert_eq!(request.occasion, "delivery-1");
        }
    }

    #[test]
    fn a_rollback_says_from_where_and_why() {
        let whole = json!({ "operation": "roll_back", "secret": "a", "version_id": OLD, "from_version": NEW, "reason": "r" });
        assert!(matches!(
            parse(whole.clone()).unwrap().wish,
            Wish::RollBack(_)
        ));
        for field in ["from_version", "reason"] {
            let mut part = whole.clone();
            part[field] = Value::Null;
            assert_eq!(parse(part).unwrap_err(), OrderError::RollbackIncomplete);
        }
    }

    #[test]
    fn what_is_no_order_is_refused_without_repeating_it() {
        for order in [
            json!({}),
            json!({ "operation": "hunter2", "secret": "a", "version_id": OLD }),
            json!({ "operation": "retire", "secret": "a", "version_id": "hunter2" }),
            json!({ "operation": "retire", "secret": "", "version_id": OLD }),
        ] {
            let refused = parse(order).unwrap_err().to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_clearing_that_could_prove_nothing_is_one_to_be_tried_again() {
        let order = json!({ "operation": "clear", "secret": "a", "version_id": OLD });
        let order = parse(order).unwrap();
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
        let order = json!({ "operation": "retire", "secret": "a", "version_id": OLD });
        let answer = parse(order).unwrap().failed(&AftermathError::StillAccepted);
        assert_eq!(answer.class, Some(ErrorClass::StillInUse));
        assert_eq!(answer.retryable, Some(true));
        assert_eq!(answer.outcome, OrderOutcome::Failed);
    }
}
