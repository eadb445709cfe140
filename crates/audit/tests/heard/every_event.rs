//! No event is forgotten, and nothing that it says.

use rekey_audit::{Chain, heard};
use rekey_events::{Bus, DetailType, EventId, Timestamp};
use serde_json::{Map, Value, json};

use crate::{bent, record, request_id, said, sample};

fn inner() -> impl Iterator<Item = DetailType> {
    let all = DetailType::ALL.iter().copied();
    all.filter(|one| one.ways().iter().any(|way| way.bus == Bus::Inner))
}

#[test]
fn every_event_of_the_inner_bus_has_an_action_of_its_own_and_can_stand_in_a_chain() {
    let mut actions = Vec::new();
    for detail_type in inner() {
        let event = sample(detail_type);
        let heard = heard(event.clone()).unwrap();
        let (record, detail) = (heard.record, &event["detail"]);
        assert_ne!(
            record.action.as_str(),
            "event.unrecognised",
            "{detail_type}"
        );
        actions.push(record.action.to_string());
        assert!(Chain::of(&record).is_ok(), "{detail_type}");
        assert_eq!(json!(record.id), detail["event_id"], "{detail_type}");
        let when = detail.get("occurred_at").unwrap_or(&detail["timestamp"]);
        assert_eq!(json!(record.created_at), *when, "{detail_type}");
        assert_eq!(
            heard.at,
            Timestamp::parse(when.as_str().unwrap()).unwrap().unix()
        );
        assert_eq!(record.target_id.as_str(), "local/db/app-primary");
        assert_eq!(record.target_type.as_str(), "secret");
        assert_eq!(said(&record, "detail_type"), Some(&json!(detail_type)));
        assert_eq!(said(&record, "source"), Some(&event["source"]));
    }
    assert_eq!(actions.len(), 19);
    actions.sort();
    let before = actions.len();
    actions.dedup();
    assert_eq!(actions.len(), before, "{actions:?}");
}

#[test]
fn the_same_event_makes_the_same_record() {
    for detail_type in inner() {
        assert_eq!(record(sample(detail_type)), record(sample(detail_type)));
    }
}

/// Where else in a record something stands.
fn moved(name: &str) -> &str {
    match name {
        "actor" => "actor_id",
        "role" => "actorRole",
        "source_ip" => "ip_address",
        "event_id" => "id",
        "occurred_at" | "timestamp" => "createdAt",
        other => other,
    }
}

/// What an event says that its record does not.
fn lost(detail_type: DetailType, event: &Value) -> Vec<String> {
    let record = serde_json::to_value(record(event.clone())).unwrap();
    let metadata = &record["metadata"];
    let mut lost = Vec::new();
    for (name, value) in event["detail"].as_object().unwrap() {
        let there = match name.as_str() {
            "schema_version" | "metadata" => true,
            "secret" => {
                metadata["secret_arn"] == value["arn"] && record["target_id"] == value["name"]
            }
            "requested_by" => [&record["actor_id"], &metadata["claimed_by"]].contains(&value),
            "reader" => {
                record["actor_id"] == value["actor"]
                    && metadata["service"] == value["service"]
                    && metadata["own"] == value["own"]
            }
            "request_id" if detail_type == DetailType::StepFailed => {
                metadata["invocation"] == *value
            }
            name => metadata[name] == *value || record[moved(name)] == *value,
        };
        if !there {
            lost.push(name.clone());
        }
    }
    lost
}

#[test]
fn nothing_that_an_event_says_is_lost() {
    for detail_type in inner() {
        let nothing: Vec<String> = Vec::new();
        assert_eq!(
            lost(detail_type, &sample(detail_type)),
            nothing,
            "{detail_type}"
        );
    }
    // What this version does not know is left out, which the same look finds.
    let newer = bent(DetailType::StepFailed, &[("region", json!("eu-west-1"))]);
    assert_eq!(lost(DetailType::StepFailed, &newer), ["region"]);
}

