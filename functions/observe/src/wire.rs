//! An event on the wire to an observation. Nothing is decided here.

use rekey_events::{
    ClientRequestToken, Detail as _, DetailType, Envelope, LabelUpdated, PayloadError,
    RotationIntended, SecretRef, SecretRolledBack, StepFailed, TrailRecord,
};
use rekey_registry::VersionId;
use rekey_registry::observe::{Happening, Observation};
use serde_json::Value;

use crate::ours::Ours;
use crate::read::SeenRead;

/// What an event says.
#[derive(Clone, Debug)]
pub enum Notice {
    /// Something happened to the secret of this name.
    Seen(String, Box<Observation>),
    /// Somebody read a value.
    Read(Box<SeenRead>),
    /// Nothing that is recorded, and why.
    Nothing(&'static str),
}

/// An event that breaks its contract. What stood there is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A field is missing or of the wrong type.
    #[error("the event cannot be read: {0}")]
    Payload(#[from] PayloadError),
    /// The event does not say which secret.
    #[error("the event names no secret")]
    NoSecret,
    /// Not one of the types that the rules send.
    #[error(
        "the event is of a type that this function does not know; look at the rules in infra/observe.yaml"
    )]
    UnknownType,
}

/// Reads one event.
pub fn notice(event: Value, ours: &Ours) -> Result<Notice, EventError> {
    let detail_type = event.get("detail-type").and_then(Value::as_str);
    let detail_type = detail_type.unwrap_or_default().to_owned();
    if detail_type == DetailType::SecretLabelUpdated.as_str() {
        Ok(label(&Envelope::try_from(event)?))
    } else if TrailRecord::is_in(&detail_type) {
        trail(&Envelope::try_from(event)?, ours)
    } else if detail_type == DetailType::StepFailed.as_str() {
        Ok(step_failed(&Envelope::try_from(event)?))
    } else if detail_type == DetailType::RotationIntended.as_str() {
        Ok(intended(&Envelope::try_from(event)?))
    } else if detail_type == DetailType::SecretRolledBack.as_str() {
        Ok(rolled_back(&Envelope::try_from(event)?))
    } else {
        Err(EventError::UnknownType)
    }
}

fn seen(name: &str, arn: Option<&str>, what: Happening) -> Notice {
    let observation = Observation {
        arn: arn.map(str::to_owned),
        what,
    };
    Notice::Seen(name.to_owned(), Box::new(observation))
}

fn version(id: &ClientRequestToken) -> VersionId {
    VersionId::new(id.as_str())
}

fn label(event: &Envelope<LabelUpdated>) -> Notice {
    let moved = Happening::LabelMoved {
        label: event.detail.label_updated.as_str().to_owned(),
        version: version(&event.detail.version_id),
        at: event.time.unix(),
    };
    let arn = event.secret_arn().map(|arn| arn.as_str());
    seen(event.detail.name.as_str(), arn, moved)
}

fn step_failed(event: &Envelope<StepFailed>) -> Notice {
    let failed = &event.detail;
    let what = Happening::StepFailed {
        version: version(&failed.version_id),
        id: failed.event_id.to_string(),
        step: failed.step.map(|step| step.as_str().to_owned()),
        class: failed.class.as_str().to_owned(),
        message: failed.message.as_str().to_owned(),
        at: failed.occurred_at.unix(),
    };
    of_ref(&failed.secret, what)
}

fn intended(event: &Envelope<RotationIntended>) -> Notice {
    let intent = &event.detail;
    let what = Happening::Intended {
        version: version(&intent.version_id),
        at: intent.occurred_at.unix(),
        strategy: Some(intent.strategy.as_str().to_owned()),
    };
    of_ref(&intent.secret, what)
}

/// What was rolled back is recorded already; how its rotation ended is for us to tell.
fn rolled_back(event: &Envelope<SecretRolledBack>) -> Notice {
    of_ref(&event.detail.secret, Happening::Touched)
}

fn of_ref(secret: &SecretRef, what: Happening) -> Notice {
    let arn = secret.arn.as_ref().map(|arn| arn.as_str());
    seen(secret.name.as_str(), arn, what)
}

