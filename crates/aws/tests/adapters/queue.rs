//! Queues: what is held back, put aside, looked at and taken out.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use rekey_aws::{Parked, Queue};

use crate::cloud::{connection, sqs, unique};

async fn queue() -> (Queue, String) {
    let made = sqs()
        .create_queue()
        .queue_name(unique("queue"))
        .send()
        .await;
    let url = made.unwrap().queue_url.unwrap();
    (Queue::new(&connection(), url.clone()), url)
}

async fn looked(queue: &Queue) -> Vec<Parked> {
    queue.parked(50).await.unwrap()
}

#[tokio::test]
async fn a_message_that_is_sent_later_is_there_and_nobody_gets_it_yet() {
    let (queue, url) = queue().await;
    let delay = Duration::from_secs(900);
    queue.send_later("{}".into(), delay).await.unwrap();
    assert_eq!(looked(&queue).await, []);
    let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
    let asked = sqs().get_queue_attributes().queue_url(url);
    let answer = asked.attribute_names(delayed.clone()).send().await.unwrap();
    let attributes = answer.attributes.unwrap();
    assert_eq!(attributes[&delayed], "1");
}

#[tokio::test]
async fn what_is_put_aside_is_found_with_its_reason_until_it_is_taken_out() {
    let (queue, _) = queue().await;
    let body = "not { JSON ä \"quoted\"";
    let attributes = [
        ("Class", "invalid_request"),
        ("Reason", "`detail.key` is missing"),
    ];
    queue.park(body.into(), &attributes).await.unwrap();
    for number in 0..12 {
        queue.park(format!("{number}"), &[]).await.unwrap();
    }
    let all = looked(&queue).await;
    assert_eq!(all.len(), 13, "more than one call brings");
    let one = all.iter().find(|one| one.body == body).unwrap();
    let expected = attributes.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(one.attributes, BTreeMap::from(expected));
    assert!(one.received == 1 && one.sent_at > 1_700_000_000);

    // Who looks has them for a while.
    assert_eq!(looked(&queue).await, []);
    for other in all.iter().filter(|other| other.id != one.id) {
        queue.remove(&other.receipt).await.unwrap();
    }
    queue.release(&one.receipt).await.unwrap();
    let again = looked(&queue).await;
    assert_eq!(again.len(), 1);
    assert_eq!((&again[0].id, again[0].received), (&one.id, 2));
    queue.remove(&again[0].receipt).await.unwrap();
    assert_eq!(looked(&queue).await, []);
}
