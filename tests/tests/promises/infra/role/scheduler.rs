//! The role with which EventBridge Scheduler starts the sweep and the doctor.

use serde_json::json;

use super::{Role, allow};
use crate::infra::template::Template;

const ROLE: Role = Role {
    template: "sweep",
    resource: "SchedulerRole",
};

#[test]
fn it_starts_one_function_and_parks_what_did_not_start() {
    ROLE.says_nothing_but(&["ParkWhatDidNotRun", "RunTheFunction"]);
    let function = json!({ "Fn::GetAtt": ["SweepFunction", "Arn"] });
    ROLE.says(
        "RunTheFunction",
        &allow(&["lambda:InvokeFunction"], function),
    );
    let parked = json!({ "Fn::GetAtt": ["DeadLetterQueue", "Arn"] });
    ROLE.says("ParkWhatDidNotRun", &allow(&["sqs:SendMessage"], parked));
}

#[test]
fn the_scheduler_takes_it_for_this_account_only() {
    let role = Template::of(ROLE.template).properties(ROLE.resource);
    let expected = json!([{
        "Effect": "Allow",
        "Principal": { "Service": "scheduler.amazonaws.com" },
        "Action": "sts:AssumeRole",
        "Condition": { "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } },
    }]);
    assert_eq!(role["AssumeRolePolicyDocument"]["Statement"], expected);
}
