//! Requests that were put aside: shown, and sent back.
//!
//! A person names messages by their ids and never brings one: what lies in the queue of requests is believed
//! to come from the requests bus, source and all, so whoever could write there could ask as anybody.

use std::collections::BTreeSet;

use rekey_aws::{Parked, Queue, SendError};
use rekey_events::Timestamp;
use serde_json::{Value, json};

/// How many messages are looked at in one call, and how many ids it takes.
const MOST: usize = 100;

/// The most that is shown of them, in bytes of the answer: a function's answer has at most 6 MB
/// ([Lambda quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)).
const SHOWN: usize = 4 * 1024 * 1024;

/// The two queues.
#[derive(Clone, Copy, Debug)]
pub struct Replay<'a> {
    /// What was put aside.
    pub parked: &'a Queue,
    /// Where requests wait.
    pub requests: &'a Queue,
}

/// Which messages are sent back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Chosen {
    /// All that there are, up to a hundred.
    All,
    /// These.
    Ids(BTreeSet<String>),
}

/// Not all was sent back.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{sent} were sent back, then it went on no further: {error}; the same call does the rest")]
pub struct Stopped {
    /// How many were.
    pub sent: usize,
    /// Why no more.
    pub error: SendError,
}

impl Chosen {
    /// Reads the choice of a job; none when it is neither.
    pub fn of(event: &Value) -> Option<Self> {
        match (event.get("ids"), event.get("all")) {
            (None, Some(Value::Bool(true))) => Some(Self::All),
            (Some(Value::Array(ids)), None) if (1..=MOST).contains(&ids.len()) => {
                let ids = ids.iter().map(|id| id.as_str().map(str::to_owned));
                ids.collect::<Option<_>>().map(Self::Ids)
            }
            _ => None,
        }
    }

    fn has(&self, message: &Parked) -> bool {
        match self {
            Self::All => true,
            Self::Ids(ids) => ids.contains(&message.id),
        }
    }
}

impl Replay<'_> {
    /// What was put aside, with the reason of each. Nothing is changed by it but the count of looks.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn list(&self) -> Result<Value, SendError> {
        let seen = self.parked.parked(MOST).await?;
        self.release(seen.iter()).await;
        Ok(shown(&seen))
    }

    /// Sends messages back as they are, each before it is removed here: one that is cut off in between is in
    /// both queues, and the request that it is knows a repetition.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn send(&self, chosen: &Chosen) -> Result<Value, Stopped> {
        let seen = self.parked.parked(MOST).await;
        let seen = seen.map_err(|error| Stopped { sent: 0, error })?;
        let (wanted, others): (Vec<&Parked>, Vec<&Parked>) =
            seen.iter().partition(|message| chosen.has(message));
        self.release(others.into_iter()).await;
        let mut sent = Vec::new();
        let mut wanted = wanted.into_iter();
        while let Some(message) = wanted.next() {
            if let Err(error) = self.send_back(message).await {
                self.release([message].into_iter().chain(wanted)).await;
                let sent = sent.len();
                return Err(Stopped { sent, error });
            }
            sent.push(message.id.as_str());
        }
        Ok(json!({ "sent": sent, "missing": missing(chosen, &sent) }))
    }

    async fn send_back(&self, message: &Parked) -> Result<(), SendError> {
        self.requests.send(message.body.clone()).await?;
        self.parked.remove(&message.receipt).await
    }

    /// Lets others see them at once. What cannot be let go comes back by itself, within the minute.
    async fn release<'p>(&self, messages: impl Iterator<Item = &'p Parked>) {
        for message in messages {
            if let Err(error) = self.parked.release(&message.receipt).await {
                tracing::warn!(message = message.id, %error, "not let go; it comes back by itself");
            }
        }
    }
}

