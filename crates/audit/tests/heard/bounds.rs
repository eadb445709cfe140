//! A record has bounds, whatever an event holds.

use rekey_audit::heard;
use rekey_events::DetailType;
use serde_json::{Value, json};

use crate::{bent, events, record, said};

const MOST: usize = 16 * 1024;

fn bytes(record: &rekey_events::AuditRecord) -> usize {
    serde_json::to_vec(record).unwrap().len()
}

#[test]
fn a_long_list_is_clipped_and_the_record_says_so() {
    let many: Vec<Value> = (0..5000).map(|it| json!(format!("service-{it}"))).collect();
    let event = bent(DetailType::RequestAnswered, &[("consumers", json!(many))]);
    let told = record(event);
    assert!(bytes(&told) <= MOST);
    assert_eq!(said(&told, "clipped"), Some(&json!(true)));
    let kept = said(&told, "consumers").unwrap().as_array().unwrap();
    assert!(kept.len() >= 16, "{}", kept.len());
    assert_eq!(kept[..], many[..kept.len()]);
}

#[test]
fn what_is_not_too_long_is_whole() {
    let reason = json!("ä".repeat(1024));
    let told = record(bent(
        DetailType::RequestAnswered,
        &[("reason", reason.clone())],
    ));
    assert_eq!(said(&told, "reason"), Some(&reason));
    assert_eq!(said(&told, "clipped"), None);
}

/// Every text as long as its contract lets it be, of the character that takes the most bytes.
fn swollen(value: &Value, times: usize, filler: char) -> Value {
    match value {
        Value::String(_) => json!(filler.to_string().repeat(times)),
        Value::Array(items) => {
            let item = items.first().map(|item| swollen(item, times, filler));
            Value::Array(item.into_iter().cycle().take(100).collect())
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), swollen(value, times, filler)))
            .collect(),
        other => other.clone(),
    }
}

/// The sample with every field as long as its contract takes it.
fn swelled(event: &Value, filler: char) -> Value {
    let mut swelled = event.clone();
    for (field, value) in event["detail"].as_object().unwrap() {
        let longest = [2048, 1024, 512, 256, 64].into_iter().find_map(|times| {
            let mut tried = event.clone();
            tried["detail"][field] = swollen(value, times, filler);
            let taken = heard(tried.clone()).is_ok();
            taken.then(|| tried["detail"][field].clone())
        });
        if let Some(longest) = longest {
            swelled["detail"][field] = longest;
        }
    }
    swelled
}

#[test]
fn no_event_makes_a_record_that_no_store_takes() {
    let mut clipped = 0;
    for filler in ['a', '"', '🔑'] {
        for (name, event) in events() {
            let told = record(swelled(&event, filler));
            assert!(bytes(&told) <= MOST, "{name}: {}", bytes(&told));
            clipped += usize::from(said(&told, "clipped").is_some());
        }
    }
    assert!(clipped > 20, "{clipped}");
}
