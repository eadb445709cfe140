//! Who may invoke which function. An event that Lambda hands over is believed, so whoever may invoke a
//! function may say anything to it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::permissions::statements;
use super::template::{Template, entries, list};

/// Nobody invokes the function that judges requests, nor the one that observes, nor the one that writes the
/// audit trail: their queues do.
const MAY: [(&str, &str); 12] = [
    ("CheckpointFunction", "CheckpointSchedulerRole"),
    ("DatabaseFunction", "RequestFunctionRole"),
    ("DatabaseFunction", "SweepFunctionRole"),
    ("KeysFunction", "RequestFunctionRole"),
    ("KeysFunction", "SweepFunctionRole"),
    ("RetireFunction", "Operator"),
    ("RetireKeysFunction", "Operator"),
    ("SweepFunction", "Operator"),
    ("SweepFunction", "SchedulerRole"),
    // Not a principal of IAM: the permissions in rotation.yaml, rotation-keys.yaml and audit-keys.yaml.
    ("AuditKeysFunction", "secretsmanager.amazonaws.com"),
    ("DatabaseFunction", "secretsmanager.amazonaws.com"),
    ("KeysFunction", "secretsmanager.amazonaws.com"),
];

/// Each function with who may invoke it. What no resource of ours is stands as it is written.
fn invocations(all: &[Template]) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for template in all {
        for (name, resource) in entries(&template.body["Resources"]) {
            let alone = Template {
                path: template.path.clone(),
                body: json!({ "Resources": { name: resource } }),
            };
            for statement in statements(&alone) {
                let invokes = list(&statement["Action"])
                    .iter()
                    .filter_map(|action| action.as_str())
                    .any(|action| action.starts_with("lambda:Invoke"));
                if statement["Effect"] == "Allow" && invokes {
                    let functions = list(&statement["Resource"]).into_iter();
                    let functions = functions.map(|arn| function(all, template, arn));
                    found.extend(functions.map(|function| (function, name.to_owned())));
                }
            }
            if resource["Type"] == "AWS::Lambda::Permission" {
                let permission = &resource["Properties"];
                let who = permission["Principal"].as_str().unwrap_or_default();
                let function = function(all, template, &permission["FunctionName"]);
                found.insert((function, who.to_owned()));
            }
        }
    }
    found
}

/// The function that an ARN is of: in the same template, or in the one whose output the root hands on.
fn function(all: &[Template], template: &Template, arn: &Value) -> String {
    if let Some(resource) = arn["Fn::GetAtt"][0].as_str() {
        return resource.to_owned();
    }
    let handed_on = || {
        let parameter = arn["Ref"].as_str()?;
        let root = of(all, "infra/template.yaml")?;
        let stack = stack(root, &template.path)?;
        let output = &stack["Properties"]["Parameters"][parameter]["Fn::GetAtt"];
        let from = &root.body["Resources"][output[0].as_str()?];
        let location = from["Properties"]["Location"].as_str()?;
        let nested = of(all, &location.replace("./", "infra/"))?;
        let output = output[1].as_str()?.strip_prefix("Outputs.")?;
        nested.body["Outputs"][output]["Value"]["Fn::GetAtt"][0].as_str()
    };
    handed_on().map_or_else(|| arn.to_string(), str::to_owned)
}

fn of<'a>(all: &'a [Template], path: &str) -> Option<&'a Template> {
    all.iter().find(|template| template.path == path)
}

fn stack<'a>(root: &'a Template, path: &str) -> Option<&'a Value> {
    let mut stacks = root.resources("AWS::Serverless::Application");
    let stack = stacks.find(|(_, stack)| {
        let location = stack["Properties"]["Location"].as_str();
        location.is_some_and(|location| location.replace("./", "infra/") == path)
    });
    stack.map(|(_, stack)| stack)
}

fn written_down() -> BTreeSet<(String, String)> {
    let owned = |(function, who): (&str, &str)| (function.to_owned(), who.to_owned());
    MAY.into_iter().map(owned).collect()
}

#[test]
fn every_function_is_invoked_by_those_it_is_for_and_by_nobody_else() {
    assert_eq!(invocations(&Template::all()), written_down());
}

#[test]
fn nobody_invokes_the_function_that_judges_requests() {
    let all = invocations(&Template::all());
    assert!(
        !all.iter()
            .any(|(function, _)| function == "RequestFunction")
    );
    let outputs = &Template::of("requests").body["Outputs"];
    let handed_out = outputs.to_string();
    assert!(
        !handed_out.contains("[\"RequestFunction\",\"Arn\"]"),
        "no other template names it"
    );
}

#[test]
fn somebody_who_could_invoke_it_is_found() {
    for (template, from, to) in [
        (
            "requests",
            "Action: lambda:InvokeFunction\n                Resource: [!Ref RotationFunctionArn, !Ref KeysRotationFunctionArn]",
            "Action: lambda:InvokeFunction\n                Resource: !GetAtt RequestFunction.Arn",
        ),
        (
            "operators",
            "[!Ref RetireFunctionArn, !Ref RetireKeysFunctionArn, !Ref SweepFunctionArn]",
            "!Sub arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:rekey-${Stage}-request",
        ),
        (
            "requests",
            "  RequestLog:\n",
            "  Open:\n    Type: AWS::Lambda::Permission\n    Properties:\n      FunctionName: !GetAtt RequestFunction.Arn\n      Principal: events.amazonaws.com\n  RequestLog:\n",
        ),
        (
            "template",
            "SweepFunctionArn: !GetAtt Sweep.Outputs.FunctionArn",
            "SweepFunctionArn: !GetAtt Rotation.Outputs.DatabaseFunctionArn",
        ),
    ] {
        let bent = Template::bent(template, from, to);
        let mut all = Template::all();
        all.retain(|one| one.path != bent.path);
        all.push(bent);
        assert_ne!(invocations(&all), written_down(), "{to}");
    }
}
