//! Every event that a rule matches reaches its target or is parked, and a queue takes events from the rules
//! it is for and from nobody else.

use serde_json::{Value, json};

use super::template::{Template, list};
use crate::tidy::holds;

const RULES: &str = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/";

/// The ARN of a rule, as a policy has to spell it: with its bus, unless that is the default one.
fn arn(template: &Template, rule: &Value) -> String {
    let name = rule["Name"]["Fn::Sub"].as_str().unwrap_or_default();
    let bus = match rule["EventBusName"]["Ref"].as_str() {
        None => String::new(),
        Some(parameter) if template.body["Parameters"].get(parameter).is_some() => {
            format!("${{{parameter}}}/")
        }
        Some(resource) => {
            let bus = template.properties(resource);
            format!("{}/", bus["Name"]["Fn::Sub"].as_str().unwrap_or_default())
        }
    };
    format!("{RULES}{bus}{name}")
}

/// The rules that a queue's policy lets send, as it spells them.
fn let_in(template: &Template, queue: &str) -> Vec<String> {
    let mut rules = Vec::new();
    for (_, policy) in template.resources("AWS::SQS::QueuePolicy") {
        let policy = &policy["Properties"];
        if policy["Queues"] != json!([{ "Ref": queue }]) {
            continue;
        }
        for statement in list(&policy["PolicyDocument"]["Statement"]) {
            if statement["Effect"] != "Allow" {
                continue;
            }
            let of_events = statement["Principal"] == json!({ "Service": "events.amazonaws.com" })
                && statement["Action"] == "sqs:SendMessage";
            assert!(of_events, "{queue} lets someone else do something");
            for operator in ["ArnEquals", "ArnLike"] {
                let sources = list(&statement["Condition"][operator]["aws:SourceArn"]);
                let texts = sources
                    .into_iter()
                    .filter_map(|one| one["Fn::Sub"].as_str());
                rules.extend(texts.map(str::to_owned));
            }
        }
    }
    rules
}

fn covers(pattern: &str, arn: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => arn.starts_with(start),
        None => pattern == arn,
    }
}

fn astray(template: &Template) -> Vec<String> {
    let mut astray = Vec::new();
    let queue = |arn: &Value| {
        let name = arn["Fn::GetAtt"][0].as_str()?;
        let of_queue = template.body["Resources"][name]["Type"] == "AWS::SQS::Queue";
        of_queue.then(|| name.to_owned())
    };
    let mut arns = Vec::new();
    for (name, rule) in template.resources("AWS::Events::Rule") {
        let waits = list(&rule["DependsOn"]);
        let rule = &rule["Properties"];
        let own = arn(template, rule);
        for target in list(&rule["Targets"]) {
            let parked = queue(&target["DeadLetterConfig"]["Arn"]);
            if parked.is_none() {
                astray.push(format!("{name}: parks nothing"));
            }
            let patient = &target["RetryPolicy"];
            if !patient["MaximumEventAgeInSeconds"].is_u64()
                || !patient["MaximumRetryAttempts"].is_u64()
            {
                astray.push(format!("{name}: says nothing about retries"));
            }
            for queue in parked.into_iter().chain(queue(&target["Arn"])) {
                let sources = let_in(template, &queue);
                if !sources.iter().any(|source| covers(source, &own)) {
                    astray.push(format!("{name}: {queue} refuses it"));
                }
                if !waits.contains(&&json!(format!("{queue}Policy"))) {
                    astray.push(format!("{name}: does not wait for the policy of {queue}"));
                }
            }
        }
        arns.push(own);
    }
    for (queue, _) in template.resources("AWS::SQS::Queue") {
        for source in let_in(template, queue) {
            if !arns.iter().any(|arn| covers(&source, arn)) {
                astray.push(format!("{queue} takes from {source}, which is no rule"));
            }
        }
    }
    astray
}

#[test]
fn every_event_that_is_matched_arrives_or_is_parked() {
    let all = Template::all();
    let rules = all
        .iter()
        .map(|one| one.resources("AWS::Events::Rule").count());
    assert!(
        rules.sum::<usize>() > 4,
        "the search looks in the wrong place"
    );
    holds(&all.iter().flat_map(astray).collect::<Vec<_>>());
}

#[test]
fn an_event_that_goes_astray_is_found() {
    for (from, to, found) in [
        ("DeadLetterConfig:", "Other:", "Labels: parks nothing"),
        (
            "MaximumRetryAttempts: 185",
            "Other: 1",
            "Labels: says nothing about retries",
        ),
        (
            "DependsOn: [QueuePolicy, DeadLetterQueuePolicy]",
            "DependsOn: [DeadLetterQueuePolicy]",
            "Labels: does not wait for the policy of Queue",
        ),
        (
            "rule/${BusName}/rekey-${Stage}-observe-steps",
            "rule/rekey-${Stage}-observe-steps",
            "Steps: Queue refuses it",
        ),
    ] {
        let astray = astray(&Template::bent("observe", from, to));
        assert_eq!(astray.first().map(String::as_str), Some(found), "{to}");
    }
    let open = Template::bent(
        "observe",
        "rule/rekey-${Stage}-observe-reads\n",
        "rule/another\n",
    );
    assert_eq!(astray(&open).len(), 2, "one is refused, one is no rule");
}

/// What a rule asks for is not delivered without a trail, or in another state of the rule.
#[test]
fn rules_that_need_a_trail_are_there_with_one() {
    let observe = Template::of("observe");
    for (name, rule) in observe.resources("AWS::Events::Rule") {
        let expected = match name {
            "Changes" => (json!("WithTrail"), Value::Null),
            "Reads" => (
                json!("WithReads"),
                json!("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),
            ),
            _ => (Value::Null, Value::Null),
        };
        let is = (&rule["Condition"], &rule["Properties"]["State"]);
        assert_eq!(is, (&expected.0, &expected.1), "{name}");
        let types = list(&rule["Properties"]["EventPattern"]["detail-type"]);
        let of_a_trail = types
            .iter()
            .any(|one| one.as_str().unwrap().ends_with("via CloudTrail"));
        assert_eq!(of_a_trail, !expected.0.is_null(), "{name}");
    }
}
