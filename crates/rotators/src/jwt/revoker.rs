use rekey_rotation::{Kinship, Login, Moment, Revocation, Revoker, SecretValue, TargetError};

use super::jwks::Jwks;
use super::key_set::{KeySet, Standing};
use super::private_key::PrivateKey;
use super::public_key::PublicKey;
use super::rotator::{Jwt, check_in_use, check_let_in, login, of};
use super::secret::SigningSecret;
use super::turn::{Change, Seized, Turn};
use crate::object::invalid;

impl<J: Jwks> Revoker for Jwt<J> {
    type Seized = Seized<J>;

    /// The signing key of a version lives on as long as another version signs with it, or will.
    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        kinship(&SigningSecret::parse(old)?, &SigningSecret::parse(other)?)
    }

    /// The last token was signed when the switch was noticed, at the latest `cache_seconds` after it, and is good for
    /// its lifetime, by clocks that differ. What a rotation after that one has noted counts for itself, and what
    /// none has kept is kept for nobody.
    fn kept_until(
        &self,
        old: &SecretValue,
        current: &SecretValue,
        switched_at: Option<i64>,
    ) -> Result<Option<i64>, TargetError> {
        let (old, current) = (SigningSecret::parse(old)?, SigningSecret::parse(current)?);
        let Some(key) = old.current.as_ref().map(PrivateKey::public) else {
            return Ok(None);
        };
        if current.previous.as_ref() != Some(key) {
            let mut earlier = current.earlier.iter();
            if let Some(entry) = earlier.find(|entry| entry.key == *key) {
                return Ok(Some(entry.until));
            }
            // A newer version, or one whose age is not known, may have signed until now: it was rolled back from.
            if current.made_at > old.made_at {
                return Ok(None);
            }
        }
        let kept = old.times.kept().max(current.times.kept());
        let switched_at = switched_at.max(current.made_at);
        Ok(switched_at.map(|at| at.saturating_add(kept)))
    }

    async fn seize(&self, revocation: Revocation<'_>) -> Result<Seized<J>, TargetError> {
        let old = SigningSecret::parse(revocation.old)?;
        let current = SigningSecret::parse(revocation.current)?;
        kinship(&old, &current)?;
        let check = |key_set: Option<&KeySet>| check_let_in(&[&current, &old], key_set);
        let turn = Turn::take(&self.jwks, &current, &self.config, check).await?;
        Ok(Seized(turn))
    }

    /// A key has no sessions: its tokens end with it.
    async fn sessions(
        &self,
        _seized: &mut Seized<J>,
        _revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        Ok(0)
    }

    async fn revoke(
        &self,
        Seized(turn): &mut Seized<J>,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let old = SigningSecret::parse(revocation.old)?;
        let current = SigningSecret::parse(revocation.current)?;
        if kinship(&old, &current)? != Kinship::Separate {
            return Err(invalid(
                "AWSCURRENT signs with the old key, or will after the next rotation; it is not taken out of the key set",
            ));
        }
        check_in_use(&current, Some(&turn.key_set))?;
        let Some(lineage) = &old.lineage else {
            return Ok(0);
        };
        let mut key_set = turn.key_set.clone();
        for key in of_no_other(&old, &current) {
            key_set.remove(lineage, key);
        }
        // Also when it was not there: that the turn is still ours is seen by writing.
        kept(turn.publish(key_set).await?, &current)?;
        let published = self.published(&current).await?;
        if let Some(key_set) = published
            && of_no_other(&old, &current).any(|key| key_set.standing(key) != Standing::Absent)
        {
            return Err(TargetError::Unreachable(format!(
                "a key that was taken out of the key set {} is there again: somebody else writes it; this is repeated later",
                current.place
            )));
        }
        Ok(0)
    }

    async fn try_login(
        &self,
        value: &SecretValue,
        moment: Moment<'_>,
    ) -> Result<Login, TargetError> {
        let secret = SigningSecret::parse(value)?;
        let Some(key) = secret.current.as_ref().map(PrivateKey::public) else {
            return Ok(Login::Refused);
        };
        let current = SigningSecret::parse(moment.current)?;
        let key_set = self.published(&secret).await?;
        let Some(key_set) = key_set else {
            return Ok(Login::Refused);
        };
        if login(&secret, Some(&key_set))?.is_err() {
            check_gone(&secret, &current, &key_set)?;
            return Ok(Login::Refused);
        }
        match secret.unknown_until(key, &key_set, moment.now) {
            Some(until) if current.uses(key) => Err(TargetError::Busy(format!(
                "the signing key was published again less than `cache_seconds` ago, and verifiers may not know it yet; AWSCURRENT stays as it is until then: repeat this in {} s",
                until.saturating_sub(moment.now)
            ))),
            _ => Ok(Login::Accepted),
        }
    }

    async fn restore(
        &self,
        Seized(turn): &mut Seized<J>,
        revocation: Revocation<'_>,
    ) -> Result<(), TargetError> {
        let old = SigningSecret::parse(revocation.old)?;
        let current = SigningSecret::parse(revocation.current)?;
        let (lineage, needed) = of(&old)?;
        // Where nobody takes what AWSCURRENT signs, there is nothing to wait with.
        let waits = matches!(login(&current, Some(&turn.key_set)), Ok(Ok(())));
        let signs = old.current.as_ref().map(PrivateKey::public);
        let mut key_set = turn.key_set.clone();
        for key in needed {
            let back_at = (waits || Some(key) != signs).then_some(revocation.now);
            key_set.add(lineage, key, back_at, &old.place)?;
        }
        kept(turn.publish(key_set).await?, &old)
    }
}

