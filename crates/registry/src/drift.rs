use crate::observe::look::{CURRENT, PENDING, PREVIOUS};
use crate::record::Presence;
use crate::snapshot::Snapshot;
use crate::state::SecretState;
use crate::version::VersionId;

/// Where a record differs from what Secrets Manager says now, each in a sentence for people. While a
/// rotation goes on, its last second may not be recorded yet.
pub fn drift(state: &SecretState, snapshot: &Snapshot) -> Vec<String> {
    let secret = &state.secret;
    if secret.arn != snapshot.arn {
        return vec![format!(
            "another secret has this name now: {} instead of {}",
            snapshot.arn, secret.arn
        )];
    }
    let mut found = Vec::new();
    let pending = secret.pending.as_ref().map(|pending| &pending.version);
    let current = snapshot.with(CURRENT);
    // The other two labels say something only beside AWSCURRENT, not on the same version.
    let beside = |label| snapshot.with(label).filter(|id| Some(*id) != current);
    for (label, seen, recorded) in [
        (CURRENT, current, secret.current.as_ref()),
        (PREVIOUS, beside(PREVIOUS), secret.previous.as_ref()),
        (PENDING, beside(PENDING), pending),
    ] {
        if seen != recorded {
            let name = |id: Option<&VersionId>| match id {
                Some(id) => format!("version {id}"),
                None => "no version".to_owned(),
            };
            let (seen, recorded) = (name(seen), name(recorded));
            found.push(format!("{label} is on {seen}, recorded is {recorded}"));
        }
    }
    let unknown = |version: &&crate::SeenVersion| !state.versions.contains_key(&version.id);
    match snapshot.versions.iter().filter(unknown).count() {
        0 => {}
        1 => found.push("one version is not recorded".to_owned()),
        count => found.push(format!("{count} versions are not recorded")),
    }
    let is_deleted = snapshot.deleted.is_some();
    let what = match &secret.presence {
        Presence::Present if is_deleted => Some("it is scheduled for deletion, recorded is not"),
        Presence::Deleting { .. } if !is_deleted => {
            Some("it is there, recorded is that it is scheduled for deletion")
        }
        Presence::Gone | Presence::Missing { .. } => {
            Some("it is there, recorded is that it is not")
        }
        Presence::Present | Presence::Deleting { .. } => None,
    };
    found.extend(what.map(str::to_owned));
    if snapshot.owner() != secret.owner.as_deref() {
        found.push("its owner's tag is another one than recorded".to_owned());
    }
    found
}
