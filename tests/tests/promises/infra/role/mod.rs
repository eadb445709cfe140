//! Who may do what, statement by statement. A statement that is added, dropped or widened fails the
//! test that is named after its need.

mod audit;
mod checkpoint;
mod data_key;
mod observe;
mod operators;
mod request;
mod requester;
mod retire;
mod retire_keys;
mod rotate;
mod rotate_audit_keys;
mod rotate_keys;
mod scheduler;
mod sweep;
mod traces;
mod vpc;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::template::{Template, all_on, list};

/// Any secret of the account and Region.
const SECRETS: &str =
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:*";

/// A role or a policy of a template.
struct Role {
    template: &'static str,
    resource: &'static str,
}

/// What a statement says, and the condition of the template that turns it on.
#[derive(Debug, PartialEq)]
struct Need {
    only_if: Option<String>,
    effect: String,
    actions: Vec<String>,
    resource: Value,
    condition: Value,
}

impl Role {
    #[track_caller]
    fn says(&self, sid: &str, expected: &Need) {
        let needs = needs(&Template::of(self.template), self.resource);
        assert_eq!(needs.get(sid), Some(expected), "{sid}");
    }

    /// It keeps the registry, and never says who may ask.
    #[track_caller]
    fn keeps_the_registry_without_its_requesters(&self) {
        self.says("KeepTheRegistry", &the_registry());
        self.says("LeaveTheRequestersAlone", &no_requester());
        for (from, to) in [
            ("[\"ACTOR#*\", ACTORS]", "[\"ACTOR#*\"]"),
            ("ForAnyValue:StringLike", "ForAllValues:StringLike"),
            (
                "Sid: LeaveTheRequestersAlone\n                Effect: Deny",
                "Sid: LeaveTheRequestersAlone\n                Effect: Allow",
            ),
        ] {
            let bent = self.bent(from, to, "LeaveTheRequestersAlone");
            assert_ne!(bent, Some(no_requester()), "{to}");
        }
    }

    #[track_caller]
    fn says_nothing_but(&self, sids: &[&str]) {
        let needs = needs(&Template::of(self.template), self.resource);
        assert_eq!(needs.keys().map(String::as_str).collect::<Vec<_>>(), sids);
    }

    /// The statement with a part of the template replaced.
    fn bent(&self, from: &str, to: &str, sid: &str) -> Option<Need> {
        needs(&Template::bent(self.template, from, to), self.resource).remove(sid)
    }

    /// Lambda takes the role, and nobody else.
    #[track_caller]
    fn is_of_a_function(&self) {
        let role = Template::of(self.template).properties(self.resource);
        let expected = json!([{
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": "sts:AssumeRole",
        }]);
        assert_eq!(role["AssumeRolePolicyDocument"]["Statement"], expected);
    }
}

/// The statements of a role or of a policy, by Sid.
fn needs(template: &Template, resource: &str) -> BTreeMap<String, Need> {
    let written = &template.body["Resources"][resource]["Properties"];
    let inline = list(&written["Policies"]).into_iter();
    let documents = inline
        .map(|policy| &policy["PolicyDocument"])
        .chain(written.get("PolicyDocument"));
    let mut needs = BTreeMap::new();
    for written in documents.flat_map(|document| list(&document["Statement"])) {
        let statement = all_on(written);
        let sid = statement["Sid"]
            .as_str()
            .expect("every statement has a Sid")
            .to_owned();
        let actions = list(&statement["Action"]).into_iter();
        let need = Need {
            only_if: written["Fn::If"][0].as_str().map(str::to_owned),
            effect: statement["Effect"].as_str().unwrap().to_owned(),
            actions: actions
                .map(|action| action.as_str().unwrap().to_owned())
                .collect(),
            resource: statement["Resource"].clone(),
            condition: statement["Condition"].clone(),
        };
        assert!(
            needs.insert(sid.clone(), need).is_none(),
            "{sid} is there twice"
        );
    }
    needs
}

fn allow(actions: &[&str], resource: Value) -> Need {
    Need {
        only_if: None,
        effect: "Allow".to_owned(),
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resource,
        condition: Value::Null,
    }
}

impl Need {
    fn when(self, condition: Value) -> Self {
        Self { condition, ..self }
    }

    fn only_if(self, condition: &str) -> Self {
        Self {
            only_if: Some(condition.to_owned()),
            ..self
        }
    }
}

fn sub(text: &str) -> Value {
    json!({ "Fn::Sub": text })
}

fn any_secret() -> Value {
    sub(SECRETS)
}

/// Under its own source and nothing but these detail-types, on the inner bus.
fn announcements(source: &str, detail_types: &[&str]) -> Need {
    allow(&["events:PutEvents"], json!({ "Ref": "BusArn" })).when(json!({
        "ForAllValues:StringEquals": {
            "events:source": source,
            "events:detail-type": detail_types,
        },
        "Null": { "events:source": "false", "events:detail-type": "false" },
    }))
}

/// Every item of the registry, and no other way into the table: no scan, no index, no change of it.
fn the_registry() -> Need {
    let actions = [
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    ];
    allow(&actions, json!({ "Ref": "TableArn" }))
}

