//! Checkpoints: made on schedule, signed by one function only, kept where nobody changes them.

use serde_json::{Value, json};

use super::template::Template;

const ROLE: &str = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/rekey/${Stage}/${AWS::Region}/rekey-${Stage}-${AWS::Region}-checkpoint";

fn statement(policy: &Value, sid: &str) -> Value {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let mut found = statements.filter(|one| one["Sid"] == sid);
    found.next().cloned().unwrap_or_default()
}

fn root() -> Value {
    json!({ "AWS": { "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" } })
}

/// Who could sign beside the function: any other statement that has the action.
fn signers(checkpoint: &Template) -> Vec<String> {
    let key = checkpoint.properties("SigningKey");
    let statements = key["KeyPolicy"]["Statement"].as_array().unwrap().clone();
    let signs = statements.iter().filter(|one| {
        let actions = one["Action"].to_string();
        actions.contains("kms:Sign\"") || actions.contains('*') || actions.contains("CreateGrant")
    });
    let expected = json!({
        "Sid": "OnlyTheCheckpointFunctionSigns",
        "Effect": "Allow",
        "Principal": root(),
        "Action": "kms:Sign",
        "Resource": "*",
        "Condition": { "ArnEquals": { "aws:PrincipalArn": { "Fn::Sub": ROLE } } },
    });
    let others = signs.filter(|one| **one != expected);
    others.map(|one| one["Sid"].to_string()).collect()
}

#[test]
fn nobody_signs_but_the_function_not_even_the_accounts_root() {
    let checkpoint = Template::of("checkpoint");
    assert!(signers(&checkpoint).is_empty());
    let key = checkpoint.properties("SigningKey");
    let signs = statement(&key["KeyPolicy"], "OnlyTheCheckpointFunctionSigns");
    assert_eq!(signs["Action"], "kms:Sign");
    assert_eq!(key["KeySpec"], "ECC_NIST_P256");
    assert_eq!(key["KeyUsage"], "SIGN_VERIFY");
}

#[test]
fn another_signer_is_found() {
    for (from, to) in [
        ("kms:GetPublicKey, kms:Verify", "kms:GetPublicKey, kms:Sign"),
        (
            "              - kms:PutKeyPolicy",
            "              - kms:CreateGrant",
        ),
        (
            "ArnEquals:\n                aws:PrincipalArn",
            "ArnLike:\n                aws:PrincipalArn",
        ),
    ] {
        assert_eq!(
            signers(&Template::bent("checkpoint", from, to)).len(),
            1,
            "{to}"
        );
    }
}

/// With a retention nothing can be deleted before its time; without one the output says so.
fn changeable(checkpoint: &Template) -> Vec<&'static str> {
    let (_, resource) = checkpoint.only("AWS::S3::Bucket");
    let bucket = &resource["Properties"];
    let nothing = json!({ "Ref": "AWS::NoValue" });
    let days = json!({ "Ref": "CheckpointRetentionDays" });
    let locked = json!({ "ObjectLockEnabled": "Enabled", "Rule": {
        "DefaultRetention": { "Mode": "COMPLIANCE", "Days": days },
    }});
    let policy = &checkpoint.body["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"];
    let writes = statement(policy, "OnlyTheCheckpointFunctionWrites");
    let overwrites = statement(policy, "NobodyOverwrites");
    let deletes = statement(policy, "NobodyDeletes");
    let tls = statement(policy, "OnlyOverTls");
    let demands = [
        (
            "a lock",
            bucket["ObjectLockEnabled"] == json!({ "Fn::If": ["Locked", true, nothing] }),
        ),
        (
            "a retention",
            bucket["ObjectLockConfiguration"] == json!({ "Fn::If": ["Locked", locked, nothing] }),
        ),
        (
            "versions",
            bucket["VersioningConfiguration"] == json!({ "Status": "Enabled" }),
        ),
        (
            "one writer",
            writes["Effect"] == "Deny"
                && writes["Action"] == "s3:PutObject"
                && writes["Condition"]
                    == json!({ "ArnNotEquals": { "aws:PrincipalArn": { "Fn::Sub": ROLE } } }),
        ),
        (
            "no overwriting",
            overwrites["Effect"] == "Deny"
                && overwrites["Action"] == "s3:PutObject"
                && overwrites["Condition"] == json!({ "Null": { "s3:if-none-match": "true" } }),
        ),
        (
            "no deletion",
            deletes["Effect"] == "Deny"
                && deletes.get("Condition").is_none()
                && deletes["Action"] == json!(["s3:DeleteObject", "s3:DeleteObjectVersion"]),
        ),
        (
            "TLS only",
            tls["Effect"] == "Deny"
                && tls["Condition"] == json!({ "Bool": { "aws:SecureTransport": "false" } }),
        ),
        (
            "nothing public",
            bucket["PublicAccessBlockConfiguration"]
                == json!({
                    "BlockPublicAcls": true,
                    "BlockPublicPolicy": true,
                    "IgnorePublicAcls": true,
                    "RestrictPublicBuckets": true,
                }),
        ),
        (
            "a life after the stack",
            resource["DeletionPolicy"] == "RetainExceptOnCreate",
        ),
    ];
    let missing = demands.iter().filter(|(_, there)| !there);
    missing.map(|(what, _)| *what).collect()
}

