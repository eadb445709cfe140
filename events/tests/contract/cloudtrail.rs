//! Records of CloudTrail are read, whatever they leave out.

use rekey_events::{DetailType, Envelope, Source, TrailRecord, parse};
use serde_json::{Value, json};

use crate::samples::{bytes, detail, sample, samples_in};
use crate::schemas::committed;

const ARN: &str =
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:local/db/app-primary-Qx3vLb";
const NEW: &str = "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10";
const OLD: &str = "b27c1d9a-0e55-4f6b-9c1f-7a84d1c0e2f3";

fn record(name: &str) -> TrailRecord {
    TrailRecord::try_from(detail(&format!("cloudtrail/{name}"))).unwrap()
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

#[test]
fn every_sample_is_an_event_of_the_name_that_its_file_has() {
    let names = samples_in("cloudtrail");
    assert_eq!(names.len(), 24);
    for name in names {
        let path = format!("cloudtrail/{name}");
        let whole = sample(&path);
        assert!(committed("event-envelope").is_valid(&whole), "{name}");
        assert!(
            committed("cloudtrail-record").is_valid(&whole["detail"]),
            "{name}"
        );
        let event: Envelope<TrailRecord> = parse(&bytes(&path)).unwrap();
        assert_eq!(event.source.as_str(), Source::SecretsManager.as_str());
        assert_eq!(kebab(event.detail.event_name.as_str()), name);
        let by_itself = whole["detail"]["eventType"] == "AwsServiceEvent";
        let expected = if by_itself {
            DetailType::ServiceEvent
        } else {
            DetailType::ApiCall
        };
        assert_eq!(event.detail_type.as_str(), expected.as_str());
    }
}

#[test]
fn every_record_about_one_secret_says_which() {
    for name in samples_in("cloudtrail") {
        let record = record(&name);
        let id = record.secret_id().map(|id| id.as_str().to_owned());
        match name.as_str() {
            // Secrets Manager records each secret of a batch as a GetSecretValue of its own.
            "batch-get-secret-value" => assert_eq!(id, None),
            // What only names the secret in the request, and is answered by nothing.
            "tag-resource" | "untag-resource" => {
                assert_eq!(id.as_deref(), Some("local/db/app-primary"));
                assert_eq!(record.secret_arn(), None);
            }
            _ => assert_eq!(id.as_deref(), Some(ARN), "{name}"),
        }
    }
}

#[test]
fn a_read_says_which_label_was_asked_for_and_by_whom() {
    let read = record("get-secret-value");
    assert_eq!(read.stage().unwrap().as_str(), "AWSCURRENT");
    assert_eq!(read.version_id(), None);
    assert_eq!(read.read_only, Some(true));
    assert_eq!(read.service().unwrap().as_str(), "backend");
    assert_eq!(
        read.actor().unwrap().as_str(),
        "arn:aws:sts::123456789012:assumed-role/backend/i-0f3c9a7b1d2e4f586"
    );
    assert_eq!(
        read.role_arn().unwrap().as_str(),
        "arn:aws:iam::123456789012:role/services/backend"
    );
    assert!(
        read.user_agent()
            .unwrap()
            .as_str()
            .starts_with("aws-sdk-rust/")
    );

    let mut by_id = detail("cloudtrail/get-secret-value");
    by_id["requestParameters"] = json!({ "secretId": "local/db/app-primary", "versionId": OLD });
    let by_id = TrailRecord::try_from(by_id).unwrap();
    assert_eq!(by_id.version_id().unwrap().as_str(), OLD);
    assert_eq!(by_id.stage(), None);
    assert_eq!(by_id.secret_id().unwrap().as_str(), "local/db/app-primary");
    assert_eq!(by_id.secret_arn(), None);
}

#[test]
fn a_record_says_the_version_that_it_is_about() {
    for (name, version) in [
        ("create-secret", Some(OLD)),
        ("put-secret-value", Some(NEW)),
        ("update-secret", Some(NEW)),
        ("rotate-secret", Some(NEW)),
        ("update-secret-version-stage", Some(NEW)),
        ("rotation-started", Some(NEW)),
        ("rotation-succeeded", Some(NEW)),
        ("rotation-failed", Some(NEW)),
        ("rotation-abandoned", Some(NEW)),
        ("delete-secret", None),
        ("restore-secret", None),
        ("end-secret-version-delete", None),
    ] {
        let found = record(name).version_id();
        assert_eq!(found.as_ref().map(|id| id.as_str()), version, "{name}");
    }
}

#[test]
fn an_id_of_a_rotation_of_another_form_names_no_version() {
    for id in [
        format!("Rotation-{ARN}"),
        format!("Rotation-{ARN}-"),
        format!("Rotation-arn:aws:secretsmanager:us-east-1:1:secret:other-aB3dE6-{NEW}"),
        NEW.to_owned(),
    ] {
        let mut record = detail("cloudtrail/rotation-failed");
        record["requestID"] = json!(id);
        assert_eq!(TrailRecord::try_from(record).unwrap().version_id(), None);
    }
}

#[test]
fn the_arn_is_taken_in_either_spelling() {
    for (key, other) in [("arn", "aRN"), ("aRN", "arn")] {
        let mut record = detail("cloudtrail/delete-secret");
        let answer = record["responseElements"].as_object_mut().unwrap();
        let arn = answer.remove("arn").unwrap();
        answer.insert(key.to_owned(), arn);
        answer.insert(other.to_owned(), Value::Null);
        let record = TrailRecord::try_from(record).unwrap();
        assert_eq!(record.secret_arn().unwrap().as_str(), ARN, "{key}");
    }
}

#[test]
fn an_answer_of_nothing_leaves_the_name_that_was_asked_for() {
    let mut create = detail("cloudtrail/create-secret");
    create["responseElements"] = Value::Null;
    let create = TrailRecord::try_from(create).unwrap();
    assert_eq!(create.secret_id().unwrap().as_str(), "local/db/app-primary");
    assert_eq!(create.version_id().unwrap().as_str(), OLD);
}

#[test]
fn whoever_called_has_a_name() {
    let check = |identity: Value, service: Option<&str>, actor: Option<&str>| {
        let mut record = detail("cloudtrail/get-secret-value");
        record["userIdentity"] = identity;
        let record = TrailRecord::try_from(record).unwrap();
        assert_eq!(record.service().as_ref().map(|id| id.as_str()), service);
        assert_eq!(record.actor().as_ref().map(|id| id.as_str()), actor);
    };
    let user = "arn:aws:iam::123456789012:user/ops/mara";
    check(
        json!({ "type": "IAMUser", "arn": user, "userName": "mara", "principalId": "AIDA1" }),
        Some("mara"),
        Some(user),
    );
    let root = "arn:aws:iam::123456789012:root";
    check(
        json!({ "type": "Root", "arn": root, "principalId": "123456789012" }),
        Some("123456789012"),
        Some(root),
    );
    let service = "secretsmanager.amazonaws.com";
    check(
        json!({ "accountId": "123456789012", "invokedBy": service }),
        Some(service),
        Some(service),
    );
    check(
        json!({ "type": "AssumedRole", "principalId": "AROA1:session", "sessionContext": {} }),
        Some("AROA1:session"),
        Some("AROA1:session"),
    );
    // A path of IAM may be 512 characters long.
    let long = format!("arn:aws:iam::123456789012:user/{}/mara", "p".repeat(510));
    check(json!({ "arn": long }), None, Some(&long));
    check(json!({}), None, None);
    check(Value::Null, None, None);
}

#[test]
fn a_deleted_secret_is_gone_after_its_window() {
    let due = |request: Value| {
        let mut record = detail("cloudtrail/delete-secret");
        record["requestParameters"] = request;
        let due = TrailRecord::try_from(record)
            .unwrap()
            .deletion_due()
            .unwrap();
        serde_json::to_value(due).unwrap()
    };
    assert_eq!(
        due(json!({ "recoveryWindowInDays": 7 })),
        "2026-06-07T10:00:00Z"
    );
    assert_eq!(due(json!({})), "2026-06-30T10:00:00Z");
    assert_eq!(
        due(json!({ "forceDeleteWithoutRecovery": true })),
        "2026-05-31T10:00:00Z"
    );

    let mut refused = detail("cloudtrail/delete-secret");
    refused["errorCode"] = json!("AccessDenied");
    assert_eq!(TrailRecord::try_from(refused).unwrap().deletion_due(), None);
    assert_eq!(record("restore-secret").deletion_due(), None);
}

#[test]
fn three_fields_are_enough_and_none_of_them_may_be_missing() {
    let least = json!({
        "eventName": "GetSecretValue",
        "eventID": "EXAMPLE3-90ab-cdef-fedc-ba987EXAMPLE",
        "eventTime": "2018-04-03T17:51:02Z",
    });
    let record = TrailRecord::try_from(least.clone()).unwrap();
    assert_eq!(record.secret_id(), None);
    assert_eq!(record.version_id(), None);
    for field in ["eventName", "eventID", "eventTime"] {
        let mut less = least.clone();
        less.as_object_mut().unwrap().remove(field);
        let error = TrailRecord::try_from(less).unwrap_err();
        assert_eq!(error.to_string(), format!("`{field}` is missing"));
    }
}

#[test]
fn what_a_refused_caller_sent_does_not_stop_the_record() {
    let mut record = detail("cloudtrail/get-secret-value");
    record["errorCode"] = json!("ValidationException");
    record["userAgent"] = json!("x\u{7}".repeat(3000));
    record["requestParameters"] = json!({ "secretId": "two words", "versionId": "short" });
    let record = TrailRecord::try_from(record).unwrap();
    assert_eq!(record.secret_id(), None);
    assert_eq!(record.version_id(), None);
    assert_eq!(record.user_agent().unwrap().as_str().chars().count(), 1024);
}

#[test]
fn an_event_of_another_type_is_no_record_of_cloudtrail() {
    let error = Envelope::<TrailRecord>::try_from(sample("secret-label-updated")).unwrap_err();
    assert_eq!(error.path(), "detail-type");
}
