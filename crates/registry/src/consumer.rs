use serde::{Deserialize, Serialize};

use rekey_events::EventId;

/// A service that reads a secret. All times are seconds since 1970.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Consumer {
    /// The service, by the name of its role or user.
    pub service: String,
    /// Its earliest read.
    pub first_used_at: i64,
    /// Its latest read.
    pub last_used_at: i64,
    /// Its latest read of AWSCURRENT.
    #[serde(default)]
    pub last_current_read_at: Option<i64>,
}

/// One read of a secret by a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The id of the event that says so (CloudTrail's `eventID`, made ours).
    pub event_id: EventId,
    /// The name of the secret.
    pub name: String,
    /// Who read; none when it was one of our own functions, which depends on nothing and is no consumer.
    pub service: Option<String>,
    /// When.
    pub at: i64,
    /// Whether what was AWSCURRENT then was read, and not another version.
    pub of_current: bool,
}

impl Read {
    /// What is known of the service after this read; none when it was one of our own. Reads may come in any
    /// order, and twice.
    pub fn merge(&self, known: Option<&Consumer>) -> Option<Consumer> {
        let service = self.service.clone()?;
        let current = self.of_current.then_some(self.at);
        Some(match known {
            None => Consumer {
                service,
                first_used_at: self.at,
                last_used_at: self.at,
                last_current_read_at: current,
            },
            Some(known) => Consumer {
                service,
                first_used_at: known.first_used_at.min(self.at),
                last_used_at: known.last_used_at.max(self.at),
                last_current_read_at: known.last_current_read_at.max(current),
            },
        })
    }
}