#[test]
fn a_checkpoint_is_written_by_one_function_and_changed_by_nobody() {
    assert!(changeable(&Template::of("checkpoint")).is_empty());
}

#[test]
fn a_checkpoint_that_could_be_changed_is_found() {
    for (from, to, what) in [
        (
            "!If [Locked, true, !Ref AWS::NoValue]",
            "!Ref AWS::NoValue",
            "a lock",
        ),
        ("Mode: COMPLIANCE", "Mode: GOVERNANCE", "a retention"),
        (
            "VersioningConfiguration: {Status: Enabled}",
            "Other: 1",
            "versions",
        ),
        (
            "[s3:DeleteObject, s3:DeleteObjectVersion]",
            "[s3:DeleteObject]",
            "no deletion",
        ),
        ("ArnNotEquals:", "ArnNotEqualsIfExists:", "one writer"),
        (
            "s3:if-none-match: \"true\"",
            "s3:if-none-match: \"false\"",
            "no overwriting",
        ),
        (
            "RestrictPublicBuckets: true",
            "RestrictPublicBuckets: false",
            "nothing public",
        ),
        (
            "aws:SecureTransport: \"false\"",
            "aws:SecureTransport: \"true\"",
            "TLS only",
        ),
    ] {
        assert_eq!(
            changeable(&Template::bent("checkpoint", from, to)),
            [what],
            "{to}"
        );
    }
}

/// A stack for trying things out has no lock, and says so.
#[test]
fn whether_there_is_a_lock_is_an_output() {
    let lock = &Template::of("checkpoint").body["Outputs"]["Lock"]["Value"]["Fn::If"];
    assert_eq!(lock[0], "Locked");
    assert_eq!(
        lock[1],
        json!({ "Fn::Sub": "COMPLIANCE, ${CheckpointRetentionDays} days" })
    );
    assert!(lock[2].as_str().unwrap().starts_with("none: "));
    let root = Template::of("template");
    let shown = json!({ "Fn::GetAtt": ["Checkpoint", "Outputs.Lock"] });
    assert_eq!(root.body["Outputs"]["CheckpointLock"]["Value"], shown);
}

#[test]
fn checkpoints_are_made_as_often_as_they_are_told() {
    let checkpoint = Template::of("checkpoint");
    let (_, schedule) = checkpoint.only("AWS::Scheduler::Schedule");
    let schedule = &schedule["Properties"];
    assert_eq!(
        schedule["Name"],
        json!({ "Fn::Sub": "rekey-${Stage}-checkpoint" })
    );
    assert_eq!(
        schedule["ScheduleExpression"],
        json!({ "Ref": "CheckpointExpression" })
    );
    assert_eq!(schedule["FlexibleTimeWindow"], json!({ "Mode": "OFF" }));
    let target = &schedule["Target"];
    assert_eq!(target["Input"], "{\"job\": \"checkpoint\"}");
    assert_eq!(
        target["Arn"],
        json!({ "Fn::GetAtt": ["CheckpointFunction", "Arn"] })
    );
    let default = &Template::of("template").body["Parameters"]["CheckpointExpression"]["Default"];
    assert_eq!(default, "rate(5 minutes)");
    // The schedule repeats a run, so Lambda does not; nor does it keep one that had to wait beyond the next.
    let (_, config) = checkpoint.only("AWS::Lambda::EventInvokeConfig");
    let expected = json!({
        "FunctionName": { "Ref": "CheckpointFunction" },
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 0,
        "MaximumEventAgeInSeconds": 300,
    });
    assert_eq!(config["Properties"], expected);
}
