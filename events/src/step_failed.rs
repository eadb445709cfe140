//! `rekey.step.failed`: a step failed, and why.

use serde::Serialize;
use serde_json::Value;

use crate::correlation::Correlation;
use crate::envelope::Detail;
use crate::error::PayloadError;
use crate::event_id::EventId;
use crate::extra::Extra;
use crate::fields::{Field, Fields, payload};
use crate::schema_version::SchemaVersion;
use crate::secret_ref::SecretRef;
use crate::text::{ClientRequestToken, Fingerprint, Identifier, Message};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::vocabulary::{ErrorClass, Kind, Step, Strategy};

/// A step of a rotation failed. Fields that the hook learns on the way are absent when it failed before.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepFailed {
    /// `v1`.
    #[serde(default)]
    pub schema_version: SchemaVersion,
    /// A UUID version 5 of the invocation: the same when it is told twice.
    pub event_id: EventId,
    /// When it failed.
    pub occurred_at: Timestamp,
    /// The secret.
    pub secret: SecretRef,
    /// The version that was being made.
    pub version_id: ClientRequestToken,
    /// The step; absent when the event named none of the four.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// The kind of target, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// How old and new share the time, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Of the pending value, once read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What kind of failure it was.
    pub class: ErrorClass,
    /// What happened and what to do, for people.
    pub message: Message,
    /// Whether the same step may succeed when it is tried again without anybody doing anything.
    pub retryable: bool,
    /// The invocation of the function, to be found in its log.
    pub request_id: Identifier,
    /// What ties it to the work around it.
    #[serde(flatten)]
    pub correlation: Correlation,
    /// What a newer producer added.
    #[serde(flatten)]
    pub extra: Extra,
}

impl StepFailed {
    /// The id of this event for one invocation: each attempt that fails is a failure of its own.
    #[must_use]
    pub fn id(request_id: &Identifier) -> EventId {
        EventId::derive(request_id.as_str(), DetailType::StepFailed.as_str())
    }
}

impl Field for StepFailed {
    fn read(value: Value) -> Result<Self, PayloadError> {
        let mut fields = Fields::of(value)?;
        Ok(Self {
            schema_version: fields.optional("schema_version")?.unwrap_or_default(),
            event_id: fields.required("event_id")?,
            occurred_at: fields.required("occurred_at")?,
            secret: fields.required("secret")?,
            version_id: fields.required("version_id")?,
            step: fields.optional("step")?,
            kind: fields.optional("kind")?,
            strategy: fields.optional("strategy")?,
            fingerprint: fields.optional("fingerprint")?,
            class: fields.required("class")?,
            message: fields.required("message")?,
            retryable: fields.required("retryable")?,
            request_id: fields.required("request_id")?,
            correlation: Correlation::take(&mut fields)?,
            extra: fields.rest(),
        })
    }
}

impl Detail for StepFailed {
    const DETAIL_TYPE: DetailType = DetailType::StepFailed;
}

payload!(StepFailed);
