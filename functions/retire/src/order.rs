//! An order on the wire to a request. Nothing is decided here.

use rekey_events::{
    Identifier, LimitError, OrderPatience, PayloadError, RetireOperation, RetireOrder, SecretRef,
};
use rekey_rotation::{
    ClearRequest, Patience, RehearseRequest, RetireRequest, RollBackRequest, SecretId, VersionId,
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
                switch: None,
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
}

/// The friendly name of a secret, which is its key in the registry.
pub fn name_of(secret: &SecretId) -> String {
    match rekey_events::SecretId::new(secret.as_str()) {
        Ok(id) => SecretRef::of_secret_id(&id).name.as_str().to_owned(),
        Err(LimitError { .. }) => secret.as_str().to_owned(),
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
}
