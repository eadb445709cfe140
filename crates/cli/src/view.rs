//! What of the records is shown, in the shape that `--json` promises. The records may change; these do not.

mod caller;
mod consumer;
mod entry;
mod finding;
mod impact;
mod request;
mod secret;
mod standing;
mod verdict;
mod version;

pub use caller::caller;
pub use consumer::{ConsumerView, has_moved};
pub use entry::EntryView;
pub use finding::FindingView;
pub use impact::{ImpactView, affected};
pub use request::{RequestView, StandingWord, in_words, since, tone_of_standing};
pub use secret::{SecretView, said};
pub use standing::Standing;
pub use verdict::ExaminedView;
pub use version::{VersionName, VersionView, story, tone_of};