/// One record of CloudTrail.
fn trail(event: &Envelope<TrailRecord>, ours: &Ours) -> Result<Notice, EventError> {
    let record = &event.detail;
    if record.error_code.is_some() {
        return Ok(Notice::Nothing("the call was refused"));
    }
    let id = record.secret_id().ok_or(EventError::NoSecret)?;
    let secret = SecretRef::of_secret_id(&id);
    if record.event_name.as_str() == "GetSecretValue" {
        if ours.is_keys(&secret) && ours.called(record) {
            return Ok(Notice::Nothing(
                "our own read of the keys of the audit trail",
            ));
        }
        let read = SeenRead::of(record, secret, ours);
        return Ok(Notice::Read(Box::new(read.map_err(PayloadError::from)?)));
    }
    Ok(match happening(record, ours) {
        Some(what) => of_ref(&secret, what),
        None => Notice::Nothing("nothing about a version"),
    })
}

fn happening(record: &TrailRecord, ours: &Ours) -> Option<Happening> {
    let at = record.event_time.unix();
    let named = record.version_id().as_ref().map(version);
    let actor = record.actor().map(|actor| actor.as_str().to_owned());
    let what = match record.event_name.as_str() {
        // A secret may be made without a value.
        "CreateSecret" | "PutSecretValue" | "UpdateSecret" => match named {
            Some(version) => Happening::Put {
                version,
                at,
                actor,
                pending: puts_pending(record) || ours.called(record),
            },
            None => Happening::Touched,
        },
        "RotateSecret" => Happening::RotateRequested {
            version: named,
            at,
            actor,
        },
        "RotationStarted" => Happening::RotationStarted { version: named, at },
        "RotationSucceeded" => Happening::RotationSucceeded { version: named, at },
        "RotationFailed" => Happening::RotationFailed { version: named, at },
        "RotationAbandoned" => Happening::RotationAbandoned { version: named, at },
        "DeleteSecret" => Happening::Deleted {
            at,
            actor,
            until: record.deletion_due().map(|due| due.unix()),
        },
        "RestoreSecret" => Happening::Restored { at },
        // Reads that bring no value, and the trials of a rotation.
        "DescribeSecret"
        | "ListSecrets"
        | "BatchGetSecretValue"
        | "TestRotationStarted"
        | "TestRotationSucceeded"
        | "TestRotationFailed" => return None,
        // Whatever else happens to a secret is worth a look.
        _ => Happening::Touched,
    };
    Some(what)
}

