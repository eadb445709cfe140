//! How the labels of a secret lie at this moment, by Secrets Manager's own word. The registry learns of a
//! move only when its event comes.

use rekey_registry::{Look, SecretState, Secrets, Snapshot, VersionId};

use crate::error::Error;
use crate::world::{World, of_look};

/// A look at Secrets Manager.
///
/// # Errors
/// [`Error`] when that is not allowed, or there is no such secret any more.
pub async fn look<W: World>(world: &W, state: &SecretState) -> Result<Snapshot, Error> {
    let name = &state.secret.name;
    let found = world.secrets().look(name).await;
    match found.map_err(|error| of_look(world, error))? {
        Look::Found(snapshot) => Ok(*snapshot),
        Look::Missing => Err(Error::Unavailable(format!(
            "{name} is registered, but Secrets Manager has no such secret in this account and Region; \
             see: rekey doctor {name}"
        ))),
    }
}

/// The version that has the label.
pub fn version_with(snapshot: &Snapshot, label: &str) -> Option<VersionId> {
    let mut versions = snapshot.versions.iter();
    let found = versions.find(|version| version.labels.iter().any(|one| one == label));
    found.map(|version| version.id.clone())
}
