//! What becomes of a message.

use std::time::Duration;

use rekey_aws::{Queue, SendError};
use rekey_events::{ErrorClass, Message, Timestamp};
use rekey_registry::Failed;
use rekey_registry::request::{Ask, Handled, Request};

use crate::wire::Broken;

/// The longest that a message is held back, in seconds: what a queue of SQS takes
/// ([Amazon SQS delay queues](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html)).
const LONGEST: u64 = 900;

/// What becomes of a message.
#[derive(Debug)]
pub enum Fate {
    /// It is done with: the request stands as this says.
    Done(Box<Request>),
    /// It goes to the end of the queue, for so long at least.
    Later {
        /// In seconds.
        after: i64,
        /// What it waits for.
        why: &'static str,
        /// For how long it has waited for us, in seconds.
        lag: Option<i64>,
    },
    /// It is put aside.
    Aside(Parting),
    /// It comes again by itself.
    Back(Failed),
}

impl Fate {
    /// What follows from how a request was handled. What no repetition mends (a right of the function is
    /// missing, a record cannot be read) is put aside: somebody mends it, and sends the message back.
    pub fn of(ask: &Ask, handled: Result<Handled, Failed>) -> Self {
        match handled {
            Ok(Handled::Done(request)) => Self::Done(request),
            Ok(Handled::Again { after, why, lag }) => Self::Later { after, why, lag },
            Ok(Handled::Clash) => Self::Aside(Broken::Clash.into()),
            Err(error) if error.is_passing() => Self::Back(error),
            Err(error) => Self::Aside(Parting {
                class: error.class(),
                reason: format!(
                    "request {}: {error}; mend that, and send it back: rekey replay send",
                    ask.token
                ),
            }),
        }
    }
}

/// A message that is put aside, and why. Nothing of the message itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parting {
    /// The stable name of what is wrong.
    pub class: ErrorClass,
    /// What is wrong, for people.
    pub reason: String,
}

impl From<Broken> for Parting {
    fn from(broken: Broken) -> Self {
        Self {
            class: Broken::CLASS,
            reason: broken.to_string(),
        }
    }
}

