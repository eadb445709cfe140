use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, TransactWriteItem};
use futures_util::future::try_join_all;
use rekey_registry::request::{Request, RequestPage, Settlement};
use rekey_registry::{StoreError, VersionId};

use super::RegistryTable;
use super::commit::REVISION;
use super::correlation::{read_request, write_request};
use super::error::unread;
use super::item::corrupt;
use super::key::{Key, PK, SK, day_partition};
use super::state::scanned;
use super::update::{Expressions, number, text};

/// How many records of a page are read side by side.
const AT_ONCE: usize = 16;

impl RegistryTable {
    pub(super) async fn request_alone(
        &self,
        token: &VersionId,
    ) -> Result<Option<Request>, StoreError> {
        let key = Key::request(token);
        let Some(item) = self.item(&key, None).await? else {
            return Ok(None);
        };
        let request = read_request(item)?;
        // It is written back there.
        if request.token == *token {
            Ok(Some(request))
        } else {
            Err(corrupt(&key))
        }
    }

    /// One transaction, conditional on the revision of each record in it and on the turn as it was read.
    pub(super) async fn settle_request(&self, settlement: &Settlement) -> Result<(), StoreError> {
        let Settlement {
            request,
            expected,
            other,
            secret,
            turn,
        } = settlement;
        let mut actions = vec![self.request_update(request, *expected)?];
        if expected.is_none() {
            actions.push(self.put(Key::request_of_day(request).attributes())?);
        }
        if let Some((other, revision)) = other {
            actions.push(self.request_update(other, Some(*revision))?);
        }
        if let Some((turn, known)) = turn {
            actions.push(self.turn_update(turn, known.as_ref())?);
        }
        let mut outcomes = [].as_slice();
        if let Some(changes) = secret {
            actions.extend(self.actions(changes)?);
            outcomes = &changes.outcomes;
        }
        self.transact_with(actions, outcomes).await
    }

    fn request_update(
        &self,
        request: &Request,
        expected: Option<u64>,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = Key::request(&request.token);
        let mut update = Expressions::whole(write_request(&key, request)?);
        update.only_if(&[REVISION], expected.map(number));
        self.update(&key, update)
    }

    /// The list of a day has keys alone; the records are read by them. One that somebody deleted by hand is
    /// passed over.
    pub(super) async fn requests_of_day(
        &self,
        day: i64,
        before: Option<&str>,
        limit: usize,
    ) -> Result<RequestPage, StoreError> {
        // One more says whether there is another page.
        let mut places = self.places(day, before, limit.saturating_add(1)).await?;
        let more = places.len() > limit;
        places.truncate(limit);
        let mut requests = Vec::new();
        for some in places.chunks(AT_ONCE) {
            let tokens: Vec<VersionId> = some.iter().filter_map(|place| token(place)).collect();
            let records = tokens.iter().map(|token| self.request_alone(token));
            requests.extend(try_join_all(records).await?.into_iter().flatten());
        }
        let next = places.pop().filter(|_| more);
        Ok(RequestPage { requests, next })
    }

    /// The places in the list of a day, the newest first.
    async fn places(
        &self,
        day: i64,
        before: Option<&str>,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut places = Vec::new();
        let mut next = None;
        loop {
            let wanted = most.saturating_sub(places.len());
            let mut call = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .scan_index_forward(false)
                .expression_attribute_names("#pk", PK)
                .expression_attribute_values(":pk", text(&day_partition(day)))
                .set_exclusive_start_key(next)
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            call = match before {
                None => call.key_condition_expression("#pk = :pk"),
                Some(before) => call
                    .key_condition_expression("#pk = :pk AND #sk < :before")
                    .expression_attribute_names("#sk", SK)
                    .expression_attribute_values(":before", text(before)),
            };
            let answer = call.send().await.map_err(|error| unread("Query", error))?;
            self.has_read(answer.consumed_capacity(), scanned(answer.scanned_count));
            let items = answer.items.unwrap_or_default();
            places.extend(items.iter().map(|item| Key::of(item).sk));
            next = answer.last_evaluated_key;
            if next.is_none() || places.len() >= most {
                return Ok(places);
            }
        }
    }
}

