//! The code of the page in three languages, each as sender and as receiver for each, across a rotation.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::case::{GRACE, NOW, hmac, hmac_secrets, next};
use crate::known_answers::{BODY, ID, OTHERS, SIGNATURE, TIMESTAMP, secret};
use crate::pages::{self, Scratch, block, program};
use crate::webhook;

const PYTHON: &str = r#"
import json, sys
from webhook import accepts, sign

def do(c):
    given = [c["secret"], c["id"], c["timestamp"], c["body"].encode()]
    if "header" in c:
        return accepts(*given, c["header"], c["now"])
    return sign(*given, c["now"])

print(json.dumps([do(c) for c in json.load(sys.stdin)]))
"#;

const NODE: &str = r#"
import { readFileSync } from "node:fs";
import { accepts, sign } from "./webhook.mjs";

const done = JSON.parse(readFileSync(0, "utf8")).map((c) => {
  const given = [c.secret, c.id, c.timestamp, Buffer.from(c.body)];
  return "header" in c ? accepts(...given, c.header, c.now) : sign(...given, c.now);
});
console.log(JSON.stringify(done));
"#;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Language {
    Python,
    Node,
    Rust,
}

const LANGUAGES: [Language; 3] = [Language::Python, Language::Node, Language::Rust];

impl Language {
    /// Does what is asked, in this language: a list of things to sign, or to accept.
    fn answers(self, asked: &[Value]) -> Vec<Value> {
        let scratch = Scratch::new(&format!("{self:?}-{:?}", std::thread::current().id()));
        let (program, file) = match self {
            Self::Python => {
                scratch.write("webhook.py", &block(pages::HMAC, "python"));
                scratch.write("do.py", PYTHON);
                (program("REKEY_TEST_PYTHON"), "do.py")
            }
            Self::Node => {
                scratch.write("webhook.mjs", &block(pages::HMAC, "js"));
                scratch.write("do.mjs", NODE);
                (program("REKEY_TEST_NODE"), "do.mjs")
            }
            Self::Rust => return asked.iter().map(in_rust).collect(),
        };
        let mut child = Command::new(program)
            .arg(file)
            .current_dir(scratch.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let all = Value::from(asked.to_vec()).to_string();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(all.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{self:?}");
        let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answers.len(), asked.len());
        answers
    }
}

fn in_rust(asked: &Value) -> Value {
    let text = |name: &str| asked[name].as_str().unwrap();
    let [timestamp, now] = ["timestamp", "now"].map(|name| asked[name].as_i64().unwrap());
    let (secret, id, body) = (&asked["secret"], text("id"), text("body").as_bytes());
    if asked.get("header").is_some() {
        webhook::accepts(secret, id, timestamp, body, text("header"), now).into()
    } else {
        webhook::sign(secret, id, timestamp, body, now).into()
    }
}

/// A message: who sends it with which value, who receives it with which, when, and whether it is accepted.
#[derive(Clone)]
struct Message {
    sender: Value,
    receiver: Value,
    now: i64,
    accepted: bool,
    what: &'static str,
}

const CONTENT: &str = "{\"name\": \"Zoë\", \"pays\": 17}\r\n";

impl Message {
    fn to_sign(&self) -> Value {
        json!({
            "secret": self.sender, "id": "msg_1", "timestamp": self.now, "body": CONTENT,
            "now": self.now,
        })
    }

