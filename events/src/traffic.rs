//! Which event goes which way: who sends it, on which bus, and which of our functions take it. Said once,
//! for the page, the AsyncAPI document and the schema registry.

use crate::topic::{DetailType, Source};

/// A bus of EventBridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bus {
    /// `rekey-<stage>-requests`: where anybody who is allowed to asks for a rotation.
    Requests,
    /// `rekey-<stage>`: where our functions say what happened, and nobody else speaks.
    Inner,
    /// `default`: where AWS says what happens in the account.
    Default,
}

impl Bus {
    /// Every one of them.
    pub const ALL: &'static [Self] = &[Self::Requests, Self::Inner, Self::Default];

    /// Its name, with `{stage}` where the stage of the deployment stands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "rekey-{stage}-requests",
            Self::Inner => "rekey-{stage}",
            Self::Default => "default",
        }
    }
}

/// Who sends an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sender {
    /// One of our functions, or AWS, under a source of its own.
    Of(Source),
    /// Whoever may ask for rotations, under `rekey.requester.<name>`.
    Requester,
}

/// One way that an event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The bus.
    pub bus: Bus,
    /// Who sends it there.
    pub sent_by: &'static [Sender],
    /// Which of our functions have a rule for it there. On the inner bus anybody may have one too.
    pub taken_by: &'static [Source],
}

const ROTATE: Sender = Sender::Of(Source::Rotate);
const REQUEST: Sender = Sender::Of(Source::Request);
const OBSERVE: Sender = Sender::Of(Source::Observe);
const SWEEP: Sender = Sender::Of(Source::Sweep);
const RETIRE: Sender = Sender::Of(Source::Retire);
const STORE: Sender = Sender::Of(Source::SecretsManager);

const fn on_inner(sent_by: &'static [Sender], taken_by: &'static [Source]) -> Way {
    Way {
        bus: Bus::Inner,
        sent_by,
        taken_by,
    }
}

/// A rotation that somebody asked Secrets Manager itself for is told on the inner bus, as a request too.
const ASKED: &[Way] = &[
    Way {
        bus: Bus::Requests,
        sent_by: &[Sender::Requester],
        taken_by: &[Source::Request],
    },
    on_inner(&[OBSERVE, SWEEP], &[]),
];
const FROM_AWS: &[Way] = &[Way {
    bus: Bus::Default,
    sent_by: &[STORE],
    taken_by: &[Source::Observe],
}];
const STEPS: &[Way] = &[on_inner(&[ROTATE], &[Source::Observe])];
const ANSWERS: &[Way] = &[on_inner(&[REQUEST, RETIRE], &[])];
const SEEN: &[Way] = &[on_inner(&[OBSERVE, SWEEP], &[])];
const READ: &[Way] = &[on_inner(&[OBSERVE], &[])];
const DUE: &[Way] = &[on_inner(&[SWEEP], &[])];
const RETIRED: &[Way] = &[on_inner(&[RETIRE], &[])];
const ROLLED_BACK: &[Way] = &[on_inner(&[RETIRE], &[Source::Observe])];

impl DetailType {
    /// The ways that it goes. The sender who says it most often stands first.
    #[must_use]
    pub const fn ways(self) -> &'static [Way] {
        match self {
            Self::RotateRequested => ASKED,
            Self::SecretPut
            | Self::SecretDelete
            | Self::RotateCompleted
            | Self::SecretQuarantined => SEEN,
            Self::SecretAccessed => READ,
            Self::MissingDetected
            | Self::SecretNearExpiry
            | Self::SecretOverdue
            | Self::GraceEnding => DUE,
            Self::RotationIntended | Self::StepFailed => STEPS,
            Self::RequestRefused | Self::RequestAnswered => ANSWERS,
            Self::RetireIntended
            | Self::RollbackIntended
            | Self::SecretRetired
            | Self::SecretRetireHeld => RETIRED,
            Self::SecretRolledBack => ROLLED_BACK,
            Self::SecretLabelUpdated | Self::ApiCall | Self::ServiceEvent => FROM_AWS,
        }
    }
}
