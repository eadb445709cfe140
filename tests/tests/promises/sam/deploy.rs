//! `sam deploy` with the sections of samconfig.toml.

use std::path::Path;

use rekey_tests::cloud::{Cloud, Options};
use serde_json::Value;

use super::cli;
use crate::infra::template::{Template, entries};
use crate::tidy::tree;

/// Deploys what was built with a section of this configuration, and returns the name of the stack.
pub fn deploy(cloud: &Cloud, section: &str, configuration: &Path) -> String {
    let mut sam = cli::sam_on(cloud, "deploy --no-confirm-changeset");
    sam.args(["--config-env", section, "--config-file"])
        .arg(configuration)
        // Not .aws-sam, which is its user's.
        .arg("--template-file")
        .arg(cli::built().join("template.yaml"));
    let said = cli::said(&mut sam);
    let stack = format!("rekey-{section}");
    let done = format!("Successfully created/updated stack - {stack} in ");
    assert!(said.stdout.contains(&done), "{}", said.stdout);
    stack
}

/// The deployed functions work together with the deployed table, queues and roles: a sweep reads all of them.
pub fn holds(cloud: &Cloud, stack: &str) {
    let outputs = cli::outputs(cloud, stack);
    let missing: Vec<_> = entries(&Template::of("template").body["Outputs"])
        .filter(|(name, output)| output["Condition"].is_null() && !outputs.contains_key(*name))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert!(
        missing.is_empty(),
        "no output {missing:?} among {outputs:?}"
    );
    let rotate = outputs["DatabaseFunctionArn"].rsplit_once(':').unwrap();
    let sweep = format!("{}:{}", rotate.0, outputs["SweepFunctionName"]);
    let mut invoke = cli::sam_on(cloud, "remote invoke --event-file");
    invoke.args(["events/samples/invoke/sweep.json", &sweep]);
    let said = cli::said(&mut invoke);
    let answer: Value = serde_json::from_str(&said.stdout)
        .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", said.stdout, said.stderr));
    assert!(answer["buckets"].as_u64() > Some(0), "{answer}");
    assert_eq!(answer["due"], 0, "{answer}");
}

#[test]
fn the_local_section_deploys_and_what_it_deployed_answers() {
    let cloud = Cloud::start(&Options::default()).unwrap();
    let stack = deploy(&cloud, "local", &tree::root().join("samconfig.toml"));
    holds(&cloud, &stack);
}

#[test]
fn a_deployment_that_the_template_refuses_fails() {
    let cloud = Cloud::start(&Options::default()).unwrap();
    let mut sam = cli::sam_on(&cloud, "deploy --no-confirm-changeset --config-env local");
    sam.arg("--template-file")
        .arg(cli::built().join("template.yaml"))
        .arg("--config-file")
        .arg(tree::root().join("samconfig.toml"))
        .args(["--parameter-overrides", "Stage=nowhere"]);
    let output = sam.output().unwrap();
    assert!(!output.status.success(), "{output:?}");
}
