//! X-Ray takes traces from every function or from none.

use serde_json::json;

use super::{Role, allow};
use crate::infra::template::Template;

const ROLES: [(&str, &str); 10] = [
    ("rotation", "DatabaseFunctionRole"),
    ("rotation-keys", "KeysFunctionRole"),
    ("audit-keys", "AuditKeysFunctionRole"),
    ("observe", "ObserveFunctionRole"),
    ("requests", "RequestFunctionRole"),
    ("retire", "RetireFunctionRole"),
    ("retire-keys", "RetireKeysFunctionRole"),
    ("sweep", "SweepFunctionRole"),
    ("audit", "AuditFunctionRole"),
    ("checkpoint", "CheckpointFunctionRole"),
];

#[test]
fn every_function_may_send_traces_only_when_they_are_asked_for() {
    let actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
    let traces = allow(&actions, json!("*")).only_if("Traced");
    let mut functions = 0;
    for (template, resource) in ROLES {
        Role { template, resource }.says("SendTraces", &traces);
        let traced = &Template::of(template).body["Conditions"]["Traced"];
        assert_eq!(
            *traced,
            json!({ "Fn::Equals": [{ "Ref": "Tracing" }, "Active"] })
        );
        functions += Template::of(template)
            .resources("AWS::Serverless::Function")
            .count();
    }
    assert_eq!(functions, ROLES.len());
}