impl Parting {
    /// The attributes that the message is put aside with. `now` is in seconds since 1970.
    pub fn attributes(&self, now: i64) -> [(&'static str, String); 3] {
        [
            ("Class", self.class.as_str().to_owned()),
            ("Reason", Message::clipped(&self.reason).as_str().to_owned()),
            ("ParkedAt", in_words(now).unwrap_or_default()),
        ]
    }

    /// Puts the message aside.
    pub async fn park(&self, dead_letters: &Queue, body: &str, now: i64) -> Result<(), SendError> {
        let attributes = self.attributes(now);
        let attributes = attributes
            .each_ref()
            .map(|(name, text)| (*name, text.as_str()));
        dead_letters.park(body.to_owned(), &attributes).await
    }
}

/// A time as RFC 3339 writes it.
fn in_words(now: i64) -> Option<String> {
    let at = serde_json::to_value(Timestamp::of_unix(now).ok()?).ok()?;
    at.as_str().map(str::to_owned)
}

/// How long a message is held back that is to come again after so many seconds: up to half as long again,
/// so that those which were sent back together do not come together. SQS gives every message that is sent an
/// id of its own, so one that waits longer waits differently each time.
pub fn delay(after: i64, id: &str) -> Duration {
    let after = u64::try_from(after).unwrap_or_default().clamp(1, LONGEST);
    let spread = after / 2 + 1;
    // FNV-1a, of which the high bits are the well mixed ones.
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let jitter = hash >> 32;
    Duration::from_secs(after.saturating_add(jitter % spread).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use rekey_registry::{LookError, PublishError, StoreError};
    use serde_json::json;

    use super::*;

    fn ask() -> Ask {
        let detail = json!({
            "schema_version": "v1", "key": "db/app", "timestamp": "2026-11-22T02:00:00Z",
            "reason": "hunter2 canary", "requested_by": "canary",
        });
        let detail = rekey_events::RotateRequested::try_from(detail).unwrap();
        Ask::of("rekey.requester.billing", "envelope-1", &detail).unwrap()
    }

    fn done(standing: serde_json::Value) -> Handled {
        let request = json!({
            "token": "t", "source": "rekey.requester.billing", "received_at": 0, "asked_at": 0,
            "wishes": {}, "standing": standing,
        });
        Handled::Done(Box::new(serde_json::from_value(request).unwrap()))
    }

    #[test]
    fn what_is_answered_is_done_with_whatever_the_answer_is() {
        for standing in [
            json!({ "is": "accepted", "at": 0 }),
            json!({ "is": "awaiting_approval", "until": 0 }),
            json!({ "is": "refused", "class": "forbidden", "message": "m", "advice": "a", "at": 0 }),
        ] {
            let fate = Fate::of(&ask(), Ok(done(standing)));
            assert!(matches!(fate, Fate::Done(_)));
        }
    }

    #[test]
    fn what_waits_goes_to_the_end_of_the_queue_and_is_no_failed_delivery() {
        let why = "a free call of RotateSecret";
        let fate = Fate::of(
            &ask(),
            Ok(Handled::Again {
                after: 7,
                why,
                lag: Some(3),
            }),
        );
        assert!(matches!(fate, Fate::Later { after: 7, .. }));
    }

    #[test]
    fn what_may_succeed_later_comes_again_and_what_no_repetition_mends_is_put_aside() {
        let text = || "why".to_owned();
        for (error, comes_again) in [
            (Failed::Store(StoreError::Conflict), true),
            (Failed::Store(StoreError::Throttled), true),
            (Failed::Store(StoreError::Unavailable(text())), true),
            (Failed::Look(LookError::Throttled), true),
            (Failed::Publish(PublishError(text())), true),
            (Failed::Store(StoreError::Denied(text())), false),
            (Failed::Look(LookError::Denied(text())), false),
            (Failed::Store(StoreError::Corrupt(text())), false),
            (Failed::TooMuch(101), false),
        ] {
            match Fate::of(&ask(), Err(error.clone())) {
                Fate::Back(_) => assert!(comes_again, "{error}"),
                Fate::Aside(parting) => {
                    assert!(!comes_again, "{error}");
                    assert_eq!(parting.class, error.class());
                    assert!(parting.reason.contains(&error.to_string()));
                    assert!(parting.reason.contains(ask().token.as_str()));
                    assert!(!parting.reason.contains("canary"), "{}", parting.reason);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn an_id_that_was_used_for_something_else_is_put_aside_with_what_to_do() {
        let Fate::Aside(parting) = Fate::of(&ask(), Ok(Handled::Clash)) else {
            panic!("not put aside");
        };
        assert_eq!(parting.class, ErrorClass::InvalidRequest);
        assert!(parting.reason.contains("`detail.event_id`"));
    }

    #[test]
    fn a_message_comes_again_no_sooner_than_it_should_and_at_most_half_as_long_after() {
        for (after, least, most) in [
            (-5, 1, 1),
            (0, 1, 1),
            (2, 2, 3),
            (20, 20, 30),
            (60, 60, 90),
            (899, 899, 900),
            (100_000, 900, 900),
        ] {
            for id in ["", "1725a8d5-65a1-5970-a91f-ba5fb6408454", "x"] {
                let delay = delay(after, id).as_secs();
                assert!((least..=most).contains(&delay), "{after}: {delay}");
            }
        }
    }

    #[test]
    fn those_that_were_sent_back_together_do_not_come_together() {
        let delays: std::collections::BTreeSet<Duration> = (0..200)
            .map(|number| delay(60, &format!("1725a8d5-65a1-5970-a91f-{number:012x}")))
            .collect();
        assert!(delays.len() > 20, "{}", delays.len());
    }

    #[test]
    fn what_is_put_aside_says_why_and_when_and_nothing_else() {
        let parting = Parting {
            class: ErrorClass::InvalidRequest,
            reason: "`detail.key` is missing".to_owned(),
        };
        let attributes = parting.attributes(1_795_312_800);
        let expected = [
            ("Class", "invalid_request"),
            ("Reason", "`detail.key` is missing"),
            ("ParkedAt", "2026-11-22T02:00:00Z"),
        ];
        let expected = expected.map(|(name, text)| (name, text.to_owned()));
        assert_eq!(attributes, expected);
        let long = Parting {
            reason: "x".repeat(100_000),
            ..parting
        };
        assert!(long.attributes(0)[1].1.len() < 5_000);
    }
}
