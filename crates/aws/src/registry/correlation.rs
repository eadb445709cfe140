//! What ties a request to the work around it is anybody's JSON. It is kept as text: an item is nested 32
//! deep at most and knows one kind of number
//! ([Constraints in Amazon DynamoDB](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)),
//! and a null in a record is no attribute. As text it comes back as it came: a null is one, and 1.0 is not 1.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use rekey_registry::request::Request;
use rekey_registry::{Secret, StoreError};
use serde_json::Value;

use super::item::{Item, corrupt, read, write};
use super::key::Key;
use super::update::text;

/// In a request, and in what a secret keeps of one.
const CORRELATION: &str = "correlation";
/// In a secret: what it keeps of the requests for it.
const REQUESTS: &str = "requests";

type Correlation = BTreeMap<String, Value>;

/// What a request is written as.
pub(super) fn write_request(key: &Key, request: &Request) -> Result<Item, StoreError> {
    let mut item = write(key, request)?;
    keep(key, &mut item, &request.correlation)?;
    // For an update to remove.
    item.entry(CORRELATION.to_owned())
        .or_insert(AttributeValue::Null(true));
    Ok(item)
}

pub(super) fn read_request(mut item: Item) -> Result<Request, StoreError> {
    let key = Key::of(&item);
    let correlation = take(&key, &mut item)?;
    let mut request: Request = read(item)?;
    request.correlation = correlation;
    Ok(request)
}

/// What a secret is written as.
pub(super) fn write_secret(key: &Key, secret: &Secret) -> Result<Item, StoreError> {
    let mut item = write(key, secret)?;
    if let Some(AttributeValue::L(kept)) = item.get_mut(REQUESTS) {
        for (one, requested) in kept.iter_mut().zip(&secret.requests) {
            let AttributeValue::M(one) = one else {
                return Err(corrupt(key));
            };
            keep(key, one, &requested.correlation)?;
        }
    }
    Ok(item)
}

pub(super) fn read_secret(mut item: Item) -> Result<Secret, StoreError> {
    let key = Key::of(&item);
    let mut correlations = Vec::new();
    if let Some(AttributeValue::L(kept)) = item.get_mut(REQUESTS) {
        for one in kept {
            let AttributeValue::M(one) = one else {
                return Err(corrupt(&key));
            };
            correlations.push(take(&key, one)?);
        }
    }
    let mut secret: Secret = read(item)?;
    for (requested, correlation) in secret.requests.iter_mut().zip(correlations) {
        requested.correlation = correlation;
    }
    Ok(secret)
}

/// Nothing is no attribute.
fn keep(
    key: &Key,
    record: &mut HashMap<String, AttributeValue>,
    correlation: &Correlation,
) -> Result<(), StoreError> {
    record.remove(CORRELATION);
    if !correlation.is_empty() {
        let written = serde_json::to_string(correlation).map_err(|_| corrupt(key))?;
        record.insert(CORRELATION.to_owned(), text(&written));
    }
    Ok(())
}

fn take(
    key: &Key,
    record: &mut HashMap<String, AttributeValue>,
) -> Result<Correlation, StoreError> {
    match record.remove(CORRELATION) {
        None => Ok(Correlation::new()),
        Some(AttributeValue::S(written)) => {
            serde_json::from_str(&written).map_err(|_| corrupt(key))
        }
        Some(_) => Err(corrupt(key)),
    }
}

#[cfg(test)]
mod tests {
    use rekey_registry::VersionId;
    use rekey_registry::request::Requested;
    use serde_json::json;

    use super::*;

    /// All that JSON has, and more than an item can hold as one.
    fn correlation() -> Correlation {
        let mut deep = json!(null);
        for _ in 0..60 {
            deep = json!([deep]);
        }
        let all = json!({
            "correlation_id": "7f3a", "empty": "", "none": null, "whole": 1.0, "tenth": 0.1,
            "digits": 0.123_456_789_012_345_67, "small": 5e-324, "large": 1.797_693_134_862_315_7e308,
            "big": u64::MAX, "negative": i64::MIN, "yes": true, "list": [null, 1, {}], "": { "none": null },
            "deep": deep,
        });
        serde_json::from_value(all).unwrap()
    }

    fn request(correlation: Correlation) -> Request {
        let request = json!({
            "token": "t", "source": "rekey.requester.billing", "received_at": 1, "asked_at": 1,
            "wishes": {}, "standing": { "is": "accepted", "at": 1 },
        });
        let mut request: Request = serde_json::from_value(request).unwrap();
        request.correlation = correlation;
        request
    }

    #[test]
    fn what_ties_a_request_to_the_work_around_it_comes_back_as_it_came() {
        for correlation in [correlation(), Correlation::new()] {
            let request = request(correlation);
            let key = Key::request(&request.token);
            let mut item = write_request(&key, &request).unwrap();
            item.retain(|_, value| !value.is_null());
            assert_eq!(read_request(item).unwrap(), request);
        }
    }

    #[test]
    fn so_does_what_a_secret_keeps_of_its_requests() {
        let secret = json!({
            "name": "db/app", "arn": "arn", "kind": "postgres", "registered_at": 1,
            "presence": { "is": "present" },
        });
        let mut secret: Secret = serde_json::from_value(secret).unwrap();
        for kept in [correlation(), Correlation::new(), correlation()] {
            secret.requests.push(Requested {
                correlation: kept,
                ..requested()
            });
        }
        let key = Key::secret("db/app");
        let mut item = write_secret(&key, &secret).unwrap();
        item.retain(|_, value| !value.is_null());
        assert_eq!(read_secret(item).unwrap(), secret);
    }

    fn requested() -> Requested {
        let requested = json!({ "token": VersionId::new("t"), "at": 1, "source": "s" });
        serde_json::from_value(requested).unwrap()
    }

    #[test]
    fn a_request_whose_correlation_is_no_json_is_named_and_not_shown() {
        let request = request(correlation());
        let key = Key::request(&request.token);
        for broken in [text("{\"hunter2\""), AttributeValue::Bool(true)] {
            let mut item = write_request(&key, &request).unwrap();
            item.extend(key.attributes());
            item.insert(CORRELATION.to_owned(), broken);
            let error = read_request(item).unwrap_err();
            assert_eq!(error, StoreError::Corrupt("REQUEST#t / META".into()));
        }
    }
}
