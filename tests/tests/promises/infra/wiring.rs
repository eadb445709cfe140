//! The root template wires and does nothing else.

use serde_json::Value;

use super::template::{Template, entries};
use crate::tidy::holds;

fn miswired(root: &Template) -> Vec<String> {
    let mut miswired = Vec::new();
    for (name, resource) in entries(&root.body["Resources"]) {
        if resource["Type"] != "AWS::Serverless::Application" {
            miswired.push(format!("{name} belongs in a nested template"));
            continue;
        }
        let location = resource["Properties"]["Location"].as_str().unwrap();
        let file = location.trim_start_matches("./").trim_end_matches(".yaml");
        let nested = Template::of(file);
        for (parameter, value) in entries(&resource["Properties"]["Parameters"]) {
            if !comes_from_somewhere(root, value) {
                miswired.push(format!("{name} is handed a {parameter} that nobody has"));
            }
        }
        if names(&resource["Properties"]["Parameters"]) != names(&nested.body["Parameters"]) {
            miswired.push(format!(
                "{name} hands on other parameters than {file} asks for"
            ));
        }
    }
    for (name, parameter) in entries(&root.body["Parameters"]) {
        if parameter.get("Default").is_none() {
            miswired.push(format!("{name} has no default"));
        }
        if parameter.get("Description").is_none() {
            miswired.push(format!("{name} is not explained"));
        }
    }
    for (name, output) in entries(&root.body["Outputs"]) {
        if !comes_from_somewhere(root, &output["Value"]) {
            miswired.push(format!("output {name} has nothing to show"));
        }
        if output.get("Description").is_none() {
            miswired.push(format!("output {name} is not explained"));
        }
    }
    miswired
}

/// A parameter of the root, or an output that the nested template really has; or that, and else nothing, when
/// the nested stack is made only sometimes.
fn comes_from_somewhere(root: &Template, value: &Value) -> bool {
    if let Some([condition, output, nothing]) = value["Fn::If"].as_array().map(Vec::as_slice) {
        let stack = output["Fn::GetAtt"][0].as_str().unwrap_or_default();
        return *nothing == ""
            && root.body["Resources"][stack]["Condition"] == *condition
            && comes_from_somewhere(root, output);
    }
    if let Some(parameter) = value["Ref"].as_str() {
        return root.body["Parameters"].get(parameter).is_some();
    }
    let stack = value["Fn::GetAtt"][0].as_str().unwrap_or_default();
    let location = &root.body["Resources"][stack]["Properties"]["Location"];
    let output = value["Fn::GetAtt"][1].as_str();
    let output = output.and_then(|path| path.strip_prefix("Outputs."));
    match (location.as_str(), output) {
        (Some(location), Some(output)) => {
            let file = location.trim_start_matches("./").trim_end_matches(".yaml");
            Template::of(file).body["Outputs"].get(output).is_some()
        }
        _ => false,
    }
}

fn names(map: &Value) -> Vec<&str> {
    entries(map).map(|(name, _)| name).collect()
}

/// What has a default in its own template too, and why.
const DEFAULTS_OF_THEIR_OWN: [(&str, &str); 1] = [(
    "CaLayerArn",
    "SAM CLI cannot invoke a function locally whose layer it knows from another template only",
)];

/// Defaults in two places would drift apart.
fn defaults_of_its_own(nested: &Template) -> Vec<String> {
    let parameters = entries(&nested.body["Parameters"]);
    let with_default = parameters.filter(|(name, parameter)| {
        let known = DEFAULTS_OF_THEIR_OWN.iter().any(|(known, _)| known == name);
        let empty = parameter.get("Default").is_some_and(|one| one == "");
        // What is deployed by itself has a default nowhere else.
        let alone = STANDS_ALONE.iter().any(|(path, _)| *path == nested.path);
        let elsewhere = Template::of("template").body["Parameters"]
            .get(*name)
            .is_some();
        parameter.get("Default").is_some() && !(known && empty) && (!alone || elsewhere)
    });
    with_default
        .map(|(name, _)| format!("{}: {name}", nested.path))
        .collect()
}

#[test]
fn the_root_template_only_wires_and_explains_every_parameter() {
    holds(&miswired(&Template::of("template")));
}

#[test]
fn a_parameter_that_is_lost_on_the_way_is_found() {
    for (from, to) in [
        ("        BusArn: !GetAtt Events.Outputs.BusArn\n", ""),
        (
            "        Strategy: !Ref Strategy\n",
            "        Strategie: !Ref Strategy\n",
        ),
        ("    Default: dev\n", ""),
        ("    Description: Characters in a new password.\n", ""),
        (
            "Resources:\n",
            "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n",
        ),
        (
            "TableArn: !GetAtt Registry.Outputs.TableArn",
            "TableArn: !GetAtt Registry.Outputs.Table",
        ),
        (
            "Value: !GetAtt Retire.Outputs.QueueUrl",
            "Value: !GetAtt Gone.Outputs.QueueUrl",
        ),
        (
            "DataKeyArn: !If [WithOwnKey, !GetAtt DataKey.Outputs.KeyArn, \"\"]",
            "DataKeyArn: !If [WithExample, !GetAtt DataKey.Outputs.KeyArn, \"\"]",
        ),
    ] {
        assert_eq!(
            miswired(&Template::bent("template", from, to)).len(),
            1,
            "{from}"
        );
    }
}

/// What is deployed by itself, and for whom.
const STANDS_ALONE: [(&str, &str); 2] = [
    (
        "infra/requester.yaml",
        "a platform team deploys it once for each requester",
    ),
    (
        "infra/vpc-endpoints.yaml",
        "a network team deploys it once for each VPC",
    ),
];

#[test]
fn every_template_is_nested_or_stands_alone_and_explains_itself() {
    let root = Template::of("template");
    let nested = root.resources("AWS::Serverless::Application");
    let nested: Vec<_> = nested
        .map(|(_, stack)| stack["Properties"]["Location"].as_str().unwrap())
        .map(|location| location.replace("./", "infra/"))
        .collect();
    for template in Template::all() {
        let alone = STANDS_ALONE.iter().any(|(path, _)| *path == template.path);
        let wired = nested.contains(&template.path) || template.path == root.path;
        assert!(alone != wired, "{}", template.path);
        let parameters = entries(&template.body["Parameters"]);
        let explained = |(_, parameter): (&str, &Value)| parameter.get("Description").is_some();
        assert!(
            !alone || parameters.into_iter().all(explained),
            "{}",
            template.path
        );
    }
}

#[test]
fn defaults_are_in_the_root_template_only() {
    let all = Template::all();
    let nested = all.iter().filter(|one| one.path != "infra/template.yaml");
    holds(&nested.flat_map(defaults_of_its_own).collect::<Vec<_>>());
    assert!(!defaults_of_its_own(&Template::of("template")).is_empty());
}
