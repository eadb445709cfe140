//! What is announced, ordered or asked for when something falls due.

use rekey_events::{
    Announcement, GraceEnding, Lateness, SecretNearExpiry, SecretOverdue, SecretRef,
};

use crate::asking::Wanted;
use crate::consumer::Consumer;
use crate::deadline::What;
use crate::due::Due;
use crate::orders::Order;
use crate::policy::Policy;
use crate::schedule;
use crate::state::not_moved;
use crate::tell::{self, Telling};

const DAY: i64 = 24 * 60 * 60;

/// What is to be done about a deadline.
#[derive(Clone, Debug, PartialEq)]
pub enum HandOver {
    /// Announced once; then the deadline is kept.
    Announce(Announcement),
    /// Ordered, and ordered again until it is reported as done: only proof keeps this deadline.
    Order(Order),
    /// Asked for on the requests bus, and asked for again until a rotation has happened.
    Ask(Box<Wanted>),
}

/// What is to be done about a deadline that is due. `consumers` are those of the secret, for the warning
/// before a credential is revoked; they are asked for by [`needs_consumers`].
///
/// # Errors
/// [`Untellable`](crate::Untellable).
pub fn hand_over(
    due: &Due,
    consumers: &[Consumer],
    policy: &Policy,
    now: i64,
) -> Telling<HandOver> {
    let secret = tell::secret(&due.name, &due.arn)?;
    let announcement = match due.what {
        What::Retire => {
            return Ok(HandOver::Order(Order::Retire {
                name: due.name.clone(),
                arn: due.arn.clone(),
                kind: due.kind.clone(),
                version: due.version.clone(),
                promised: due.promised,
                attempt: due.attempt,
            }));
        }
        What::Rotate => return Ok(HandOver::Ask(Box::new(schedule::wanted(due, policy, now)?))),
        What::GraceEnding => grace_ending(due, &secret, consumers, policy, now)?,
        What::NearExpiry30 | What::NearExpiry10 | What::NearExpiry1 => {
            near_expiry(due, &secret, now)?
        }
        What::OverdueAge => overdue(due, &secret, Lateness::MaxAge, due.promised, now)?,
        What::OverdueRotation => {
            let due_at = due.promised.saturating_sub(policy.overdue_slack);
            overdue(due, &secret, Lateness::Rotation, due_at, now)?
        }
    };
    Ok(HandOver::Announce(announcement))
}

/// Whether what is to be done names services.
pub const fn needs_consumers(what: What) -> bool {
    matches!(what, What::GraceEnding)
}

fn grace_ending(
    due: &Due,
    secret: &SecretRef,
    consumers: &[Consumer],
    policy: &Policy,
    now: i64,
) -> Telling<Announcement> {
    let version = tell::version(&due.version)?;
    let ends_at = tell::time(due.ends_at.unwrap_or(due.promised))?;
    let switched_at = due.switched_at.unwrap_or(due.promised);
    let waiting = not_moved(consumers, switched_at, policy, now);
    let id = GraceEnding::id(secret, &version, ends_at);
    let mut detail = GraceEnding::new(
        id,
        tell::time(now)?,
        secret.clone(),
        version,
        ends_at,
        tell::services(waiting),
    );
    detail.owner = tell::identifier(due.owner.as_deref());
    tell::announcement(id, secret, &detail)
}

fn near_expiry(due: &Due, secret: &SecretRef, now: i64) -> Telling<Announcement> {
    let days = due.what.days_before().unwrap_or_default();
    let end = due
        .promised
        .saturating_add(i64::from(days).saturating_mul(DAY));
    let expires_at = tell::time(end)?;
    // The id goes by the warning that was promised, the text by what is left when it is given.
    let id = SecretNearExpiry::id(secret, expires_at, days);
    let left = end.saturating_sub(now).max(0).div_euclid(DAY);
    let left = u32::try_from(left).unwrap_or(days).min(days);
    let mut detail = SecretNearExpiry::new(id, tell::time(now)?, secret.clone(), expires_at, left);
    detail.owner = tell::identifier(due.owner.as_deref());
    tell::announcement(id, secret, &detail)
}

fn overdue(
    due: &Due,
    secret: &SecretRef,
    what: Lateness,
    due_at: i64,
    now: i64,
) -> Telling<Announcement> {
    let due_at = tell::time(due_at)?;
    let id = SecretOverdue::id(secret, &what, due_at);
    let mut detail = SecretOverdue::new(id, tell::time(now)?, secret.clone(), due_at, what);
    detail.owner = tell::identifier(due.owner.as_deref());
    tell::announcement(id, secret, &detail)
}
