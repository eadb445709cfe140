//! What of the records is shown, in the shape that `--json` promises. The records may change; these do not.

mod caller;
mod consumer;
mod finding;
mod impact;
mod request;
mod secret;
mod standing;
mod version;

pub use caller::caller;
pub use consumer::{ConsumerView, has_moved};
pub use finding::FindingView;
pub use impact::{ImpactView, affected};
pub use request::{RequestView, StandingWord, in_words, since, tone_of_standing};
pub use secret::{SecretView, said};
pub use standing::Standing;
pub use version::{VersionName, VersionView, story, tone_of};
