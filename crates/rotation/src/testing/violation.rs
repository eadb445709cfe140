use std::fmt;

/// A promise that was broken, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{world}: {scenario}: {promise}: {detail}")]
pub struct Violation {
    /// The set-up.
    pub world: String,
    /// What was done.
    pub scenario: String,
    /// What was promised.
    pub promise: Promise,
    /// What was found. Never a value.
    pub detail: String,
}

/// What holds at every moment, or at the end, of every scenario.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Promise {
    /// With overlap, `AWSCURRENT` always logs in; with a single user, it or `AWSPENDING` does.
    SomeoneLogsIn,
    /// With overlap, the credential before the last rotation still logs in.
    OldStillWorks,
    /// With a single user the old password is dead: the test can tell a login that fails.
    OldIsDead,
    /// The retries of Secrets Manager bring the rotation to its end.
    Converges,
    /// One rotation makes one version with a value, and no user but the alternate.
    OneNewCredential,
    /// A value is promoted only after a login with it.
    TestedBeforePromoted,
    /// The target is changed only after the bus has taken the intent.
    IntentBeforeChange,
    /// The user of a credential never changes but to its alternate.
    UserStays,
    /// A read that fails, but for an absent value, fails the step with its own class.
    ReadErrorsFail,
    /// A repeated step is a success, and one out of place is refused with a reason.
    StepsMayRepeat,
    /// A second rotation does not begin while one is open.
    OneRotationAtATime,
    /// What is labelled and should work is not revoked: `AWSCURRENT`, and with overlap `AWSPREVIOUS` in its
    /// grace.
    NothingLiveIsRevoked,
    /// A label goes, and a credential is said to be dead, only after a login with it was refused.
    ProofBeforeLabel,
    /// What works at the target is labelled, but while it is retired or brought back.
    NoOrphans,
    /// The sessions of the retired credential are ended, and no others.
    SessionsEnd,
    /// The deadline of a version is closed, once, when its credential is dead.
    DeadlineIsClosed,
    /// The deadline of a version that is current again is closed.
    DeadlineIsDisarmed,
    /// A rollback ends with `AWSCURRENT` on the earlier version.
    OldIsCurrent,
    /// Nothing is left that keeps the next rotation from beginning.
    RotationsGoOn,
    /// What is somebody else's, or must be left alone, stays as it was.
    OthersStay,
    /// What somebody else has put into the secret's JSON stays in it.
    FieldsAreKept,
    /// The current credential is valid and both values are of one target before anything is changed.
    ConfirmedFirst,
    /// What goes wrong has its class, changes nothing and is told without a value.
    FailuresAreClassified,
    /// A dry run changes nothing, and tells what would happen.
    DryRunIsDry,
    /// No value is where it does not belong.
    NothingLeaks,
    /// The suite cuts where it says it does.
    CutsAreReal,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SomeoneLogsIn => "a valid credential is always labelled",
            Self::OldStillWorks => "the old credential still works",
            Self::OldIsDead => "the old password is dead",
            Self::Converges => "retries converge",
            Self::OneNewCredential => "exactly one new credential",
            Self::TestedBeforePromoted => "tested before promoted",
            Self::IntentBeforeChange => "no mutation without an intent",
            Self::UserStays => "the user stays",
            Self::ReadErrorsFail => "a read error is not an absent value",
            Self::StepsMayRepeat => "steps may repeat",
            Self::OneRotationAtATime => "one rotation at a time",
            Self::NothingLiveIsRevoked => "nothing live is revoked",
            Self::ProofBeforeLabel => "proof before the label",
            Self::NoOrphans => "no live credential is without a label",
            Self::SessionsEnd => "the sessions of the old credential end",
            Self::DeadlineIsClosed => "a deadline is closed once",
            Self::DeadlineIsDisarmed => "a deadline is disarmed by a rollback",
            Self::OldIsCurrent => "the earlier version is current",
            Self::RotationsGoOn => "rotations go on",
            Self::OthersStay => "others stay as they were",
            Self::FieldsAreKept => "unknown fields are kept",
            Self::ConfirmedFirst => "confirmed before anything is changed",
            Self::FailuresAreClassified => "failures are classified",
            Self::DryRunIsDry => "a dry run changes nothing",
            Self::NothingLeaks => "no value leaks",
            Self::CutsAreReal => "cuts are real",
        })
    }
}
