use crate::version::VersionId;

/// Something that an event says of a secret. Times are seconds since 1970, of the clock of who says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The ARN, where the event has it. What is said of an earlier secret of the same name is not counted.
    pub arn: Option<String>,
    /// What.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// `Secret Label Updated`: a staging label came to a version.
    LabelMoved {
        /// The label.
        label: String,
        /// The version that it came to.
        version: VersionId,
        /// When.
        at: i64,
    },
    /// Somebody called RotateSecret, and it was accepted.
    RotateRequested {
        /// The version that it makes: the token of the call.
        version: Option<VersionId>,
        /// When.
        at: i64,
        /// Who.
        actor: Option<String>,
    },
    /// `RotationStarted`. Whether Secrets Manager says of which version is not documented.
    RotationStarted {
        /// The version, if it was said.
        version: Option<VersionId>,
        /// When.
        at: i64,
    },
    /// `RotationSucceeded`. That AWSCURRENT moved says the same, and of which version.
    RotationSucceeded {
        /// The version, if it was said.
        version: Option<VersionId>,
        /// When.
        at: i64,
    },
    /// `RotationFailed`. It may be tried again.
    RotationFailed {
        /// The version, if it was said.
        version: Option<VersionId>,
        /// When.
        at: i64,
    },
    /// `RotationAbandoned`: a value was put by hand while a rotation was open.
    RotationAbandoned {
        /// The version, if it was said.
        version: Option<VersionId>,
        /// When.
        at: i64,
    },
    /// CreateSecret, PutSecretValue or UpdateSecret made a version.
    Put {
        /// The version.
        version: VersionId,
        /// When.
        at: i64,
        /// Who.
        actor: Option<String>,
        /// Whether it was put under AWSPENDING, as a rotation function does.
        pending: bool,
    },
    /// DeleteSecret.
    Deleted {
        /// When.
        at: i64,
        /// Who.
        actor: Option<String>,
        /// When the secret is gone for good.
        until: Option<i64>,
    },
    /// RestoreSecret.
    Restored {
        /// When.
        at: i64,
    },
    /// Our rotation function was about to change the target.
    Intended {
        /// The version whose value it was about to set.
        version: VersionId,
        /// When.
        at: i64,
        /// How old and new share the time.
        strategy: Option<String>,
    },
    /// A step of our rotation function failed.
    StepFailed {
        /// The version.
        version: VersionId,
        /// The id of the event.
        id: String,
        /// The step, if the failure came that far.
        step: Option<String>,
        /// The error class.
        class: String,
        /// What happened and what to do.
        message: String,
        /// When.
        at: i64,
    },
    /// Something else that makes a look worth while: a tag, a schedule, a label taken away.
    Touched,
}
