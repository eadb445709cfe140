//! What the contract promises to producers and consumers.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that stops here has failed; clippy's own exception does not reach what tests call"
)]

#[path = "contract/agreement.rs"]
mod agreement;
#[path = "contract/announcements.rs"]
mod announcements;
#[path = "contract/cloudtrail.rs"]
mod cloudtrail;
#[path = "contract/documents.rs"]
mod documents;
#[path = "contract/history.rs"]
mod history;
#[path = "contract/ids.rs"]
mod ids;
#[path = "contract/names.rs"]
mod names;
#[path = "contract/payloads.rs"]
mod payloads;
#[path = "contract/redaction.rs"]
mod redaction;
#[path = "contract/requests.rs"]
mod requests;
#[path = "contract/samples.rs"]
mod samples;
#[path = "contract/schemas.rs"]
mod schemas;
#[path = "contract/text_limits.rs"]
mod text_limits;
#[path = "contract/topics.rs"]
mod topics;
