//! Wire to domain and back. Nothing is decided here.

use rekey_aws::{EventBus, PublishError};
use rekey_events::{
    ClientRequestToken, Correlation, ErrorClass, Extra, Fingerprint, Identifier, Kind, LimitError,
    Message, PayloadError, RotationIntended, RotationStep, SchemaVersion, SecretRef, Step,
    Strategy, Timestamp, Word,
};
use rekey_rotation::{AnnounceError, Announcer, Intent, RequestError, StepFailed, StepRequest};
use serde_json::Value;
use time::OffsetDateTime;

/// An event that is not a rotation step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A field is missing or of the wrong type.
    #[error("the event is not a rotation step: {0}")]
    Payload(#[from] PayloadError),
    /// A field holds something that it may not.
    #[error("the event is not a rotation step: {0}")]
    Request(#[from] RequestError),
}

/// Parses what Secrets Manager sent. Fields that are not known are ignored.
pub fn step_request(event: Value, invocation: String) -> Result<StepRequest, EventError> {
    let step = RotationStep::try_from(event)?;
    let rotation_token = step
        .rotation_token
        // Passed on to PutSecretValue and nowhere else.
        .map(|token| token.expose().to_owned());
    let request = StepRequest::parse(
        step.step.as_str(),
        step.secret_id.as_str(),
        step.client_request_token.as_str(),
        rotation_token,
    )?;
    Ok(request.brought_by(invocation))
}

/// The inner bus as the protocol's announcer.
#[derive(Clone, Debug)]
pub struct InnerBus(pub EventBus);

impl Announcer for InnerBus {
    async fn intended(&self, intent: &Intent<'_>) -> Result<(), AnnounceError> {
        let event = rotation_intended(intent).map_err(unwritable)?;
        let published = self.0.publish(&event, intent.secret.as_str()).await;
        published.map_err(not_taken)
    }

    async fn failed(&self, failure: &StepFailed<'_>) -> Result<(), AnnounceError> {
        let event = step_failed(failure).map_err(unwritable)?;
        let published = self.0.publish(&event, failure.secret.as_str()).await;
        published.map_err(not_taken)
    }
}

fn unwritable(error: LimitError) -> AnnounceError {
    AnnounceError(error.to_string())
}

fn not_taken(error: PublishError) -> AnnounceError {
    AnnounceError(error.to_string())
}

fn rotation_intended(intent: &Intent<'_>) -> Result<RotationIntended, LimitError> {
    let secret = secret_ref(intent.secret)?;
    let version_id = ClientRequestToken::new(intent.version.as_str())?;
    Ok(RotationIntended {
        schema_version: SchemaVersion::default(),
        event_id: RotationIntended::id(&secret, &version_id, Step::SetSecret),
        occurred_at: timestamp(intent.at),
        secret,
        version_id,
        step: Step::SetSecret,
        kind: Kind::from(Word::new(intent.kind)?),
        strategy: Strategy::from(Word::new(intent.strategy)?),
        fingerprint: Fingerprint::new(intent.fingerprint.as_str())?,
        correlation: Correlation::default(),
        extra: Extra::default(),
    })
}

fn step_failed(failure: &StepFailed<'_>) -> Result<rekey_events::StepFailed, LimitError> {
    let request_id = Identifier::new(failure.invocation.unwrap_or("unknown"))?;
    Ok(rekey_events::StepFailed {
        schema_version: SchemaVersion::default(),
        event_id: rekey_events::StepFailed::id(&request_id),
        occurred_at: timestamp(failure.at),
        secret: secret_ref(failure.secret)?,
        version_id: ClientRequestToken::new(failure.version.as_str())?,
        step: Some(step(failure.step)),
        kind: Some(Kind::from(Word::new(failure.kind)?)),
        strategy: None,
        fingerprint: None,
        class: ErrorClass::from(Word::new(failure.class.as_str())?),
        message: Message::clipped(&failure.message),
        retryable: failure.class.retryable(),
        request_id,
        correlation: Correlation::default(),
        extra: Extra::default(),
    })
}

fn secret_ref(secret: &rekey_rotation::SecretId) -> Result<SecretRef, LimitError> {
    Ok(SecretRef::of_secret_id(&rekey_events::SecretId::new(
        secret.as_str(),
    )?))
}

const fn step(step: rekey_rotation::Step) -> Step {
    match step {
        rekey_rotation::Step::Create => Step::CreateSecret,
        rekey_rotation::Step::Set => Step::SetSecret,
        rekey_rotation::Step::Test => Step::TestSecret,
        rekey_rotation::Step::Finish => Step::FinishSecret,
    }
}

fn timestamp(seconds: i64) -> Timestamp {
    // Out of range is only what no clock shows.
    Timestamp::from(
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rekey_rotation::{Rotator as _, SecretId};
    use rekey_rotators::keyring::AuditKeys;
    use serde_json::json;

    const TOKEN: &str = "0f7c2a34-1111-4222-8333-123456789abc";

    #[test]
    fn a_step_is_parsed_with_fields_that_nobody_knows_yet() {
        let event = json!({
            "Step": "setSecret", "SecretId": "db/app", "ClientRequestToken": TOKEN, "New": 1
        });
        let request = step_request(event, "id-1".into()).unwrap();
        assert_eq!(request.step, rekey_rotation::Step::Set);
        assert_eq!(request.invocation.as_deref(), Some("id-1"));
    }

    #[test]
    fn an_event_that_is_no_step_is_refused_without_repeating_it() {
        for event in [
            json!(null),
            json!([]),
            json!("hunter2"),
            json!({}),
            json!({ "Step": 7, "SecretId": "db/app", "ClientRequestToken": TOKEN }),
            json!({ "Step": "hunter2", "SecretId": "db/app", "ClientRequestToken": TOKEN }),
            json!({ "Step": "setSecret", "SecretId": "db/app", "ClientRequestToken": "hunter2" }),
            json!({ "Step": "setSecret", "SecretId": ["hunter2"], "ClientRequestToken": TOKEN }),
            json!({ "Step": "setSecret", "SecretId": "", "ClientRequestToken": TOKEN }),
            json!({ "Step": "setSecret", "SecretId": "db/app", "ClientRequestToken": TOKEN, "RotationToken": "hunter2" }),
        ] {
            let refused = step_request(event, "id-1".into()).unwrap_err().to_string();
            assert!(
                refused.starts_with("the event is not a rotation step: "),
                "{refused}"
            );
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn every_class_and_step_of_the_protocol_is_one_of_the_contract() {
        use rekey_rotation::ErrorClass as Class;
        for class in [
            Class::InvalidRequest,
            Class::NotRegistered,
            Class::Forbidden,
            Class::WindowClosed,
            Class::GraceRunning,
            Class::RotationOpen,
            Class::StillInUse,
            Class::TargetUnreachable,
            Class::TlsRefused,
            Class::WrongPassword,
            Class::Permission,
            Class::RoleMissing,
            Class::Throttled,
            Class::StoreUnavailable,
            Class::AuditUnavailable,
            Class::Internal,
        ] {
            assert!(ErrorClass::WORDS.contains(&class.as_str()), "{class}");
        }
        for one in rekey_rotation::Step::ALL {
            assert_eq!(step(one).as_str(), one.as_str());
        }
        for strategy in [
            rekey_rotation::Overlap::AlternatingUsers,
            rekey_rotation::Overlap::SingleUser,
        ] {
            assert!(Strategy::WORDS.contains(&strategy.as_str()));
        }
    }

    #[test]
    fn the_intent_to_rotate_keys_says_so() {
        let intent = Intent {
            at: 1_700_000_000,
            secret: &SecretId::parse("rekey/prod/audit-keys").unwrap(),
            version: &rekey_rotation::ClientRequestToken::parse(TOKEN).unwrap(),
            kind: AuditKeys.kind(),
            strategy: rekey_rotation::Overlap::Keyring.as_str(),
            fingerprint: rekey_rotation::Fingerprint::new(format!("hmac-sha256:{:032x}", 1)),
        };
        let event = rotation_intended(&intent).unwrap();
        assert_eq!(event.kind.as_str(), "audit-key");
        assert_eq!(event.strategy.as_str(), "keyring");
    }

    #[test]
    fn a_failure_of_any_length_becomes_an_event() {
        let failure = StepFailed {
            at: 1_700_000_000,
            invocation: Some("id-1"),
            secret: &SecretId::parse("db/app").unwrap(),
            version: &rekey_rotation::ClientRequestToken::parse(TOKEN).unwrap(),
            step: rekey_rotation::Step::Test,
            kind: "postgres",
            class: rekey_rotation::ErrorClass::TlsRefused,
            message: "x".repeat(5_000),
        };
        let event = step_failed(&failure).unwrap();
        assert_eq!(event.step, Some(Step::TestSecret));
        assert!(!event.retryable);
    }
}
