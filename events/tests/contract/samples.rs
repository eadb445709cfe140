//! The committed samples are events as they come, and keep being read.

use std::fs;
use std::path::PathBuf;

use rekey_events::{
    AuditRecord, CheckResult, DetailType, Envelope, ErrorClass, HoldCause, Kind, LabelUpdated,
    Lateness, OrderOutcome, Outcome, PayloadError, ProofMethod, RequestAnswer, RetireAnswer,
    RetireOperation, RetireOrder, RotationIntended, RotationStep, Source, Step, StepFailed,
    Strategy, Word, parse,
};
use serde_json::{Value, json};

use crate::payloads;
use crate::schemas::committed;

/// The file name of each step's sample and the step it holds.
const STEPS: [(&str, &str); 4] = [
    ("rotate-create-secret", "createSecret"),
    ("rotate-set-secret", "setSecret"),
    ("rotate-test-secret", "testSecret"),
    ("rotate-finish-secret", "finishSecret"),
];

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// The names of the samples in a folder, sorted.
pub fn samples_in(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

pub fn bytes(name: &str) -> Vec<u8> {
    fs::read(directory().join(format!("{name}.json"))).unwrap()
}

pub fn sample(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap()
}

pub fn detail(name: &str) -> Value {
    sample(name)["detail"].clone()
}

#[test]
fn every_sample_is_asked_for_here() {
    let mut asked: Vec<&str> = STEPS.map(|(name, _)| name).to_vec();
    asked.extend([
        "audit-record",
        "retire-answer",
        "retire-order",
        "rehearse-answer",
        "rehearse-order",
    ]);
    asked.extend(payloads::all().iter().map(|payload| payload.name));
    asked.sort_unstable();
    assert_eq!(samples_in("."), asked);
}

#[test]
fn every_payload_has_a_sample_that_is_valid_and_written_back_unchanged() {
    for payload in payloads::all() {
        let (name, whole) = (payload.name, sample(payload.name));
        assert!(committed("event-envelope").is_valid(&whole), "{name}");
        assert!(committed(name).is_valid(&whole["detail"]), "{name}");
        assert_eq!(whole["detail-type"], payload.detail_type.as_str(), "{name}");
        assert_eq!(whole["source"], payload.source.as_str(), "{name}");
        let written = (payload.read)(whole["detail"].clone()).unwrap();
        assert_eq!(written, whole["detail"], "{name}");
    }
}

#[test]
fn absent_and_null_are_the_same_in_every_optional_field() {
    for payload in payloads::all() {
        let full = payload.full();
        let mut optional = 0;
        for field in full.as_object().unwrap().keys() {
            let (mut absent, mut null) = (full.clone(), full.clone());
            absent.as_object_mut().unwrap().remove(field);
            null[field] = Value::Null;
            if let Ok(without) = (payload.read)(absent) {
                assert_eq!((payload.read)(null).unwrap(), without, "{field}");
                optional += 1;
            }
        }
        assert!(optional > 1, "{}", payload.name);
    }
}

#[test]
fn each_step_sample_is_read_as_its_step() {
    for (name, step) in STEPS {
        let event: RotationStep = parse(&bytes(name)).unwrap();
        assert_eq!(event.step.as_str(), step);
        assert!(
            event
                .secret_id
                .as_str()
                .starts_with("arn:aws:secretsmanager:")
        );
        assert!(event.rotation_token.is_some());
        assert!(committed("rotation-step").is_valid(&sample(name)), "{name}");
    }
}

#[test]
fn an_order_and_its_answer_are_read_and_written_back_unchanged() {
    let (order, answer) = (sample("retire-order"), sample("retire-answer"));
    assert!(committed("retire-order").is_valid(&order));
    assert!(committed("retire-answer").is_valid(&answer));
    let read = RetireOrder::try_from(order.clone()).unwrap();
    assert_eq!(read.operation, RetireOperation::RollBack);
    assert_eq!(serde_json::to_value(&read).unwrap(), order);
    let read = RetireAnswer::try_from(answer.clone()).unwrap();
    assert_eq!(read.outcome, OrderOutcome::RolledBack);
    assert_eq!(serde_json::to_value(&read).unwrap(), answer);

    let mut broken = order;
    broken["version_id"] = json!("hunter2");
    let refused = RetireOrder::try_from(broken).unwrap_err();
    assert_eq!(refused.path(), "version_id");
    assert!(!refused.to_string().contains("hunter2"));
}

#[test]
fn a_record_of_the_audit_trail_is_read_and_written_back_unchanged() {
    let record = sample("audit-record");
    assert!(committed("audit-record").is_valid(&record));
    let read = AuditRecord::try_from(record.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), record);

    let mut broken = record;
    broken["createdAt"] = json!("hunter2");
    assert!(!committed("audit-record").is_valid(&broken));
    let refused = AuditRecord::try_from(broken).unwrap_err();
    assert_eq!(refused.path(), "createdAt");
    assert!(!refused.to_string().contains("hunter2"));
}