#[test]
fn what_nobody_has_said_what_it_is_is_not_recorded_wherever_it_stands() {
    let canary = json!("canary");
    for detail_type in inner() {
        let mut event = sample(detail_type);
        plant(&mut event["detail"], &canary);
        event["detail"]["metadata"] =
            json!({ "canary": "canary", "sites": { "canary": "canary" } });
        let text = serde_json::to_string(&record(event)).unwrap();
        assert!(!text.contains("canary"), "{detail_type}: {text}");
    }
}

/// Puts an unknown field into every object.
fn plant(value: &mut Value, canary: &Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| plant(value, canary));
            fields.insert("canary".to_owned(), canary.clone());
        }
        Value::Array(items) => items.iter_mut().for_each(|item| plant(item, canary)),
        _ => {}
    }
}

#[test]
fn no_record_holds_a_fraction() {
    for detail_type in inner() {
        let mut event = sample(detail_type);
        // Some producers know no integers.
        for name in ["version", "days_left", "resumes"] {
            if event["detail"].get(name).is_some() {
                event["detail"][name] = json!(3.0);
            }
        }
        let text = serde_json::to_string(&record(event)).unwrap();
        assert!(!text.contains("3.0"), "{text}");
    }
}

#[test]
fn what_our_own_functions_write_into_the_free_metadata_of_a_topic_is_kept() {
    let ours = json!({ "request": "81b00c56-bab7-5f69-b565-f58ef884554e", "sites": ["eu-west"],
        "called_by": "arn:aws:sts::123456789012:assumed-role/sweep/x", "operation": "x" });
    let told = record(bent(
        DetailType::RotateCompleted,
        &[("metadata", ours.clone())],
    ));
    for name in ["request", "sites", "called_by"] {
        assert_eq!(said(&told, name), Some(&ours[name]));
    }
    assert_eq!(said(&told, "operation"), None);
}

#[test]
fn an_event_of_a_type_that_is_not_known_is_recorded_too() {
    let mut event = sample(DetailType::StepFailed);
    event["detail-type"] = json!("rekey.secret.forgotten");
    event["detail"]["surprise"] = json!("canary");
    let known = record(sample(DetailType::StepFailed));
    let told = record(event.clone());
    assert_eq!(told.action.as_str(), "event.unrecognised");
    assert_eq!(told.id, known.id);
    assert_eq!(told.actor_id.as_str(), "rekey.rotate");
    assert_eq!(told.target_id, known.target_id);
    assert_eq!(json!(told.created_at), event["time"]);
    assert_eq!(
        said(&told, "detail_type"),
        Some(&json!("rekey.secret.forgotten"))
    );
    assert!(!serde_json::to_string(&told).unwrap().contains("canary"));

    event["detail"] = json!({ "event_id": "no uuid", "secret": 7 });
    let told = record(event.clone());
    let envelope = event["id"].as_str().unwrap();
    assert_eq!(told.id, EventId::derive(envelope, "rekey.secret.forgotten"));
    assert_eq!(told.target_type.as_str(), "event");
    assert_eq!(told.target_id.as_str(), told.id.to_string());
    assert_eq!(told.tenant.as_str(), "platform");
    event["detail"] = json!("no object");
    assert_eq!(record(event.clone()).id, told.id);
    // AWS's own events have no business on the inner bus.
    for detail_type in DetailType::ALL {
        if inner().all(|one| one != *detail_type) {
            event["detail-type"] = json!(detail_type);
            assert_eq!(record(event.clone()).action.as_str(), "event.unrecognised");
        }
    }
}

#[test]
fn an_event_without_an_id_of_its_own_gets_one_from_its_envelope() {
    let event = bent(DetailType::SecretPut, &[("event_id", Value::Null)]);
    let id = EventId::derive(event["id"].as_str().unwrap(), "greentic.secrets.put");
    assert_eq!(record(event).id, id);
}

