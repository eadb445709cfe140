use rekey_events::{Announcement, Source};
use rekey_registry::{PublishError, Publisher};

use crate::event_bus::EventBus;

impl Publisher for EventBus {
    fn source(&self) -> Source {
        Self::source(self)
    }

    async fn publish(&self, announcements: &[Announcement]) -> Result<(), PublishError> {
        let published = self.publish_all(announcements).await;
        published.map_err(|error| PublishError(error.to_string()))
    }
}
