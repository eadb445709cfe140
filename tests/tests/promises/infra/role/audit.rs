//! The role of the function that writes the audit trail: it puts records and changes none, and it neither
//! signs nor reaches the checkpoints.

use serde_json::json;

use super::{Need, Role, allow, its_own_log, its_queue, sub};

const ROLE: Role = Role {
    template: "audit",
    resource: "AuditFunctionRole",
};

fn the_table() -> serde_json::Value {
    json!({ "Fn::GetAtt": ["Table", "Arn"] })
}

fn appended() -> Need {
    let actions = [
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
    ];
    allow(&actions, the_table())
}

/// Whatever else the role is given one day.
fn left_alone() -> Need {
    let actions = [
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
    ];
    let written = json!({ "ForAnyValue:StringLike": {
        "dynamodb:LeadingKeys": ["CHAIN#*", "EVENT#*"],
    }});
    Need {
        effect: "Deny".to_owned(),
        ..allow(&actions, the_table()).when(written)
    }
}

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    ROLE.says_nothing_but(&[
        "AppendToTheChains",
        "LeaveWhatIsWritten",
        "ReadTheKeys",
        "SendToTheLogGroup",
        "SendToTheStream",
        "SendTraces",
        "TakeFromItsQueue",
        "UseTheDataKey",
        "WriteItsOwnLog",
    ]);
    ROLE.is_of_a_function();
}

#[test]
fn it_appends_and_never_changes_what_is_written() {
    ROLE.says("AppendToTheChains", &appended());
    ROLE.says("LeaveWhatIsWritten", &left_alone());
    let more = "dynamodb:BatchGetItem, dynamodb:DeleteItem";
    let bent = ROLE.bent("dynamodb:BatchGetItem", more, "AppendToTheChains");
    assert_ne!(bent, Some(appended()));
    for (from, to) in [
        ("[\"CHAIN#*\", \"EVENT#*\"]", "[\"CHAIN#*\"]"),
        ("ForAnyValue:StringLike", "ForAllValues:StringLike"),
        (
            "[dynamodb:UpdateItem, dynamodb:DeleteItem",
            "[dynamodb:UpdateItem",
        ),
        (
            "Sid: LeaveWhatIsWritten\n                Effect: Deny",
            "Sid: LeaveWhatIsWritten\n                Effect: Allow",
        ),
    ] {
        let bent = ROLE.bent(from, to, "LeaveWhatIsWritten");
        assert_ne!(bent, Some(left_alone()), "{to}");
    }
}

#[test]
fn it_reads_the_keys_of_the_trail_and_no_other_secret() {
    let keys = json!({ "Ref": "AuditKeysArn" });
    ROLE.says(
        "ReadTheKeys",
        &allow(&["secretsmanager:GetSecretValue"], keys),
    );
}

/// The ARN says which service it is of; a role has the statement of that one.
#[test]
fn it_sends_to_the_stream_or_the_log_group_that_is_given() {
    let stream = allow(
        &["firehose:PutRecordBatch"],
        json!({ "Ref": "SiemStreamArn" }),
    );
    ROLE.says("SendToTheStream", &stream.only_if("ToFirehose"));
    let group = allow(
        &["logs:CreateLogStream", "logs:PutLogEvents"],
        sub("${SiemStreamArn}:*"),
    );
    ROLE.says("SendToTheLogGroup", &group.only_if("ToLogGroup"));
    let template = crate::infra::template::Template::of("audit");
    for (condition, service) in [("ToFirehose", "firehose"), ("ToLogGroup", "logs")] {
        let third = json!({ "Fn::Split": [":", { "Fn::Sub": "${SiemStreamArn}::::" }] });
        let expected = json!({ "Fn::Equals": [{ "Fn::Select": [2, third] }, service] });
        assert_eq!(template.body["Conditions"][condition], expected);
    }
}

#[test]
fn it_takes_from_its_own_queue_and_writes_its_own_log_only() {
    ROLE.says("TakeFromItsQueue", &its_queue());
    ROLE.says("WriteItsOwnLog", &its_own_log("AuditLog"));
}