#[test]
fn what_the_audit_writer_is_invoked_with_is_an_event_of_the_inner_bus() {
    let batch = sample("invoke/audit");
    let body = batch["Records"][0]["body"].as_str().unwrap();
    let event: Value = serde_json::from_str(body).unwrap();
    assert_eq!(event, sample("secret-retired"));
    assert!(committed("event-envelope").is_valid(&event));
}

#[test]
fn a_rehearsal_is_ordered_and_answered_for_a_request() {
    let (order, answer) = (sample("rehearse-order"), sample("rehearse-answer"));
    assert!(committed("retire-order").is_valid(&order));
    assert!(committed("retire-answer").is_valid(&answer));
    let read = RetireOrder::try_from(order.clone()).unwrap();
    assert_eq!(read.operation, RetireOperation::Rehearse);
    let told = detail("request-answered");
    assert_eq!(json!(read.request), told["request"]);
    assert_eq!(serde_json::to_value(&read).unwrap(), order);

    let read = RetireAnswer::try_from(answer.clone()).unwrap();
    assert_eq!(read.outcome, OrderOutcome::Rehearsed);
    assert_eq!(json!(read.checks), told["checks"]);
    assert_eq!(json!(read.steps), told["steps"]);
    assert_eq!(serde_json::to_value(&read).unwrap(), answer);
}

#[test]
fn a_runtime_that_deserializes_reads_the_same_step() {
    let event: RotationStep = serde_json::from_slice(&bytes("rotate-set-secret")).unwrap();
    assert_eq!(event.step.as_str(), "setSecret");

    let error = serde_json::from_value::<RotationStep>(json!({ "Step": "setSecret" })).unwrap_err();
    assert_eq!(error.to_string(), "`SecretId` is missing");
}

#[test]
fn the_failure_sample_says_its_class() {
    let event: Envelope<StepFailed> = parse(&bytes("step-failed")).unwrap();
    assert_eq!(event.source.as_str(), Source::Rotate.as_str());
    assert_eq!(event.detail.class.as_str(), "target_unreachable");
}

#[test]
fn the_arn_of_the_label_sample_comes_from_the_envelope() {
    let event: Envelope<LabelUpdated> = parse(&bytes("secret-label-updated")).unwrap();
    assert_eq!(event.detail.label_updated.as_str(), "AWSCURRENT");
    let arn = sample("secret-label-updated")["resources"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(event.secret_arn().unwrap().as_str(), arn);
}

#[test]
fn an_arn_in_the_label_event_is_taken_in_either_spelling() {
    for key in ["arn", "aRN"] {
        let mut event = sample("secret-label-updated");
        event["detail"][key] = json!("arn:aws:secretsmanager:eu-west-1:1:secret:here-aB3dE6");
        let event = Envelope::<LabelUpdated>::try_from(event).unwrap();
        assert!(
            event.secret_arn().unwrap().as_str().contains("here"),
            "{key}"
        );
    }
}

#[test]
fn fields_of_a_newer_producer_are_kept_and_written_back() {
    let mut newer = detail("step-failed");
    newer["attempt"] = json!({ "number": 2, "of": 5 });
    newer["secret"]["replica_of"] = json!("us-east-1");
    newer["tenant_ctx"] = json!({ "tenant": "acme", "plan": "gold" });
    newer["class"] = json!("target_full");
    newer["strategy"] = json!("three-users");

    let read = StepFailed::try_from(newer.clone()).unwrap();
    assert_eq!(read.extra.len(), 1);
    assert_eq!(read.class.as_str(), "target_full");
    assert_eq!(serde_json::to_value(&read).unwrap(), newer);
    assert!(committed("step-failed").is_valid(&newer));
}

#[test]
fn a_payload_without_a_schema_version_is_version_1_and_another_version_is_refused() {
    let mut payload = detail("rotation-intended");
    payload.as_object_mut().unwrap().remove("schema_version");
    let read = RotationIntended::try_from(payload.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap()["schema_version"], "v1");

    payload["schema_version"] = json!("v2");
    let error = RotationIntended::try_from(payload).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`schema_version` must be `v1`, the only version known here"
    );
}

