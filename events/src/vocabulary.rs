//! The closed and the open lists of words in our payloads.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::error::{LimitError, PayloadError};
use crate::fields::Field;
use crate::open_words::open_words;
use crate::text::Word;

/// One of the four steps of a rotation, spelled as Secrets Manager documents them. There are four and
/// will be four, so this list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Makes the new value and stores it under AWSPENDING.
    CreateSecret,
    /// Makes the target accept it.
    SetSecret,
    /// Proves that it works.
    TestSecret,
    /// Moves AWSCURRENT to it.
    FinishSecret,
}

impl Step {
    /// The spelling on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateSecret => "createSecret",
            Self::SetSecret => "setSecret",
            Self::TestSecret => "testSecret",
            Self::FinishSecret => "finishSecret",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Field for Step {
    fn read(value: Value) -> Result<Self, PayloadError> {
        match String::read(value)?.as_str() {
            "createSecret" => Ok(Self::CreateSecret),
            "setSecret" => Ok(Self::SetSecret),
            "testSecret" => Ok(Self::TestSecret),
            "finishSecret" => Ok(Self::FinishSecret),
            _ => Err(LimitError {
                limit: "one of `createSecret`, `setSecret`, `testSecret`, `finishSecret`",
            }
            .into()),
        }
    }
}

open_words! {
    /// What kind of actor did something.
    ActorType {
        /// A person, or somebody whom an administrator wrote down by name.
        User = "user",
        /// A role, an AWS service, a schedule or one of our own functions.
        System = "system",
        /// An API key.
        ApiKey = "api_key",
    }
}

open_words! {
    /// What kind of failure it was. The list is the same in logs, metrics and events.
    ErrorClass {
        /// The request or the secret's content cannot be understood.
        InvalidRequest = "invalid_request",
        /// The secret is not in the registry.
        NotRegistered = "not_registered",
        /// The requester may not do this.
        Forbidden = "forbidden",
        /// Outside the maintenance window.
        WindowClosed = "window_closed",
        /// The old credential's grace has not ended.
        GraceRunning = "grace_running",
        /// Another rotation of the secret is not finished.
        RotationOpen = "rotation_open",
        /// The credential to be revoked is still in use.
        StillInUse = "still_in_use",
        /// The target does not answer.
        TargetUnreachable = "target_unreachable",
        /// No TLS that can be trusted.
        TlsRefused = "tls_refused",
        /// The target refused the credential.
        WrongPassword = "wrong_password",
        /// Logged in, but not allowed to do it.
        Permission = "permission",
        /// The role does not exist at the target.
        RoleMissing = "role_missing",
        /// A limit of calls was reached.
        Throttled = "throttled",
        /// The secret store does not answer or refuses.
        StoreUnavailable = "store_unavailable",
        /// The trace that must come before a change could not be left.
        AuditUnavailable = "audit_unavailable",
        /// A fault of ours.
        Internal = "internal",
    }
}

open_words! {
    /// How a piece of work ended.
    Outcome {
        /// As it should.
        Success = "success",
        /// What was before is back.
        RolledBack = "rolled_back",
        /// Not, and nothing more is tried.
        Failed = "failed",
        /// Somebody put another version in its place before it was done.
        Abandoned = "abandoned",
        /// The secret was looked for and is not there.
        Missing = "missing",
    }
}

open_words! {
    /// How it was shown what a credential can do at the target.
    ProofMethod {
        /// A login with it was refused: it is dead.
        LoginRefused = "login_refused",
        /// A login with it was accepted: it works.
        LoginAccepted = "login_accepted",
    }
}

open_words! {
    /// Why an old credential is not revoked yet. Any class of failure may stand here too, by the same word.
    HoldCause {
        /// A health check that depends on the secret fails.
        HealthCheckFailing = "health_check_failing",
        /// A service has not read the secret since it changed.
        ConsumerNotMoved = "consumer_not_moved",
        /// Sessions of the old credential are open at the target.
        SessionsOpen = "sessions_open",
        /// What the old credential has made, such as tokens that it signed, is valid for some time yet.
        KeptUntil = "kept_until",
        /// A rotation of the secret is not finished.
        RotationOpen = "rotation_open",
        /// The old credential is also the current or the pending one.
        StillInUse = "still_in_use",
        /// The target does not answer.
        TargetUnreachable = "target_unreachable",
    }
}

impl From<&ErrorClass> for HoldCause {
    fn from(class: &ErrorClass) -> Self {
        Self::from(Word::of_ours(class.as_str()))
    }
}

open_words! {
    /// What the retire function can do.
    RetireOperation {
        /// Take an old credential out of use.
        Retire = "retire",
        /// Make an earlier version the current one again.
        RollBack = "roll_back",
        /// Take the label of a rotation that is stuck away, if nothing is lost by it.
        Clear = "clear",
        /// Try a whole change at the target and take it back: what a dry run asks for.
        Rehearse = "rehearse",
    }
}

open_words! {
    /// How long a retirement waits for others.
    OrderPatience {
        /// For what speaks against it, up to the bound of the stack.
        Wait = "wait",
        /// For nothing.
        Forced = "forced",
    }
}

open_words! {
    /// How an order ended.
    OrderOutcome {
        /// The target refuses the old credential, which was seen.
        Retired = "retired",
        /// It waits; nothing was changed.
        Held = "held",
        /// There was nothing to retire.
        Void = "void",
        /// The earlier version is current, and was seen to log in.
        RolledBack = "rolled_back",
        /// It was so already.
        AlreadyDone = "already_done",
        /// The label of the stuck rotation is gone.
        Cleared = "cleared",
        /// The label of the stuck rotation stays, because something may hang on it.
        Kept = "kept",
        /// The change was tried at the target and taken back; nothing was changed.
        Rehearsed = "rehearsed",
        /// It is not allowed now; nothing was changed.
        Refused = "refused",
        /// It failed halfway or before; a repetition goes on.
        Failed = "failed",
    }
}

open_words! {
    /// What a secret is late for.
    Lateness {
        /// A rotation by its schedule.
        Rotation = "rotation",
        /// The end of the age that its policy allows.
        MaxAge = "max_age",
    }
}

open_words! {
    /// What became of a rotation request.
    RequestAnswer {
        /// Every check was passed; Secrets Manager is asked to rotate.
        Accepted = "accepted",
        /// Somebody else has to say yes first.
        AwaitingApproval = "awaiting_approval",
        /// Secrets Manager went on with an older version instead of making a new one.
        Superseded = "superseded",
        /// A dry run: it would be accepted, and this is what would be done.
        Planned = "planned",
    }
}

open_words! {
    /// How one check of a rehearsal ended.
    CheckResult {
        /// As a rotation needs it.
        Passed = "passed",
        /// Not so; a rotation would fail here.
        Failed = "failed",
        /// Not looked at, because an earlier one failed or the target cannot be asked.
        NotTried = "not_tried",
    }
}
