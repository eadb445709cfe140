use super::{Aftermath, AftermathError, Dependants, Ledger, Objection};
use crate::{
    Description, Kinds, Login, Moment, Revocation, Revoker, SecretId, SecretStore, SecretValue,
    StagingLabel, StoreError, TargetError, VersionId,
};

/// A rotation that is stuck.
#[derive(Clone, Debug)]
pub struct ClearRequest {
    /// The secret.
    pub secret: SecretId,
    /// The version that has `AWSPENDING`.
    pub version: VersionId,
}

/// How a clearing ended well.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClearOutcome {
    /// `AWSPENDING` is gone from the version, so that a rotation can begin anew.
    Cleared(Cleared),
    /// It is still there, or is no stuck rotation's.
    Kept(Kept),
}

/// Why `AWSPENDING` could be taken away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cleared {
    /// The version has no value.
    Empty,
    /// The target refuses the pending credential and lets the current one in.
    Refused,
    /// The version has `AWSPREVIOUS`: it was current, its rotation is over, and the label is left from it.
    Over,
}

/// Why `AWSPENDING` was left where it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Kept {
    /// The version does not have it, or is current: the rotation is over.
    NotOpen,
    /// The target lets the pending credential in: a repetition of the rotation brings it to its end.
    PendingWorks,
    /// The target does not let the current credential in; the pending one may be all that is left.
    CurrentRefused,
    /// Nothing could be proved, and why.
    Unproved(TargetError),
}

pub(super) async fn clear<S, K, L, D>(
    aftermath: &Aftermath<S, K, L, D>,
    request: &ClearRequest,
    now: i64,
) -> Result<ClearOutcome, AftermathError>
where
    S: SecretStore,
    K: Kinds<One: Revoker>,
    L: Ledger,
    D: Dependants,
{
    let Aftermath { store, kinds, .. } = aftermath;
    let (secret, version) = (&request.secret, &request.version);
    let description = store.describe(secret).await?;
    let Some(current_version) = beside(&description, version)? else {
        return Ok(ClearOutcome::Kept(Kept::NotOpen));
    };
    let current = aftermath.value(secret, &current_version).await?;
    let revoker = kinds.of(description.kind(), &current)?;
    let pending = pending(aftermath, request).await?;
    let superuser = match aftermath.superuser(revoker, &current).await {
        Err(AftermathError::Target(error)) => return Ok(ClearOutcome::Kept(Kept::Unproved(error))),
        other => other?,
    };
    let revocation = Revocation {
        old: pending.as_ref().unwrap_or(&current),
        current: &current,
        superuser: superuser.as_ref(),
        switched_at: description.last_rotated,
        now,
    };
    let moment = Moment {
        current: &current,
        now,
    };
    // A setSecret that was held up must not come between what is seen here and the label.
    let _seized = match revoker.seize(revocation).await {
        Ok(seized) => seized,
        Err(error @ TargetError::Busy(_)) => return Err(error.into()),
        Err(error) => return Ok(ClearOutcome::Kept(Kept::Unproved(error))),
    };
    let description = store.describe(secret).await?;
    match beside(&description, version)? {
        None => return Ok(ClearOutcome::Kept(Kept::NotOpen)),
        Some(now) if now != current_version => return Err(Objection::LabelsMoved.into()),
        Some(_) => {}
    }
    let was_current = description.has(version, &StagingLabel::Previous);
    let (why, proof) = match &pending {
        Some(_) if was_current => (Cleared::Over, Ok(())),
        Some(pending) => (Cleared::Refused, kept_out(revoker, pending, moment).await),
        None if self::pending(aftermath, request).await?.is_some() => {
            return Err(Objection::LabelsMoved.into());
        }
        None => (Cleared::Empty, Ok(())),
    };
    if let Err(kept) = proof {
        return Ok(ClearOutcome::Kept(kept));
    }
    // Also when there is no value: one that was written a moment ago may be unreadable, and set by now.
    // And when the rotation was over: Secrets Manager may be trying it again.
    if let Err(kept) = let_in(revoker, moment).await {
        return Ok(ClearOutcome::Kept(kept));
    }
    drop_label(store, request, why).await
}

