use rand_core::TryCryptoRng;
use rekey_rotation::{Credentials, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError};

use super::held::Held;
use super::kind::Kind;
use crate::PasswordPolicy;
use crate::object::invalid;

/// Rotates a value that is its own target: whoever uses it reads the secret, so nothing is set anywhere, and
/// a value counts from the moment in which it is current.
#[derive(Clone, Debug)]
pub struct RandomValue {
    pub(super) kind: Kind,
    grace: Option<u32>,
}

/// The end of a value that is to be refused with the switch itself: no grace was asked for.
const AT_ONCE: i64 = 0;

/// What the steps of a rotation may take, in seconds: of a grace that is shorter, nothing is left when they are done.
const STEPS: i64 = 60;

/// Nothing is held: `PutSecretValue` takes one value for a token, and a value is never changed in place.
#[derive(Debug)]
pub struct Hold(pub(super) ());

impl RandomValue {
    /// Keys that sign with HMAC-SHA256, such as those of webhooks. `grace` is how long the key before is
    /// accepted, in seconds, of a secret without the tag `rekey:grace`; without both nothing is rotated.
    pub const fn hmac(grace: Option<u32>) -> Self {
        Self {
            kind: Kind::Hmac,
            grace,
        }
    }

    /// Any other value, made by `policy` unless the secret says otherwise. `grace` is how long the value
    /// before is accepted, in seconds, of a secret without the tag `rekey:grace`; without both nothing is rotated.
    pub const fn generic(policy: PasswordPolicy, grace: Option<u32>) -> Self {
        Self {
            kind: Kind::Generic(policy),
            grace,
        }
    }

    /// When the value in use ends if another takes its place now.
    fn ends(&self, occasion: Occasion) -> Result<i64, TargetError> {
        match occasion.grace.or(self.grace) {
            Some(0) => Ok(AT_ONCE),
            Some(grace) => Ok(occasion.now.saturating_add(i64::from(grace))),
            None => Err(invalid(
                "nothing says how long the value before is accepted: set the tag `rekey:grace` of the secret, in seconds, or REKEY_GRACE_SECONDS of the rotation function; a grace of 0 ends it at once",
            )),
        }
    }

    /// Checks that both values of a pending one do what they will be read for.
    fn check_use(&self, pending: &Held) -> Result<(), TargetError> {
        let kind = &self.kind;
        kind.check_strength(pending)?;
        let Some(previous) = pending.previous() else {
            return Err(TargetError::InvalidSecret(
                "AWSPENDING does not hold the value before: it was not made here; take AWSPENDING from its version (update-secret-version-stage) and rotate again".to_owned(),
            ));
        };
        let last = previous.ends.saturating_sub(1);
        let works = kind.accepts(pending, pending.current(), last)?
            && kind.accepts(pending, pending.current(), previous.ends)?
            && kind.accepts(pending, previous.text, last)?
            && !kind.accepts(pending, previous.text, previous.ends)?
            && !kind.accepts_a_wrong_one(pending, last)?;
        if works {
            return Ok(());
        }
        Err(TargetError::WrongPassword(
            "whoever read AWSPENDING would refuse one of its two values, or accept another one: the new value and the one before are the same; take AWSPENDING from its version (update-secret-version-stage) and rotate again".to_owned(),
        ))
    }
}

impl Rotator for RandomValue {
    type Hold = Hold;

    fn kind(&self) -> &'static str {
        self.kind.as_str()
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        self.kind.parse(current).map(|_| Overlap::PreviousInside)
    }

    fn next<R: TryCryptoRng>(
        &self,
        current: &SecretValue,
        occasion: Occasion,
        randomness: &mut R,
    ) -> Result<SecretValue, TargetError> {
        let held = self.kind.parse(current)?;
        let new = self.kind.make(&held, randomness)?;
        held.followed_by(&new, self.ends(occasion)?)
    }

    fn superuser(&self, _current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        Ok(None)
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Hold, TargetError> {
        let current = self.kind.parse(credentials.current)?;
        let pending = self.kind.parse(credentials.pending)?;
        pending.check_follows(&current)?;
        self.kind.check_strength(&pending)?;
        check_not_over(&pending, credentials.now)?;
        Ok(Hold(()))
    }

    async fn set(&self, Hold(()): Hold, _: Credentials<'_>) -> Result<(), TargetError> {
        Ok(())
    }

    /// Sees one value only: what `setSecret` compared with the current one is complete in itself.
    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        self.check_use(&self.kind.parse(pending)?)
    }

    /// Puts a value as long as the next one where that one will be, uses it and forgets it.
    async fn probe(
        &self,
        current: &SecretValue,
        _superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        let held = self.kind.parse(current)?;
        let sample = self.kind.sample(&held)?;
        // As long as any end, and the tag is not known here.
        let next = held.followed_by(&sample, i64::MAX)?;
        self.check_use(&self.kind.parse(&next)?)
    }
}

/// Checks that the grace of the value before was not over long ago: a rotation that was open for so long would cut off
/// whoever has not read the new one.
fn check_not_over(pending: &Held, now: i64) -> Result<(), TargetError> {
    match pending.previous() {
        Some(previous)
            if previous.ends != AT_ONCE && previous.ends <= now.saturating_sub(STEPS) =>
        {
            Err(invalid(
                "the rotation was open for longer than the grace, and would end the value in use at once; nothing was changed: let the doctor clear AWSPENDING, or take it from its version (update-secret-version-stage), and rotate again. To end the value at once, set the tag `rekey:grace` to 0 first",
            ))
        }
        _ => Ok(()),
    }
}
