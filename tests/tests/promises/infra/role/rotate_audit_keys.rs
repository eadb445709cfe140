//! The role of the function that rotates the keys of the audit trail: one secret, and no other.

use serde_json::json;

use super::{Need, Role, allow, announcements, its_own_log, sub};

const FUNCTION: &str = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:rekey-${Stage}-rotate-audit-keys";

const ROLE: Role = Role {
    template: "audit-keys",
    resource: "AuditKeysFunctionRole",
};

fn the_audit_keys() -> Need {
    let actions = [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ];
    allow(&actions, json!({ "Ref": "Keys" })).when(json!({ "StringEquals": {
        "secretsmanager:resource/AllowRotationLambdaArn": sub(FUNCTION),
    }}))
}

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    ROLE.says_nothing_but(&[
        "AnnounceItsRotations",
        "ReadFingerprintKey",
        "RotateTheAuditKeys",
        "SendTraces",
        "UseTheDataKey",
        "WriteItsOwnLog",
    ]);
    ROLE.is_of_a_function();
}

#[test]
fn it_rotates_the_audit_keys_and_nothing_else() {
    ROLE.says("RotateTheAuditKeys", &the_audit_keys());
    for (from, to) in [
        (
            "Resource: !Ref Keys\n                Condition:",
            "Resource: \"*\"\n                Condition:",
        ),
        (
            "AllowRotationLambdaArn: !Sub",
            "AllowRotationLambdaArnIfAny: !Sub",
        ),
        (
            "- secretsmanager:UpdateSecretVersionStage",
            "- secretsmanager:UpdateSecret",
        ),
    ] {
        let bent = ROLE.bent(from, to, "RotateTheAuditKeys");
        assert_ne!(bent, Some(the_audit_keys()), "{to}");
    }
}

#[test]
fn it_reads_the_key_of_fingerprints_and_writes_its_own_log_only() {
    let key = json!({ "Ref": "FingerprintKeyArn" });
    ROLE.says(
        "ReadFingerprintKey",
        &allow(&["secretsmanager:GetSecretValue"], key),
    );
    ROLE.says("WriteItsOwnLog", &its_own_log("AuditKeysLog"));
}

#[test]
fn it_announces_as_the_function_for_databases_does() {
    let types = ["rekey.rotation.intended", "rekey.step.failed"];
    ROLE.says(
        "AnnounceItsRotations",
        &announcements("rekey.rotate", &types),
    );
}
