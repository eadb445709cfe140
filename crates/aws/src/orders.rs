use rekey_events::{
    Actor, ClientRequestToken, Identifier, KindFamily, LimitError, Message, OrderPatience,
    RetireOperation, RetireOrder, SecretId, Timestamp,
};
use rekey_registry::{Order, OrderError, Orders};

use crate::queue::{Queue, SendError};

/// The queues of the functions that may change targets: one for each family of kinds, because each has a role
/// of its own.
#[derive(Clone, Debug)]
pub struct RetireQueues {
    /// Databases and caches, and every kind that is not known.
    pub database: Queue,
    /// Signing keys and random values.
    pub keys: Queue,
}

impl RetireQueues {
    fn of(&self, kind: &str) -> &Queue {
        match KindFamily::of(kind) {
            KindFamily::Keys => &self.keys,
            KindFamily::Database => &self.database,
        }
    }
}

impl Orders for RetireQueues {
    async fn send(&self, order: &Order) -> Result<(), OrderError> {
        let wire = wire(order).map_err(|error| OrderError(error.to_string()))?;
        let body = serde_json::to_string(&wire).map_err(|error| OrderError(error.to_string()))?;
        let sent = self.of(order.kind()).send(body).await;
        sent.map_err(|error: SendError| OrderError(error.to_string()))
    }
}

/// An order as it stands in the queue.
fn wire(order: &Order) -> Result<RetireOrder, LimitError> {
    match order {
        Order::Retire {
            arn,
            version,
            promised,
            ..
        } => {
            let secret = SecretId::new(arn.as_str())?;
            let version = ClientRequestToken::new(version.as_str())?;
            let mut wire = RetireOrder::new(RetireOperation::Retire, secret, version);
            // The same in every attempt, and another one when the grace is a later switch's.
            wire.occasion = Some(Identifier::new(format!("deadline-{promised}"))?);
            wire.promised_at = Some(Timestamp::of_unix(*promised)?);
            Ok(wire)
        }
        Order::Clear { arn, version, .. } => {
            let secret = SecretId::new(arn.as_str())?;
            let version = ClientRequestToken::new(version.as_str())?;
            Ok(RetireOrder::new(RetireOperation::Clear, secret, version))
        }
        Order::RetireNow {
            arn,
            version,
            request,
            by,
            reason,
            ..
        } => {
            let secret = SecretId::new(arn.as_str())?;
            let version = ClientRequestToken::new(version.as_str())?;
            let mut wire = RetireOrder::new(RetireOperation::Retire, secret, version);
            wire.patience = Some(OrderPatience::Forced);
            // The same in every repetition of the request.
            wire.occasion = Some(Identifier::new(format!("request-{request}"))?);
            wire.request = Some(ClientRequestToken::new(request.as_str())?);
            // Text for people: no order is held up by it.
            wire.requested_by = Some(Actor::new(Message::clipped(by).as_str())?);
            wire.reason = Some(Message::clipped(reason));
            Ok(wire)
        }
        Order::Rehearse {
            arn,
            version,
            request,
            ..
        } => {
            let secret = SecretId::new(arn.as_str())?;
            let version = ClientRequestToken::new(version.as_str())?;
            let mut wire = RetireOrder::new(RetireOperation::Rehearse, secret, version);
            wire.request = Some(ClientRequestToken::new(request.as_str())?);
            Ok(wire)
        }
    }
}

#[cfg(test)]
mod tests {
    use rekey_registry::VersionId;
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db/app-aB3dE6";
    const VERSION: &str = "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10";

    #[test]
    fn an_order_of_the_registry_is_one_that_the_retire_function_reads() {
        let retire = Order::Retire {
            name: "prod/db/app".to_owned(),
            arn: ARN.to_owned(),
            kind: "postgres".to_owned(),
            version: VersionId::new(VERSION),
            promised: 1_795_312_800,
            attempt: 2,
        };
        let written = serde_json::to_value(wire(&retire).unwrap()).unwrap();
        assert_eq!(
            written,
            json!({
                "operation": "retire", "secret": ARN, "version_id": VERSION,
                "occasion": "deadline-1795312800", "promised_at": "2026-11-22T02:00:00Z",
            })
        );
        assert!(RetireOrder::try_from(written).is_ok());
        let clear = Order::Clear {
            name: "prod/db/app".to_owned(),
            arn: ARN.to_owned(),
            kind: "postgres".to_owned(),
            version: VersionId::new(VERSION),
        };
        assert_eq!(wire(&clear).unwrap().operation, RetireOperation::Clear);
    }
    const REQUEST: &str = "0f1e2d3c-4b5a-5d0e-9f0c-2c7b7a3e9a10";

    #[test]
    fn an_order_of_a_request_names_the_request_that_waits_for_it() {
        let now = Order::RetireNow {
            name: "prod/db/app".to_owned(),
            arn: ARN.to_owned(),
            kind: "postgres".to_owned(),
            version: VersionId::new(VERSION),
            request: VersionId::new(REQUEST),
            by: "platform\u{7}team".to_owned(),
            reason: "leaked".repeat(400),
        };
        let now = wire(&now).unwrap();
        assert_eq!(now.operation, RetireOperation::Retire);
        assert_eq!(now.patience, Some(OrderPatience::Forced));
        let occasion = format!("request-{REQUEST}");
        assert_eq!(now.occasion.as_ref().unwrap().as_str(), occasion);
        assert_eq!(now.requested_by.as_ref().unwrap().as_str(), "platform team");
        assert_eq!(now.request.as_ref().unwrap().as_str(), REQUEST);
        let written = serde_json::to_value(now).unwrap();
        assert!(RetireOrder::try_from(written).is_ok());

        let rehearse = Order::Rehearse {
            name: "prod/db/app".to_owned(),
            arn: ARN.to_owned(),
            kind: "postgres".to_owned(),
            version: VersionId::new(VERSION),
            request: VersionId::new(REQUEST),
        };
        let written = serde_json::to_value(wire(&rehearse).unwrap()).unwrap();
        let expected = json!({
            "operation": "rehearse", "secret": ARN, "version_id": VERSION, "request": REQUEST,
        });
        assert_eq!(written, expected);
        assert!(RetireOrder::try_from(written).is_ok());
    }
}
