//! The role of the function that signs the ends of the audit trail: it reads the trail and writes nothing
//! into it.

use serde_json::json;

use super::{Need, Role, allow, its_own_log, sub};

const ROLE: Role = Role {
    template: "checkpoint",
    resource: "CheckpointFunctionRole",
};

fn signed() -> Need {
    let key = json!({ "Fn::GetAtt": ["SigningKey", "Arn"] });
    allow(&["kms:Sign"], key).when(json!({ "StringEquals": {
        "kms:SigningAlgorithm": "ECDSA_SHA_256",
        "kms:MessageType": "DIGEST",
    }}))
}

fn kept() -> Need {
    let checkpoints = sub("${Bucket.Arn}/checkpoints/*");
    allow(&["s3:GetObject", "s3:PutObject"], checkpoints)
}

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    ROLE.says_nothing_but(&[
        "CheckSignatures",
        "KeepCheckpoints",
        "ListCheckpoints",
        "ReadTheKeys",
        "ReadTheTrail",
        "SendTraces",
        "SignCheckpoints",
        "UseTheDataKey",
        "WriteItsOwnLog",
    ]);
    ROLE.is_of_a_function();
}

#[test]
fn it_reads_the_trail_and_its_keys_and_writes_neither() {
    let trail = json!({ "Ref": "AuditTableArn" });
    let trail = allow(&["dynamodb:GetItem", "dynamodb:Query"], trail);
    ROLE.says("ReadTheTrail", &trail);
    let keys = json!({ "Ref": "AuditKeysArn" });
    let keys = allow(&["secretsmanager:GetSecretValue"], keys);
    ROLE.says("ReadTheKeys", &keys);
    let bent = ROLE.bent("dynamodb:Query", "dynamodb:PutItem", "ReadTheTrail");
    assert_ne!(bent, Some(trail));
}

#[test]
fn it_signs_digests_with_one_key_in_one_way() {
    ROLE.says("SignCheckpoints", &signed());
    let key = json!({ "Fn::GetAtt": ["SigningKey", "Arn"] });
    ROLE.says("CheckSignatures", &allow(&["kms:GetPublicKey"], key));
    for (from, to) in [
        ("kms:MessageType: DIGEST", "kms:MessageType: RAW"),
        (
            "Action: kms:Sign\n                Resource: !GetAtt SigningKey.Arn",
            "Action: kms:Sign\n                Resource: \"*\"",
        ),
    ] {
        let bent = ROLE.bent(from, to, "SignCheckpoints");
        assert_ne!(bent, Some(signed()), "{to}");
    }
}

#[test]
fn it_keeps_checkpoints_and_deletes_none() {
    ROLE.says("KeepCheckpoints", &kept());
    let listed = allow(
        &["s3:ListBucket"],
        json!({ "Fn::GetAtt": ["Bucket", "Arn"] }),
    );
    let listed = listed.when(json!({ "StringLike": { "s3:prefix": "checkpoints/*" } }));
    ROLE.says("ListCheckpoints", &listed);
    let more = "[s3:GetObject, s3:PutObject, s3:PutObjectRetention]";
    let bent = ROLE.bent("[s3:GetObject, s3:PutObject]", more, "KeepCheckpoints");
    assert_ne!(bent, Some(kept()));
}

#[test]
fn it_writes_its_own_log_only() {
    ROLE.says("WriteItsOwnLog", &its_own_log("CheckpointLog"));
}
