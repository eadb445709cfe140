//! Whether the request that an order names waits for it. Whoever may invoke the function could name any, and an
//! order may lie in the queue until its request has gone on.

use rekey_registry::request::{Request, Requests as _, Standing};
use rekey_registry::{StoreError, VersionId};

use crate::ledger::Registry;
use crate::order::{Order, Wish};

/// What the request that an order names has to do with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Awaited {
    /// It waits for this; or the order names no request.
    Yes,
    /// It is a dry run that has its answer.
    Answered,
    /// It does not wait for this: it is none of this secret, or it stands otherwise.
    No,
}

/// Looks at the request that an order names.
pub async fn awaited(registry: &Registry, order: &Order) -> Result<Awaited, StoreError> {
    match token(order) {
        None => Ok(Awaited::Yes),
        Some(token) => {
            let request = registry.store.request(&token).await?;
            Ok(request.map_or(Awaited::No, |request| standing(&request, order)))
        }
    }
}

fn standing(request: &Request, order: &Order) -> Awaited {
    if request.secret.as_deref() != Some(order.name.as_str()) {
        return Awaited::No;
    }
    let is_dry_run = request.wishes.dry_run;
    match (&order.wish, &request.standing) {
        (Wish::Retire(_), Standing::Retiring { .. }) => Awaited::Yes,
        (Wish::Rehearse(_), Standing::Rehearsing { .. }) if is_dry_run => Awaited::Yes,
        (Wish::Rehearse(_), standing) if is_dry_run && standing.is_final() => Awaited::Answered,
        // Rollbacks and clearings are no request's.
        _ => Awaited::No,
    }
}

