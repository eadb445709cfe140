//! `sam local invoke`: the functions in a container, where AWS is out of reach. Its exit code says nothing, so
//! what it prints is looked at: a failure with a name of ours is what each of them answers there.

use std::collections::BTreeMap;

use rekey_tests::cloud::REGION;
use serde_json::{Value, json};

use super::{cli, functions};
use crate::tidy::tree;

/// What a function is asked, and how it says that it cannot.
struct Case {
    function: &'static str,
    event: &'static str,
    says: Says,
    /// Variables that CloudFormation fills in and SAM CLI cannot.
    variables: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, Debug)]
enum Says {
    /// An error of this type, to whoever invoked it.
    Fails(&'static str),
    /// An answer that says that the order has failed, and of what class.
    Reports(&'static str),
    /// All messages of a batch back, and an error of this class in its log.
    GivesBack(&'static str),
    /// No answer, and in its log that it cannot start without what it reads first.
    DoesNotStart,
}

const KEY: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rekey/local/keys-Qx3vLb";

const SIGNING_KEY: &str =
    "arn:aws:kms:eu-west-1:123456789012:key/0c8f7d5e-2f0b-4b1e-9a57-1d0e6a1c7b11";

const CASES: [Case; 10] = [
    Case {
        function: "Rotation/DatabaseFunction",
        event: "events/samples/rotate-create-secret.json",
        says: Says::DoesNotStart,
        variables: &[("REKEY_FINGERPRINT_KEY", KEY)],
    },
    Case {
        function: "RotationKeys/KeysFunction",
        event: "events/samples/rotate-create-secret.json",
        says: Says::DoesNotStart,
        variables: &[("REKEY_FINGERPRINT_KEY", KEY)],
    },
    Case {
        function: "AuditKeys/AuditKeysFunction",
        event: "events/samples/rotate-create-secret.json",
        says: Says::DoesNotStart,
        variables: &[("REKEY_FINGERPRINT_KEY", KEY)],
    },
    Case {
        function: "Audit/AuditFunction",
        event: "events/samples/invoke/audit.json",
        says: Says::DoesNotStart,
        variables: &[("REKEY_AUDIT_KEYS", KEY)],
    },
    Case {
        function: "Checkpoint/CheckpointFunction",
        event: "events/samples/invoke/checkpoint.json",
        says: Says::DoesNotStart,
        variables: &[
            ("REKEY_AUDIT_KEYS", KEY),
            ("REKEY_CHECKPOINT_KEY", SIGNING_KEY),
        ],
    },
    Case {
        function: "Requests/RequestFunction",
        event: "events/samples/invoke/request.json",
        says: Says::GivesBack("store_unavailable"),
        variables: &[],
    },
    Case {
        function: "Observe/ObserveFunction",
        event: "events/samples/invoke/observe.json",
        says: Says::GivesBack("store_unavailable"),
        variables: &[],
    },
    Case {
        function: "Sweep/SweepFunction",
        event: "events/samples/invoke/sweep.json",
        says: Says::Fails("store_unavailable"),
        variables: &[],
    },
    Case {
        function: "Retire/RetireFunction",
        event: "events/samples/retire-order.json",
        says: Says::Reports("store_unavailable"),
        variables: &[],
    },
    Case {
        function: "RetireKeys/RetireKeysFunction",
        event: "events/samples/retire-order.json",
        says: Says::Reports("store_unavailable"),
        variables: &[],
    },
];

/// The services that the functions speak to. In the container their names lead nowhere, so that nothing here
/// asks the real ones.
const SERVICES: [&str; 10] = [
    "dynamodb",
    "events",
    "firehose",
    "kms",
    "lambda",
    "logs",
    "s3",
    "secretsmanager",
    "sqs",
    "sts",
];

/// So an adapter says that a service did not answer at all.
const UNREACHABLE: &str = "no connection";

fn invoke(case: &Case) -> cli::Said {
    let name = case.function.replace('/', "-");
    let logical = case.function.rsplit('/').next().unwrap();
    let variables: BTreeMap<_, _> = case.variables.iter().copied().collect();
    let file = cli::built().join(format!("../{name}-variables.json"));
    std::fs::write(&file, json!({ logical: variables }).to_string()).unwrap();
    let mut sam = cli::sam("local invoke --skip-pull-image");
    sam.arg(case.function)
        .args(["--event", case.event])
        .arg("--template-file")
        .arg(cli::built().join("template.yaml"))
        .args(["--parameter-overrides", "Stage=local Architecture=x86_64"])
        .arg("--env-vars")
        .arg(&file);
    for service in SERVICES {
        sam.arg("--add-host")
            .arg(format!("{service}.{REGION}.amazonaws.com:127.0.0.1"));
    }
    cli::with_docker(&mut sam);
    cli::said(&mut sam)
}

/// What is wrong with what it said; nothing, when it is as the case has it.
fn wrong(case: &Case, said: &cli::Said) -> Option<String> {
    let answer: Value = serde_json::from_str(said.stdout.trim()).unwrap_or_default();
    let in_its_log = |class: &str| {
        let mut lines = said.stderr.lines();
        lines.any(|line| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            let text = line["error"].as_str().unwrap_or_default();
            line["level"] == "ERROR" && line["class"] == class && text.contains(UNREACHABLE)
        })
    };
    let holds = match case.says {
        Says::Fails(kind) => answer["errorType"] == kind && in_its_log(kind),
        Says::Reports(class) => {
            answer["outcome"] == "failed" && answer["class"] == class && in_its_log(class)
        }
        Says::GivesBack(class) => {
            let event: Value = serde_json::from_str(&tree::read(case.event)).unwrap();
            let all: Vec<_> = event["Records"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|record| json!({ "itemIdentifier": record["messageId"] }))
                .collect();
            !all.is_empty() && answer["batchItemFailures"] == json!(all) && in_its_log(class)
        }
        Says::DoesNotStart => said.stdout.trim().is_empty() && in_its_log("init"),
    };
    let Case { function, says, .. } = case;
    let cli::Said { stdout, stderr } = said;
    (!holds).then(|| format!("{function}: not {says:?}:\n{stdout}\n{stderr}"))
}

#[test]
fn every_function_runs_in_a_container_and_says_by_name_what_it_lacks() {
    let mut invoked = Vec::new();
    for case in &CASES {
        let said = invoke(case);
        let wrong = wrong(case, &said);
        assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
        println!("{}: {:?}", case.function, case.says);
        invoked.push(case.function.to_owned());
    }
    let (mut all, mut invoked) = (functions::all(), invoked);
    all.sort();
    invoked.sort();
    assert_eq!(
        invoked, all,
        "a function of the templates is not among the cases"
    );
}

#[test]
fn an_answer_without_the_name_of_the_failure_is_found() {
    let case = CASES
        .iter()
        .find(|case| case.function == "Sweep/SweepFunction")
        .unwrap();
    let said = |stdout: &str, stderr: &str| cli::Said {
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
    };
    let line = r#"{"level":"ERROR","class":"store_unavailable","error":"GetItem: no connection"}"#;
    let answer = r#"{"errorType": "store_unavailable"}"#;
    assert!(wrong(case, &said(answer, line)).is_none());
    for (stdout, stderr) in [
        ("", line),
        (answer, ""),
        (r#"{"due": 0}"#, line),
        ("null", ""),
    ] {
        assert!(wrong(case, &said(stdout, stderr)).is_some(), "{stdout}");
    }
}
