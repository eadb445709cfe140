use rand_core::TryCryptoRng;

use super::rehearsal::{Check, CheckName, CheckResult, Rehearsed, checks, planned};
use super::{Aftermath, AftermathError, Dependants, Ledger, Objection};
use crate::{
    Description, ErrorClass, Kinds, Login, Moment, Occasion, Overlap, Revoker, Rotator, SecretId,
    SecretStore, SecretValue, StagingLabel, TargetError, VersionId,
};

/// A rotation that is to be tried and taken back.
#[derive(Clone, Debug)]
pub struct RehearseRequest {
    /// The secret.
    pub secret: SecretId,
    /// The version that has `AWSCURRENT`, from which the rotation would start.
    pub version: VersionId,
}

/// What kept a rehearsal from its end: the check that fails for it.
struct Stumble {
    at: CheckName,
    class: ErrorClass,
    message: String,
}

impl Stumble {
    fn over_the_secret(error: impl Into<AftermathError>) -> Self {
        let error = error.into();
        Self {
            at: CheckName::Secret,
            class: error.class(),
            message: error.to_string(),
        }
    }
}

pub(super) async fn rehearse<S, K, L, D, G>(
    aftermath: &Aftermath<S, K, L, D>,
    request: &RehearseRequest,
    now: i64,
    randomness: &mut G,
) -> Result<Rehearsed, Objection>
where
    S: SecretStore,
    K: Kinds<One: Revoker>,
    L: Ledger,
    D: Dependants,
    G: TryCryptoRng + Send,
{
    let description = match aftermath.store.describe(&request.secret).await {
        Ok(description) => description,
        Err(error) => return Ok(failed(Stumble::over_the_secret(error))),
    };
    may_begin(&description, &request.version)?;
    let tag = description.kind();
    let occasion = description.occasion(now);
    Ok(
        match try_out(aftermath, request, tag, occasion, randomness).await {
            Ok(overlap) => Rehearsed {
                checks: checks(None),
                steps: planned(overlap),
                overlap: Some(overlap),
            },
            Err(stumble) => failed(stumble),
        },
    )
}

fn failed(stumble: Stumble) -> Rehearsed {
    let Stumble { at, class, message } = stumble;
    let result = CheckResult::Failed { class, message };
    Rehearsed {
        checks: checks(Some(Check { name: at, result })),
        steps: Vec::new(),
        overlap: None,
    }
}

/// Whether RotateSecret would begin a new rotation from this version.
fn may_begin(secret: &Description, version: &VersionId) -> Result<(), Objection> {
    if let Some(service) = &secret.owning_service {
        let service = service.clone();
        return Err(Objection::Owned { service });
    }
    if secret.rotation_enabled == Some(false) {
        return Err(Objection::RotationOff);
    }
    match secret.version_with(&StagingLabel::Current) {
        None => Err(Objection::NothingCurrent),
        Some(current) if current != version => Err(Objection::Overtaken),
        Some(_) if secret.open_rotation().is_some() => Err(Objection::RotationOpen),
        Some(_) => Ok(()),
    }
}

/// Reads what a rotation reads, makes the value that it would keep and forgets it, and makes the whole change
/// at the target to take it back.
async fn try_out<S, K, L, D, G>(
    aftermath: &Aftermath<S, K, L, D>,
    request: &RehearseRequest,
    tag: Option<&str>,
    occasion: Occasion,
    randomness: &mut G,
) -> Result<Overlap, Stumble>
where
    S: SecretStore,
    K: Kinds<One: Revoker>,
    L: Ledger,
    D: Dependants,
    G: TryCryptoRng + Send,
{
    let current = aftermath.value(&request.secret, &request.version).await;
    let current = current.map_err(Stumble::over_the_secret)?;
    let revoker = aftermath.kinds.of(tag, &current);
    let revoker = revoker.map_err(Stumble::over_the_secret)?;
    let overlap = revoker
        .overlap(&current)
        .map_err(Stumble::over_the_secret)?;
    if let Err(error) = revoker.next(&current, occasion, randomness) {
        return Err(Stumble {
            at: CheckName::Quota,
            class: error.class(),
            message: error.to_string(),
        });
    }
    let superuser = aftermath.superuser(revoker, &current).await;
    let superuser = superuser.map_err(Stumble::over_the_secret)?;
    match revoker.probe(&current, superuser.as_ref()).await {
        Ok(()) => Ok(overlap),
        Err(error) => Err(Stumble {
            at: blamed(revoker, &current, &error, occasion.now).await,
            class: error.class(),
            message: error.to_string(),
        }),
    }
}

/// The check that fails when the target gives this error.
async fn blamed<R: Revoker>(
    revoker: &R,
    current: &SecretValue,
    error: &TargetError,
    now: i64,
) -> CheckName {
    match error {
        TargetError::InvalidSecret(_) => CheckName::Secret,
        TargetError::Unreachable(_) => CheckName::Reachable,
        TargetError::TlsRefused(_) => CheckName::Tls,
        TargetError::WrongPassword(_) => CheckName::Login,
        // A login is refused for these too, and a change after it. One more login tells which.
        TargetError::RoleMissing(_)
        | TargetError::Permission(_)
        | TargetError::Busy(_)
        | TargetError::Internal(_) => {
            match revoker.try_login(current, Moment { current, now }).await {
                Ok(Login::Accepted) => CheckName::Permission,
                Ok(Login::Refused) | Err(_) => CheckName::Login,
            }
        }
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
            rotation_enabled: Some(true),
            versions: versions
                .iter()
                .map(|(n, labels)| (id(*n), labels.to_vec()))
                .collect(),
            ..Description::default()
        }
    }

    #[test]
    fn what_the_labels_say_decides() {
        let cases: [(&str, Description, Result<(), Objection>); 6] = [
            ("at rest", secret(&[(1, &[Current])]), Ok(())),
            (
                "after a rotation, whose label has stayed",
                secret(&[(1, &[Current, Pending]), (2, &[Previous])]),
                Ok(()),
            ),
            (
                "a rotation is open",
                secret(&[(1, &[Current]), (2, &[Pending])]),
                Err(Objection::RotationOpen),
            ),
            (
                "a rotation went by",
                secret(&[(1, &[Previous]), (2, &[Current])]),
                Err(Objection::Overtaken),
            ),
            (
                "nothing is current",
                secret(&[(1, &[Previous])]),
                Err(Objection::NothingCurrent),
            ),
            (
                "rotation is off",
                Description {
                    rotation_enabled: Some(false),
                    ..secret(&[(1, &[Current])])
                },
                Err(Objection::RotationOff),
            ),
        ];
        for (name, secret, expected) in cases {
            assert_eq!(may_begin(&secret, &id(1)), expected, "{name}");
        }
    }

    #[test]
    fn a_secret_that_another_service_rotates_is_left_alone() {
        let mut owned = secret(&[(1, &[Current])]);
        owned.owning_service = Some("rds".to_owned());
        let service = "rds".to_owned();
        assert_eq!(may_begin(&owned, &id(1)), Err(Objection::Owned { service }));
    }
}
