use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::put_log_events::{PutLogEventsError, PutLogEventsOutput};
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, RejectedLogEventsInfo};
use rekey_audit::{Link, OnwardError};
use rekey_events::Timestamp;

use super::failed;
use super::lines::lines;
use crate::connection::{Connection, client};

/// The end of a call.
const CALL: Duration = Duration::from_secs(6);
/// The limits of one call, and what each event counts besides its text:
/// [PutLogEvents](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html).
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1_048_576;
const BESIDES: usize = 26;
/// The events of one call lie less than a day apart.
const LONGEST_SPAN: i64 = 24 * 60 * 60;

/// A log stream of a log group.
#[derive(Clone, Debug)]
pub(super) struct LogGroup {
    client: Client,
    group: String,
    stream: String,
}

/// A line, and the second in which its record was written down.
struct Line {
    at: i64,
    text: String,
}

impl LogGroup {
    pub(super) fn new(connection: &Connection, group: String, stream: &str) -> Self {
        Self {
            client: client!(aws_sdk_cloudwatchlogs, connection, CALL),
            group,
            stream: stream.to_owned(),
        }
    }

    pub(super) async fn send(&self, links: &[Link]) -> Result<(), OnwardError> {
        let lines = lines(links)?.into_iter().zip(links);
        let mut lines: Vec<Line> = lines
            .map(|(text, link)| Line {
                at: Timestamp::parse(&link.recorded_at).map_or(0, Timestamp::unix),
                text,
            })
            .collect();
        // The service asks for the order of time.
        lines.sort_by_key(|line| line.at);
        let mut left = lines.as_slice();
        while let Some((batch, rest)) = left.split_at_checked(fitting(left)) {
            if batch.is_empty() {
                break;
            }
            self.put(batch).await?;
            left = rest;
        }
        Ok(())
    }

    /// One call, or two when the log stream is to be made first.
    async fn put(&self, batch: &[Line]) -> Result<(), OnwardError> {
        const CALL: &str = "PutLogEvents";
        let unbuilt = |_| OnwardError(format!("{CALL}: the request could not be made"));
        let events: Result<Vec<_>, _> = batch
            .iter()
            .map(|line| {
                let event = InputLogEvent::builder().message(&line.text);
                event.timestamp(line.at.saturating_mul(1000)).build()
            })
            .collect();
        let call = self
            .client
            .put_log_events()
            .log_group_name(&self.group)
            .log_stream_name(&self.stream)
            .set_log_events(Some(events.map_err(unbuilt)?));
        let mut answer = call.clone().send().await;
        let absent = answer
            .as_ref()
            .err()
            .and_then(|error| error.as_service_error());
        if absent.is_some_and(PutLogEventsError::is_resource_not_found_exception) {
            self.make_stream().await?;
            answer = call.send().await;
        }
        let answer = answer.map_err(|error| failed("CloudWatch Logs", CALL, &error))?;
        all_taken(&answer, &self.group)
    }

    /// That somebody else made it meanwhile is fine.
    async fn make_stream(&self) -> Result<(), OnwardError> {
        let made = self
            .client
            .create_log_stream()
            .log_group_name(&self.group)
            .log_stream_name(&self.stream)
            .send()
            .await;
        let Err(error) = made else { return Ok(()) };
        let there = error.as_service_error();
        if there.is_some_and(|error| error.is_resource_already_exists_exception()) {
            return Ok(());
        }
        Err(failed("CloudWatch Logs", "CreateLogStream", &error))
    }
}

/// A call that succeeds may have left events out. Those ahead of the service's clock it takes later. Those that
/// are older than 14 days, or than the group keeps its events, it never takes, however often they are sent: they
/// count as sent. A record that is sent again after a replay of the archive may be so old.
fn all_taken(answer: &PutLogEventsOutput, group: &str) -> Result<(), OnwardError> {
    let Some(rejected) = answer.rejected_log_events_info() else {
        return Ok(());
    };
    let left_out = too_old(rejected);
    if left_out > 0 {
        tracing::warn!(group, left_out, "too old for the log group of the SIEM");
    }
    if rejected.too_new_log_event_start_index().is_some() {
        let why = "PutLogEvents: some are ahead of its clock";
        return Err(OnwardError(why.to_owned()));
    }
    Ok(())
}

/// How many of the first events were left out for their age. The indexes are exclusive
/// ([RejectedLogEventsInfo](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_RejectedLogEventsInfo.html)).
fn too_old(rejected: &RejectedLogEventsInfo) -> i32 {
    let too_old = rejected.too_old_log_event_end_index();
    too_old
        .max(rejected.expired_log_event_end_index())
        .unwrap_or(0)
}

