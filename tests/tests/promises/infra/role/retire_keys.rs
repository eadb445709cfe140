//! The role of the function that retires signing keys and random values: it reads what it must try, writes no
//! value, and of buckets has the objects that are named.

use super::{
    Role, allow, announcements, any_secret, its_own_log, its_queue, listed_key_sets, listed_keys,
    secrets_its_family_rotates,
};

const ROLE: Role = Role {
    template: "retire-keys",
    resource: "RetireKeysFunctionRole",
};

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    ROLE.says_nothing_but(&[
        "AnnounceWhatItDoes",
        "KeepTheRegistry",
        "LeaveTheRequestersAlone",
        "LookAtSecrets",
        "PublishKeySets",
        "RetireWhatWeRotate",
        "SendTraces",
        "TakeFromItsQueue",
        "UseTheDataKey",
        "UseTheKeysOfSecrets",
        "WriteItsOwnLog",
    ]);
    ROLE.is_of_a_function();
}

#[test]
fn it_reads_and_labels_only_secrets_that_the_function_of_its_family_rotates() {
    ROLE.says("RetireWhatWeRotate", &secrets_its_family_rotates());
    let written =
        "secretsmanager:GetSecretValue\n                  - secretsmanager:PutSecretValue";
    for (from, to) in [
        ("secretsmanager:GetSecretValue", written),
        ("resource/AllowRotationLambdaArn", "Name"),
        ("!Ref RotationFunctionArn", "\"*\""),
    ] {
        let bent = ROLE.bent(from, to, "RetireWhatWeRotate");
        assert_ne!(bent, Some(secrets_its_family_rotates()), "{to}");
    }
}

#[test]
fn it_sees_whether_any_secret_is_there() {
    let look = allow(&["secretsmanager:DescribeSecret"], any_secret());
    ROLE.says("LookAtSecrets", &look);
}

#[test]
fn it_changes_key_sets_where_that_is_listed_and_without_a_list_nowhere() {
    ROLE.says("PublishKeySets", &listed_key_sets());
    for (from, to) in [
        (
            "[s3:GetObject, s3:PutObject]",
            "[s3:GetObject, s3:DeleteObject]",
        ),
        ("- WithJwks\n", "- Traced\n"),
    ] {
        let bent = ROLE.bent(from, to, "PublishKeySets");
        assert_ne!(bent, Some(listed_key_sets()), "{to}");
    }
}

#[test]
fn it_decrypts_with_listed_keys_through_secrets_manager_and_encrypts_nothing() {
    ROLE.says("UseTheKeysOfSecrets", &listed_keys(&["kms:Decrypt"]));
}

#[test]
fn it_keeps_the_registry_and_never_says_who_may_ask() {
    ROLE.keeps_the_registry_without_its_requesters();
}

#[test]
fn it_takes_from_its_own_queue_and_writes_its_own_log_only() {
    ROLE.says("TakeFromItsQueue", &its_queue());
    ROLE.says("WriteItsOwnLog", &its_own_log("RetireKeysLog"));
}

#[test]
fn it_announces_as_the_function_for_databases_does() {
    let types = [
        "rekey.retire.intended",
        "rekey.rollback.intended",
        "rekey.secret.retired",
        "rekey.secret.retire_held",
        "rekey.secret.rolled_back",
        "rekey.request.answered",
        "rekey.request.refused",
    ];
    ROLE.says("AnnounceWhatItDoes", &announcements("rekey.retire", &types));
}
