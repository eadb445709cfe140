//! The streams to a SIEM, as they arrive.

use aws_sdk_firehose::types::ExtendedS3DestinationConfiguration;
use rekey_audit::{Link, Onward, Trail};
use rekey_aws::SiemStream;

use super::{chain, writes};
use crate::cloud::{audit_table, bucket, connection, firehose, logs, s3, unique};

async fn links() -> Vec<Link> {
    let table = audit_table().await;
    writes(&table.store, "acme", 1..=3).await;
    let stored = table.store.links(&chain("acme"), 0, 10).await.unwrap();
    stored
        .into_iter()
        .map(|stored| stored.link.unwrap())
        .collect()
}

/// A line is the link, as the export has it.
fn as_lines(links: &[Link]) -> Vec<String> {
    let lines = links
        .iter()
        .map(|link| serde_json::to_string(link).unwrap());
    lines.collect()
}

#[tokio::test]
async fn a_log_group_gets_each_record_as_a_line_in_a_stream_that_is_made_for_it() {
    let group = unique("siem");
    logs()
        .create_log_group()
        .log_group_name(&group)
        .send()
        .await
        .unwrap();
    let links = links().await;
    let arn = format!("arn:aws:logs:eu-west-1:123456789012:log-group:{group}:*");
    for times in 1..=2 {
        let stream = SiemStream::parse(&connection(), Some(&arn), "rekey-test-audit").unwrap();
        stream.send(&links).await.unwrap();
        let call = logs().get_log_events().log_group_name(&group);
        let call = call
            .log_stream_name("rekey-test-audit")
            .start_from_head(true);
        let events = call.send().await.unwrap().events.unwrap();
        let mut lines: Vec<String> = events
            .into_iter()
            .filter_map(|event| event.message)
            .collect();
        let twice = std::iter::repeat_n(as_lines(&links), times);
        let mut expected: Vec<String> = twice.flatten().collect();
        lines.sort();
        expected.sort();
        assert_eq!(lines, expected);
    }
}

#[tokio::test]
async fn a_log_group_that_is_not_there_is_told() {
    let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:nowhere-at-all";
    let stream = SiemStream::parse(&connection(), Some(arn), "rekey-test-audit").unwrap();
    let error = stream.send(&links().await).await.unwrap_err().to_string();
    assert!(error.contains("there is no such"), "{error}");
}

#[tokio::test]
async fn a_delivery_stream_gets_each_record_with_a_line_feed() {
    let bucket = bucket("siem").await;
    let destination = ExtendedS3DestinationConfiguration::builder()
        .bucket_arn(format!("arn:aws:s3:::{bucket}"))
        .role_arn("arn:aws:iam::123456789012:role/firehose");
    let name = unique("siem");
    let made = firehose()
        .create_delivery_stream()
        .delivery_stream_name(&name)
        .extended_s3_destination_configuration(destination.build().unwrap())
        .send()
        .await
        .unwrap();
    let arn = made.delivery_stream_arn.unwrap();
    let links = links().await;
    let stream = SiemStream::parse(&connection(), Some(&arn), "unused").unwrap();
    stream.send(&links).await.unwrap();

    let list = s3().list_objects_v2().bucket(&bucket).send().await.unwrap();
    let mut arrived = String::new();
    for object in list.contents() {
        let call = s3().get_object().bucket(&bucket).key(object.key().unwrap());
        let body = call.send().await.unwrap().body.collect().await.unwrap();
        arrived.push_str(std::str::from_utf8(&body.to_vec()).unwrap());
    }
    assert!(arrived.ends_with('\n'));
    let mut lines: Vec<String> = arrived.lines().map(str::to_owned).collect();
    let mut expected = as_lines(&links);
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn without_a_stream_the_records_go_nowhere() {
    for arn in [None, Some("")] {
        let stream = SiemStream::parse(&connection(), arn, "rekey-test-audit").unwrap();
        assert_eq!(stream.send(&links().await).await, Ok(()));
    }
}
