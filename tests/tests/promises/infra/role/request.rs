//! The role of the function that judges requests: it looks, starts rotations, and reads no value.

use serde_json::json;

use super::{
    Need, Role, allow, announcements, any_secret, both_queues_of_retirements,
    both_rotation_functions, its_own_log, its_queue, rotations_by,
};

const ROLE: Role = Role {
    template: "requests",
    resource: "RequestFunctionRole",
};

fn its_two_queues() -> Need {
    let queues = ["Queue", "DeadLetterQueue"].map(|queue| json!({ "Fn::GetAtt": [queue, "Arn"] }));
    allow(&["sqs:SendMessage"], json!(queues))
}

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    ROLE.says_nothing_but(&[
        "AnnounceWhatItDecides",
        "HandOverToRetire",
        "KeepTheRegistry",
        "LeaveTheRequestersAlone",
        "LetSecretsManagerRotate",
        "LookAtSecrets",
        "PutBackOrPark",
        "RotateKeysOnRequest",
        "RotateOnRequest",
        "SendTraces",
        "TakeFromItsQueue",
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
    let into = "secretsmanager:ListSecretVersionIds, secretsmanager:GetSecretValue";
    let bent = ROLE.bent("secretsmanager:ListSecretVersionIds", into, "LookAtSecrets");
    assert_ne!(bent, Some(allow(&actions, any_secret())));
}

#[test]
fn it_rotates_what_our_function_rotates_and_changes_neither_function_nor_schedule() {
    for (sid, function) in [
        ("RotateOnRequest", "RotationFunctionArn"),
        ("RotateKeysOnRequest", "KeysRotationFunctionArn"),
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
        let bent = ROLE.bent(from, to, "RotateOnRequest");
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
fn it_keeps_the_registry_and_never_says_who_may_ask() {
    ROLE.keeps_the_registry_without_its_requesters();
}

#[test]
fn it_takes_from_its_queue_puts_back_there_and_parks_beside_it() {
    ROLE.says("TakeFromItsQueue", &its_queue());
    ROLE.says("PutBackOrPark", &its_two_queues());
    let wider = "!GetAtt DeadLetterQueue.Arn, !Ref TableArn]";
    let bent = ROLE.bent("!GetAtt DeadLetterQueue.Arn]", wider, "PutBackOrPark");
    assert_ne!(bent, Some(its_two_queues()));
}

#[test]
fn it_hands_over_to_the_queues_of_retirements_and_writes_its_own_log_only() {
    ROLE.says("HandOverToRetire", &both_queues_of_retirements());
    ROLE.says("WriteItsOwnLog", &its_own_log("RequestLog"));
}

#[test]
fn it_announces_under_its_own_name_on_the_inner_bus_only() {
    let types = ["rekey.request.refused", "rekey.request.answered"];
    ROLE.says(
        "AnnounceWhatItDecides",
        &announcements("rekey.request", &types),
    );
}
