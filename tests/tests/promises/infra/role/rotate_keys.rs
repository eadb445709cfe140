//! The role of the function that rotates signing keys and random values: it reaches no network of yours, and of
//! buckets the objects that are named.

use serde_json::json;

use super::{
    Role, allow, announcements, its_own_log, listed_key_sets, listed_keys, secrets_it_rotates,
};

const ROLE: Role = Role {
    template: "rotation-keys",
    resource: "KeysFunctionRole",
};

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    ROLE.says_nothing_but(&[
        "AnnounceItsRotations",
        "PublishKeySets",
        "ReadFingerprintKey",
        "RotateItsOwnSecrets",
        "SendTraces",
        "UseTheDataKey",
        "UseTheKeysOfSecrets",
        "WriteItsOwnLog",
    ]);
    ROLE.is_of_a_function();
}

#[test]
fn it_rotates_only_secrets_whose_rotation_function_it_is() {
    ROLE.says("RotateItsOwnSecrets", &secrets_it_rotates("rotate-keys"));
    for (from, to) in [
        (
            "function:rekey-${Stage}-rotate-keys",
            "function:rekey-${Stage}-rotate-*",
        ),
        (
            "AllowRotationLambdaArn: !Sub",
            "AllowRotationLambdaArnIfAny: !Sub",
        ),
        (
            "- secretsmanager:UpdateSecretVersionStage",
            "- secretsmanager:UpdateSecret",
        ),
        ("secret:*", "*"),
    ] {
        let bent = ROLE.bent(from, to, "RotateItsOwnSecrets");
        assert_ne!(bent, Some(secrets_it_rotates("rotate-keys")), "{to}");
    }
}

/// A bucket may hold more than key sets, so not even its names may be listed.
#[test]
fn it_publishes_key_sets_where_that_is_listed_and_without_a_list_nowhere() {
    ROLE.says("PublishKeySets", &listed_key_sets());
    for (from, to) in [
        (
            "[s3:GetObject, s3:PutObject]",
            "[s3:GetObject, s3:PutObject, s3:DeleteObject]",
        ),
        (
            "Resource: !Split [\",\", !Ref JwksObjectArns]",
            "Resource: \"*\"",
        ),
        ("- WithJwks\n", "- Traced\n"),
    ] {
        let bent = ROLE.bent(from, to, "PublishKeySets");
        assert_ne!(bent, Some(listed_key_sets()), "{to}");
    }
}

#[test]
fn it_reads_the_key_of_fingerprints_and_writes_its_own_log_only() {
    let key = json!({ "Ref": "FingerprintKeyArn" });
    ROLE.says(
        "ReadFingerprintKey",
        &allow(&["secretsmanager:GetSecretValue"], key),
    );
    ROLE.says("WriteItsOwnLog", &its_own_log("KeysLog"));
}

#[test]
fn it_uses_listed_keys_through_secrets_manager_only() {
    let keys = listed_keys(&["kms:Decrypt", "kms:GenerateDataKey"]);
    ROLE.says("UseTheKeysOfSecrets", &keys);
}

#[test]
fn it_announces_as_the_function_for_databases_does() {
    let types = ["rekey.rotation.intended", "rekey.step.failed"];
    ROLE.says(
        "AnnounceItsRotations",
        &announcements("rekey.rotate", &types),
    );
}
