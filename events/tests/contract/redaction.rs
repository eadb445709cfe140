//! Nothing that may be a secret is printed or repeated.

use rekey_events::{
    ClientRequestToken, Envelope, Fingerprint, LabelUpdated, Message, NameError, PayloadError,
    RotationStep, RotationToken, SecretName, TrailRecord, UserAgent, parse,
};
use serde_json::{Value, json};

use crate::payloads;
use crate::samples::{detail, sample, samples_in};

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
fn debug_of_an_envelope_does_not_show_unknown_fields() {
    let mut event = sample("secret-label-updated");
    event["detail"]["secretString"] = json!(CANARY);
    event["unknown"] = json!(CANARY);
    let shown = format!("{:?}", Envelope::<LabelUpdated>::try_from(event).unwrap());
    assert!(
        !shown.contains(CANARY) && shown.contains("[1 more]"),
        "{shown}"
    );
}

/// Puts the canary beside the known fields of every object, and into every open one.
fn put_beside(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(put_beside);
            fields.insert(CANARY.to_owned(), json!({ "nested": [CANARY] }));
        }
        Value::Array(items) => items.iter_mut().for_each(put_beside),
        _ => {}
    }
}

#[test]
fn debug_of_a_payload_does_not_show_unknown_fields_or_metadata() {
    for payload in payloads::all() {
        let mut full = payload.full();
        put_beside(&mut full);
        let shown = (payload.show)(full.clone());
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("[1 more]"), "{shown}");
        // They are kept all the same.
        assert_eq!((payload.read)(full.clone()).unwrap(), full);
    }
}

#[test]
fn of_a_record_of_cloudtrail_nothing_is_kept_that_is_not_known() {
    for name in samples_in("cloudtrail") {
        let mut record = detail(&format!("cloudtrail/{name}"));
        put_beside(&mut record);
        record["errorMessage"] = json!(CANARY);
        let record = TrailRecord::try_from(record).unwrap();
        let kept = format!("{record:?} {}", serde_json::to_string(&record).unwrap());
        assert!(!kept.contains("canary"), "{kept}");
    }
}

/// Puts the canary, in forms that break the field, everywhere and reads.
fn refusals<R>(
    start: &Value,
    read: impl Fn(Value) -> Result<R, PayloadError>,
) -> Vec<PayloadError> {
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
            errors.extend(read(payload).err());
        }
    }
    errors
}

#[test]
fn a_refusal_never_repeats_what_it_refused() {
    let mut errors = refusals(&sample("rotate-create-secret"), RotationStep::try_from);
    errors.extend(refusals(
        &detail("cloudtrail/delete-secret"),
        TrailRecord::try_from,
    ));
    for payload in payloads::all() {
        let found = refusals(&payload.full(), payload.read);
        assert!(
            found.len() > 10,
            "{}: {} refusals",
            payload.name,
            found.len()
        );
        errors.extend(found);
    }

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

#[test]
fn a_user_agent_of_any_text_keeps_its_limits() {
    assert_eq!(UserAgent::clipped("a\tb").unwrap().as_str(), "a b");
    assert_eq!(UserAgent::clipped(" \n"), None);
    let cut = UserAgent::clipped(&"ü".repeat(5000)).unwrap();
    assert_eq!(UserAgent::new(cut.as_str()), Ok(cut));
}
