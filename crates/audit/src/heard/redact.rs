//! Free text without what looks like a secret. Whoever writes a reason or a message keeps secrets out of it;
//! this is for the day on which somebody does not.

mod patterns;

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

use patterns::{PATTERNS, Pattern};

static COMPILED: LazyLock<Vec<(&'static Pattern, Regex)>> = LazyLock::new(|| {
    let compiled = PATTERNS.iter();
    // That each compiles is held by a test.
    compiled
        .filter_map(|it| Some((it, Regex::new(it.expression).ok()?)))
        .collect()
});

/// The text with `[redacted:<kind>]` in place of each known pattern of a secret.
pub(super) fn redacted(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut text = text.to_owned();
    for (pattern, expression) in COMPILED.iter() {
        if pattern.may_be_in(&lower) && expression.is_match(&text) {
            text = without(&text, pattern, expression);
        }
    }
    text
}

fn without(text: &str, pattern: &Pattern, expression: &Regex) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut kept = 0;
    for found in expression.captures_iter(text) {
        let Some(secret) = secret_of(&found).filter(|it| is_one(pattern, &found, it.as_str()))
        else {
            continue;
        };
        clean.push_str(text.get(kept..secret.start()).unwrap_or_default());
        clean.push_str("[redacted:");
        clean.push_str(pattern.kind);
        clean.push(']');
        kept = secret.end();
    }
    clean.push_str(text.get(kept..).unwrap_or_default());
    clean
}

/// The part that is secret: the group of that name, or all of it.
fn secret_of<'t>(found: &Captures<'t>) -> Option<regex_lite::Match<'t>> {
    found.name("secret").or_else(|| found.get(0))
}

