//! With a key of your own (`EncryptWithOwnKey`) every role may use it through the services whose data it
//! has, and in no other way; without one there is no such statement.

use serde_json::{Value, json};

use super::{Need, Role, allow, sub};

/// What who only reads needs. What a queue takes and a secret or a bucket keeps is encrypted anew.
const READ: &[&str] = &["kms:Decrypt"];
const WRITE: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];

struct User {
    template: &'static str,
    resource: &'static str,
    actions: &'static [&'static str],
    services: &'static [&'static str],
}

const USERS: [User; 14] = [
    User {
        template: "rotation",
        resource: "DatabaseFunctionRole",
        actions: READ,
        services: &["secretsmanager"],
    },
    User {
        template: "rotation-keys",
        resource: "KeysFunctionRole",
        actions: READ,
        services: &["secretsmanager"],
    },
    User {
        template: "audit-keys",
        resource: "AuditKeysFunctionRole",
        actions: WRITE,
        services: &["secretsmanager"],
    },
    User {
        template: "observe",
        resource: "ObserveFunctionRole",
        actions: READ,
        services: &["dynamodb", "sqs"],
    },
    User {
        template: "requests",
        resource: "RequestFunctionRole",
        actions: WRITE,
        services: &["dynamodb", "sqs"],
    },
    User {
        template: "retire",
        resource: "RetireFunctionRole",
        actions: READ,
        services: &["dynamodb", "sqs"],
    },
    User {
        template: "retire-keys",
        resource: "RetireKeysFunctionRole",
        actions: READ,
        services: &["dynamodb", "sqs"],
    },
    User {
        template: "sweep",
        resource: "SweepFunctionRole",
        actions: WRITE,
        services: &["dynamodb", "sqs"],
    },
    User {
        template: "sweep",
        resource: "SchedulerRole",
        actions: WRITE,
        services: &["sqs"],
    },
    User {
        template: "audit",
        resource: "AuditFunctionRole",
        actions: READ,
        services: &["dynamodb", "secretsmanager", "sqs"],
    },
    User {
        template: "checkpoint",
        resource: "CheckpointFunctionRole",
        actions: WRITE,
        services: &["dynamodb", "s3", "secretsmanager"],
    },
    User {
        template: "operators",
        resource: "Reader",
        actions: READ,
        services: &["dynamodb", "s3"],
    },
    User {
        template: "operators",
        resource: "Operator",
        actions: READ,
        services: &["dynamodb", "s3"],
    },
    User {
        template: "operators",
        resource: "Administrator",
        actions: READ,
        services: &["dynamodb", "s3"],
    },
];

impl User {
    fn role(&self) -> Role {
        Role {
            template: self.template,
            resource: self.resource,
        }
    }

    fn need(&self) -> Need {
        let service = |name: &&str| sub(&format!("{name}.${{AWS::Region}}.${{AWS::URLSuffix}}"));
        let through: Vec<Value> = self.services.iter().map(service).collect();
        let through = match through.as_slice() {
            [one] => one.clone(),
            several => json!(several),
        };
        allow(self.actions, json!({ "Ref": "DataKeyArn" }))
            .when(json!({ "StringEquals": { "kms:ViaService": through } }))
            .only_if("WithDataKey")
    }
}

#[test]
fn each_uses_the_key_through_the_services_whose_data_it_has() {
    for user in USERS {
        user.role().says("UseTheDataKey", &user.need());
    }
}

#[test]
fn a_use_of_the_key_that_no_service_asks_for_is_found() {
    let audit = USERS.iter().find(|user| user.template == "audit").unwrap();
    for (from, to) in [
        ("kms:ViaService:", "kms:EncryptionContextKeys:"),
        ("- !Sub sqs.${AWS::Region}", "- !Sub s3.${AWS::Region}"),
        ("Resource: !Ref DataKeyArn", "Resource: \"*\""),
        ("Action: kms:Decrypt", "Action: kms:CreateGrant"),
    ] {
        let bent = audit.role().bent(from, to, "UseTheDataKey");
        assert_ne!(bent, Some(audit.need()), "{to}");
    }
}
