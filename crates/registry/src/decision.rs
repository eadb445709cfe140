use rekey_events::Announcement;

use crate::request::{Standing, Turn};
use crate::state::SecretState;
use crate::version::VersionId;

/// What a decision comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What is to be recorded.
    pub state: SecretState,
    /// What is to be announced, once.
    pub announcements: Vec<Announcement>,
    /// How rotations that were requested have ended, by the tokens of the requests.
    pub outcomes: Vec<(VersionId, Standing)>,
    /// That the secret has changed, for the others of its service.
    pub turn: Option<Turn>,
    /// Whether there is more than one commit holds: record this, then decide again.
    pub more: bool,
}

impl Decision {
    /// One that only announces, or only records.
    pub fn new(state: SecretState, announcements: Vec<Announcement>) -> Self {
        Self {
            state,
            announcements,
            outcomes: Vec::new(),
            turn: None,
            more: false,
        }
    }
}
