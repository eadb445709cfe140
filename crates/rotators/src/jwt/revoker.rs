use rekey_rotation::{Kinship, Login, Moment, Revocation, Revoker, SecretValue, TargetError};

use super::jwks::Jwks;
use super::key_set::KeySet;
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
    /// its lifetime, by clocks that differ.
    fn kept_until(
        &self,
        old: &SecretValue,
        current: &SecretValue,
        switched_at: Option<i64>,
    ) -> Result<Option<i64>, TargetError> {
        let (old, current) = (SigningSecret::parse(old)?, SigningSecret::parse(current)?);
        if old.current.is_none() {
            return Ok(None);
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
        let (Some(key), Some(lineage)) = (&old.current, &old.lineage) else {
            return Ok(0);
        };
        let mut key_set = turn.key_set.clone();
        key_set.remove(lineage, key.public());
        // Also when it was not there: that the turn is still ours is seen by writing.
        kept(turn.publish(key_set).await?, &current)?;
        Ok(0)
    }

    async fn try_login(
        &self,
        value: &SecretValue,
        _moment: Moment<'_>,
    ) -> Result<Login, TargetError> {
        let secret = SigningSecret::parse(value)?;
        if secret.current.is_none() {
            return Ok(Login::Refused);
        }
        let key_set = self.published(&secret).await?;
        Ok(match login(&secret, key_set.as_ref())? {
            Ok(()) => Login::Accepted,
            Err(_missing) => Login::Refused,
        })
    }

    async fn restore(
        &self,
        Seized(turn): &mut Seized<J>,
        revocation: Revocation<'_>,
    ) -> Result<(), TargetError> {
        let old = SigningSecret::parse(revocation.old)?;
        let (lineage, needed) = of(&old)?;
        let mut key_set = turn.key_set.clone();
        for key in needed {
            key_set.add(lineage, key, &old.place)?;
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
    let used = |key: &super::private_key::PrivateKey| other.uses(key.public());
    Ok(if old.current.as_ref().is_some_and(used) {
        Kinship::Same
    } else {
        Kinship::Separate
    })
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