/// The two kinds of items that say who may ask, whatever else a call writes.
fn no_requester() -> Need {
    let actions = [
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    ];
    let about_requesters = json!({ "ForAnyValue:StringLike": {
        "dynamodb:LeadingKeys": ["ACTOR#*", "ACTORS"],
    }});
    Need {
        effect: "Deny".to_owned(),
        ..allow(&actions, json!({ "Ref": "TableArn" })).when(about_requesters)
    }
}

/// What Lambda needs to hand a queue's messages to the function.
fn its_queue() -> Need {
    let actions = [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    ];
    allow(&actions, json!({ "Fn::GetAtt": ["Queue", "Arn"] }))
}

fn its_own_log(group: &str) -> Need {
    let log = format!(
        "arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:${{{group}}}:*"
    );
    let actions = ["logs:CreateLogStream", "logs:PutLogEvents"];
    allow(&actions, sub(&log))
}

fn listed_keys(actions: &[&str]) -> Need {
    let keys = json!({ "Fn::Split": [",", { "Ref": "SecretsKmsKeyArns" }] });
    let service = sub("secretsmanager.${AWS::Region}.${AWS::URLSuffix}");
    allow(actions, keys)
        .when(json!({ "StringEquals": { "kms:ViaService": service } }))
        .only_if("WithSecretsKmsKeys")
}

fn tagged_superuser_secrets() -> Need {
    let tagged =
        json!({ "StringEquals": { "secretsmanager:ResourceTag/rekey:superuser": "true" } });
    allow(&["secretsmanager:GetSecretValue"], any_secret()).when(tagged)
}

/// What Secrets Manager has this function down for, and nothing else: it may do all of a rotation there.
fn secrets_it_rotates(function: &str) -> Need {
    let actions = [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ];
    let itself = format!(
        "arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:rekey-${{Stage}}-{function}"
    );
    allow(&actions, any_secret()).when(json!({ "StringEquals": {
        "secretsmanager:resource/AllowRotationLambdaArn": sub(&itself),
    }}))
}

/// What the rotation function of its family rotates. Labels are moved there, and no value is written.
fn secrets_its_family_rotates() -> Need {
    let actions = [
        "secretsmanager:GetSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ];
    let ours = json!({ "Ref": "RotationFunctionArn" });
    allow(&actions, any_secret()).when(json!({ "StringEquals": {
        "secretsmanager:resource/AllowRotationLambdaArn": ours,
    }}))
}

/// RotateSecret for what the function behind a parameter rotates, which stays its function, and at no other time.
fn rotations_by(function: &str) -> Need {
    let ours = json!({ "Ref": function });
    allow(&["secretsmanager:RotateSecret"], any_secret()).when(json!({
        "StringEquals": { "secretsmanager:resource/AllowRotationLambdaArn": ours },
        "ArnEqualsIfExists": { "secretsmanager:RotationLambdaARN": ours },
        "BoolIfExists": { "secretsmanager:ModifyRotationRules": "false" },
    }))
}

/// The rotation functions of both families. RotateSecret asks its caller for it, and they take nothing but the
/// four steps.
fn both_rotation_functions() -> Need {
    let both = ["RotationFunctionArn", "KeysRotationFunctionArn"].map(|one| json!({ "Ref": one }));
    allow(&["lambda:InvokeFunction"], json!(both))
}

/// The queues of the functions that retire, of both families.
fn both_queues_of_retirements() -> Need {
    let both = ["RetireQueueArn", "RetireKeysQueueArn"].map(|one| json!({ "Ref": one }));
    allow(&["sqs:SendMessage"], json!(both))
}

/// The objects that are named, and nothing else of their buckets.
fn listed_key_sets() -> Need {
    let listed = json!({ "Fn::Split": [",", { "Ref": "JwksObjectArns" }] });
    allow(&["s3:GetObject", "s3:PutObject"], listed).only_if("WithJwks")
}

/// The users and replication groups that are named.
fn listed_caches() -> Need {
    let listed = json!({ "Fn::Split": [",", { "Ref": "ElastiCacheArns" }] });
    let actions = [
        "elasticache:DescribeUsers",
        "elasticache:ModifyUser",
        "elasticache:DescribeReplicationGroups",
        "elasticache:ModifyReplicationGroup",
        "elasticache:ListTagsForResource",
    ];
    allow(&actions, listed).only_if("WithElastiCache")
}

/// The one tag that tells which AUTH token is the newest.
fn note_of_the_newest_token() -> Need {
    let listed = json!({ "Fn::Split": [",", { "Ref": "ElastiCacheArns" }] });
    let this_tag = json!({
        "ForAllValues:StringEquals": { "aws:TagKeys": "rekey:newest-auth-token" },
        "Null": { "aws:TagKeys": "false" },
    });
    let note = allow(&["elasticache:AddTagsToResource"], listed).when(this_tag);
    note.only_if("WithElastiCache")
}

/// A user's tags are an administrator's to set: one of them says what whoever changes the user must prove.
fn no_tag_of_a_user() -> Need {
    let users = sub("arn:${AWS::Partition}:elasticache:*:*:user:*");
    let none = Need {
        effect: "Deny".to_owned(),
        ..allow(&["elasticache:AddTagsToResource"], users)
    };
    none.only_if("WithElastiCache")
}

fn listed_superuser_secrets() -> Need {
    let listed = json!({ "Fn::Split": [",", { "Ref": "SuperuserSecretArns" }] });
    allow(&["secretsmanager:GetSecretValue"], listed).only_if("WithSuperuserSecrets")
}