#[test]
fn what_breaks_the_contract_is_refused_by_its_field_and_nothing_is_repeated() {
    let broken = bent(DetailType::StepFailed, &[("version_id", json!("hunter2"))]);
    let refused = heard(broken).unwrap_err().to_string();
    assert!(refused.contains("`detail.version_id`"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
    let mut headless = sample(DetailType::StepFailed);
    headless.as_object_mut().unwrap().remove("source");
    let refused = heard(headless).unwrap_err().to_string();
    assert!(refused.contains("`source` is missing"), "{refused}");
    assert!(heard(json!([])).is_err());
    assert!(heard(Value::Object(Map::new())).is_err());
}

#[test]
fn an_action_says_how_it_ended() {
    use DetailType::{RequestAnswered, RotateCompleted, SecretPut, SecretQuarantined};
    for (detail_type, field, value, action) in [
        (
            RotateCompleted,
            "result",
            json!("success"),
            "secret.rotated",
        ),
        (
            RotateCompleted,
            "result",
            json!("failed"),
            "rotation.failed",
        ),
        (
            RotateCompleted,
            "result",
            json!("rolled_back"),
            "rotation.rolled_back",
        ),
        (
            RotateCompleted,
            "result",
            json!("abandoned"),
            "rotation.abandoned",
        ),
        (
            RotateCompleted,
            "result",
            json!("not-known-yet"),
            "rotation.not_known_yet",
        ),
        (RotateCompleted, "result", Value::Null, "rotation.ended"),
        (
            RequestAnswered,
            "answer",
            json!("accepted"),
            "rotation.accepted",
        ),
        (
            RequestAnswered,
            "answer",
            json!("awaiting_approval"),
            "rotation.awaiting_approval",
        ),
        (
            RequestAnswered,
            "answer",
            json!("superseded"),
            "rotation.superseded",
        ),
        (
            RequestAnswered,
            "answer",
            json!("planned"),
            "rotation.planned",
        ),
        (
            SecretQuarantined,
            "cleared",
            json!(false),
            "rotation.quarantined",
        ),
        (
            SecretQuarantined,
            "cleared",
            json!(true),
            "rotation.quarantine_ended",
        ),
        (SecretPut, "version", json!(1), "secret.created"),
        (SecretPut, "version", json!(2), "secret_ref_upserted"),
        (SecretPut, "version", Value::Null, "secret.created"),
    ] {
        let told = record(bent(detail_type, &[(field, value)]));
        assert_eq!(told.action.as_str(), action);
    }
    let from = json!("5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10");
    let changes = [("version", Value::Null), ("rotated_from", from)];
    assert_eq!(
        record(bent(SecretPut, &changes)).action.as_str(),
        "secret_ref_upserted"
    );
    let long = json!("x".repeat(64));
    let told = record(bent(RotateCompleted, &[("result", long)]));
    assert_eq!(told.action.as_str().len(), 64);
}

#[test]
fn a_record_leads_to_the_rotation_that_it_belongs_to() {
    use DetailType::{
        GraceEnding, RequestAnswered, RequestRefused, RetireIntended, RollbackIntended,
        RotateCompleted, RotationIntended, SecretAccessed, SecretOverdue, SecretRetired,
        SecretRolledBack, StepFailed,
    };
    for (detail_type, field) in [
        (RotateCompleted, "version_id"),
        (RotationIntended, "version_id"),
        (StepFailed, "version_id"),
        (RequestRefused, "request"),
        (RequestAnswered, "request"),
        (SecretAccessed, "request_id"),
        (RetireIntended, "version_id"),
        (SecretRetired, "version_id"),
        (GraceEnding, "version_id"),
        (RollbackIntended, "from_version"),
        (SecretRolledBack, "from_version"),
    ] {
        let event = sample(detail_type);
        let told = record(event.clone());
        assert_eq!(
            request_id(&told),
            event["detail"][field].as_str(),
            "{detail_type}"
        );
        assert!(request_id(&told).is_some());
    }
    assert_eq!(request_id(&record(sample(SecretOverdue))), None);
}
