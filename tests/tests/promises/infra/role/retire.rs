//! The role of the function that retires credentials of databases and caches: it reads what it must try, and writes no value.

use super::{
    Role, allow, announcements, any_secret, its_own_log, its_queue, listed_caches, listed_keys,
    listed_superuser_secrets, no_tag_of_a_user, note_of_the_newest_token,
    secrets_its_family_rotates, tagged_superuser_secrets,
};

const ROLE: Role = Role {
    template: "retire",
    resource: "RetireFunctionRole",
};

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    ROLE.says_nothing_but(&[
        "AnnounceWhatItDoes",
        "ChangeListedCaches",
        "JoinTheVpc",
        "KeepCodeFromTheVpc",
        "KeepTheRegistry",
        "LeaveTheRequestersAlone",
        "LeaveUsersUntagged",
        "LookAtSecrets",
        "NoteTheNewestToken",
        "ReadListedSuperuserSecrets",
        "ReadTaggedSuperuserSecrets",
        "RetireWhatWeRotate",
        "SeeTheVpc",
        "SendTraces",
        "TakeFromItsQueue",
        "UseTheDataKey",
        "UseTheKeysOfSecrets",
        "WriteItsOwnLog",
    ]);
    ROLE.is_of_a_function();
}

#[test]
fn it_reads_and_labels_only_secrets_that_our_function_rotates() {
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
fn it_reads_superuser_secrets_that_are_tagged_so_or_listed() {
    ROLE.says("ReadTaggedSuperuserSecrets", &tagged_superuser_secrets());
    ROLE.says("ReadListedSuperuserSecrets", &listed_superuser_secrets());
}

#[test]
fn it_changes_the_caches_that_are_listed_and_without_a_list_none() {
    ROLE.says("ChangeListedCaches", &listed_caches());
    ROLE.says("NoteTheNewestToken", &note_of_the_newest_token());
    ROLE.says("LeaveUsersUntagged", &no_tag_of_a_user());
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
    ROLE.says("WriteItsOwnLog", &its_own_log("RetireLog"));
}

#[test]
fn it_announces_under_its_own_name_on_the_inner_bus_only() {
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
