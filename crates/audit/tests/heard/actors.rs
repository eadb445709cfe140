//! Who did it.

use rekey_events::{ActorType, AuditRecord, DetailType};
use serde_json::{Value, json};

use crate::{bent, record, said, sample};

fn who(record: &AuditRecord) -> (&str, &ActorType) {
    (record.actor_id.as_str(), &record.actor_type)
}

#[test]
fn a_requester_is_whom_the_administrator_wrote_down_and_never_whom_the_request_names() {
    for detail_type in [DetailType::RequestRefused, DetailType::RequestAnswered] {
        let told = record(sample(detail_type));
        assert_eq!(who(&told), ("svc-billing", &ActorType::User));
        assert_eq!(told.actor_role.as_ref().unwrap().as_str(), "internal_admin");
        assert_eq!(said(&told, "claimed_by"), Some(&json!("user-123")));
        assert_eq!(
            said(&told, "requester"),
            Some(&json!("rekey.requester.billing"))
        );

        let unknown = record(bent(
            detail_type,
            &[("actor", Value::Null), ("role", Value::Null)],
        ));
        assert_eq!(who(&unknown), ("rekey.requester.billing", &ActorType::User));
        assert_eq!(unknown.actor_role, None);

        let schedule = json!("rekey.requester.schedule");
        let changes = [("actor", Value::Null), ("requester", schedule.clone())];
        let scheduled = record(bent(detail_type, &changes));
        assert_eq!(
            who(&scheduled),
            ("rekey.requester.schedule", &ActorType::System)
        );
        let named = record(bent(detail_type, &[("requester", schedule)]));
        assert_eq!(who(&named), ("svc-billing", &ActorType::System));
    }
}

#[test]
fn whom_cloudtrail_or_the_registry_names_is_the_actor() {
    let mara = "arn:aws:iam::123456789012:user/ops/mara";
    let told = record(sample(DetailType::SecretDelete));
    assert_eq!(who(&told), (mara, &ActorType::User));
    let told = record(sample(DetailType::SecretPut));
    let role = "arn:aws:iam::123456789012:role/platform/release";
    assert_eq!(who(&told), (role, &ActorType::System));
    for detail_type in [
        DetailType::SecretPut,
        DetailType::SecretDelete,
        DetailType::RotateCompleted,
        DetailType::RetireIntended,
        DetailType::SecretRetired,
        DetailType::RollbackIntended,
        DetailType::SecretRolledBack,
    ] {
        let told = record(bent(detail_type, &[("requested_by", json!(mara))]));
        assert_eq!(who(&told), (mara, &ActorType::User), "{detail_type}");
        assert_eq!(said(&told, "claimed_by"), None);
        let event = bent(detail_type, &[("requested_by", Value::Null)]);
        let source = event["source"].as_str().unwrap().to_owned();
        assert_eq!(who(&record(event)), (source.as_str(), &ActorType::System));
    }
}

#[test]
fn a_request_that_is_told_by_the_requester_itself_names_the_requester() {
    let mut event = sample(DetailType::RotateRequested);
    let told = record(event.clone());
    assert_eq!(who(&told), ("rekey.requester.billing", &ActorType::User));
    assert_eq!(said(&told, "claimed_by"), Some(&json!("user-123")));
    event["source"] = json!("rekey.observe");
    let told = record(event);
    assert_eq!(who(&told), ("user-123", &ActorType::User));
    assert_eq!(said(&told, "claimed_by"), None);
}

#[test]
fn a_reader_is_a_person_only_when_aws_says_so() {
    let read = |actor: &str, own: bool| {
        let reader = json!({ "service": "backend", "actor": actor, "own": own });
        record(bent(DetailType::SecretAccessed, &[("reader", reader)])).actor_type
    };
    let session = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Ops_0a1b2c3d4e5f6071/jo";
    for person in [
        "arn:aws:iam::123456789012:user/ops/mara",
        "arn:aws:iam::123456789012:root",
        session,
    ] {
        assert_eq!(read(person, false), ActorType::User);
        assert_eq!(read(person, true), ActorType::System);
    }
    for machine in [
        "arn:aws:sts::123456789012:assumed-role/backend/i-0f3c9a7b1d2e4f586",
        "lambda.amazonaws.com",
        "unknown",
    ] {
        assert_eq!(read(machine, false), ActorType::System);
    }
    let told = record(sample(DetailType::SecretAccessed));
    assert_eq!(told.ip_address.unwrap().as_str(), "10.0.12.7");
    let agent = told.user_agent.unwrap();
    assert_eq!(
        agent.as_str(),
        "aws-sdk-rust/1.3.15 os/linux lang/rust/1.95.0"
    );
}

#[test]
fn what_a_function_notices_by_itself_is_its_own_doing() {
    for detail_type in [
        DetailType::MissingDetected,
        DetailType::RotationIntended,
        DetailType::StepFailed,
        DetailType::SecretRetireHeld,
        DetailType::SecretNearExpiry,
        DetailType::SecretOverdue,
        DetailType::GraceEnding,
        DetailType::SecretQuarantined,
    ] {
        let event = bent(detail_type, &[("requested_by", json!("somebody"))]);
        let source = event["source"].as_str().unwrap().to_owned();
        assert_eq!(who(&record(event)), (source.as_str(), &ActorType::System));
    }
}
