use crate::ErrorClass;

/// Why the state of a secret forbids what was asked after the switch. Nothing was changed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Objection {
    /// `OwningService` is set.
    #[error(
        "the secret is managed by {service}, which rotates it by itself; ask that service, and leave its credentials alone"
    )]
    Owned {
        /// The service.
        service: String,
    },
    /// `AWSPENDING` is on a version that is not current.
    #[error(
        "a rotation is open: AWSPENDING is on a version that is not AWSCURRENT, and its user may be the one that would be changed; it is tried again when the rotation is over"
    )]
    RotationOpen,
    /// No version is current.
    #[error("no version is AWSCURRENT; put a value with PutSecretValue")]
    NothingCurrent,
    /// `RotationEnabled` is false.
    #[error("rotation is turned off for this secret; turn it on with RotateSecret, and ask again")]
    RotationOff,
    /// `AWSCURRENT` is not on the version that is to be rehearsed.
    #[error(
        "AWSCURRENT is on another version by now: a rotation or a rollback went by; nothing was tried: ask again"
    )]
    Overtaken,
    /// The labels are not where they were when the values were read.
    #[error(
        "a label was moved while this waited for the target; nothing was changed: it is repeated from the new state"
    )]
    LabelsMoved,
    /// It is asked to roll back from a version to itself.
    #[error("the version to roll back from and the one to roll back to are one and the same")]
    SameVersion,
    /// `AWSCURRENT` is neither on the one version nor on the other.
    #[error(
        "AWSCURRENT is not on the version that is to be rolled back; look at the secret's versions, and ask again from the one that is current"
    )]
    NotCurrent,
    /// The version to roll back to has no value.
    #[error(
        "the version to roll back to has no value any more; versions without a label are pruned over 100 and after 24 hours: rotate instead"
    )]
    ValueGone,
    /// Both versions have the same credential.
    #[error(
        "both versions have the same user and password, so that a rollback would change nothing; rotate instead"
    )]
    SameCredential,
    /// With two users in turn, the version to roll back to has the user that is current.
    #[error(
        "the version to roll back to has the user that is current now, with another password: bringing it back would cut off whoever uses the current one; roll back to AWSPREVIOUS, or rotate"
    )]
    CurrentUser,
    /// With two users in turn, the version to roll back to has the user that is `AWSPREVIOUS` now.
    #[error(
        "the version to roll back to has the user of AWSPREVIOUS, with another password: bringing it back would cut off whoever still uses that one; roll back to AWSPREVIOUS, or wait until it is retired"
    )]
    PreviousUser,
    /// There is a version between the two, and the target has no room for three credentials.
    #[error(
        "AWSPREVIOUS is between the two versions and in its grace, and the target has no room for both it and the one to roll back to: roll back to AWSPREVIOUS, or wait until it is retired"
    )]
    BetweenInGrace,
}

impl Objection {
    /// The stable name of the reason.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Owned { .. } => ErrorClass::Forbidden,
            Self::RotationOpen | Self::LabelsMoved | Self::Overtaken => ErrorClass::RotationOpen,
            Self::PreviousUser | Self::BetweenInGrace => ErrorClass::StillInUse,
            Self::NothingCurrent
            | Self::RotationOff
            | Self::SameVersion
            | Self::NotCurrent
            | Self::ValueGone
            | Self::SameCredential
            | Self::CurrentUser => ErrorClass::InvalidRequest,
        }
    }
}
