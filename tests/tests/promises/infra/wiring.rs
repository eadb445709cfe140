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
    miswired
}

fn names(map: &Value) -> Vec<&str> {
    entries(map).map(|(name, _)| name).collect()
}

/// Defaults in two places would drift apart.
fn defaults_of_its_own(nested: &Template) -> Vec<String> {
    let parameters = entries(&nested.body["Parameters"]);
    let with_default = parameters.filter(|(_, parameter)| parameter.get("Default").is_some());
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
    ] {
        assert_eq!(
            miswired(&Template::bent("template", from, to)).len(),
            1,
            "{from}"
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