fn is_one(pattern: &Pattern, found: &Captures<'_>, secret: &str) -> bool {
    let by = found.name("by").map_or("", |by| by.as_str());
    // What an earlier pattern has found is named already, unless something follows it.
    let found_before = secret
        .trim_start_matches(['"', '\''])
        .strip_prefix("[redacted:");
    let known = found_before
        .and_then(|it| it.split_once(']'))
        .is_some_and(|(_, rest)| !rest.contains(char::is_alphanumeric));
    !known && (pattern.judge)(by, secret)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::patterns::PATTERNS;
    use super::{COMPILED, redacted};

    /// One of each kind, made up: what is replaced, in words that stay.
    fn planted() -> Vec<(&'static str, String, String)> {
        let long = "Ab3".repeat(14);
        let secret_key = format!("wJalrXUtnFEMI/K7MDENG/bPx{}", "RfiCYEXAMPLEKEY");
        let whole = |kind, secret: &str| (kind, secret.to_owned(), secret.to_owned());
        let mut all = vec![
            whole("aws_access_key", &format!("AK{}", "IAIOSFODNN7EXAMPLE")),
            whole("aws_access_key", &format!("AS{}", "IAIOSFODNN7EXAMPLE")),
            whole("aws_secret_key", &secret_key),
            whole("aws_session_token", &format!("IQoJb3JpZ2lu{long}==")),
            whole("github_token", &format!("ghp_{}", &long[..36])),
            whole(
                "github_token",
                &format!("github_pat_{}_{long}", "11ABCDEFG0"),
            ),
            whole("gitlab_token", &format!("glpat-{}", &long[..20])),
            whole(
                "slack_token",
                &format!("xoxb-{}-{}", "123456789012", &long[..24]),
            ),
            whole(
                "slack_token",
                &format!("hooks.slack.com/services/T0/B0/{}", &long[..24]),
            ),
            whole("stripe_key", &format!("sk_{}_{}", "live", &long[..24])),
            whole("stripe_key", &format!("rk_{}_{}", "test", &long[..24])),
            whole("stripe_key", &format!("whsec_{}", &long[..32])),
            whole("google_key", &format!("AIza{}", &long[..35])),
            whole(
                "sendgrid_key",
                &format!("SG.{}.{}", &long[..22], &long[..42]),
            ),
            whole(
                "jwt",
                &format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{long}"),
            ),
            whole(
                "password_verifier",
                "SCRAM-SHA-256$4096:c2FsdHNhbHQ=$c3RvcmVk:c2VydmVy",
            ),
        ];
        for kind in [
            "RSA PRIVATE",
            "PRIVATE",
            "OPENSSH PRIVATE",
            "ENCRYPTED PRIVATE",
        ] {
            let block = format!("-----BEGIN {kind} KEY----- MIIE {long} -----END {kind} KEY-----");
            all.push(whole("private_key", &block));
        }
        for (kind, before, secret, after) in [
            (
                "url_password",
                "postgres://app:",
                "hunter2",
                "@db.example:5432/app",
            ),
            ("url_password", "https://app:", "p@ss/w0rd", "@db.example"),
            ("url_password", "redis://:", "hunter2", "@cache"),
            (
                "authorization",
                "Authorization: Bearer ",
                "0a1b2c3d4e5f60718293",
                "",
            ),
            ("password", "password=", "hunter2", ""),
            ("password", "PGPASSWORD = ", "correct-horse", ""),
            ("password", "password: ", "hunter2", ""),
            ("password", "password:", "correct", ""),
            ("password", "passwd: ", "correcthorsebatterystaple", ""),
            ("password", "{\"password\": ", "\"with a space\"", "}"),
            ("password", "'token' => ", "'abc def'", ""),
            (
                "password",
                "token: ",
                "0b6b1f2c-7d7e-4a53-8b1e-5f3a9c1d2e4f",
                "",
            ),
            ("password", "ALTER ROLE app PASSWORD ", "'hunter2'", ""),
            ("password", "client_secret=", "hunter2", ""),
            ("password", "api-key: ", "hunter2", ""),
            ("password", "secret=", "hunter2", ""),
        ] {
            all.push((kind, format!("{before}{secret}{after}"), secret.to_owned()));
        }
        all
    }

    #[test]
    fn every_pattern_compiles_and_has_a_secret_planted_here() {
        assert_eq!(COMPILED.len(), PATTERNS.len());
        for pattern in PATTERNS {
            let planted = planted();
            let of_kind: Vec<_> = planted.iter().filter(|one| one.0 == pattern.kind).collect();
            assert!(!of_kind.is_empty(), "{}", pattern.kind);
        }
    }

    proptest! {
        // Each case tries every secret, or two.
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_planted_secret_is_found_in_the_middle_of_any_text_and_the_text_stays(
            before in "([a-zäöü]{1,9} ){0,6}",
            after in "( [a-zäöü]{1,9}){0,6}",
        ) {
            for (kind, text, secret) in planted() {
                let clean = redacted(&format!("{before}{text}{after}"));
                let expected = text.replace(&secret, &format!("[redacted:{kind}]"));
                prop_assert_eq!(&clean, &format!("{before}{expected}{after}"));
                prop_assert_eq!(redacted(&clean), clean.clone());
            }
        }

        #[test]
        fn two_secrets_in_one_text_are_both_found(one in 0..32_usize, other in 0..32_usize) {
            let planted = planted();
            let (_, first, first_secret) = &planted[one];
            let (_, second, second_secret) = &planted[other];
            let clean = redacted(&format!("{first} {second} and on"));
            prop_assert!(!clean.contains(first_secret.as_str()), "{clean}");
            prop_assert!(!clean.contains(second_secret.as_str()), "{clean}");
            prop_assert!(clean.ends_with(" and on"), "{clean}");
        }
    }

    #[test]
    fn a_private_key_whose_end_was_cut_off_is_found() {
        let clean = redacted("see -----BEGIN PRIVATE KEY----- MIIEvQIBADANBg");
        assert_eq!(clean, "see [redacted:private_key]");
    }

    #[test]
    fn a_password_that_only_begins_like_something_else_is_found_whole() {
        let text = format!("password=ghp_{}!hunter2 and on", "Ab3".repeat(12));
        assert_eq!(redacted(&text), "password=[redacted:password] and on");
    }

    #[test]
    fn a_quoted_password_whose_end_was_cut_off_is_found() {
        assert_eq!(redacted("password: \"a b"), "password: [redacted:password]");
    }

    /// Every text in a document.
    fn texts(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::String(text) => all.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| texts(item, all)),
            Value::Object(fields) => fields.values().for_each(|item| texts(item, all)),
            _ => {}
        }
    }

    #[test]
    fn no_text_of_any_sample_is_touched() {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/samples");
        let mut all = Vec::new();
        for entry in fs::read_dir(samples).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                texts(
                    &serde_json::from_slice(&fs::read(path).unwrap()).unwrap(),
                    &mut all,
                );
            }
        }
        assert!(all.len() > 400, "{}", all.len());
        for text in all {
            assert_eq!(redacted(&text), text);
        }
    }

    #[test]
    fn ordinary_sentences_are_not_touched() {
        for sentence in [
            "makes a new password for the user that AWSCURRENT does not have",
            "the version has no password: put a value",
            "a new token, for the requester: see the page",
            "the function's role may not rotate this secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:local/db/app-primary-Qx3vLb",
            "commit 0123456789abcdef0123456789abcdef01234567 was deployed",
            "see https://example.com:8443/a/b?c=d and mail ops@example.com",
            "proxy http://proxy:8080/path@v2 does not answer",
            "CHG-1182: the basic understanding of bearers",
            "hmac-sha256:3f9a0c5be1d247768c10d2f4a5b6e798",
            "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Administrator_0a1b2c3d4e5f6071/mara",
            "aws-sdk-rust/1.3.15 os/linux lang/rust/1.95.0",
            "AROAEXAMPLEBACKEND1:i-0f3c9a7b1d2e4f586",
        ] {
            assert_eq!(redacted(sentence), sentence);
        }
    }
}
