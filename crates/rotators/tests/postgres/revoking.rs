//! What tests of retiring and rolling back do over and over.

use rekey_rotation::{Login, Moment, Revocation, Revoker, SecretValue, TargetError};
use rekey_rotators::postgres::{Postgres, Seized};
use tokio_postgres::Client;

use crate::case::Case;

/// Values, with `old` as the one that is taken out of use or brought back.
pub fn revocation<'a>(
    case: &'a Case,
    old: &'a SecretValue,
    superuser: &'a SecretValue,
) -> Revocation<'a> {
    Revocation {
        old,
        current: &case.current,
        superuser: Some(superuser),
        switched_at: None,
        now: 0,
    }
}

/// A moment: PostgreSQL itself is asked, whatever the time.
pub fn at(current: &SecretValue) -> Moment<'_> {
    Moment { current, now: 0 }
}

pub async fn seize(
    case: &Case,
    rotator: &Postgres,
    old: &SecretValue,
) -> Result<Seized, TargetError> {
    let superuser = case.superuser_secret();
    rotator.seize(revocation(case, old, &superuser)).await
}

/// Takes `old` out of use; gives how many sessions were ended.
pub async fn retire(case: &Case, old: &SecretValue) -> Result<u32, TargetError> {
    retire_with(case, &case.rotator(), old, &case.superuser_secret()).await
}

pub async fn retire_with(
    case: &Case,
    rotator: &Postgres,
    old: &SecretValue,
    superuser: &SecretValue,
) -> Result<u32, TargetError> {
    let revocation = revocation(case, old, superuser);
    let mut seized = rotator.seize(revocation).await?;
    rotator.revoke(&mut seized, revocation).await
}

/// Brings `old` back.
pub async fn restore(case: &Case, old: &SecretValue) -> Result<(), TargetError> {
    let (rotator, superuser) = (case.rotator(), case.superuser_secret());
    let revocation = revocation(case, old, &superuser);
    let mut seized = rotator.seize(revocation).await?;
    rotator.restore(&mut seized, revocation).await
}

/// Whether a login with `value` is let in, as the product sees it.
pub async fn login(case: &Case, value: &SecretValue) -> Result<Login, TargetError> {
    case.rotator().try_login(value, at(value)).await
}

pub async fn is_open(session: &Client) -> bool {
    session.simple_query("SELECT 1").await.is_ok()
}
