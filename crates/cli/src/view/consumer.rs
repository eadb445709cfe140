use rekey_registry::{Consumer, SecretState};
use serde::Serialize;

use crate::moment::rfc3339;

/// A service that reads a secret. Times are RFC 3339.
#[derive(Clone, Debug, Serialize)]
pub struct ConsumerView {
    service: String,
    first_used_at: String,
    last_used_at: String,
    last_current_read_at: Option<String>,
    moved: Option<bool>,
}

impl ConsumerView {
    pub fn of(state: &SecretState, consumer: &Consumer) -> Self {
        Self {
            service: consumer.service.clone(),
            first_used_at: rfc3339(consumer.first_used_at),
            last_used_at: rfc3339(consumer.last_used_at),
            last_current_read_at: consumer.last_current_read_at.map(rfc3339),
            moved: has_moved(state, consumer),
        }
    }
}

/// Whether a service has read AWSCURRENT since it came to where it is. None when that is not known.
pub fn has_moved(state: &SecretState, consumer: &Consumer) -> Option<bool> {
    let switched_at = state.switched_at()?;
    Some(consumer.last_current_read_at >= Some(switched_at))
}