/// Whether a value was put under labels that AWSCURRENT is not among: somebody's rotation function did.
fn puts_pending(record: &TrailRecord) -> bool {
    let stages = record
        .request
        .as_ref()
        .and_then(|request| request.version_stages.as_ref());
    stages.is_some_and(|stages| !stages.is_empty() && stages.iter().all(|one| one != "AWSCURRENT"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db/app-aB3dE6";
    const VERSION: &str = "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10";

    fn ours() -> Ours {
        Ours {
            roles: ":role/rekey/prod/eu-west-1/".to_owned(),
            keys: Some("rekey/prod/audit-keys".to_owned()),
        }
    }

    fn role(arn: &str) -> Value {
        json!({ "sessionContext": { "sessionIssuer": { "type": "Role", "arn": arn } } })
    }

    fn event(detail_type: &str, detail: Value) -> Value {
        json!({
            "version": "0", "id": "e-1", "source": "aws.secretsmanager", "detail-type": detail_type,
            "account": "123456789012", "region": "eu-west-1", "time": "2026-11-22T02:00:00Z",
            "resources": [ARN], "detail": detail,
        })
    }

    fn record(name: &str, more: Value) -> Value {
        let mut detail = json!({
            "eventName": name, "eventID": "t-1", "eventTime": "2026-11-22T02:00:00Z",
            "requestParameters": { "secretId": ARN },
        });
        for (key, value) in more.as_object().unwrap() {
            detail[key] = value.clone();
        }
        event("AWS API Call via CloudTrail", detail)
    }

    fn seen(event: Value) -> (String, Happening) {
        match notice(event, &ours()).unwrap() {
            Notice::Seen(name, observation) => (name, observation.what),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_label_event_says_which_version_has_the_label_since_when() {
        let moved =
            json!({ "name": "prod/db/app", "labelUpdated": "AWSCURRENT", "versionId": VERSION });
        let (name, what) = seen(event("Secret Label Updated", moved));
        assert_eq!(name, "prod/db/app");
        assert!(
            matches!(what, Happening::LabelMoved { label, at: 1_795_312_800, .. } if label == "AWSCURRENT")
        );
    }

    #[test]
    fn a_put_by_hand_is_told_from_one_of_a_rotation_function() {
        let by_hand = role("arn:aws:iam::123456789012:role/admin");
        let ours = role("arn:aws:iam::123456789012:role/rekey/prod/eu-west-1/rotate");
        for (identity, stages, expected) in [
            (&by_hand, json!(null), false),
            (&by_hand, json!(["AWSCURRENT"]), false),
            (&by_hand, json!(["AWSPENDING"]), true),
            (&ours, json!(null), true),
        ] {
            let parameters =
                json!({ "secretId": ARN, "clientRequestToken": VERSION, "versionStages": stages });
            let (_, what) = seen(record(
                "PutSecretValue",
                json!({ "userIdentity": identity, "requestParameters": parameters }),
            ));
            assert!(
                matches!(what, Happening::Put { pending, .. } if pending == expected),
                "{stages}"
            );
        }
    }

    /// `rekey/prod/audit-keys`, or another, is read by somebody of this role.
    fn read_by(name: &str, reader: &str) -> Notice {
        let secret = format!("{}{name}", ARN.split("prod/db").next().unwrap());
        for id in [format!("{secret}-aB3dE6"), secret, name.to_owned()] {
            let read =
                json!({ "userIdentity": role(reader), "requestParameters": { "secretId": id } });
            let notice = notice(record("GetSecretValue", read), &ours()).unwrap();
            if !matches!(notice, Notice::Nothing(_)) {
                return notice;
            }
        }
        Notice::Nothing("by none of its names")
    }

    #[test]
    fn who_reads_the_keys_of_the_audit_trail_is_told_unless_it_is_us() {
        let us = "arn:aws:iam::123456789012:role/rekey/prod/eu-west-1/rekey-prod-eu-west-1-audit";
        let somebody = "arn:aws:iam::123456789012:role/admin";
        let other_stage = "arn:aws:iam::123456789012:role/rekey/dev/eu-west-1/audit";
        let keys = "rekey/prod/audit-keys";
        assert!(matches!(read_by(keys, us), Notice::Nothing(_)));
        for (name, reader, always) in [
            (keys, somebody, true),
            (keys, other_stage, true),
            // Any other secret is told when it is registered, also when we read it.
            ("prod/db/app", somebody, false),
            ("prod/db/app", us, false),
            ("rekey/prod/audit-keys-too", us, false),
        ] {
            let Notice::Read(read) = read_by(name, reader) else {
                panic!("{name} read by {reader} is not told");
            };
            assert_eq!(read.always_told, always, "{name} by {reader}");
            assert_eq!(read.accessed.secret.name.as_str(), name);
        }
    }

    #[test]
    fn both_spellings_of_arn_name_the_secret() {
        for key in ["arn", "aRN"] {
            let answer = json!({ "requestParameters": null, "responseElements": { key: ARN, "versionId": VERSION } });
            let (name, _) = seen(record("PutSecretValue", answer));
            assert_eq!(name, "prod/db/app", "{key}");
        }
    }

    #[test]
    fn a_call_that_was_refused_is_nothing_that_happened() {
        let refused = record("DeleteSecret", json!({ "errorCode": "AccessDenied" }));
        assert!(matches!(notice(refused, &ours()), Ok(Notice::Nothing(_))));
    }

    #[test]
    fn what_is_about_no_version_is_worth_a_look_and_a_trial_is_not() {
        for name in [
            "TagResource",
            "UpdateSecretVersionStage",
            "CancelRotateSecret",
            "SomethingNew",
        ] {
            assert!(
                matches!(seen(record(name, json!({}))).1, Happening::Touched),
                "{name}"
            );
        }
        let trial = record("TestRotationSucceeded", json!({}));
        assert!(matches!(notice(trial, &ours()), Ok(Notice::Nothing(_))));
    }

    #[test]
    fn an_event_that_breaks_its_contract_is_refused_and_not_repeated() {
        for broken in [
            json!(null),
            json!("hunter2"),
            json!({ "detail-type": "hunter2" }),
            event("Secret Label Updated", json!({ "name": "hunter2" })),
            event(
                "AWS API Call via CloudTrail",
                json!({ "eventName": "hunter2" }),
            ),
            record("PutSecretValue", json!({ "requestParameters": {} })),
        ] {
            let refused = notice(broken, &ours()).unwrap_err().to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