/// The request that an order names.
pub fn token(order: &Order) -> Option<VersionId> {
    let request = order.wire.request.as_ref()?;
    Some(VersionId::new(request.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    use lambda_runtime::{Context, LambdaEvent};
    use rekey_events::RetireOrder;
    use rekey_families::{Database, Family as _};
    use rekey_function::now;
    use rekey_function::testing::{Call, StubAws};
    use rekey_registry::Policy;
    use rekey_telemetry::Level;
    use serde_json::{Value, json};

    use crate::config::Config;
    use crate::handler::Retire;

    const TOKEN: &str = "81b00c56-bab7-5f69-b565-f58ef884554e";

    fn order(operation: &str) -> Order {
        let order = json!({
            "operation": operation, "secret": "prod/db/app", "request": TOKEN,
            "version_id": "b27c1d9a-0e55-4f6b-9c1f-7a84d1c0e2f3",
        });
        Order::parse(RetireOrder::try_from(order).unwrap(), "delivery-1").unwrap()
    }

    fn request(secret: &str, dry_run: bool, standing: &Value) -> Request {
        serde_json::from_value(json!({
            "token": TOKEN, "source": "rekey.requester.billing", "secret": secret, "received_at": 0,
            "asked_at": 0, "wishes": { "dry_run": dry_run }, "standing": standing,
        }))
        .unwrap()
    }

    #[test]
    fn a_rehearsal_is_made_for_the_dry_run_that_waits_for_it_and_for_no_other() {
        let waits = json!({ "is": "rehearsing", "since": 0 });
        let planned = json!({ "is": "planned", "at": 0 });
        let accepted = json!({ "is": "accepted", "at": 0 });
        for (secret, dry_run, standing, expected) in [
            ("prod/db/app", true, &waits, Awaited::Yes),
            ("prod/db/app", true, &planned, Awaited::Answered),
            ("prod/db/other", true, &waits, Awaited::No),
            ("prod/db/other", true, &planned, Awaited::No),
            ("prod/db/app", false, &accepted, Awaited::No),
        ] {
            let request = request(secret, dry_run, standing);
            assert_eq!(super::standing(&request, &order("rehearse")), expected);
        }
    }

    #[test]
    fn a_retirement_is_done_for_the_request_that_waits_for_it_and_for_no_other() {
        let retiring = json!({ "is": "retiring", "since": 0 });
        let refused = json!({
            "is": "refused", "class": "still_in_use", "message": "m", "advice": "a", "at": 0,
        });
        for (secret, standing, expected) in [
            ("prod/db/app", &retiring, Awaited::Yes),
            ("prod/db/other", &retiring, Awaited::No),
            (
                "prod/db/app",
                &json!({ "is": "awaiting_approval", "until": 9 }),
                Awaited::No,
            ),
            (
                "prod/db/app",
                &json!({ "is": "accepted", "at": 0 }),
                Awaited::No,
            ),
            (
                "prod/db/app",
                &json!({ "is": "rotating", "at": 0 }),
                Awaited::No,
            ),
            (
                "prod/db/app",
                &json!({ "is": "rehearsing", "since": 0 }),
                Awaited::No,
            ),
            ("prod/db/app", &refused, Awaited::No),
        ] {
            let request = request(secret, false, standing);
            let found = super::standing(&request, &order("retire"));
            assert_eq!(found, expected, "{secret} {standing}");
        }
    }

    /// A function on a registry in which the request stands so, and on nothing else.
    fn retire(aws: &StubAws) -> Arc<Retire<Database>> {
        let config = Config {
            function: "rekey-test-retire".to_owned(),
            log_level: Level::default(),
            bus: "rekey-test".to_owned(),
            table: "rekey-test-registry".to_owned(),
            policy: Policy::default(),
            ca: None,
            aws: aws.settings(),
            family: Database::read(&|_: &str| None).unwrap(),
        };
        Arc::new(Retire::new(config).unwrap())
    }

    fn registry(call: &Call, standing: &str) -> (u16, Value) {
        let n = |number: &str| json!({ "N": number });
        match call.operation.as_str() {
            "Query" => {
                let secret = json!({
                    "pk": { "S": "SECRET#prod/db/app" }, "sk": { "S": "META" }, "name": { "S": "prod/db/app" },
                    "arn": { "S": "arn" }, "kind": { "S": "postgres" }, "registered_at": n("0"),
                    "presence": { "M": { "is": { "S": "present" } } }, "writes": { "M": {} },
                });
                (200, json!({ "Items": [secret], "ScannedCount": 1 }))
            }
            "GetItem" => {
                let standing = json!({ "is": { "S": standing }, "since": n("0"), "at": n("0") });
                let request = json!({
                    "pk": { "S": format!("REQUEST#{TOKEN}") }, "sk": { "S": "META" }, "token": { "S": TOKEN },
                    "source": { "S": "rekey.requester.billing" }, "secret": { "S": "prod/db/app" },
                    "received_at": n("0"), "asked_at": n("0"), "wishes": { "M": {} }, "standing": { "M": standing },
                });
                (200, json!({ "Item": request }))
            }
            _ => (400, json!({ "__type": "ResourceNotFoundException" })),
        }
    }

    async fn called(standing: &'static str) -> (Value, Vec<String>) {
        let aws = StubAws::start(move |call| registry(call, standing)).unwrap();
        let mut context = Context::default();
        let soon = now() + Duration::from_secs(60);
        context.deadline = u64::try_from(soon.as_millis()).unwrap();
        let event = serde_json::to_value(order("retire").wire).unwrap();
        let answer = retire(&aws).call(LambdaEvent::new(event, context)).await;
        (answer.unwrap(), aws.operations())
    }

    #[tokio::test]
    async fn an_order_whose_request_has_gone_on_touches_nothing() {
        let (answer, calls) = called("rotating").await;
        assert_eq!(answer["outcome"], "refused");
        assert_eq!(answer["class"], "invalid_request");
        // The record, the request, and the request again: nothing is noted down as held either.
        assert_eq!(calls, ["Query", "GetItem", "GetItem"]);
        // One that is waited for goes on to the secret.
        let (answer, calls) = called("retiring").await;
        assert_ne!(answer["outcome"], "refused");
        assert!(calls.contains(&"DescribeSecret".to_owned()), "{calls:?}");
    }

    #[test]
    fn what_no_request_ever_orders_is_awaited_by_none() {
        for standing in [
            json!({ "is": "retiring", "since": 0 }),
            json!({ "is": "rehearsing", "since": 0 }),
        ] {
            let request = request("prod/db/app", true, &standing);
            assert_eq!(super::standing(&request, &order("clear")), Awaited::No);
        }
    }
}
