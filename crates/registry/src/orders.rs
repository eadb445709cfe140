use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::version::VersionId;

/// Work for the function that may change the target. It may come twice and late: whoever takes it looks
/// at the labels first.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Order {
    /// The grace of a version has ended: revoke its credential.
    Retire {
        /// The name of the secret.
        name: String,
        /// Its ARN.
        arn: String,
        /// What kind of target it opens: which of the functions that may change targets is meant.
        kind: String,
        /// The version.
        version: VersionId,
        /// When the grace ended, in seconds since 1970.
        promised: i64,
        /// How often it was ordered before.
        attempt: u32,
    },
    /// A rotation was given up: take AWSPENDING away, if nothing that works depends on it.
    Clear {
        /// The name of the secret.
        name: String,
        /// Its ARN.
        arn: String,
        /// What kind of target it opens: which of the functions that may change targets is meant.
        kind: String,
        /// The version under AWSPENDING.
        version: VersionId,
    },
    /// A forced rotation waits for the end of a grace: revoke the old credential now.
    RetireNow {
        /// The name of the secret.
        name: String,
        /// Its ARN.
        arn: String,
        /// What kind of target it opens: which of the functions that may change targets is meant.
        kind: String,
        /// The version under AWSPREVIOUS.
        version: VersionId,
        /// The request that waits.
        request: VersionId,
        /// Who asked for that.
        by: String,
        /// Why.
        reason: String,
    },
    /// A dry run: try the whole change at the target, and take it back.
    Rehearse {
        /// The name of the secret.
        name: String,
        /// Its ARN.
        arn: String,
        /// What kind of target it opens: which of the functions that may change targets is meant.
        kind: String,
        /// The version under AWSCURRENT.
        version: VersionId,
        /// The request that waits for the answer.
        request: VersionId,
    },
}

impl Order {
    /// What kind of target the secret opens.
    pub fn kind(&self) -> &str {
        match self {
            Self::Retire { kind, .. }
            | Self::Clear { kind, .. }
            | Self::RetireNow { kind, .. }
            | Self::Rehearse { kind, .. } => kind,
        }
    }
}

/// The queue of that function.
pub trait Orders: Sync {
    /// Puts an order into the queue.
    ///
    /// # Errors
    /// [`OrderError`]; the order is sent again later.
    fn send(&self, order: &Order) -> impl Future<Output = Result<(), OrderError>> + Send;
}

/// The queue did not take an order.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the queue did not take the order: {0}; it is sent again later")]
pub struct OrderError(pub String);
