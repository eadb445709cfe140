//! Every function can be watched, is bounded, and is itself alone.

use serde_json::{Value, json};

use super::template::{Template, list};
use crate::tidy::{holds, tree};

/// The longest time-out of a function, in seconds: a step is bounded well under it.
const LONGEST_TIMEOUT: u64 = 60;

fn lacking(template: &Template) -> Vec<String> {
    let names: Vec<_> = template
        .resources("AWS::Serverless::Function")
        .map(|(name, _)| name)
        .collect();
    let mut roles = Vec::new();
    let mut lacking = Vec::new();
    for name in names {
        let function = template.properties(name);
        let mut demand = |what: &str, there: bool| {
            if !there {
                lacking.push(format!("{name}: {what}"));
            }
        };
        let log = function["LoggingConfig"]["LogGroup"]["Ref"]
            .as_str()
            .unwrap_or_default();
        let logs = template.properties(log);
        demand(
            "a log group with retention",
            logs.get("RetentionInDays").is_some(),
        );
        demand(
            "a log group of its own name",
            log_group_fits(&function, &logs),
        );
        demand(
            "a log group that is encrypted as asked for",
            logs["KmsKeyId"] == json!({ "Ref": "DataKeyArn" }),
        );
        demand(
            "logs in JSON",
            function["LoggingConfig"]["LogFormat"] == "JSON",
        );
        demand(
            "a log level of its own",
            function["LoggingConfig"]["ApplicationLogLevel"].is_string(),
        );
        let timeout = function["Timeout"].as_u64();
        demand(
            "a bounded time-out",
            timeout.is_some_and(|seconds| seconds <= LONGEST_TIMEOUT),
        );
        demand("a memory size", !function["MemorySize"].is_null());
        demand(
            "an architecture",
            list(&function["Architectures"]) == [&json!({ "Ref": "Architecture" })],
        );
        demand(
            "the runtime for binaries",
            function["Runtime"] == "provided.al2023",
        );
        demand("an alarm on errors", alarmed(template, name));
        let role = function["Role"]["Fn::GetAtt"][0]
            .as_str()
            .map(str::to_owned);
        demand("a role", role.is_some());
        demand("a role of its own", !roles.contains(&role));
        demand(
            "tracing only with the permission to",
            traces_as_permitted(template, &function),
        );
        demand(
            "reserved concurrency as asked for",
            bounded_as_asked(template, name),
        );
        roles.push(role);
    }
    lacking
}

/// Lambda writes to the group that the function names; the name is the one that tools look under.
fn log_group_fits(function: &Value, logs: &Value) -> bool {
    let name = function["FunctionName"]["Fn::Sub"].as_str();
    name.is_some_and(|name| logs["LogGroupName"]["Fn::Sub"] == format!("/aws/lambda/{name}"))
}

fn alarmed(template: &Template, function: &str) -> bool {
    let mut alarms = template.resources("AWS::CloudWatch::Alarm");
    alarms.any(|(_, alarm)| {
        let alarm = &alarm["Properties"];
        let of_function = json!([{ "Name": "FunctionName", "Value": { "Ref": function } }]);
        alarm["MetricName"] == "Errors"
            && alarm["Dimensions"] == of_function
            && alarm["Threshold"] == 0
    })
}

/// X-Ray is a parameter, and what is permitted hangs on the same (`role/traces.rs`).
fn traces_as_permitted(template: &Template, function: &Value) -> bool {
    let traces = function["Tracing"] == json!({ "Ref": "Tracing" });
    let role = function["Role"]["Fn::GetAtt"][0]
        .as_str()
        .unwrap_or_default();
    let role = template.properties(role).to_string();
    traces && (role == "null" || role.contains("xray:PutTraceSegments"))
}

/// Reserved concurrency, when the parameter is not 0. A queue hands over at most as many batches at once.
fn bounded_as_asked(template: &Template, name: &str) -> bool {
    let function = &template.body["Resources"][name]["Properties"];
    let reserved = json!({ "Fn::If": [
        "Reserved",
        { "Ref": "ReservedConcurrency" },
        { "Ref": "AWS::NoValue" },
    ]});
    let asked = json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "ReservedConcurrency" }, "0"] }] });
    function["ReservedConcurrentExecutions"] == reserved
        && template.body["Conditions"]["Reserved"] == asked
}

