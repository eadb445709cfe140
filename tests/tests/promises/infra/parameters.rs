//! What the parameters of the root template take, and what they refuse before anything is made.

use serde_json::{Value, json};

use super::template::Template;

fn pattern(template: &Template, parameter: &str) -> String {
    let parameter = &template.body["Parameters"][parameter];
    parameter["AllowedPattern"].as_str().unwrap().to_owned()
}

/// IAM compares the ARN of the key itself, so the ARN of an alias would allow nothing, silently.
fn takes_keys_only(pattern: &str) -> bool {
    let key = "arn:[^ ,]+:key/[^ ,]+";
    pattern == format!("^({key}(,{key})*)?$")
}

#[test]
fn keys_are_given_by_their_own_arn_and_not_by_an_alias() {
    let keys = pattern(&Template::of("template"), "SecretsKmsKeyArns");
    assert!(takes_keys_only(&keys), "{keys}");
    let any_arn = Template::bent("template", ":key/[^ ,]+", "");
    assert!(!takes_keys_only(&pattern(&any_arn, "SecretsKmsKeyArns")));
}

/// A wildcard would open every object of a bucket, or every user of every cache.
#[test]
fn objects_users_and_caches_are_given_one_by_one() {
    let template = Template::of("template");
    let object = "arn:[^ ,*?:]+:s3:::[^ ,*?/:]+/[^ ,*?]+";
    assert_eq!(
        pattern(&template, "JwksObjectArns"),
        format!("^({object}(,{object})*)?$")
    );
    let cache = "arn:[^ ,*?]+:elasticache:[^ ,*?]+:(user|replicationgroup):[^ ,*?]+";
    assert_eq!(
        pattern(&template, "ElastiCacheArns"),
        format!("^({cache}(,{cache})*)?$")
    );
    for name in ["JwksObjectArns", "ElastiCacheArns"] {
        assert_eq!(template.body["Parameters"][name]["Default"], "", "{name}");
    }
}

/// The settings of AWS's rotation functions: the variable, the parameter, its default.
const PASSWORD_SETTINGS: [(&str, &str, &str); 7] = [
    ("PASSWORD_LENGTH", "PasswordLength", "32"),
    ("EXCLUDE_CHARACTERS", "ExcludeCharacters", ":/@\"'\\"),
    ("EXCLUDE_NUMBERS", "ExcludeNumbers", "false"),
    ("EXCLUDE_PUNCTUATION", "ExcludePunctuation", "false"),
    ("EXCLUDE_UPPERCASE", "ExcludeUppercase", "false"),
    ("EXCLUDE_LOWERCASE", "ExcludeLowercase", "false"),
    (
        "REQUIRE_EACH_INCLUDED_TYPE",
        "RequireEachIncludedType",
        "true",
    ),
];

fn unlike_awss(root: &Template, template: &Template, function: &str) -> Vec<&'static str> {
    let variables = &template.properties(function)["Environment"]["Variables"];
    let unlike = |(variable, parameter, default): &(&str, &str, &str)| {
        let given = match &root.body["Parameters"][parameter]["Default"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        variables[variable] != json!({ "Ref": parameter }) || given != *default
    };
    let settings = PASSWORD_SETTINGS.iter().filter(|setting| unlike(setting));
    settings.map(|(variable, _, _)| *variable).collect()
}

#[test]
fn every_password_setting_is_a_parameter_with_the_default_of_awss_functions() {
    // What retires makes a value too, in a rehearsal.
    for (template, function) in [
        ("rotation", "DatabaseFunction"),
        ("rotation-keys", "KeysFunction"),
        ("retire", "RetireFunction"),
        ("retire-keys", "RetireKeysFunction"),
    ] {
        let root = Template::of("template");
        let found = unlike_awss(&root, &Template::of(template), function);
        assert!(found.is_empty(), "{function}: {found:?}");
    }
}

#[test]
fn a_password_setting_that_nobody_can_set_is_found() {
    let fixed = Template::bent("rotation", "!Ref ExcludeNumbers", "\"false\"");
    assert_eq!(
        unlike_awss(&Template::of("template"), &fixed, "DatabaseFunction"),
        ["EXCLUDE_NUMBERS"]
    );
    let other = Template::bent("template", "Default: 32", "Default: 16");
    assert_eq!(
        unlike_awss(&other, &Template::of("rotation"), "DatabaseFunction"),
        ["PASSWORD_LENGTH"]
    );
}

/// Whether a rule of the template holds for these parameters, as CloudFormation works it out.
fn holds(expression: &Value, given: &[(&str, &str)]) -> bool {
    let of = |name: &str| {
        let found = given.iter().find(|(parameter, _)| *parameter == name);
        found.unwrap_or_else(|| panic!("{name} is not given")).1
    };
    let text = |value: &Value| match value["Ref"].as_str() {
        Some(name) => of(name).to_owned(),
        None => value.as_str().unwrap().to_owned(),
    };
    let (function, operands) = expression.as_object().unwrap().iter().next().unwrap();
    let operands = operands.as_array().unwrap();
    match function.as_str() {
        "Fn::Equals" => text(&operands[0]) == text(&operands[1]),
        "Fn::Not" => !holds(&operands[0], given),
        "Fn::And" => operands.iter().all(|one| holds(one, given)),
        "Fn::Or" => operands.iter().any(|one| holds(one, given)),
        other => panic!("{other} is not worked out here"),
    }
}

