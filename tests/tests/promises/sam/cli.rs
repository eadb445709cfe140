//! Calling SAM CLI as `cargo xtask test` has installed it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rekey_tests::cloud::{Cloud, REGION};
use serde_json::Value;

use crate::tidy::tree;

/// What a command has printed.
pub struct Said {
    pub stdout: String,
    pub stderr: String,
}

/// SAM CLI in the root of the tree, with no credentials and no configuration of the machine's owner.
pub fn sam(command: &str) -> Command {
    let programs = PathBuf::from(given("REKEY_TEST_SAM"));
    let mut sam = Command::new(programs.join("sam"));
    sam.args(command.split(' '))
        .current_dir(tree::root())
        .env("SAM_CLI_TELEMETRY", "0")
        // It asks for the state of a deployment this often, in seconds.
        .env("SAM_CLI_POLL_DELAY", "0.25")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_DEFAULT_REGION", REGION)
        .stdin(Stdio::null());
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_CA_BUNDLE",
        "AWS_ENDPOINT_URL",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ] {
        sam.env_remove(name);
    }
    sam
}

/// The same, speaking to the local cloud as its root.
pub fn sam_on(cloud: &Cloud, command: &str) -> Command {
    let mut sam = sam(command);
    sam.env("AWS_ENDPOINT_URL", &cloud.endpoint)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    sam
}

/// Where the engine that runs is, unless it is where everybody looks.
pub fn with_docker(sam: &mut Command) {
    let host = given("REKEY_TEST_DOCKER");
    if !host.is_empty() {
        sam.env("DOCKER_HOST", host).env_remove("DOCKER_CONTEXT");
    }
}

/// Runs it to its end. SAM CLI says on stderr what it does, and why it could not.
pub fn said(sam: &mut Command) -> Said {
    let output = sam.output().unwrap();
    let said = Said {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    let Said { stdout, stderr } = &said;
    assert!(output.status.success(), "{sam:?}:\n{stdout}\n{stderr}");
    said
}

/// What `sam build` has made.
pub fn built() -> PathBuf {
    PathBuf::from(given("REKEY_TEST_SAM_BUILT"))
}

/// The outputs of a stack.
pub fn outputs(cloud: &Cloud, stack: &str) -> BTreeMap<String, String> {
    let said = said(&mut sam_on(
        cloud,
        &format!("list stack-outputs --stack-name {stack} --output json"),
    ));
    let list: Vec<Value> = serde_json::from_str(&said.stdout).unwrap();
    let text = |output: &Value, name: &str| output[name].as_str().unwrap().to_owned();
    list.iter()
        .map(|output| (text(output, "OutputKey"), text(output, "OutputValue")))
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test runner says by variables where things are"
)]
fn given(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run this through `cargo xtask test`"))
}