/// How many of the first lines fit into a call; at least one, for the service to refuse.
fn fitting(lines: &[Line]) -> usize {
    let Some(first) = lines.first() else { return 0 };
    let mut bytes = 0;
    let fits = lines.iter().take(MOST_EVENTS).take_while(|line| {
        bytes += line.text.len() + BESIDES;
        bytes <= MOST_BYTES && line.at - first.at < LONGEST_SPAN
    });
    fits.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Canned, refusal};
    use rekey_audit::BEGINNING;
    use rekey_audit::testing::{keyring, record};
    use serde_json::json;
    use std::sync::{Arc, Mutex};

    const DAY: i64 = LONGEST_SPAN;

    fn link(seq: u64, at: i64) -> Link {
        let record = record("acme", seq, "db/app", 0).unwrap();
        Link::seal(&record, seq, BEGINNING, at, &keyring(1).unwrap()).unwrap()
    }

    fn group(aws: &Canned) -> LogGroup {
        LogGroup::new(&aws.connection(), "siem".into(), "rekey-test-audit")
    }

    fn line(at: i64, bytes: usize) -> Line {
        let text = "x".repeat(bytes);
        Line { at, text }
    }

    #[tokio::test]
    async fn events_are_sent_in_the_order_of_time_and_a_day_at_most_in_one_call() {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen = calls.clone();
        let aws = Canned::new(move |_, request, _| {
            let events = request["logEvents"].as_array().unwrap().iter();
            let times: Vec<i64> = events.map(|it| it["timestamp"].as_i64().unwrap()).collect();
            seen.lock().unwrap().push(times);
            (200, json!({}))
        });
        let links = [link(1, 2 * DAY), link(2, 5), link(3, DAY), link(4, 6)];
        group(&aws).send(&links).await.unwrap();
        let expected = [vec![5000, 6000, DAY * 1000], vec![2 * DAY * 1000]];
        assert_eq!(*calls.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn a_log_stream_that_is_absent_is_made_by_whoever_is_first() {
        for made in [(200, json!({})), refusal("ResourceAlreadyExistsException")] {
            let aws = Canned::new(move |operation, _, before| match (operation, before) {
                ("PutLogEvents", 0) => refusal("ResourceNotFoundException"),
                ("PutLogEvents", _) => (200, json!({})),
                _ => made.clone(),
            });
            group(&aws).send(&[link(1, 5)]).await.unwrap();
            let calls = ["PutLogEvents", "CreateLogStream", "PutLogEvents"];
            assert_eq!(aws.calls(), calls);
        }
    }

    #[tokio::test]
    async fn events_that_are_too_old_for_the_log_group_count_as_sent_and_hold_up_none_behind_them()
    {
        for info in ["tooOldLogEventEndIndex", "expiredLogEventEndIndex"] {
            let answer = json!({ "rejectedLogEventsInfo": { info: 1 } });
            let aws = Canned::new(move |_, _, before| match before {
                0 => (200, answer.clone()),
                _ => (200, json!({})),
            });
            let links = [link(1, 5), link(2, 2 * DAY)];
            assert_eq!(group(&aws).send(&links).await, Ok(()), "{info}");
            assert_eq!(aws.calls(), ["PutLogEvents"; 2]);
        }
    }

    #[tokio::test]
    async fn events_that_are_ahead_of_the_services_clock_are_an_error_whatever_else_was_left_out() {
        for info in [
            json!({ "tooNewLogEventStartIndex": 0 }),
            json!({ "tooNewLogEventStartIndex": 1, "tooOldLogEventEndIndex": 1 }),
        ] {
            let answer = json!({ "rejectedLogEventsInfo": info });
            let aws = Canned::new(move |_, _, _| (200, answer.clone()));
            let error = group(&aws).send(&[link(1, 5)]).await.unwrap_err().0;
            assert!(error.contains("ahead of its clock"), "{error}");
        }
    }

    #[test]
    fn what_was_left_out_for_its_age_is_counted_once() {
        let info = |old, expired| {
            let info = RejectedLogEventsInfo::builder();
            let info = info.set_too_old_log_event_end_index(old);
            info.set_expired_log_event_end_index(expired).build()
        };
        // The index is that of the first event that is not too old.
        for (old, expired, count) in [
            (Some(2), None, 2),
            (None, Some(3), 3),
            (Some(2), Some(3), 3),
            (None, None, 0),
        ] {
            assert_eq!(too_old(&info(old, expired)), count);
        }
    }

    #[test]
    fn a_call_holds_ten_thousand_events_and_a_mebibyte() {
        let short: Vec<Line> = (0..10_001).map(|_| line(0, 1)).collect();
        assert_eq!(fitting(&short), MOST_EVENTS);
        let half = MOST_BYTES / 2 - BESIDES;
        let exact = [line(0, half), line(0, half), line(0, 1)];
        assert_eq!(fitting(&exact), 2);
        assert_eq!(fitting(&[line(0, MOST_BYTES)]), 1);
        assert_eq!(fitting(&[]), 0);
    }
}
