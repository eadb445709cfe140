//! The role of the function that observes secrets: it looks and writes down.

use super::{Role, allow, announcements, any_secret, its_own_log, its_queue, the_registry};

const ROLE: Role = Role {
    template: "observe",
    resource: "ObserveFunctionRole",
};

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    ROLE.says_nothing_but(&[
        "AnnounceWhatItSees",
        "KeepTheRegistry",
        "LeaveTheRequestersAlone",
        "LookAtSecrets",
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
fn it_keeps_the_registry_and_never_says_who_may_ask() {
    ROLE.keeps_the_registry_without_its_requesters();
    for to in ["dynamodb:Scan", "dynamodb:DeleteTable"] {
        let bent = ROLE.bent("dynamodb:GetItem", to, "KeepTheRegistry");
        assert_ne!(bent, Some(the_registry()), "{to}");
    }
}

#[test]
fn it_announces_under_its_own_name_on_the_inner_bus_only() {
    let types = [
        "greentic.secrets.put",
        "greentic.secrets.delete",
        "greentic.secrets.rotate.requested",
        "greentic.secrets.rotate.completed",
        "rekey.secret.accessed",
        "rekey.secret.quarantined",
    ];
    ROLE.says(
        "AnnounceWhatItSees",
        &announcements("rekey.observe", &types),
    );
}

#[test]
fn it_takes_from_its_own_queue_and_writes_its_own_log_only() {
    ROLE.says("TakeFromItsQueue", &its_queue());
    ROLE.says("WriteItsOwnLog", &its_own_log("ObserveLog"));
    let bent = ROLE.bent(
        "Resource: !GetAtt Queue.Arn",
        "Resource: !GetAtt DeadLetterQueue.Arn",
        "TakeFromItsQueue",
    );
    assert_ne!(bent, Some(its_queue()));
}
