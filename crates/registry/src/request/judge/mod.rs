//! What speaks against a rotation that somebody asks for. Pure: one question after the other, and the first
//! that is answered with no decides.

mod when;
mod whether;
mod who;

use rekey_events::ErrorClass;

use crate::request::record::Refusal;
use crate::version::VersionId;

pub use when::outlook;
pub(crate) use when::{Case, by_record, verdict};
pub(crate) use whether::{not_registered, registered};
pub use who::not_allowed;
pub(crate) use who::{approval, authority, name};

/// What a request comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Nothing speaks against it.
    Accept,
    /// Nothing but that another actor must approve it.
    Await,
    /// Nothing but the old credential, which is retired first because the force counts.
    RetireFirst(VersionId),
    /// It is not done.
    Refuse(Box<Refusal>),
}

pub(crate) fn no(
    class: ErrorClass,
    message: impl Into<String>,
    advice: impl Into<String>,
    now: i64,
) -> Box<Refusal> {
    Box::new(Refusal {
        class: class.as_str().to_owned(),
        message: message.into(),
        advice: advice.into(),
        retry_at: None,
        version: None,
        checks: Vec::new(),
        at: now,
    })
}

/// Whether a refusal may not be one later, with nobody doing anything.
pub(crate) fn passes(class: &str) -> bool {
    [
        ErrorClass::WindowClosed,
        ErrorClass::GraceRunning,
        ErrorClass::RotationOpen,
        ErrorClass::StillInUse,
        ErrorClass::Throttled,
    ]
    .iter()
    .any(|one| one.as_str() == class)
}
