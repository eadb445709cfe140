//! The role of the function that does what is due: it hands over and resumes, and reads no value.

use serde_json::json;

use super::{
    Role, allow, announcements, any_secret, both_queues_of_retirements, both_rotation_functions,
    its_own_log, rotations_by,
};

const ROLE: Role = Role {
    template: "sweep",
    resource: "SweepFunctionRole",
};

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    ROLE.says_nothing_but(&[
        "AnnounceWhatIsDue",
        "AskAsTheSchedule",
        "HandOverToRetire",
        "KeepTheRegistry",
        "LeaveTheRequestersAlone",
        "LetSecretsManagerRotate",
        "ListTheSecrets",
        "LookAtParkedRequests",
        "LookAtSecrets",
        "PutBackParkedRequests",
        "ResumeRotations",
        "ResumeRotationsOfKeys",
        "SendTraces",
        "UseTheDataKey",
        "WriteItsOwnLog",
    ]);
    ROLE.is_of_a_function();
}

#[test]
fn it_looks_at_secrets_and_never_into_them() {
    let actions = [
        "secretsmanager:DescribeSecret",
        "secretsmanager:ListSecretVersionIds",
    ];
    ROLE.says("LookAtSecrets", &allow(&actions, any_secret()));
    let every = allow(&["secretsmanager:ListSecrets"], json!("*"));
    ROLE.says("ListTheSecrets", &every);
}

#[test]
fn it_resumes_a_rotation_of_ours_and_changes_neither_function_nor_schedule() {
    for (sid, function) in [
        ("ResumeRotations", "RotationFunctionArn"),
        ("ResumeRotationsOfKeys", "KeysRotationFunctionArn"),
    ] {
        ROLE.says(sid, &rotations_by(function));
    }
    for (from, to) in [
        (
            "secretsmanager:RotateSecret\n",
            "[secretsmanager:RotateSecret, secretsmanager:CancelRotateSecret]\n",
        ),
        ("resource/AllowRotationLambdaArn", "Name"),
        (
            "ModifyRotationRules: \"false\"",
            "ModifyRotationRules: \"true\"",
        ),
        ("ArnEqualsIfExists:", "ArnLikeIfExists:"),
        // One of ours could then be given the secrets of the other.
        (
            "RotationLambdaARN: !Ref RotationFunctionArn",
            "RotationLambdaARN: [!Ref RotationFunctionArn, !Ref KeysRotationFunctionArn]",
        ),
    ] {
        let bent = ROLE.bent(from, to, "ResumeRotations");
        assert_ne!(bent, Some(rotations_by("RotationFunctionArn")), "{to}");
    }
}

#[test]
fn it_may_invoke_the_rotation_functions_of_both_families_and_no_other() {
    ROLE.says("LetSecretsManagerRotate", &both_rotation_functions());
    let more = "[!Ref RotationFunctionArn, !Ref KeysRotationFunctionArn, !Ref TableArn]";
    let both = "[!Ref RotationFunctionArn, !Ref KeysRotationFunctionArn]";
    let bent = ROLE.bent(both, more, "LetSecretsManagerRotate");
    assert_ne!(bent, Some(both_rotation_functions()));
}

#[test]
fn it_hands_over_to_the_queues_of_retirements_only() {
    ROLE.says("HandOverToRetire", &both_queues_of_retirements());
}

/// What people may do with parked requests, they do through it.
#[test]
fn it_lists_parked_requests_and_puts_them_back_where_they_came_from() {
    let actions = [
        "sqs:ReceiveMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    ];
    let parked = json!({ "Ref": "RequestDeadLetterQueueArn" });
    ROLE.says("LookAtParkedRequests", &allow(&actions, parked));
    let queue = allow(&["sqs:SendMessage"], json!({ "Ref": "RequestQueueArn" }));
    ROLE.says("PutBackParkedRequests", &queue);
    let elsewhere = ROLE.bent(
        "Resource: !Ref RequestQueueArn",
        "Resource: [!Ref RequestQueueArn, !Ref RequestDeadLetterQueueArn]",
        "PutBackParkedRequests",
    );
    assert_ne!(elsewhere, Some(queue));
}

#[test]
fn it_keeps_the_registry_and_never_says_who_may_ask() {
    ROLE.keeps_the_registry_without_its_requesters();
}

#[test]
fn it_writes_its_own_log_only() {
    ROLE.says("WriteItsOwnLog", &its_own_log("SweepLog"));
}

#[test]
fn it_announces_under_its_own_name_on_the_inner_bus_only() {
    let types = [
        "greentic.secrets.put",
        "greentic.secrets.delete",
        "greentic.secrets.rotate.requested",
        "greentic.secrets.rotate.completed",
        "greentic.secrets.missing.detected",
        "rekey.grace.ending",
        "rekey.secret.near_expiry",
        "rekey.secret.overdue",
        "rekey.secret.quarantined",
    ];
    ROLE.says("AnnounceWhatIsDue", &announcements("rekey.sweep", &types));
}
