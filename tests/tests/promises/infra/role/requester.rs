//! Who asks for rotations, and is held to his own source: people, outside requesters, our own schedule.

use serde_json::{Value, json};

use super::{Need, Role, allow, sub};

const REQUESTER: Role = Role {
    template: "requester",
    resource: "Requester",
};
const OPERATOR: Role = Role {
    template: "operators",
    resource: "Operator",
};
const SWEEP: Role = Role {
    template: "sweep",
    resource: "SweepFunctionRole",
};

/// Each event of a call under this source, and nothing but requests.
fn requests_as(source: &Value) -> Need {
    allow(&["events:PutEvents"], json!({ "Ref": "RequestsBusArn" })).when(json!({
        "ForAllValues:StringEquals": {
            "events:source": source,
            "events:detail-type": "greentic.secrets.rotate.requested",
        },
        "Null": { "events:source": "false", "events:detail-type": "false" },
    }))
}

#[test]
fn each_asks_under_its_own_source_and_asks_for_nothing_but_rotations() {
    let own = sub("rekey.requester.${Name}");
    REQUESTER.says("AskForRotations", &requests_as(&own));
    let operators = json!("rekey.requester.operators");
    OPERATOR.says("AskForRotations", &requests_as(&operators));
    let schedule = json!("rekey.requester.schedule");
    SWEEP.says("AskAsTheSchedule", &requests_as(&schedule));
}

#[test]
fn a_requester_asks_and_does_nothing_else() {
    REQUESTER.says_nothing_but(&["AskForRotations"]);
}

#[test]
fn a_requester_that_could_speak_for_another_is_found() {
    for (from, to) in [
        (
            "rekey.requester.${Name}\n                events:detail",
            "rekey.requester.*\n                events:detail",
        ),
        ("ForAllValues:StringEquals:", "ForAllValues:StringLike:"),
        ("ForAllValues:StringEquals:", "ForAnyValue:StringEquals:"),
        ("events:source: \"false\"", "events:source: \"true\""),
        (
            "Resource: !Ref RequestsBusArn",
            "Resource: !Sub ${RequestsBusArn}*",
        ),
        (
            "events:detail-type: greentic.secrets.rotate.requested",
            "events:detail-type: [greentic.secrets.rotate.requested, greentic.secrets.put]",
        ),
    ] {
        let bent = REQUESTER.bent(from, to, "AskForRotations");
        let own = sub("rekey.requester.${Name}");
        assert_ne!(bent, Some(requests_as(&own)), "{to}");
    }
}
