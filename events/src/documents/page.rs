//! `docs/events.md`: every event for people: what it says, who sends it, who takes it, its fields, one of it.

mod fields;
mod words;

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

use super::{WRITTEN_BY, first_sentence};
use crate::catalogue::{self, Entry};
use crate::schema::say_the_most;
use crate::traffic::{Bus, Sender, Way};
use crate::wishes::KEYS;
use crate::{
    AuditRecord, Correlation, DetailType, REQUESTER_SOURCE_PREFIX, RetireAnswer, RetireOrder,
};

/// The definitions of a schema by their name.
type Definitions = Map<String, Value>;

const TOPICS: [DetailType; 5] = [
    DetailType::SecretPut,
    DetailType::SecretDelete,
    DetailType::RotateRequested,
    DetailType::RotateCompleted,
    DetailType::MissingDetected,
];

/// The page.
#[must_use]
pub fn events_page() -> String {
    let entries = catalogue::entries();
    let mut generator = generator();
    for entry in &entries {
        (entry.payload)(&mut generator);
    }
    generator.subschema_for::<RetireOrder>();
    generator.subschema_for::<RetireAnswer>();
    generator.subschema_for::<Correlation>();
    generator.subschema_for::<AuditRecord>();
    let all = generator.take_definitions(true);

    let mut page = opening();
    overview(&mut page, &entries, &all);
    in_every_event(&mut page, &all);
    let is_topic = |entry: &&Entry| TOPICS.contains(&entry.detail_type);
    let is_aws = |entry: &&Entry| {
        entry
            .detail_type
            .ways()
            .iter()
            .all(|way| way.bus == Bus::Default)
    };
    page.push_str("\n## The five topics\n\nThey were there before Rekey and have one shape.\n");
    for entry in entries.iter().filter(is_topic) {
        event(&mut page, entry, &all);
    }
    page.push_str("\n## What Rekey tells besides\n");
    for entry in entries
        .iter()
        .filter(|entry| !is_topic(entry) && !is_aws(entry))
    {
        event(&mut page, entry, &all);
    }
    page.push_str("\n## What Rekey reads of AWS\n\nThe fields that are read; AWS sends more.\n");
    for entry in entries.iter().filter(is_aws) {
        event(&mut page, entry, &all);
    }
    orders(&mut page, &all);
    record(&mut page, &all);
    let written: Vec<String> = entries.iter().map(|entry| (entry.type_name)()).collect();
    fields::objects(&mut page, &all, |name| {
        written.iter().any(|one| one == name)
            || ["RetireOrder", "RetireAnswer", "Correlation", "AuditRecord"].contains(&name)
    });
    words::lists(&mut page, &all);
    fields::texts(&mut page, &all);
    page
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(say_the_most))
        .into_generator()
}

fn opening() -> String {
    format!(
        r#"<!-- Written from the contract by its own tests: {WRITTEN_BY} -->
# Events

Every event that Rekey takes or tells. No event holds a secret value. A field that is not listed here comes from a newer
producer: keep it. Absent and `null` are the same.

An event is delivered in EventBridge's envelope. Who sent it stands in its `source`, which IAM pins, and nowhere else.
EventBridge may deliver an event twice and gives each entry a new `id`: tell repeats by `event_id`.

The same for machines: [`asyncapi.yaml`](asyncapi.yaml), the [JSON Schemas](../events/schemas/v1), the
[samples](../events/samples), and the schema registry `rekey-<stage>` of EventBridge that
[`infra/schemas.yaml`](../infra/schemas.yaml) deploys.

| bus | who speaks there |
|---|---|
| `rekey-<stage>-requests` | who may ask for rotations, each under a source of its own: `{REQUESTER_SOURCE_PREFIX}<name>`. One type of event is taken |
| `rekey-<stage>` | our functions. Anybody in the account may be given a rule; every event is logged and archived |
| `default` | AWS. It is read |
"#
    )
}

fn overview(page: &mut String, entries: &[Entry], all: &Definitions) {
    page.push_str("\n## All of them\n\n| event | bus | sent by | our rules |\n|---|---|---|---|\n");
    for entry in entries {
        let detail_type = entry.detail_type.as_str();
        for way in entry.detail_type.ways() {
            let _ = writeln!(
                page,
                "| [`{detail_type}`](#{}) | `{}` | {} | {} |",
                anchor(detail_type),
                bus(way.bus),
                sent_by(way),
                taken_by(way)
            );
        }
    }
    page.push_str("\n| event | what it says |\n|---|---|\n");
    for entry in entries {
        let said = first_sentence(description(all, &(entry.type_name)()));
        let _ = writeln!(
            page,
            "| `{}` | {} |",
            entry.detail_type,
            fields::cell(&said)
        );
    }
}

/// Fields that need no telling with each event.
fn in_every_event(page: &mut String, all: &Definitions) {
    page.push_str(
        "\n## In every event of ours\n\nThese stand beside the fields of each event of the next two sections. All are optional.\n\n\
         | field | type | meaning |\n|---|---|---|\n\
         | `schema_version` | `v1` | the version of the contract; absent means `v1`, another one is refused |\n",
    );
    for field in fields::of(all, &Correlation::schema_name()) {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} |",
            field.name, field.kind, field.meaning
        );
    }
}

