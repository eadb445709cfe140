//! The role of the database function.

use serde_json::json;

use super::{
    Need, Role, allow, announcements, any_secret, its_own_log, listed_keys,
    listed_superuser_secrets, sub, tagged_superuser_secrets,
};

const FUNCTION: &str = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:rekey-${Stage}-rotate-database";

const ROLE: Role = Role {
    template: "rotation",
    resource: "DatabaseFunctionRole",
};

fn its_own_secrets() -> Need {
    let actions = [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ];
    allow(&actions, any_secret()).when(json!({ "StringEquals": {
        "secretsmanager:resource/AllowRotationLambdaArn": sub(FUNCTION),
    }}))
}

fn its_announcements() -> Need {
    announcements(
        "rekey.rotate",
        &["rekey.rotation.intended", "rekey.step.failed"],
    )
}

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    ROLE.says_nothing_but(&[
        "AnnounceItsRotations",
        "JoinTheVpc",
        "KeepCodeFromTheVpc",
        "ReadFingerprintKey",
        "ReadListedSuperuserSecrets",
        "ReadTaggedSuperuserSecrets",
        "RotateItsOwnSecrets",
        "SeeTheVpc",
        "SendTraces",
        "UseTheDataKey",
        "UseTheKeysOfSecrets",
        "WriteItsOwnLog",
    ]);
    ROLE.is_of_a_function();
}

#[test]
fn it_rotates_only_secrets_whose_rotation_function_it_is() {
    ROLE.says("RotateItsOwnSecrets", &its_own_secrets());
}

#[test]
fn it_reads_superuser_secrets_that_are_tagged_so_or_listed() {
    ROLE.says("ReadTaggedSuperuserSecrets", &tagged_superuser_secrets());
    ROLE.says("ReadListedSuperuserSecrets", &listed_superuser_secrets());
}

#[test]
fn it_reads_the_key_of_fingerprints() {
    let key = json!({ "Fn::GetAtt": ["FingerprintKey", "Id"] });
    ROLE.says(
        "ReadFingerprintKey",
        &allow(&["secretsmanager:GetSecretValue"], key),
    );
}

#[test]
fn it_announces_under_its_own_name_on_the_inner_bus_only() {
    ROLE.says("AnnounceItsRotations", &its_announcements());
}

#[test]
fn it_writes_its_own_log_only() {
    ROLE.says("WriteItsOwnLog", &its_own_log("DatabaseLog"));
}

#[test]
fn it_uses_listed_keys_through_secrets_manager_only() {
    let keys = listed_keys(&["kms:Decrypt", "kms:GenerateDataKey"]);
    ROLE.says("UseTheKeysOfSecrets", &keys);
}

#[test]
fn a_widened_statement_is_another_statement() {
    let added = "secretsmanager:DescribeSecret\n                  - secretsmanager:DeleteSecret";
    for (from, to) in [
        ("secretsmanager:DescribeSecret", added),
        ("secret:*", "*"),
        (
            "AllowRotationLambdaArn: !Sub",
            "AllowRotationLambdaArnIfAny: !Sub",
        ),
        (
            "Sid: RotateItsOwnSecrets\n                Effect: Allow",
            "Sid: RotateItsOwnSecrets\n                Effect: Deny",
        ),
    ] {
        let bent = ROLE.bent(from, to, "RotateItsOwnSecrets");
        assert_ne!(bent, Some(its_own_secrets()), "{to}");
    }
    for (from, to) in [
        (
            "events:source: rekey.rotate",
            "events:source: [rekey.rotate, rekey.observe]",
        ),
        ("events:source: \"false\"", "events:source: \"true\""),
        (
            "rekey.step.failed]",
            "rekey.step.failed, rekey.secret.retired]",
        ),
        ("Resource: !Ref BusArn", "Resource: !Sub \"${BusArn}*\""),
    ] {
        let bent = ROLE.bent(from, to, "AnnounceItsRotations");
        assert_ne!(bent, Some(its_announcements()), "{to}");
    }
}
