//! Nothing that may be a secret is printed or repeated.

use rekey_events::{
    ClientRequestToken, Envelope, Fingerprint, LabelUpdated, Message, NameError, PayloadError,
    RotationIntended, RotationStep, RotationToken, SecretName, StepFailed, parse,
};
use serde_json::{Value, json};

use crate::samples::{detail, sample};

const CANARY: &str = "canary-7Q2k-hunter2";

#[test]
fn debug_of_a_step_shows_neither_its_token_nor_unknown_fields() {
    let mut event = sample("rotate-set-secret");
    event["RotationToken"] = json!(format!("{CANARY}-{CANARY}"));
    event["Password"] = json!(CANARY);
    event[CANARY] = json!({ "nested": [CANARY] });
    let step = RotationStep::try_from(event).unwrap();

    let shown = format!("{step:?} {step:#?}");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(
        shown.contains("[redacted]") && shown.contains("[2 more]"),
        "{shown}"
    );
    // The token is there for the one call that takes it.
    assert!(step.rotation_token.unwrap().expose().starts_with(CANARY));
    assert_eq!(step.extra.field("Password"), Some(&json!(CANARY)));
}

#[test]
fn debug_of_a_payload_does_not_show_unknown_fields() {
    let mut event = sample("secret-label-updated");
    event["detail"]["secretString"] = json!(CANARY);
    event["unknown"] = json!(CANARY);
    let label = format!("{:?}", Envelope::<LabelUpdated>::try_from(event).unwrap());

    let mut payload = detail("rotation-intended");
    payload["value"] = json!(CANARY);
    payload["tenant_ctx"] = json!({ "password": CANARY });
    payload["secret"]["value"] = json!(CANARY);
    let intent = format!("{:?}", RotationIntended::try_from(payload).unwrap());

    assert!(
        !label.contains(CANARY) && label.contains("[1 more]"),
        "{label}"
    );
    assert!(
        !intent.contains(CANARY) && intent.contains("[1 more]"),
        "{intent}"
    );
}

/// Puts the canary, in forms that break the field, everywhere and reads.
fn refusals<T>(start: &Value) -> Vec<PayloadError>
where
    T: TryFrom<Value, Error = PayloadError>,
{
    let broken = [
        json!([CANARY]),
        json!({ CANARY: CANARY }),
        json!(format!("{CANARY}\n")),
        json!(CANARY.repeat(200)),
        json!(CANARY),
    ];
    let keys: Vec<String> = start.as_object().unwrap().keys().cloned().collect();
    let mut errors = Vec::new();
    for key in keys {
        for value in &broken {
            let mut payload = start.clone();
            payload[&key] = value.clone();
            errors.extend(T::try_from(payload).err());
        }
    }
    errors
}

#[test]
fn a_refusal_never_repeats_what_it_refused() {
    let mut errors = refusals::<RotationStep>(&sample("rotate-create-secret"));
    errors.extend(refusals::<RotationIntended>(&detail("rotation-intended")));
    errors.extend(refusals::<StepFailed>(&detail("step-failed")));
    errors.extend(refusals::<LabelUpdated>(&detail("secret-label-updated")));
    assert!(errors.len() > 100, "{} refusals", errors.len());

    errors.push(parse::<RotationStep>(CANARY.as_bytes()).unwrap_err());
    errors.push(parse::<RotationStep>(format!("{{\"Step\": \"{CANARY}").as_bytes()).unwrap_err());
    for error in errors {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
    for shown in [
        RotationToken::new(format!("{CANARY} "))
            .map(|_| ())
            .unwrap_err()
            .to_string(),
        ClientRequestToken::new(CANARY).unwrap_err().to_string(),
        Fingerprint::new(CANARY).unwrap_err().to_string(),
    ] {
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[test]
fn a_refused_name_is_not_repeated() {
    for name in [
        CANARY,
        "tenant.canary",
        "db//canary",
        "Canary/ü",
        "a/canary-hunter",
    ] {
        let error: NameError = SecretName::parse(name).unwrap_err();
        let shown = format!("{error} {error:?}").to_lowercase();
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[test]
fn a_message_of_any_text_keeps_its_limits() {
    assert_eq!(Message::clipped("one\ntwo").as_str(), "one two");
    assert_eq!(Message::clipped(" ").as_str(), "no explanation was given");
    assert_eq!(
        Message::clipped(&"ü".repeat(1024)).as_str(),
        "ü".repeat(1024)
    );
    let cut = Message::clipped(&"ü".repeat(1025));
    assert_eq!(cut.as_str(), format!("{}…", "ü".repeat(1023)));
    assert!(Message::new(cut.as_str()).is_ok());
}