/// The request that lies in a place: `<time>#<token>`.
fn token(place: &str) -> Option<VersionId> {
    let (_, token) = place.split_once('#')?;
    Some(VersionId::new(token))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use rekey_registry::request::{Requests, Turn};
    use rekey_registry::{Changes, Secret};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::Canned;

    /// 2026-11-22, 05:40 UTC.
    const AT: i64 = 1_795_326_000;

    fn request(token: &str, revision: u64) -> Request {
        let request = json!({
            "token": token, "source": "rekey.requester.billing", "key": "db/app", "received_at": AT,
            "asked_at": AT, "wishes": {}, "standing": { "is": "accepted", "at": AT },
            "revision": revision,
        });
        serde_json::from_value(request).unwrap()
    }

    fn changes() -> Changes {
        let secret = json!({
            "name": "db/app", "arn": "arn", "kind": "postgres", "registered_at": AT,
            "presence": { "is": "present" }, "revision": 8,
        });
        let secret: Secret = serde_json::from_value(secret).unwrap();
        Changes {
            expected: Some(7),
            secret,
            versions: Vec::new(),
            dropped: Vec::new(),
            armed: Vec::new(),
            disarmed: Vec::new(),
            unsent: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    fn turn(token: &str, at: i64) -> Turn {
        Turn {
            service: "shop".into(),
            secret: "db/app".into(),
            token: VersionId::new(token),
            at,
        }
    }

    /// The actions of the one transaction that the settlement is.
    async fn actions(settlement: &Settlement) -> Vec<Value> {
        let seen = Arc::new(Mutex::new(Value::Null));
        let requests = seen.clone();
        let aws = Canned::new(move |_, request, _| {
            *requests.lock().unwrap() = request.clone();
            (200, json!({}))
        });
        let table = RegistryTable::new(&aws.connection(), "registry".into());
        table.settle(settlement).await.unwrap();
        assert_eq!(aws.calls(), ["TransactWriteItems"]);
        let request = seen.lock().unwrap();
        request["TransactItems"].as_array().unwrap().clone()
    }

    /// The condition of an update, with names and values in their places.
    fn condition(action: &Value) -> (String, String) {
        let update = &action["Update"];
        let mut condition = update["ConditionExpression"].as_str().unwrap().to_owned();
        let names = update["ExpressionAttributeNames"].as_object().unwrap();
        let values = update["ExpressionAttributeValues"].as_object().unwrap();
        let mut places: Vec<_> = names.iter().chain(values).collect();
        // `#1` is the start of `#10`.
        places.sort_by_key(|(place, _)| std::cmp::Reverse(place.len()));
        for (place, meaning) in places {
            let text = meaning.as_str().or_else(|| {
                let value = meaning["S"].as_str();
                value.or_else(|| meaning["N"].as_str())
            });
            condition = condition.replace(place.as_str(), text.unwrap_or("?"));
        }
        let key = update["Key"]["pk"]["S"].as_str().unwrap().to_owned();
        (key, condition)
    }

    #[tokio::test]
    async fn every_record_of_a_settlement_hangs_on_what_was_read_of_it() {
        let settlement = Settlement {
            request: request("one", 3),
            expected: Some(2),
            other: Some((request("two", 6), 5)),
            secret: Some(changes()),
            turn: Some((turn("one", AT), Some(turn("before", AT - 4000)))),
        };
        let actions = actions(&settlement).await;
        let seen: Vec<_> = actions.iter().map(condition).collect();
        let expected = [
            ("REQUEST#one", "revision = 2".to_owned()),
            ("REQUEST#two", "revision = 5".to_owned()),
            (
                "TURN#shop",
                format!("secret = db/app AND token = before AND at = {}", AT - 4000),
            ),
            ("SECRET#db/app", "revision = 7".to_owned()),
        ];
        let expected = expected.map(|(key, condition)| (key.to_owned(), condition));
        assert_eq!(seen, expected);
    }

    #[tokio::test]
    async fn a_request_is_recorded_once_and_goes_into_the_list_of_its_day() {
        let settlement = Settlement {
            request: request("one", 1),
            expected: None,
            other: None,
            secret: None,
            turn: Some((turn("one", AT), None)),
        };
        let actions = actions(&settlement).await;
        let key = |text: &str| text.to_owned();
        let absent = key("attribute_not_exists(revision)");
        assert_eq!(condition(&actions[0]), (key("REQUEST#one"), absent));
        let place =
            json!({ "pk": { "S": "REQUESTS#20261122" }, "sk": { "S": "001795326000#one" } });
        assert_eq!(actions[1]["Put"]["Item"], place);
        let absent = key("attribute_not_exists(token)");
        assert_eq!(condition(&actions[2]), (key("TURN#shop"), absent));
        assert_eq!(actions.len(), 3);
    }

    #[tokio::test]
    async fn a_page_of_requests_is_one_query_and_the_records_that_are_there() {
        let aws = Canned::new(|operation, request, _| {
            if operation == "Query" {
                assert_eq!(request["ScanIndexForward"], false);
                assert_eq!(
                    request["Limit"], 3,
                    "one more says whether there is another page"
                );
                let place = |sk| json!({ "pk": { "S": "REQUESTS#20261122" }, "sk": { "S": sk } });
                let places = ["3#three", "2#gone", "1#one"].map(place);
                return (200, json!({ "Items": places, "ScannedCount": 3 }));
            }
            let pk = &request["Key"]["pk"]["S"];
            if pk == "REQUEST#gone" {
                return (200, json!({}));
            }
            let item = json!({
                "pk": { "S": pk }, "sk": { "S": "META" }, "token": { "S": "three" },
                "source": { "S": "s" }, "received_at": { "N": "3" }, "asked_at": { "N": "3" },
                "wishes": { "M": {} },
                "standing": { "M": { "is": { "S": "rotating" }, "at": { "N": "3" } } },
            });
            (200, json!({ "Item": item }))
        });
        let table = RegistryTable::new(&aws.connection(), "registry".into());
        let page = table.requests_of(AT / 86_400, None, 2).await.unwrap();
        assert_eq!(page.requests.len(), 1);
        assert_eq!(page.next.as_deref(), Some("2#gone"));
    }

    #[tokio::test]
    async fn a_record_that_is_another_requests_is_named() {
        let aws = Canned::new(|_, _, _| {
            let item = json!({
                "pk": { "S": "REQUEST#one" }, "sk": { "S": "META" }, "token": { "S": "two" },
                "source": { "S": "s" }, "received_at": { "N": "3" }, "asked_at": { "N": "3" },
                "wishes": { "M": {} },
                "standing": { "M": { "is": { "S": "rotating" }, "at": { "N": "3" } } },
            });
            (200, json!({ "Item": item }))
        });
        let table = RegistryTable::new(&aws.connection(), "registry".into());
        let error = table.request(&VersionId::new("one")).await;
        assert_eq!(error, Err(StoreError::Corrupt("REQUEST#one / META".into())));
    }
}