    fn to_accept(&self, header: &Value) -> Value {
        json!({
            "secret": self.receiver, "id": "msg_1", "timestamp": self.now, "body": CONTENT,
            "now": self.now + 1, "header": header,
        })
    }
}

/// Before, during and after a rotation of `first`, with each side ahead of the other.
fn messages(first: &Value) -> Vec<Message> {
    let second = next(&hmac(), first, NOW).unwrap();
    let third = next(&hmac(), &second, NOW + 10).unwrap();
    let end = NOW + i64::from(GRACE);
    let mut messages = Vec::new();
    let mut with = |what, sender: &Value, receiver: &Value, now, accepted| {
        let (sender, receiver) = (sender.clone(), receiver.clone());
        messages.push(Message {
            sender,
            receiver,
            now,
            accepted,
            what,
        });
    };
    with("before", first, first, NOW - 1, true);
    with("neither has read it", first, first, NOW + 5, true);
    with("the receiver has", first, &second, NOW + 5, true);
    with("the sender has", &second, first, NOW + 5, true);
    with("both have", &second, &second, NOW + 5, true);
    with("the last second", first, &second, end - 2, true);
    with("the sender is late", first, &second, end, false);
    with("the receiver is late", &second, first, end, false);
    with("after the end", &second, &second, end, true);
    with("two rotations later", first, &third, NOW + 20, false);
    with("two rotations ahead", &third, first, NOW + 20, false);
    with("one rotation later", &second, &third, NOW + 20, true);
    messages
}

#[test]
fn every_language_accepts_what_every_language_has_signed_before_during_and_after_a_rotation() {
    let messages: Vec<Message> = hmac_secrets().iter().flat_map(messages).collect();
    let to_sign: Vec<Value> = messages.iter().map(Message::to_sign).collect();
    let mut headers: Vec<Vec<Value>> = Vec::new();
    for sender in LANGUAGES {
        let signed = sender.answers(&to_sign);
        assert_eq!(
            signed,
            headers.first().unwrap_or(&signed).clone(),
            "{sender:?}"
        );
        headers.push(signed);
    }
    for receiver in LANGUAGES {
        for (sender, headers) in LANGUAGES.iter().zip(&headers) {
            let with = messages.iter().zip(headers);
            let to_accept: Vec<Value> = with
                .map(|(message, header)| message.to_accept(header))
                .collect();
            for (message, answer) in messages.iter().zip(receiver.answers(&to_accept)) {
                let Message {
                    what,
                    accepted,
                    receiver: secret,
                    ..
                } = message;
                let format = &secret["format"];
                assert_eq!(
                    answer, *accepted,
                    "{sender:?} to {receiver:?}, {format}: {what}"
                );
            }
        }
    }
}

#[test]
fn every_language_signs_as_published_and_takes_one_good_signature_among_others() {
    let asked = json!({
        "secret": secret(), "id": ID, "timestamp": TIMESTAMP, "body": BODY, "now": TIMESTAMP,
    });
    let [other, scheme] = OTHERS;
    let with = |header: &str| {
        let mut asked = asked.clone();
        asked["header"] = header.into();
        asked
    };
    let all = [
        asked.clone(),
        with(&[other, scheme, SIGNATURE, other].join(" ")),
        with(&[other, scheme].join(" ")),
        with(&SIGNATURE.replace("v1,", "v2,")),
        with(&SIGNATURE[..8]),
        with("v1,"),
        with(""),
        with("é"),
    ];
    let answers = json!([SIGNATURE, true, false, false, false, false, false, false]);
    for language in LANGUAGES {
        assert_eq!(json!(language.answers(&all)), answers, "{language:?}");
    }
}

#[test]
fn every_language_refuses_another_body_another_id_another_time_and_one_too_old_or_too_new() {
    let asked = json!({
        "secret": secret(), "id": ID, "timestamp": TIMESTAMP, "body": BODY, "now": TIMESTAMP,
        "header": SIGNATURE,
    });
    let with = |name: &str, to: Value| {
        let mut asked = asked.clone();
        asked[name] = to;
        asked
    };
    let all = [
        asked.clone(),
        with("now", (TIMESTAMP + 300).into()),
        with("now", (TIMESTAMP - 300).into()),
        with("now", (TIMESTAMP + 301).into()),
        with("now", (TIMESTAMP - 301).into()),
        with("body", format!("{BODY} ").into()),
        with("id", "msg_2".into()),
        with("timestamp", (TIMESTAMP + 1).into()),
    ];
    let answers = json!([true, true, true, false, false, false, false, false]);
    for language in LANGUAGES {
        assert_eq!(json!(language.answers(&all)), answers, "{language:?}");
    }
}
