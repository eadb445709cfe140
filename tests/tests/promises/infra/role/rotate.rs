//! The role of the function that rotates databases and caches.

use serde_json::json;

use super::{
    Need, Role, allow, announcements, its_own_log, listed_caches, listed_keys,
    listed_superuser_secrets, no_tag_of_a_user, note_of_the_newest_token, secrets_it_rotates,
    tagged_superuser_secrets,
};

const ROLE: Role = Role {
    template: "rotation",
    resource: "DatabaseFunctionRole",
};

fn its_own_secrets() -> Need {
    secrets_it_rotates("rotate-database")
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
        "ChangeListedCaches",
        "JoinTheVpc",
        "KeepCodeFromTheVpc",
        "LeaveUsersUntagged",
        "NoteTheNewestToken",
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
fn it_changes_the_caches_that_are_listed_and_without_a_list_none() {
    ROLE.says("ChangeListedCaches", &listed_caches());
    ROLE.says("NoteTheNewestToken", &note_of_the_newest_token());
    ROLE.says("LeaveUsersUntagged", &no_tag_of_a_user());
    for (from, to) in [
        (
            "Resource: !Split [\",\", !Ref ElastiCacheArns]",
            "Resource: \"*\"",
        ),
        ("- elasticache:ModifyUser\n", "- elasticache:CreateUser\n"),
        ("- WithElastiCache\n", "- InVpc\n"),
    ] {
        let bent = ROLE.bent(from, to, "ChangeListedCaches");
        assert_ne!(bent, Some(listed_caches()), "{to}");
    }
    for (from, to) in [
        (
            "aws:TagKeys: rekey:newest-auth-token",
            "aws:TagKeys: rekey:*",
        ),
        ("aws:TagKeys: \"false\"", "aws:TagKeys: \"true\""),
        (
            "                    - elasticache:AddTagsToResource\n",
            "                    - elasticache:AddTagsToResource\n                    - elasticache:RemoveTagsFromResource\n",
        ),
    ] {
        let bent = ROLE.bent(from, to, "NoteTheNewestToken");
        assert_ne!(bent, Some(note_of_the_newest_token()), "{to}");
    }
    for (from, to) in [
        (
            "Sid: LeaveUsersUntagged\n                  Effect: Deny",
            "Sid: LeaveUsersUntagged\n                  Effect: Allow",
        ),
        ("elasticache:*:*:user:*", "elasticache:*:*:user:app-*"),
    ] {
        let bent = ROLE.bent(from, to, "LeaveUsersUntagged");
        assert_ne!(bent, Some(no_tag_of_a_user()), "{to}");
    }
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
