//! No alarm of any template is forgotten, and docs/alarms.md is the list.

use std::collections::BTreeSet;
use std::fs;

use rekey_tests::given;
use serde_json::Value;

use super::table::{FIRED, Fired, NOT_FIRED};
use crate::infra::template::Template;
use crate::tidy::holds;

const PAGE: &str = "docs/alarms.md";

const HEAD: &str = "\
# What sets off each alarm

`cargo xtask test --only end-to-end` deploys the template to the local cloud and sets off every alarm of every template, by
the cause in the second column. It waits until the topic of `AlarmTopicArn` has told `ALARM`, and `OK` when the cause is
gone; one that does not ring fails the test of its scene. An alarm that is missing here fails the test that writes this
page (`tests/tests/promises/end_to_end/alarms/`).

The third column is what AWS takes with the numbers of the templates, from the cause to the message. \"A few minutes\" is
for the metric to come, and for CloudWatch to look again: the window of an alarm slides
([Alarm evaluation window](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html)).
The local cloud makes every period six hundred times shorter. A message is put aside after the tries that its queue allows.
Where a function itself measures seconds (`audit-late`, `deadlines-late`, `rotations-waiting-long`), the test puts the time
of the event, of the deadline or of the request back.

Names are without `rekey-<stage>-`. [The runbooks](runbooks/README.md) say what to do.

| alarm | fired by | on AWS that takes | what to do |
|---|---|---|---|
";

/// The metrics that a schedule writes, and the parameter of the template that says how often.
const SCHEDULED: [(&str, &str); 3] = [
    ("StuckPending", "DoctorExpression"),
    ("RotationsOverdue", "DoctorExpression"),
    ("ChainBroken", "CheckpointExpression"),
];

/// An alarm of a template: its name without the stage, and what it takes on AWS.
struct Alarm {
    name: String,
    takes: String,
}

fn alarms() -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for template in Template::all() {
        for (resource, _) in template.resources("AWS::CloudWatch::Alarm") {
            let alarm = template.properties(resource);
            let name = alarm["AlarmName"]["Fn::Sub"].as_str().unwrap();
            alarms.push(Alarm {
                name: name.strip_prefix("rekey-${Stage}-").unwrap().to_owned(),
                takes: takes(&template, &alarm),
            });
        }
    }
    alarms
}

/// How long it takes on AWS until an alarm rings, in words.
fn takes(template: &Template, alarm: &Value) -> String {
    let number = |field: &str| alarm[field].as_u64().unwrap();
    let (metric, periods) = (
        alarm["MetricName"].as_str().unwrap(),
        number("EvaluationPeriods"),
    );
    let first = if alarm["TreatMissingData"] == "breaching" {
        format!("{} of silence", span(number("Period")))
    } else if periods > 1 {
        format!("{} of it", span(number("Period") * periods))
    } else if number("Threshold") > 0 {
        format!("{} of waiting", span(number("Threshold")))
    } else if let Some((_, parameter)) = SCHEDULED.iter().find(|(one, _)| *one == metric) {
        let root = Template::of("template");
        let every = root.body["Parameters"][parameter]["Default"]
            .as_str()
            .unwrap();
        format!("up to the next run (`{parameter}`, {every})")
    } else if let Some(tries) = tries(template, alarm) {
        format!("up to {} of tries", span(tries))
    } else {
        return "a few minutes".to_owned();
    };
    format!("{first}, and a few minutes")
}

/// For how long a message is tried until it lies in the queue that an alarm looks at, in seconds.
fn tries(template: &Template, alarm: &Value) -> Option<u64> {
    let watched = &alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0];
    let mut queues = template.resources("AWS::SQS::Queue");
    queues.find_map(|(name, _)| {
        let queue = template.properties(name);
        let redrive = &queue["RedrivePolicy"];
        let is_behind = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0] == *watched;
        let visible = queue["VisibilityTimeout"].as_u64()?;
        is_behind.then_some(visible * redrive["maxReceiveCount"].as_u64()?)
    })
}

fn span(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        minutes if minutes > 90 => format!("{} hours", minutes / 60),
        minutes => format!("{minutes} minutes"),
    }
}

/// What is in one list and not in the other, or in two.
fn forgotten(all: &[Alarm], fired: &[Fired], not_fired: &[(&str, &str)]) -> Vec<String> {
    let names: BTreeSet<_> = all.iter().map(|alarm| alarm.name.as_str()).collect();
    let listed: Vec<_> = fired
        .iter()
        .map(|fired| fired.alarm)
        .chain(not_fired.iter().map(|(alarm, _)| *alarm))
        .collect();
    let once: BTreeSet<_> = listed.iter().copied().collect();
    let missing = names.difference(&once);
    let missing =
        missing.map(|name| format!("{name}: nothing sets it off, and no reason is given"));
    let unknown = once.difference(&names);
    let unknown = unknown.map(|name| format!("{name}: no template has it"));
    let twice = (listed.len() > once.len()).then(|| "an alarm is listed twice".to_owned());
    missing.chain(unknown).chain(twice).collect()
}

fn written(all: &[Alarm]) -> String {
    let mut page = HEAD.to_owned();
    let mut all: Vec<_> = all.iter().collect();
    all.sort_by_key(|alarm| &alarm.name);
    for Alarm { name, takes } in all {
        let fired = FIRED.iter().find(|fired| fired.alarm == name);
        let why_not = NOT_FIRED.iter().find(|(alarm, _)| alarm == name);
        let cause = match (fired, why_not) {
            (Some(fired), _) => fired.cause.to_owned(),
            (None, Some((_, why))) => format!("not on the local cloud: {why}"),
            (None, None) => continue,
        };
        page.push_str(&format!(
            "| `{name}` | {cause} | {takes} | [runbook](runbooks/{name}.md) |\n"
        ));
    }
    page
}

#[test]
fn every_alarm_of_every_template_is_set_off_or_has_a_reason_why_not() {
    holds(&forgotten(&alarms(), &FIRED, &NOT_FIRED));
}

#[test]
fn an_alarm_that_is_forgotten_or_that_nobody_has_is_found() {
    let mut more = alarms();
    more.push(Alarm {
        name: "new-one".to_owned(),
        takes: String::new(),
    });
    assert_eq!(forgotten(&more, &FIRED, &NOT_FIRED).len(), 1);
    more.truncate(1);
    assert_eq!(forgotten(&more, &FIRED, &NOT_FIRED).len(), FIRED.len() - 1);
    let excused = [("chain-broken", "it is set off, and excused")];
    assert_eq!(forgotten(&alarms(), &FIRED, &excused).len(), 1);
}

#[test]
fn the_page_lists_what_sets_off_each_alarm() {
    let (page, path) = (written(&alarms()), given::root().join(PAGE));
    if std::env::var_os("REKEY_BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        kept, page,
        "{PAGE} is not this list: REKEY_BLESS=1 writes it anew"
    );
}
