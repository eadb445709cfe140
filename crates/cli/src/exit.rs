use std::process::ExitCode;

/// How a run of `rekey` ended, for scripts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Done, or nothing to report.
    Ok,
    /// It could not be done: no connection, no permission, no answer, or a finding that waits for somebody.
    Failed,
    /// The command was not understood; nothing was asked of AWS.
    Usage,
    /// Rekey refused, or holds back for now. It was not done.
    Refused,
    /// The registry and Secrets Manager do not agree, or the audit trail was tampered with.
    Drift,
}

impl Exit {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::Refused,
        Self::Drift,
    ];

    /// The number that the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Drift => 4,
        }
    }

    /// What the number means, as `rekey --help` says it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done, or nothing to report",
            Self::Failed => {
                "failed: no connection, no permission, no answer; doctor: something waits for you"
            }
            Self::Usage => "the command was not understood",
            Self::Refused => "refused or held back; it was not done",
            Self::Drift => {
                "doctor: registry and Secrets Manager do not agree; audit verify: a finding"
            }
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
