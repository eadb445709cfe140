use std::time::Duration;

use aws_sdk_firehose::Client;
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::Record;
use rekey_audit::{Link, OnwardError};

use super::failed;
use super::lines::lines;
use crate::connection::{Connection, client};

/// The end of a call.
const CALL: Duration = Duration::from_secs(6);
/// The limits of one call:
/// [PutRecordBatch](https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html).
const MOST_RECORDS: usize = 500;
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How often what was refused is sent again when nothing of it was taken.
const FRUITLESS: usize = 3;

/// A delivery stream of Firehose.
#[derive(Clone, Debug)]
pub(super) struct DeliveryStream {
    client: Client,
    name: String,
}

impl DeliveryStream {
    pub(super) fn new(connection: &Connection, name: String) -> Self {
        Self {
            client: client!(aws_sdk_firehose, connection, CALL),
            name,
        }
    }

    /// Firehose puts records behind each other as they are, so each brings its own line feed.
    pub(super) async fn send(&self, links: &[Link]) -> Result<(), OnwardError> {
        let mut left: Vec<String> = lines(links)?;
        left.iter_mut().for_each(|line| line.push('\n'));
        while !left.is_empty() {
            let rest = left.split_off(fitting(&left));
            self.send_all(left).await?;
            left = rest;
        }
        Ok(())
    }

    /// A batch that fits into a call. The call may be taken in part; the rest is sent again.
    async fn send_all(&self, mut left: Vec<String>) -> Result<(), OnwardError> {
        const CALL: &str = "PutRecordBatch";
        let mut fruitless = 0;
        while !left.is_empty() {
            let refused = self.put(&left).await?;
            fruitless = if refused.len() == left.len() {
                fruitless + 1
            } else {
                0
            };
            if let Some((_, code)) = refused.first()
                && fruitless > FRUITLESS
            {
                return Err(OnwardError(format!("{CALL}: {code}")));
            }
            let again = refused
                .iter()
                .filter_map(|(place, _)| left.get(*place).cloned());
            left = again.collect();
        }
        Ok(())
    }

    /// One call; which of the lines were not taken, and why.
    async fn put(&self, lines: &[String]) -> Result<Vec<(usize, String)>, OnwardError> {
        const CALL: &str = "PutRecordBatch";
        let unbuilt = |_| OnwardError(format!("{CALL}: the request could not be made"));
        let mut call = self
            .client
            .put_record_batch()
            .delivery_stream_name(&self.name);
        for line in lines {
            let data = Blob::new(line.as_bytes());
            call = call.records(Record::builder().data(data).build().map_err(unbuilt)?);
        }
        let answer = call.send().await;
        let answer = answer.map_err(|error| failed("Firehose", CALL, &error))?;
        let codes = answer.request_responses().iter().enumerate();
        let refused: Vec<(usize, String)> = codes
            .filter_map(|(place, answer)| Some((place, answer.error_code()?.to_owned())))
            .collect();
        if refused.is_empty() && answer.failed_put_count() > 0 {
            return Err(OnwardError(format!("{CALL}: refused without a code")));
        }
        Ok(refused)
    }
}

/// How many of the first lines fit into a call; at least one, for the service to refuse.
fn fitting(lines: &[String]) -> usize {
    let mut bytes = 0;
    let fits = lines.iter().take(MOST_RECORDS).take_while(|line| {
        bytes += line.len();
        bytes <= MOST_BYTES
    });
    fits.count().max(1)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::testing::Canned;
    use aws_smithy_types::base64;
    use serde_json::{Value, json};

    fn line(request: &Value, place: usize) -> String {
        let data = request["Records"][place]["Data"].as_str().unwrap();
        String::from_utf8(base64::decode(data).unwrap()).unwrap()
    }

    /// Takes what `takes` says of a line and of how often the call was made before.
    fn stream(
        taken: &Arc<Mutex<Vec<String>>>,
        takes: impl Fn(&str, usize) -> bool + Send + Sync + 'static,
    ) -> (Canned, DeliveryStream) {
        let taken = taken.clone();
        let aws = Canned::new(move |_, request, before| {
            let count = request["Records"].as_array().unwrap().len();
            assert!(count <= MOST_RECORDS);
            let lines = (0..count).map(|place| line(request, place));
            let answers: Vec<Value> = lines
                .map(|line| {
                    if takes(&line, before) {
                        taken.lock().unwrap().push(line);
                        json!({ "RecordId": "r" })
                    } else {
                        json!({ "ErrorCode": "ServiceUnavailableException", "ErrorMessage": line })
                    }
                })
                .collect();
            let failed = answers.iter().filter(|it| it["RecordId"].is_null());
            let failed = failed.count();
            (
                200,
                json!({ "FailedPutCount": failed, "RequestResponses": answers }),
            )
        });
        let stream = DeliveryStream::new(&aws.connection(), "siem".into());
        (aws, stream)
    }

    #[tokio::test]
    async fn what_was_not_taken_is_sent_again_and_nothing_else() {
        let taken = Arc::default();
        // The first call takes every other line.
        let (aws, stream) = stream(&taken, |line, before| before > 0 || line.ends_with("0\n"));
        let lines = (0..4).map(|number| format!("{}\n", number % 2)).collect();
        stream.send_all(lines).await.unwrap();
        assert_eq!(*taken.lock().unwrap(), ["0\n", "0\n", "1\n", "1\n"]);
        assert_eq!(aws.calls().len(), 2);
    }

    #[tokio::test]
    async fn a_stream_that_takes_nothing_is_an_error_that_repeats_no_record() {
        let (aws, stream) = stream(&Arc::default(), |_, _| false);
        let error = stream.send_all(vec!["hunter2\n".into()]).await.unwrap_err();
        assert_eq!(error.0, "PutRecordBatch: ServiceUnavailableException");
        assert_eq!(aws.calls().len(), FRUITLESS + 1);
    }

    #[test]
    fn a_call_holds_500_records_and_4_mib() {
        let short = vec![String::from("{}\n"); 501];
        assert_eq!(fitting(&short), 500);
        let long = vec!["x".repeat(1024 * 1024); 5];
        assert_eq!(fitting(&long), 4);
        let too_long = vec!["x".repeat(MOST_BYTES + 1)];
        assert_eq!(fitting(&too_long), 1);
    }
}