fn kinship(old: &SigningSecret, other: &SigningSecret) -> Result<Kinship, TargetError> {
    if old.place != other.place {
        return Err(strangers("jwks"));
    }
    if let (Some(one), Some(another)) = (&old.lineage, &other.lineage)
        && one != another
    {
        return Err(strangers("lineage"));
    }
    let used = |key: &PrivateKey| other.uses(key.public());
    Ok(if old.current.as_ref().is_some_and(used) {
        Kinship::Same
    } else {
        Kinship::Separate
    })
}

/// The keys of the old value that go with it: those that the current one neither uses nor keeps for what they have
/// signed. Its own signing key is not kept any more.
fn of_no_other<'a>(
    old: &'a SigningSecret,
    current: &SigningSecret,
) -> impl Iterator<Item = &'a PublicKey> {
    let [signs, next] = [&old.current, &old.next].map(|key| key.as_ref().map(PrivateKey::public));
    let signs = signs.filter(|key| !current.uses(key));
    let next = next.filter(|key| !current.uses(key) && !current.keeps(key));
    signs.into_iter().chain(next)
}

/// A value whose signing key is gone is out of use only when its next one is too, unless that is not its own. One whose
/// next key is missing may be pending, and signs with what another one has published.
fn check_gone(
    value: &SigningSecret,
    current: &SigningSecret,
    key_set: &KeySet,
) -> Result<(), TargetError> {
    let there = |key: &PublicKey| key_set.standing(key) != Standing::Absent;
    let signs = value.current.as_ref().map(PrivateKey::public);
    if signs.is_none_or(there) || !of_no_other(value, current).any(there) {
        return Ok(());
    }
    Err(invalid(format!(
        "the signing key of this version is not in the key set {place}, which was changed by hand, and its next key is; take that one out too, or put an earlier version of the key set back",
        place = value.place
    )))
}

fn kept(change: Change, secret: &SigningSecret) -> Result<(), TargetError> {
    match change {
        Change::Published => Ok(()),
        Change::Lost => Err(TargetError::Unreachable(format!(
            "the turn at the key set {} was lost to another rotation or retirement, and nothing was changed; this is repeated later",
            secret.place
        ))),
    }
}

fn strangers(field: &str) -> TargetError {
    invalid(format!(
        "`{field}` differs between the two versions, so they are not versions of one signing key, and neither is taken out of use or brought back; take the old key out of its key set by hand"
    ))
}
