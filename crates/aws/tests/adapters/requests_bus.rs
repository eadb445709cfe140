//! The bus of requests: what a requester puts there is what a rule takes from it.

use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::types::QueueAttributeName;
use rekey_aws::{Queue, RequestsBus};
use rekey_events::{RotateRequested, StoredName, Timestamp};
use serde_json::{Value, json};

use crate::cloud::{connection, event_bridge, sqs, unique};

#[tokio::test]
async fn a_request_comes_through_the_bus_as_its_requester_made_it() {
    let name = unique("requests");
    let made = sqs().create_queue().queue_name(&name).send().await;
    let url = made.unwrap().queue_url.unwrap();
    let events = event_bridge();
    events.create_event_bus().name(&name).send().await.unwrap();
    let pattern = json!({ "source": [{ "prefix": "rekey.requester." }] });
    let rule = events.put_rule().name(&name).event_bus_name(&name);
    rule.event_pattern(pattern.to_string())
        .send()
        .await
        .unwrap();
    let asked = sqs().get_queue_attributes().queue_url(&url);
    let answer = asked.attribute_names(QueueAttributeName::QueueArn).send();
    let arn = answer.await.unwrap().attributes.unwrap()[&QueueAttributeName::QueueArn].clone();
    let target = Target::builder().id("queue").arn(arn).build().unwrap();
    let targets = events.put_targets().rule(&name).event_bus_name(&name);
    targets.targets(target).send().await.unwrap();

    let bus = RequestsBus::new(&connection(), name, "rekey.requester.billing".into());
    let key = StoredName::new("db/app").unwrap();
    let request = RotateRequested::new(key, Timestamp::of_unix(1_795_326_000).unwrap());
    bus.ask(&request, "arn:of:secret").await.unwrap();

    let came = Queue::new(&connection(), url).parked(1).await.unwrap();
    let event: Value = serde_json::from_str(&came[0].body).unwrap();
    assert_eq!(event["source"], "rekey.requester.billing");
    assert_eq!(event["detail-type"], "greentic.secrets.rotate.requested");
    assert_eq!(event["resources"], json!(["arn:of:secret"]));
    let detail = RotateRequested::try_from(event["detail"].clone());
    assert_eq!(detail, Ok(request));
}
