use rekey_aws::{Connection, PublishError, RequestsBus};
use rekey_events::RotateRequested;

use crate::bus::{Bus, BusError};
use crate::requester::Requester;

/// EventBridge's PutEvents on the requests bus.
pub struct Requests {
    connection: Connection,
    name: String,
}

impl Requests {
    pub(super) fn new(connection: &Connection, name: String) -> Self {
        Self {
            connection: connection.clone(),
            name,
        }
    }
}

impl Bus for Requests {
    async fn ask(
        &self,
        requester: &Requester,
        request: &RotateRequested,
        resource: &str,
    ) -> Result<(), BusError> {
        let bus = RequestsBus::new(&self.connection, self.name.clone(), requester.source());
        bus.ask(request, resource).await.map_err(meaning)
    }
}

/// A policy of the bus that denies answers the same as a missing permission.
fn meaning(error: PublishError) -> BusError {
    match error {
        PublishError::Denied(_) => BusError::Denied,
        PublishError::Refused(code) | PublishError::NotTaken(code) if code.contains("NotFound") => {
            BusError::NoBus
        }
        PublishError::Unavailable => BusError::Unavailable,
        other => BusError::NotTaken(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_taken_is_told_from_what_nobody_knows() {
        let code = |code: &str| code.to_owned();
        for (error, expected) in [
            (PublishError::Denied(code("x")), BusError::Denied),
            (
                PublishError::Refused(code("ResourceNotFoundException")),
                BusError::NoBus,
            ),
            (PublishError::Unavailable, BusError::Unavailable),
        ] {
            assert_eq!(meaning(error), expected);
        }
        let throttled = meaning(PublishError::NotTaken(code("ThrottlingException")));
        assert!(matches!(throttled, BusError::NotTaken(why) if why.contains("Throttling")));
    }
}