/// What a rule says to these parameters when it refuses them.
fn refusal<'a>(template: &'a Template, rule: &str, given: &[(&str, &str)]) -> Option<&'a str> {
    let rule = &template.body["Rules"][rule];
    let assertion = &rule["Assertions"][0];
    let looked_at = rule
        .get("RuleCondition")
        .is_none_or(|one| holds(one, given));
    let refused = looked_at && !holds(&assertion["Assert"], given);
    refused.then(|| assertion["AssertDescription"].as_str().unwrap())
}

#[test]
fn an_example_without_a_secret_and_without_a_host_is_refused_with_what_to_give() {
    let template = Template::of("template");
    let rule = "ANewSecretNamesItsDatabase";
    let given = |example, secret, host| {
        [
            ("CreateExample", example),
            ("ExampleSecretArn", secret),
            ("ExampleHost", host),
        ]
    };
    let refused = refusal(&template, rule, &given("true", "", "")).unwrap();
    for what in ["ExampleSecretArn", "ExampleHost"] {
        assert!(refused.contains(what), "{refused}");
    }
    for accepted in [
        given("false", "", ""),
        given("true", "arn:aws:secretsmanager:a", ""),
        given("true", "", "db.example.internal"),
    ] {
        assert_eq!(refusal(&template, rule, &accepted), None, "{accepted:?}");
    }
}

#[test]
fn reads_are_not_promised_without_a_trail() {
    let template = Template::of("template");
    let rule = "ReadsComeFromATrail";
    let given = |reads, trail| [("AuditReads", reads), ("TrailArn", trail)];
    let refused = refusal(&template, rule, &given("true", "")).unwrap();
    assert!(refused.contains("TrailArn"), "{refused}");
    for accepted in [given("false", ""), given("true", "arn:aws:cloudtrail:a")] {
        assert_eq!(refusal(&template, rule, &accepted), None, "{accepted:?}");
    }
}

#[test]
fn the_names_of_our_own_requesters_are_refused_to_others() {
    let requester = Template::of("requester");
    let named = |name| refusal(&requester, "TheNameIsFree", &[("Name", name)]).map(str::to_owned);
    for taken in ["schedule", "operators"] {
        assert!(named(taken).unwrap().contains(taken), "{taken}");
    }
    for free in ["billing", "schedule-2", "operator"] {
        assert_eq!(named(free), None);
    }
}

/// A wildcard in a name would be one in the source, and one in the ARN would be every bus.
#[test]
fn a_requester_is_one_source_on_one_requests_bus() {
    let requester = Template::of("requester");
    assert_eq!(pattern(&requester, "Name"), "^[a-z0-9][a-z0-9-]{0,31}$");
    let bus = "^arn:[^ ,*]+:events:[^ ,*]+:[0-9]{12}:event-bus/rekey-[a-z]+-requests$";
    assert_eq!(pattern(&requester, "RequestsBusArn"), bus);
}

#[test]
fn a_request_takes_at_most_the_accounts_share_of_rotations() {
    let rate = &Template::of("template").body["Parameters"]["RotationsPerSecond"];
    let bounds = [&rate["MinValue"], &rate["Default"], &rate["MaxValue"]];
    assert_eq!(bounds, [&json!(1), &json!(25), &json!(50)]);
}

/// The durations of the design: a day of grace, a warning an hour before its end, half an hour for what
/// stands still.
#[test]
fn what_happens_after_the_switch_happens_at_the_times_of_the_design() {
    let template = Template::of("template");
    for (name, seconds) in [
        ("GraceSeconds", 24 * 3600),
        ("WarningSeconds", 3600),
        ("HoldSeconds", 24 * 3600),
        ("StuckSeconds", 1800),
        ("ResumeSeconds", 1800),
        ("RetrySeconds", 900),
        ("RequestIntervalSeconds", 900),
        ("ApartSeconds", 3600),
        ("ApprovalSeconds", 24 * 3600),
    ] {
        let parameter = &template.body["Parameters"][name];
        assert_eq!(parameter["Default"], seconds, "{name}");
        assert_eq!(parameter["Type"], "Number", "{name}");
        assert!(parameter["MinValue"].is_u64(), "{name}");
    }
    for name in ["SweepExpression", "DoctorExpression"] {
        assert_eq!(pattern(&template, name), r"^(rate|cron)\(.+\)$", "{name}");
    }
}

#[test]
fn a_production_whose_alarms_tell_nobody_is_refused() {
    let template = Template::of("template");
    let rule = "ProductionRingsSomebody";
    let given = |stage, topic| [("Stage", stage), ("AlarmTopicArn", topic)];
    let refused = refusal(&template, rule, &given("prod", "")).unwrap();
    assert!(refused.contains("AlarmTopicArn"), "{refused}");
    for accepted in [given("stage", ""), given("prod", "arn:aws:sns:a")] {
        assert_eq!(refusal(&template, rule, &accepted), None, "{accepted:?}");
    }
}

/// A stack for trying things out goes away again when it is deleted, unless somebody asks for more.
#[test]
fn nothing_that_cannot_be_taken_back_is_on_by_default() {
    let template = Template::of("template");
    for (name, default) in [
        ("ProtectTable", json!("false")),
        ("EncryptWithOwnKey", json!("false")),
        ("CheckpointRetentionDays", json!(0)),
        ("Tracing", json!("PassThrough")),
        ("SiemStreamArn", json!("")),
    ] {
        assert_eq!(
            template.body["Parameters"][name]["Default"], default,
            "{name}"
        );
    }
    for name in ["AuditKeySchedule", "CheckpointExpression"] {
        assert_eq!(pattern(&template, name), r"^(rate|cron)\(.+\)$", "{name}");
    }
}
