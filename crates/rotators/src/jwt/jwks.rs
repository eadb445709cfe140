use std::future::Future;
use std::time::Duration;

use rekey_rotation::TargetError;

use super::place::Place;

/// Where key sets are published. A write names the version that it is to replace, and of two writers one wins.
pub trait Jwks: Clone + Send + Sync + 'static {
    /// What is published now; `None` when nothing is. Sees every write that has ended.
    ///
    /// # Errors
    /// [`TargetError`].
    fn read(
        &self,
        place: &Place,
    ) -> impl Future<Output = Result<Option<Published>, TargetError>> + Send;

    /// Publishes a key set, if what is there is what `over` says.
    ///
    /// # Errors
    /// [`TargetError`]; whether it was written is then open.
    fn write(
        &self,
        place: &Place,
        document: Document,
        over: &Over,
    ) -> impl Future<Output = Result<Written, TargetError>> + Send;
}

/// A key set as it is published.
#[derive(Clone, Debug)]
pub struct Published {
    /// The JSON text.
    pub text: String,
    /// Which version this is.
    pub version: Version,
    /// How long ago it was written, by the clock of whoever keeps it.
    pub age: Duration,
}

/// The name of a version of a published key set; of an S3 object, its ETag.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Version(pub String);

/// A key set to publish.
#[derive(Clone, Debug)]
pub struct Document {
    /// The JSON text.
    pub text: String,
    /// How long verifiers may keep it, in seconds.
    pub max_age: u32,
}

/// What a write replaces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Over {
    /// Nothing: it is the first.
    Nothing,
    /// This version and no other.
    Version(Version),
    /// A version that there never is: the write is tried, and cannot take effect.
    Never,
}

/// What became of a write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Written {
    /// It is published, as this version.
    Done(Version),
    /// Something else is there; nothing was changed.
    Overtaken,
}