/// The pending value, if there is one.
async fn pending<S, K, L, D>(
    aftermath: &Aftermath<S, K, L, D>,
    request: &ClearRequest,
) -> Result<Option<SecretValue>, AftermathError>
where
    S: SecretStore,
    K: Kinds<One: Revoker>,
    L: Ledger,
    D: Dependants,
{
    match aftermath.value(&request.secret, &request.version).await {
        Ok(pending) => Ok(Some(pending)),
        Err(AftermathError::Store(StoreError::NotFound(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The version that is current beside the stuck one; `None` when that one is not stuck.
fn beside(
    description: &Description,
    version: &VersionId,
) -> Result<Option<VersionId>, AftermathError> {
    if let Some(service) = &description.owning_service {
        let service = service.clone();
        return Err(Objection::Owned { service }.into());
    }
    if description.open_rotation() != Some(version) {
        return Ok(None);
    }
    let current = description.version_with(&StagingLabel::Current);
    Ok(Some(current.ok_or(Objection::NothingCurrent)?.clone()))
}

async fn let_in<R: Revoker>(revoker: &R, moment: Moment<'_>) -> Result<(), Kept> {
    match revoker.try_login(moment.current, moment).await {
        Ok(Login::Accepted) => Ok(()),
        Ok(Login::Refused) => Err(Kept::CurrentRefused),
        Err(error) => Err(Kept::Unproved(error)),
    }
}

async fn kept_out<R: Revoker>(
    revoker: &R,
    pending: &SecretValue,
    moment: Moment<'_>,
) -> Result<(), Kept> {
    match revoker.try_login(pending, moment).await {
        Ok(Login::Refused) => Ok(()),
        Ok(Login::Accepted) => Err(Kept::PendingWorks),
        Err(error) => Err(Kept::Unproved(error)),
    }
}

async fn drop_label<S: SecretStore>(
    store: &S,
    request: &ClearRequest,
    why: Cleared,
) -> Result<ClearOutcome, AftermathError> {
    let (secret, version) = (&request.secret, &request.version);
    let pending = &StagingLabel::Pending;
    match store.remove_label(secret, pending, version).await {
        Ok(()) => Ok(ClearOutcome::Cleared(why)),
        // The label has moved meanwhile: the rotation was cleared, or abandoned, by another.
        Err(error @ StoreError::Refused(_)) => {
            if store.describe(secret).await?.has(version, pending) {
                return Err(error.into());
            }
            Ok(ClearOutcome::Kept(Kept::NotOpen))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StagingLabel::{Current, Pending, Previous};

    fn id(n: u8) -> VersionId {
        VersionId::parse(&format!("version-{n:->32}")).unwrap()
    }

    fn secret(versions: &[(u8, &[StagingLabel])]) -> Description {
        Description {
            versions: versions
                .iter()
                .map(|(n, labels)| (id(*n), labels.to_vec()))
                .collect(),
            ..Description::default()
        }
    }

    #[test]
    fn only_a_version_that_is_pending_and_not_current_is_stuck() {
        for (labels, stuck) in [
            (&[Pending][..], true),
            (&[Pending, Previous], true),
            (&[Previous], false),
            (&[], false),
        ] {
            let secret = secret(&[(1, &[Current]), (2, labels)]);
            let expected = stuck.then(|| id(1));
            assert_eq!(beside(&secret, &id(2)), Ok(expected), "{labels:?}");
        }
        let promoted = secret(&[(2, &[Current, Pending])]);
        assert_eq!(beside(&promoted, &id(2)), Ok(None));
    }

    #[test]
    fn without_a_current_version_or_with_another_owner_nothing_is_cleared() {
        let mut lone = secret(&[(2, &[Pending])]);
        let refused = Err(Objection::NothingCurrent.into());
        assert_eq!(beside(&lone, &id(2)), refused);
        lone.owning_service = Some("rds".to_owned());
        let service = "rds".to_owned();
        let owned = Err(Objection::Owned { service }.into());
        assert_eq!(beside(&lone, &id(2)), owned);
    }
}
