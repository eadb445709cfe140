use crate::{Rotator, SecretValue, TargetError};

/// The kinds of target that one deployment rotates.
pub trait Kinds: Sync {
    /// The rotator of one kind.
    type One: Rotator;

    /// The rotator of a secret: the kind that its tag [`KIND_TAG`] names, or else the one that the field
    /// `engine` of its value names. `value` is any version's.
    ///
    /// # Errors
    /// [`TargetError::InvalidSecret`], with the list of kinds, when neither names one of them.
    fn of(&self, tag: Option<&str>, value: &SecretValue) -> Result<&Self::One, TargetError>;
}

/// The tag that says what kind of target a secret opens.
pub const KIND_TAG: &str = "rekey:kind";

/// One kind, whatever the secret says.
impl<R: Rotator> Kinds for R {
    type One = R;

    fn of(&self, _tag: Option<&str>, _value: &SecretValue) -> Result<&R, TargetError> {
        Ok(self)
    }
}
