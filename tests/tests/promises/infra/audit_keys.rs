//! The keys of the audit trail: whoever reads them can forge records.

use serde_json::{Value, json};

use super::template::Template;

const ROLES: &str = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/rekey/${Stage}/${AWS::Region}/rekey-${Stage}-${AWS::Region}-";

fn role(name: &str) -> Value {
    json!({ "Fn::Sub": format!("{ROLES}{name}") })
}

/// A Deny that only the policy's change gets round, for everybody but these roles.
fn denied(sid: &str, action: &Value, but: &Value) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": { "Ref": "Keys" },
        "Condition": { "ArnNotEquals": { "aws:PrincipalArn": but } },
    })
}

fn open(keys: &Template) -> Vec<&'static str> {
    let (_, policy) = keys.only("AWS::SecretsManager::ResourcePolicy");
    let policy = &policy["Properties"];
    let readers = ["audit", "checkpoint", "rotate-audit-keys"].map(role);
    let read = json!("secretsmanager:GetSecretValue");
    let write = json!([
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ]);
    let statement = &policy["ResourcePolicy"]["Statement"];
    let demands = [
        (
            "it is of the keys",
            policy["SecretId"] == json!({ "Ref": "Keys" }),
        ),
        ("nothing public", policy["BlockPublicPolicy"] == true),
        (
            "nobody else reads",
            statement[0] == denied("NobodyElseReadsTheKeys", &read, &json!(readers)),
        ),
        (
            "nobody else writes",
            statement[1]
                == denied(
                    "NobodyElseChangesTheKeys",
                    &write,
                    &role("rotate-audit-keys"),
                ),
        ),
    ];
    let missing = demands.iter().filter(|(_, there)| !there);
    missing.map(|(what, _)| *what).collect()
}

#[test]
fn three_roles_read_the_keys_and_one_changes_them_whatever_others_are_allowed() {
    assert!(open(&Template::of("audit-keys")).is_empty());
}

#[test]
fn keys_that_somebody_else_could_read_are_found() {
    for (from, to, what) in [
        (
            "SecretId: !Ref Keys\n      Block",
            "SecretId: other\n      Block",
            "it is of the keys",
        ),
        (
            "BlockPublicPolicy: true",
            "BlockPublicPolicy: false",
            "nothing public",
        ),
        (
            "ArnNotEquals:",
            "ArnNotEqualsIfExists:",
            "nobody else reads",
        ),
        (
            "${AWS::Region}-audit\n",
            "${AWS::Region}-*\n",
            "nobody else reads",
        ),
        (
            "PutSecretValue, secretsmanager:Update",
            "Update",
            "nobody else writes",
        ),
    ] {
        assert_eq!(
            open(&Template::bent("audit-keys", from, to)),
            [what],
            "{to}"
        );
    }
}

/// The policy names roles that do not exist yet; a role that is named otherwise could not read.
#[test]
fn the_three_roles_have_the_names_that_the_policy_lets_in() {
    for (template, resource, name) in [
        ("audit", "AuditFunctionRole", "audit"),
        ("checkpoint", "CheckpointFunctionRole", "checkpoint"),
        ("audit-keys", "AuditKeysFunctionRole", "rotate-audit-keys"),
    ] {
        let role = Template::of(template).properties(resource);
        let named = format!("rekey-${{Stage}}-${{AWS::Region}}-{name}");
        assert_eq!(role["RoleName"], json!({ "Fn::Sub": named }), "{resource}");
    }
}

/// `{"current": "1", "1": "<64 characters>"}`: what crates/audit/src/keyring.rs reads.
#[test]
fn the_first_key_is_made_as_the_keyring_is_read() {
    let keys = Template::of("audit-keys").properties("Keys");
    assert_eq!(
        keys["Name"],
        json!({ "Fn::Sub": "rekey/${Stage}/audit-keys" })
    );
    let made = &keys["GenerateSecretString"];
    let template: Value =
        serde_json::from_str(made["SecretStringTemplate"].as_str().unwrap()).unwrap();
    assert_eq!(template, json!({ "current": "1" }));
    assert_eq!(made["GenerateStringKey"], "1");
    assert_eq!(made["PasswordLength"], 64);
    assert_eq!(made["ExcludePunctuation"], true);
}

/// Registered, they would be retired and rolled back like a credential.
#[test]
fn nobody_registers_the_keys() {
    let keys = Template::of("audit-keys").properties("Keys");
    assert!(!keys["Tags"].to_string().contains("rekey:owner"));
}

#[test]
fn they_are_rotated_on_a_schedule_and_not_when_the_stack_is_deployed() {
    let schedule = Template::of("audit-keys").properties("KeysSchedule");
    let expected = json!({
        "SecretId": { "Ref": "Keys" },
        "RotationLambdaARN": { "Fn::GetAtt": ["AuditKeysFunction", "Arn"] },
        "RotationRules": { "ScheduleExpression": { "Ref": "AuditKeySchedule" } },
        "RotateImmediatelyOnUpdate": false,
    });
    assert_eq!(schedule, expected);
    let default = &Template::of("template").body["Parameters"]["AuditKeySchedule"]["Default"];
    assert_eq!(default, "rate(90 days)");
}
