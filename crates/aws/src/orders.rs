use rekey_events::{
    ClientRequestToken, Identifier, LimitError, RetireOperation, RetireOrder, SecretId, Timestamp,
};
use rekey_registry::{Order, OrderError, Orders};

use crate::queue::{Queue, SendError};

impl Orders for Queue {
    async fn send(&self, order: &Order) -> Result<(), OrderError> {
        let wire = wire(order).map_err(|error| OrderError(error.to_string()))?;
        let body = serde_json::to_string(&wire).map_err(|error| OrderError(error.to_string()))?;
        let sent = Self::send(self, body).await;
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
            version: VersionId::new(VERSION),
        };
        assert_eq!(wire(&clear).unwrap().operation, RetireOperation::Clear);
    }
}
