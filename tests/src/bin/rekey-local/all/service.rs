//! What an application does with a credential, and what its target says of one.

use std::future::Future;
use std::time::Duration;

use anyhow::Result;
use rekey_tests::secrets::Version;

/// A target with the application that uses it.
pub trait Service: Send + Sync + 'static {
    /// What one instance of the application keeps between two operations: a connection, what it has read.
    type Kept: Default + Send;

    /// How often an instance does something.
    const EVERY: Duration;

    /// One operation of an instance, by the versions of the secret that it and the other instance have read.
    /// Nothing is tried again, but see [`Done::Reconnected`].
    fn operate(
        &self,
        kept: &mut Self::Kept,
        own: &Version,
        others: &Version,
    ) -> impl Future<Output = Result<Done>> + Send;

    /// Whether the credential of a version is taken at this moment, tried from the beginning. An answer other than
    /// a refusal is an error.
    fn takes(&self, version: &Version) -> impl Future<Output = Result<bool>> + Send;
}

/// How an operation was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Done {
    AtOnce,
    /// The server had ended the connection that was kept, and the operation was done on a new one.
    Reconnected,
}