/// The ids that were asked for and are not there.
fn missing<'c>(chosen: &'c Chosen, sent: &[&str]) -> Vec<&'c str> {
    match chosen {
        Chosen::All => Vec::new(),
        Chosen::Ids(ids) => {
            let ids = ids.iter().map(String::as_str);
            ids.filter(|id| !sent.contains(id)).collect()
        }
    }
}

fn shown(seen: &[Parked]) -> Value {
    let mut left = SHOWN;
    let mut messages = Vec::new();
    for message in seen {
        let text = in_full(message);
        let Some(rest) = left.checked_sub(text.to_string().len()) else {
            break;
        };
        left = rest;
        messages.push(text);
    }
    let more = messages.len() < seen.len() || seen.len() >= MOST;
    json!({ "messages": messages, "more": more })
}

/// One that has no reason was not put aside by the function: it failed as often as the queue hands it over.
fn in_full(message: &Parked) -> Value {
    let attribute = |name: &str| message.attributes.get(name);
    let parked_at = match attribute("ParkedAt") {
        Some(at) => json!(at),
        None => json!(Timestamp::of_unix(message.sent_at).ok()),
    };
    json!({
        "id": message.id, "parked_at": parked_at, "class": attribute("Class"),
        "reason": attribute("Reason"), "received": message.received, "body": message.body,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rekey_aws::Connection;
    use rekey_function::testing::{Call, StubAws};

    use super::*;

    const PARKED: &str = "http://sqs.test/1/dead-letters";
    const REQUESTS: &str = "http://sqs.test/1/request";

    /// Two messages lie aside, `a` and `b`; `send` says what the queue of requests answers.
    fn aside(send: u16) -> StubAws {
        let given = std::sync::atomic::AtomicBool::new(false);
        let message = |id: &str| json!({ "MessageId": id, "ReceiptHandle": format!("receipt of {id}"), "Body": format!("body of {id}") });
        let both = json!({ "Messages": [message("a"), message("b")] });
        StubAws::start(move |call: &Call| match call.operation.as_str() {
            "ReceiveMessage" if given.swap(true, std::sync::atomic::Ordering::Relaxed) => {
                (200, json!({}))
            }
            "ReceiveMessage" => (200, both.clone()),
            "SendMessage" if send == 200 => (200, json!({ "MessageId": "m" })),
            "SendMessage" => (send, json!({ "__type": "AccessDenied" })),
            _ => (200, json!({})),
        })
        .unwrap()
    }

    /// What was done to messages: the operation, the queue, and which message.
    fn done(aws: &StubAws) -> Vec<(String, Value, Value)> {
        let calls = aws.calls().into_iter();
        calls
            .filter(|call| call.operation != "ReceiveMessage")
            .map(|call| {
                let Call { operation, request } = call;
                let about = ["MessageBody", "ReceiptHandle"];
                let about = about.iter().find_map(|name| request.get(name).cloned());
                (operation, request["QueueUrl"].clone(), about.unwrap())
            })
            .collect()
    }

    fn act(operation: &str, queue: &str, about: &str) -> (String, Value, Value) {
        (operation.to_owned(), json!(queue), json!(about))
    }

    async fn send(aws: &StubAws, chosen: &Chosen) -> Result<Value, Stopped> {
        let connection = Connection::new(aws.settings()).unwrap();
        let parked = Queue::new(&connection, PARKED.to_owned());
        let requests = Queue::new(&connection, REQUESTS.to_owned());
        let replay = Replay {
            parked: &parked,
            requests: &requests,
        };
        replay.send(chosen).await
    }

    #[tokio::test]
    async fn what_is_sent_back_is_sent_as_it_is_before_it_is_removed_and_others_are_let_go() {
        let aws = aside(200);
        let told = send(&aws, &ids(["b", "c"])).await;
        assert_eq!(told, Ok(json!({ "sent": ["b"], "missing": ["c"] })));
        assert_eq!(
            done(&aws),
            [
                act("ChangeMessageVisibility", PARKED, "receipt of a"),
                act("SendMessage", REQUESTS, "body of b"),
                act("DeleteMessage", PARKED, "receipt of b"),
            ]
        );
        let aws = aside(200);
        let told = send(&aws, &Chosen::All).await;
        assert_eq!(told, Ok(json!({ "sent": ["a", "b"], "missing": [] })));
    }

    #[tokio::test]
    async fn what_the_queue_does_not_take_stays_aside() {
        let aws = aside(403);
        let stopped = send(&aws, &Chosen::All).await.unwrap_err();
        assert_eq!(stopped.sent, 0);
        let done = done(&aws);
        assert!(
            !done
                .iter()
                .any(|(operation, ..)| operation == "DeleteMessage")
        );
        for receipt in ["receipt of a", "receipt of b"] {
            assert!(done.contains(&act("ChangeMessageVisibility", PARKED, receipt)));
        }
    }

    fn parked(id: &str, body: String) -> Parked {
        let attributes = [
            ("Class", "invalid_request"),
            ("Reason", "`detail.key` is missing"),
            ("ParkedAt", "2026-11-22T02:00:00Z"),
        ];
        Parked {
            id: id.to_owned(),
            sent_at: 1_795_312_800,
            received: 2,
            attributes: attributes
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into(),
            body,
            receipt: format!("receipt of {id}"),
        }
    }

    fn ids<const N: usize>(ids: [&str; N]) -> Chosen {
        Chosen::Ids(ids.map(str::to_owned).into())
    }

    #[test]
    fn a_message_is_named_by_its_id_and_never_brought_along() {
        for (event, expected) in [
            (json!({ "all": true }), Some(Chosen::All)),
            (json!({ "ids": ["a", "b", "a"] }), Some(ids(["a", "b"]))),
            (json!({}), None),
            (json!({ "all": false }), None),
            (json!({ "all": "true" }), None),
            (json!({ "ids": [] }), None),
            (json!({ "ids": "a" }), None),
            (json!({ "ids": ["a", 7] }), None),
            (json!({ "ids": ["a"], "all": true }), None),
            (json!({ "ids": vec!["a"; 101] }), None),
            (json!({ "messages": [{ "body": "{}" }] }), None),
            (json!({ "body": "{}" }), None),
        ] {
            assert_eq!(Chosen::of(&event), expected, "{event}");
        }
    }

    #[test]
    fn what_was_put_aside_is_shown_with_its_reason() {
        let shown = shown(&[parked("a", "not JSON".to_owned())]);
        assert_eq!(
            shown,
            json!({
                "messages": [{
                    "id": "a", "parked_at": "2026-11-22T02:00:00Z", "class": "invalid_request",
                    "reason": "`detail.key` is missing", "received": 2, "body": "not JSON",
                }],
                "more": false,
            })
        );
    }

    #[test]
    fn what_the_queue_itself_gave_up_has_no_reason_and_the_time_it_was_sent() {
        let message = Parked {
            attributes: BTreeMap::new(),
            ..parked("a", "{}".to_owned())
        };
        let shown = &shown(&[message])["messages"][0];
        assert_eq!(shown["class"], Value::Null);
        assert_eq!(shown["reason"], Value::Null);
        assert_eq!(shown["parked_at"], "2026-11-22T02:00:00Z");
    }

    #[test]
    fn an_answer_stays_below_what_lambda_takes_and_says_that_there_is_more() {
        // Each quote is two characters of the answer.
        let large: Vec<Parked> = (0..20)
            .map(|number| parked(&number.to_string(), "\"".repeat(256 * 1024)))
            .collect();
        let shown = shown(&large);
        assert!(shown.to_string().len() < 6 * 1024 * 1024);
        assert_eq!(shown["more"], true);
        assert!(!shown["messages"].as_array().unwrap().is_empty());
    }

    #[test]
    fn an_id_that_is_not_there_is_told() {
        assert_eq!(missing(&ids(["a", "b"]), &["b"]), ["a"]);
        assert_eq!(missing(&Chosen::All, &["b"]), [""; 0]);
    }
}
