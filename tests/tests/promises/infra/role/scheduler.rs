//! The roles with which EventBridge Scheduler starts the sweep and the doctor, and the checkpoints.

use serde_json::json;

use super::{Role, allow};
use crate::infra::template::Template;

const ROLE: Role = Role {
    template: "sweep",
    resource: "SchedulerRole",
};
const OF_CHECKPOINTS: Role = Role {
    template: "checkpoint",
    resource: "CheckpointSchedulerRole",
};

#[test]
fn it_starts_one_function_and_parks_what_did_not_start() {
    ROLE.says_nothing_but(&["ParkWhatDidNotRun", "RunTheFunction", "UseTheDataKey"]);
    let function = json!({ "Fn::GetAtt": ["SweepFunction", "Arn"] });
    ROLE.says(
        "RunTheFunction",
        &allow(&["lambda:InvokeFunction"], function),
    );
    let parked = json!({ "Fn::GetAtt": ["DeadLetterQueue", "Arn"] });
    ROLE.says("ParkWhatDidNotRun", &allow(&["sqs:SendMessage"], parked));
}

#[test]
fn the_one_for_checkpoints_starts_one_function_and_does_nothing_else() {
    OF_CHECKPOINTS.says_nothing_but(&["RunTheFunction"]);
    let function = json!({ "Fn::GetAtt": ["CheckpointFunction", "Arn"] });
    OF_CHECKPOINTS.says(
        "RunTheFunction",
        &allow(&["lambda:InvokeFunction"], function),
    );
}

#[test]
fn the_scheduler_takes_them_for_this_account_only() {
    let expected = json!([{
        "Effect": "Allow",
        "Principal": { "Service": "scheduler.amazonaws.com" },
        "Action": "sts:AssumeRole",
        "Condition": { "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } },
    }]);
    for role in [ROLE, OF_CHECKPOINTS] {
        let role = Template::of(role.template).properties(role.resource);
        assert_eq!(role["AssumeRolePolicyDocument"]["Statement"], expected);
    }
}
