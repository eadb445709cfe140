use std::time::Duration;

use aws_sdk_eventbridge::Client;
use rekey_events::RotateRequested;
use rekey_registry::{Asking, Wanted};

use crate::connection::{Connection, client};
use crate::put_events::{Entry, PublishError, put};

/// The end of a call.
const CALL: Duration = Duration::from_secs(6);

/// The bus of requests, for one requester.
#[derive(Clone, Debug)]
pub struct RequestsBus {
    client: Client,
    name: String,
    source: String,
}

impl RequestsBus {
    /// Makes the client over the shared connection. `name` is the name or ARN of the bus; `source` begins
    /// with [`rekey_events::REQUESTER_SOURCE_PREFIX`], and IAM says who may use it.
    pub fn new(connection: &Connection, name: String, source: String) -> Self {
        Self {
            client: client!(aws_sdk_eventbridge, connection, CALL),
            name,
            source,
        }
    }

    /// As whom it asks.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Asks for the rotation of `resource`, and answers only when the bus has taken the request. What is
    /// asked again under the same `event_id` is the same request.
    ///
    /// # Errors
    /// [`PublishError`] when the request was not taken, or nobody knows.
    pub async fn ask(&self, request: &RotateRequested, resource: &str) -> Result<(), PublishError> {
        let entry = Entry::about(resource, request)?;
        match put(&self.client, &self.name, &self.source, &[&entry])
            .await?
            .pop()
        {
            None => Ok(()),
            Some((_, code)) => Err(PublishError::of_entry(code)),
        }
    }
}

impl Asking for RequestsBus {
    async fn ask(&self, wanted: &Wanted) -> Result<(), rekey_registry::PublishError> {
        let asked = Self::ask(self, &wanted.request, wanted.arn.as_str()).await;
        asked.map_err(|error| rekey_registry::PublishError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use rekey_events::{EventId, StoredName, Timestamp};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Canned, refusal};

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db/app-aB3dE6";

    fn request() -> RotateRequested {
        let key = StoredName::new("db/app").unwrap();
        let mut request = RotateRequested::new(key, Timestamp::of_unix(1_795_326_000).unwrap());
        request.event_id = Some(EventId::derive("cause", "test"));
        request
    }

    async fn asked(aws: &Canned) -> Result<(), PublishError> {
        let name = "rekey-dev-requests".to_owned();
        let source = "rekey.requester.billing".to_owned();
        let bus = RequestsBus::new(&aws.connection(), name, source);
        bus.ask(&request(), ARN).await
    }

    fn not_taken(code: &str) -> (u16, Value) {
        let entry = json!({ "ErrorCode": code, "ErrorMessage": "hunter2" });
        (200, json!({ "FailedEntryCount": 1, "Entries": [entry] }))
    }

    #[tokio::test]
    async fn a_request_is_one_entry_of_its_requester() {
        let aws = Canned::new(|operation, sent, _| {
            assert_eq!(operation, "PutEvents");
            let entries = sent["Entries"].as_array().unwrap();
            assert_eq!(entries.len(), 1);
            let entry = &entries[0];
            assert_eq!(entry["EventBusName"], "rekey-dev-requests");
            assert_eq!(entry["Source"], "rekey.requester.billing");
            assert_eq!(entry["DetailType"], "greentic.secrets.rotate.requested");
            assert_eq!(entry["Resources"], json!([ARN]));
            let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
            assert_eq!(RotateRequested::try_from(detail), Ok(request()));
            (
                200,
                json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "e" }] }),
            )
        });
        assert_eq!(asked(&aws).await, Ok(()));
    }

    #[tokio::test]
    async fn whoever_may_not_ask_is_told_apart_from_a_bus_that_does_not_answer() {
        let denied = Canned::new(|_, _, _| refusal("AccessDeniedException"));
        assert_eq!(
            asked(&denied).await,
            Err(PublishError::Denied("not now".into()))
        );
        for code in [
            "NotAuthorizedForSourceException",
            "NotAuthorizedForDetailTypeException",
            "AccessDeniedException",
        ] {
            let aws = Canned::new(move |_, _, _| not_taken(code));
            assert_eq!(asked(&aws).await, Err(PublishError::Denied(code.into())));
        }
        let full = Canned::new(|_, _, _| not_taken("ThrottlingException"));
        let expected = PublishError::NotTaken("ThrottlingException".into());
        assert_eq!(asked(&full).await, Err(expected));
        let down = Canned::new(|_, _, _| (500, json!({ "__type": "InternalException" })));
        let expected = PublishError::Refused("InternalException".into());
        assert_eq!(asked(&down).await, Err(expected));
    }
}
