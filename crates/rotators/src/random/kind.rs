use rand_core::TryCryptoRng;
use rekey_rotation::{SecretValue, TargetError};
use zeroize::Zeroizing;

use super::held::{Fields, Held};
use super::policy;
use super::signing::{self, Signing};
use crate::PasswordPolicy;
use crate::object::{NoObject, Object, invalid};

/// Which of the two a value is of.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Hmac,
    /// With the policy of the deployment.
    Generic(PasswordPolicy),
}

/// The shortest value that is taken as a new one, in characters: the floor of every policy.
const SHORTEST: usize = 16;

impl Kind {
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Hmac => "hmac",
            Self::Generic(_) => "generic",
        }
    }

    pub(super) fn parse(&self, value: &SecretValue) -> Result<Held, TargetError> {
        let object = Object::parse(value).map_err(|no| self.no_object(&no))?;
        match self {
            Self::Hmac => {
                let held = Held::new(object, Fields::of_a_key())?;
                Signing::of(&held)?;
                Ok(held)
            }
            Self::Generic(deployments) => {
                policy::policy(&object, deployments)?;
                let fields = Fields::named(&policy::key(&object)?);
                Held::new(object, fields)
            }
        }
    }

    /// A new value for this secret.
    pub(super) fn make<R: TryCryptoRng>(
        &self,
        held: &Held,
        randomness: &mut R,
    ) -> Result<Zeroizing<String>, TargetError> {
        let failed = || {
            TargetError::Internal(
                "the randomness to make a value from failed, or satisfied the policy too rarely"
                    .to_owned(),
            )
        };
        match self {
            Self::Hmac => {
                let signing = Signing::of(held)?;
                let mut bytes = Zeroizing::new(vec![0; signing.length()]);
                let drawn = randomness.try_fill_bytes(&mut bytes);
                drawn.map_err(|_| failed())?;
                Ok(signing.write(&bytes))
            }
            Self::Generic(deployments) => {
                let policy = policy::policy(&held.object, deployments)?;
                policy.password(randomness).ok_or_else(failed)
            }
        }
    }

    /// What is as long as a new value, and is none.
    pub(super) fn sample(&self, held: &Held) -> Result<Zeroizing<String>, TargetError> {
        Ok(match self {
            Self::Hmac => {
                let signing = Signing::of(held)?;
                signing.write(&vec![0; signing.length()])
            }
            Self::Generic(deployments) => {
                let policy = policy::policy(&held.object, deployments)?;
                Zeroizing::new("x".repeat(policy.length()))
            }
        })
    }

    /// Checks that the value in use may have been made here.
    pub(super) fn check_strength(&self, held: &Held) -> Result<(), TargetError> {
        match self {
            Self::Hmac => Signing::of(held)?.check_length(),
            Self::Generic(_) if held.current().chars().count() >= SHORTEST => Ok(()),
            Self::Generic(_) => Err(invalid(
                "the new value of AWSPENDING has under 16 characters: it was not made here; take AWSPENDING from its version (update-secret-version-stage) and rotate again",
            )),
        }
    }

    /// Whether whoever reads `held` accepts a value at a time.
    pub(super) fn accepts(&self, held: &Held, value: &str, now: i64) -> Result<bool, TargetError> {
        Ok(match self {
            Self::Hmac => Signing::of(held)?.accepts(value, now),
            Self::Generic(_) => signing::accepts(held, value, now),
        })
    }

    /// Whether whoever reads `held` accepts what is no value of it.
    pub(super) fn accepts_a_wrong_one(&self, held: &Held, now: i64) -> Result<bool, TargetError> {
        Ok(match self {
            Self::Hmac => Signing::of(held)?.accepts_a_wrong_one(now),
            Self::Generic(_) => {
                let wrong = Zeroizing::new([held.current(), "x"].concat());
                signing::accepts(held, &wrong, now)
            }
        })
    }

    fn no_object(&self, no: &NoObject) -> TargetError {
        match (self, no) {
            (Self::Hmac, _) => invalid(
                "the secret must be a JSON object with the key as a text under `current`; put it there, as {\"current\": \"...\"}, and rotate again",
            ),
            // A text alone has no room for the value before, and who reads AWSCURRENT only would be cut off.
            (Self::Generic(_), NoObject::NoJson | NoObject::Another) => invalid(
                "the secret is a plain text, and has no room for the value before; make it a JSON object, as {\"password\": \"...\"}, let its readers take the field, and rotate again",
            ),
        }
    }
}
