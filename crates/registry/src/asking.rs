//! What Rekey asks for by itself: the same request that anybody else makes, on the same bus.

use std::future::Future;

use rekey_events::{Arn, RotateRequested};

use crate::publisher::PublishError;

/// The reason of a request that the sweep makes.
pub const SCHEDULED: &str = "schedule";

/// Asking for a rotation on the requests bus, as `rekey.requester.schedule`.
pub trait Asking: Sync {
    /// Puts the request on the bus, and knows that it was taken.
    ///
    /// # Errors
    /// [`PublishError`]; then it is asked for again.
    fn ask(&self, wanted: &Wanted) -> impl Future<Output = Result<(), PublishError>> + Send;
}

/// A rotation that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The request as it goes to the bus: its `event_id` is the same in every repetition.
    pub request: RotateRequested,
    /// The ARN of the secret, for the entry's `Resources`.
    pub arn: Arn,
}