#[test]
fn every_function_is_logged_bounded_alarmed_and_alone_in_its_role() {
    let functions = Template::all();
    let functions = functions
        .iter()
        .map(|template| template.resources("AWS::Serverless::Function").count());
    assert!(functions.sum::<usize>() > 0);
    holds(&Template::all().iter().flat_map(lacking).collect::<Vec<_>>());
}

#[test]
fn a_function_that_lacks_something_is_found() {
    for (from, to, what) in [
        (
            "RetentionInDays: !Ref LogRetentionDays",
            "Other: 1",
            "a log group with retention",
        ),
        (
            "LogGroupName: !Sub /aws/lambda/",
            "LogGroupName: !Sub /other/",
            "a log group of its own name",
        ),
        ("LogFormat: JSON", "LogFormat: Text", "logs in JSON"),
        (
            "ApplicationLogLevel: INFO",
            "Other: INFO",
            "a log level of its own",
        ),
        ("Timeout: 30", "Timeout: 900", "a bounded time-out"),
        ("MemorySize: !Ref MemorySize", "Other: 1", "a memory size"),
        (
            "Architectures: [!Ref Architecture]",
            "Architectures: [arm64]",
            "an architecture",
        ),
        (
            "Runtime: provided.al2023",
            "Runtime: provided.al2",
            "the runtime for binaries",
        ),
        (
            "MetricName: Errors",
            "MetricName: Duration",
            "an alarm on errors",
        ),
        (
            "Role: !GetAtt DatabaseFunctionRole.Arn",
            "Other: 1",
            "a role",
        ),
        (
            "Tracing: !Ref Tracing",
            "Tracing: Active",
            "tracing only with the permission to",
        ),
        (
            "[Reserved, !Ref ReservedConcurrency, !Ref AWS::NoValue]",
            "[Reserved, 1, !Ref AWS::NoValue]",
            "reserved concurrency as asked for",
        ),
        (
            "KmsKeyId: !If [WithDataKey, !Ref DataKeyArn, !Ref AWS::NoValue]\n\n",
            "Other: 1\n\n",
            "a log group that is encrypted as asked for",
        ),
    ] {
        let found = lacking(&Template::bent("rotation", from, to));
        assert_eq!(found, [format!("DatabaseFunction: {what}")], "{to}");
    }
}

#[test]
fn two_functions_with_one_role_are_found() {
    let mut template = Template::of("rotation");
    let function = template.body["Resources"]["DatabaseFunction"].clone();
    template.body["Resources"]["Second"] = function;
    assert!(lacking(&template).contains(&"Second: a role of its own".to_owned()));
}

/// A program that names one family links the drivers of no other.
#[test]
fn each_family_is_a_program_of_its_own() {
    let programs = [
        ("rotation", "DatabaseFunction", "rekey-rotate"),
        ("rotation-keys", "KeysFunction", "rekey-rotate-keys"),
        ("audit-keys", "AuditKeysFunction", "rekey-rotate-keys"),
        ("retire", "RetireFunction", "rekey-retire"),
        ("retire-keys", "RetireKeysFunction", "rekey-retire-keys"),
    ];
    for (template, function, program) in programs {
        let resource = &Template::of(template).body["Resources"][function];
        let binary = &resource["Metadata"]["BuildProperties"]["Binary"];
        assert_eq!(binary, program, "{function}");
    }
}

#[test]
fn every_function_builds_the_binary_of_a_room() {
    for template in Template::all() {
        for (name, function) in template.resources("AWS::Serverless::Function") {
            assert_eq!(
                function["Metadata"]["BuildMethod"], "rust-cargolambda",
                "{name}"
            );
            let binary = function["Metadata"]["BuildProperties"]["Binary"]
                .as_str()
                .unwrap();
            let manifests = tree::files().iter().filter(|file| {
                file.path.starts_with("functions/") && file.path.ends_with("/Cargo.toml")
            });
            let named = format!("name = \"{binary}\"");
            let of_a_room = manifests.filter(|file| file.text.contains(&named)).count();
            assert_eq!(of_a_room, 1, "{name}");
        }
    }
}
