use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::changes::Changes;
use crate::request::actor::Actor;
use crate::request::record::Request;
use crate::store::{Store, StoreError};
use crate::version::VersionId;

/// Where requests, and who may make them, are kept: beside the secrets.
pub trait Requests: Store {
    /// One request.
    ///
    /// # Errors
    /// [`StoreError`].
    fn request(
        &self,
        token: &VersionId,
    ) -> impl Future<Output = Result<Option<Request>, StoreError>> + Send;

    /// Writes all of a settlement or nothing. A request that is new also goes into the list of its day.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the request, the secret or the turn is not as it was read.
    fn settle(
        &self,
        settlement: &Settlement,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The requests that came on a day (whole days since 1970, UTC), the newest first, at most `limit`,
    /// before the place `before` (the `next` of the page before).
    ///
    /// # Errors
    /// [`StoreError`].
    fn requests_of(
        &self,
        day: i64,
        before: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<RequestPage, StoreError>> + Send;

    /// Who a source belongs to, as it is recorded.
    ///
    /// # Errors
    /// [`StoreError`].
    fn actor(&self, source: &str)
    -> impl Future<Output = Result<Option<Actor>, StoreError>> + Send;

    /// Everybody who is recorded, in the order of their sources.
    ///
    /// # Errors
    /// [`StoreError`].
    fn actors(&self) -> impl Future<Output = Result<Vec<Actor>, StoreError>> + Send;

    /// Records who a source belongs to, in place of what was recorded.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put_actor(&self, actor: &Actor) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets a source; tells whether it was recorded.
    ///
    /// # Errors
    /// [`StoreError`].
    fn remove_actor(&self, source: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Whose turn it is, or was last, among the secrets of a service.
    ///
    /// # Errors
    /// [`StoreError`].
    fn turn(&self, service: &str) -> impl Future<Output = Result<Option<Turn>, StoreError>> + Send;

    /// Takes one of the calls of RotateSecret that are made in a second (since 1970), if one is left for
    /// this tenant: at most `most` in all, and an equal share of them for each tenant that asked in this
    /// second or the one before. Who asks is counted either way.
    ///
    /// # Errors
    /// [`StoreError`].
    fn take_slot(
        &self,
        second: i64,
        tenant: &str,
        most: u32,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// What is written together.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// The request as it is now, with its new revision.
    pub request: Request,
    /// The revision that its record must still have; none when there must be no record yet.
    pub expected: Option<u64>,
    /// Another request that this one changes (an approval), as it is now, with its new revision, and the
    /// revision that it must still have.
    pub other: Option<(Request, u64)>,
    /// What changes in the record of the secret.
    pub secret: Option<Changes>,
    /// The turn that is taken, and what must still be recorded of it.
    pub turn: Option<(Turn, Option<Turn>)>,
}

/// Whose turn it is among the secrets of one service.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Turn {
    /// The service: the tag `rekey:service`.
    pub service: String,
    /// The secret whose turn it is.
    pub secret: String,
    /// The request that took it.
    pub token: VersionId,
    /// When, in seconds since 1970.
    pub at: i64,
}

/// A page of requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPage {
    /// The newest first.
    pub requests: Vec<Request>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// The share that each of some tenants has of a number of calls: at least one.
pub fn share(most: u32, tenants: usize) -> u32 {
    let tenants = u32::try_from(tenants).unwrap_or(u32::MAX).max(1);
    most.div_ceil(tenants).max(1)
}
