//! What of the records is shown, in the shape that `--json` promises. The records may change; these do not.

mod consumer;
mod finding;
mod secret;
mod standing;
mod version;

pub use consumer::{ConsumerView, has_moved};
pub use finding::FindingView;
pub use secret::{SecretView, said};
pub use standing::Standing;
pub use version::{VersionName, VersionView, story, tone_of};
