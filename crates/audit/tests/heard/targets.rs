//! What it was done to, and whose chain that is.

use rekey_audit::Chain;
use rekey_events::DetailType;
use serde_json::{Value, json};

use crate::{bent, record, said};

const ARN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:";

fn secret(name: &str) -> Value {
    json!({ "name": name, "arn": format!("{ARN}{name}-Qx3vLb") })
}

#[test]
fn a_reference_stands_in_the_chain_of_its_tenant_and_anything_else_in_the_platforms() {
    for (name, chain) in [
        ("tenant.acme.stripe.api_key", "acme"),
        ("tenant.acme-2.stripe.api_key", "acme-2"),
        ("tenant.acme.stripe.key-backup", "acme"),
        ("tenant.acme.stripe", "platform"),
        ("tenant.ACME.stripe.api_key", "platform"),
        ("tenant.-a.stripe.api_key", "platform"),
        ("tenant..stripe.api_key", "platform"),
        ("local/db/app-primary", "platform"),
        ("local/tenant.acme.stripe.api_key", "platform"),
    ] {
        let told = record(bent(DetailType::StepFailed, &[("secret", secret(name))]));
        assert_eq!(told.tenant.as_str(), chain, "{name}");
        assert_eq!(told.target_id.as_str(), name);
        assert!(Chain::of(&told).is_ok());
    }
    let long = format!("tenant.{}.stripe.api_key", "a".repeat(64));
    let told = record(bent(DetailType::StepFailed, &[("secret", secret(&long))]));
    assert_eq!(told.tenant.as_str(), "platform");
}

#[test]
fn nobody_opens_a_chain_by_asking_for_a_name() {
    let asked = json!("tenant.acme.stripe.api_key");
    let unknown = [("secret", Value::Null), ("key", asked.clone())];
    let told = record(bent(DetailType::RequestRefused, &unknown));
    assert_eq!(told.tenant.as_str(), "platform");
    assert_eq!(json!(told.target_id), asked);
    let guessed = [("secret", json!({ "name": "tenant.acme.stripe.api_key" }))];
    let told = record(bent(DetailType::StepFailed, &guessed));
    assert_eq!(told.tenant.as_str(), "platform");
}

#[test]
fn a_claim_to_belong_to_a_tenant_is_recorded_and_not_believed() {
    let claim = [(
        "tenant_ctx",
        json!({ "environment": "local", "tenant": "umbrella" }),
    )];
    let told = record(bent(DetailType::RequestRefused, &claim));
    assert_eq!(told.tenant.as_str(), "platform");
    assert_eq!(said(&told, "tenant_ctx"), Some(&claim[0].1));
}

#[test]
fn a_request_for_what_is_no_name_is_its_own_target() {
    let changes = [("secret", Value::Null), ("key", Value::Null)];
    let told = record(bent(DetailType::RequestRefused, &changes));
    assert_eq!(told.target_type.as_str(), "request");
    assert_eq!(
        told.target_id.as_str(),
        "81b00c56-bab7-5f69-b565-f58ef884554e"
    );
}

#[test]
fn a_secret_in_the_place_of_a_name_or_a_reason_is_not_recorded() {
    let token = format!("ghp_{}", "Ab3".repeat(12));
    let changes = [
        ("secret", Value::Null),
        ("key", json!(format!("db/{token}"))),
        ("reason", json!(format!("because of {token}, says jo"))),
        ("requested_by", json!(token)),
        ("correlation_id", json!(token)),
        ("tenant_ctx", json!({ "tenant": token })),
        ("scope", json!({ "team": token })),
        (
            "checks",
            json!([{ "name": "login", "result": "failed", "message": token }]),
        ),
    ];
    let told = record(bent(DetailType::RequestRefused, &changes));
    let text = serde_json::to_string(&told).unwrap();
    assert!(!text.contains(&token), "{text}");
    assert_eq!(told.target_id.as_str(), "db/[redacted:github_token]");
    let reason = json!("because of [redacted:github_token], says jo");
    assert_eq!(said(&told, "reason"), Some(&reason));
    let agent = [("user_agent", json!(format!("curl token={token}")))];
    let told = record(bent(DetailType::SecretAccessed, &agent));
    assert_eq!(
        told.user_agent.unwrap().as_str(),
        "curl token=[redacted:github_token]"
    );
}