fn event(page: &mut String, entry: &Entry, all: &Definitions) {
    let type_name = (entry.type_name)();
    let (schema, sample) = (entry.schema, entry.sample);
    let said = fields::paragraph(description(all, &type_name));
    let _ = writeln!(page, "\n### {}\n\n{said}\n", entry.detail_type);
    for way in entry.detail_type.ways() {
        let _ = writeln!(
            page,
            "- Bus `{}`: sent by {}; our rules: {}.",
            bus(way.bus),
            sent_by(way),
            taken_by(way)
        );
    }
    let _ = writeln!(
        page,
        "- [Schema](../events/schemas/v1/{schema}.schema.json), [sample](../events/samples/{sample}.json).\n"
    );
    let common: Vec<String> = fields::of(all, &Correlation::schema_name())
        .map(|field| field.name)
        .chain(["schema_version".to_owned()])
        .collect();
    fields::table(page, "field of `detail`", all, &type_name, &common);
    if entry.detail_type == DetailType::RotateRequested {
        wishes(page);
        page.push_str(ASK);
    }
    let _ = writeln!(page, "\n```json\n{}\n```", entry.sample_text.trim_end());
}

/// How the one event that comes from outside is sent, and what comes back.
const ASK: &str = r#"
Ask with PutEvents, under a policy that pins your source ([`infra/requester.yaml`](../infra/requester.yaml)). `event_id` is
yours to choose: a UUID that makes a repeat of the call the same request.

```sh
aws events put-events --entries '[{
  "EventBusName": "rekey-prod-requests", "Source": "rekey.requester.billing",
  "DetailType": "greentic.secrets.rotate.requested",
  "Detail": "{\"key\": \"db/app-primary\", \"timestamp\": \"2026-03-02T03:59:58Z\", \"reason\": \"a laptop was lost\", \"metadata\": {\"rollout_note\": \"CHG-1182\"}}"
}]'
```

The answer is [`rekey.request.answered`](#rekeyrequestanswered) or [`rekey.request.refused`](#rekeyrequestrefused), which
says what to do. How the rotation ends is told by
[`greentic.secrets.rotate.completed`](#greenticsecretsrotatecompleted), whose `version_id` is the `request` of the answer.
"#;

fn wishes(page: &mut String) {
    page.push_str(
        "\nOf `metadata` these are read. A value of another type breaks the contract; whether a wish counts, the policy says.\n\n\
         | key of `metadata` | type | meaning |\n|---|---|---|\n",
    );
    for (key, kind, meaning) in KEYS {
        let _ = writeln!(page, "| `{key}` | {kind} | {meaning} |");
    }
}

fn orders(page: &mut String, all: &Definitions) {
    page.push_str(
        "\n## Orders\n\nNo events: what the retire function is asked to do, through its queue or by a person who may invoke it, \
         and what it answers.\n",
    );
    for (title, type_name, schema, samples) in [
        (
            "An order",
            RetireOrder::schema_name(),
            "retire-order",
            [
                include_str!("../../samples/retire-order.json"),
                include_str!("../../samples/rehearse-order.json"),
            ],
        ),
        (
            "Its answer",
            RetireAnswer::schema_name(),
            "retire-answer",
            [
                include_str!("../../samples/retire-answer.json"),
                include_str!("../../samples/rehearse-answer.json"),
            ],
        ),
    ] {
        let said = fields::paragraph(description(all, &type_name));
        let _ = writeln!(
            page,
            "\n### {title}\n\n{said}\n\n- [Schema](../events/schemas/v1/{schema}.schema.json).\n"
        );
        fields::table(page, "field", all, &type_name, &[]);
        for sample in samples {
            let _ = writeln!(page, "\n```json\n{}\n```", sample.trim_end());
        }
    }
}

/// What the audit trail keeps of an event.
fn record(page: &mut String, all: &Definitions) {
    let type_name = AuditRecord::schema_name();
    let said = fields::paragraph(description(all, &type_name));
    let _ = writeln!(
        page,
        "\n## A record of the audit trail\n\nNo event: what is kept of each event of the bus `rekey-<stage>`. \
         [`audit-actions.md`](audit-actions.md) says what becomes of which. {said}\n\n\
         - [Schema](../events/schemas/v1/audit-record.schema.json), [sample](../events/samples/audit-record.json).\n"
    );
    fields::table(page, "field", all, &type_name, &[]);
    let sample = include_str!("../../samples/audit-record.json");
    let _ = writeln!(page, "\n```json\n{}\n```", sample.trim_end());
}

fn description<'a>(all: &'a Definitions, name: &str) -> &'a str {
    let schema = all.get(name).and_then(|schema| schema.get("description"));
    schema.and_then(Value::as_str).unwrap_or_default()
}

fn bus(bus: Bus) -> String {
    bus.name().replace("{stage}", "<stage>")
}

fn sent_by(way: &Way) -> String {
    let names = way.sent_by.iter().map(|sender| match sender {
        Sender::Of(source) => format!("`{source}`"),
        Sender::Requester => format!("`{REQUESTER_SOURCE_PREFIX}<name>`"),
    });
    names.collect::<Vec<_>>().join(", ")
}

fn taken_by(way: &Way) -> String {
    let names: Vec<String> = way
        .taken_by
        .iter()
        .map(|source| format!("`{source}`"))
        .collect();
    if names.is_empty() {
        return "log and archive".to_owned();
    }
    names.join(", ")
}

/// Of a heading, as pages on the web make them.
fn anchor(heading: &str) -> String {
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| {
            if c == ' ' {
                '-'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}