#[test]
fn an_event_of_another_type_is_refused_as_such() {
    let error = Envelope::<StepFailed>::try_from(sample("rotation-intended")).unwrap_err();
    assert_eq!(error.path(), "detail-type");
}

#[test]
fn every_name_on_a_bus_reads_back_as_itself() {
    for kind in DetailType::ALL {
        assert_eq!(kind.as_str().parse(), Ok(*kind));
    }
    for source in Source::ALL {
        assert_eq!(source.as_str().parse(), Ok(*source));
    }
    assert!("rekey.step.Failed".parse::<DetailType>().is_err());
}

#[test]
fn every_step_and_every_known_word_is_read_back_as_it_was_written() {
    let steps = [
        Step::CreateSecret,
        Step::SetSecret,
        Step::TestSecret,
        Step::FinishSecret,
    ];
    for step in steps {
        let mut payload = detail("step-failed");
        payload["step"] = json!(step);
        assert_eq!(payload["step"], step.as_str());
        assert_eq!(StepFailed::try_from(payload).unwrap().step, Some(step));
    }
    macro_rules! reads_back {
        ($($list:ident),+) => {$(
            for word in $list::WORDS {
                let read = $list::from(Word::new(*word).unwrap());
                assert_eq!(read.as_str(), *word);
                assert!(!matches!(read, $list::Unrecognised(_)), "{word}");
            }
        )+};
    }
    reads_back!(
        CheckResult,
        ErrorClass,
        HoldCause,
        Kind,
        Lateness,
        OrderOutcome,
        Outcome,
        ProofMethod,
        RequestAnswer,
        RetireOperation,
        Strategy
    );
}

#[test]
fn every_class_of_failure_can_hold_a_retirement() {
    for class in ErrorClass::WORDS {
        let class = ErrorClass::from(Word::new(*class).unwrap());
        assert_eq!(HoldCause::from(&class).as_str(), class.as_str());
    }
    assert_eq!(
        HoldCause::from(&ErrorClass::StillInUse),
        HoldCause::StillInUse
    );
}

#[test]
fn a_refusal_says_where_and_what() {
    let check = |change: fn(&mut Value), says: &str| {
        let mut event = sample("step-failed");
        change(&mut event);
        let error: PayloadError = Envelope::<StepFailed>::try_from(event).unwrap_err();
        assert_eq!(error.to_string(), says);
    };
    check(
        |e| e["detail"]["retryable"] = json!("yes"),
        "`detail.retryable` must be a boolean, not a string",
    );
    check(
        |e| e["detail"]["secret"]["name"] = json!(""),
        "`detail.secret.name` must be 1 to 512 printable ASCII characters without spaces",
    );
    check(
        |e| e["detail"]["secret"] = json!(7),
        "`detail.secret` must be an object, not a number",
    );
    check(
        |e| e["detail"]["occurred_at"] = json!("yesterday"),
        "`detail.occurred_at` must be an RFC 3339 date and time with an offset",
    );
    check(
        |e| drop(e.as_object_mut().unwrap().remove("time")),
        "`time` is missing",
    );

    let error = parse::<RotationStep>(b"{\"Step\": ").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the payload is not JSON (line 1, column 9)"
    );
    let error = parse::<RotationStep>(b"[]").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the payload must be an object, not an array"
    );
}
