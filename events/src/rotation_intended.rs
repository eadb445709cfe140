//! `rekey.rotation.intended`: the trace that comes before a change.

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
use crate::text::{ClientRequestToken, Fingerprint};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;
use crate::vocabulary::{Kind, Step, Strategy};

/// The hook is about to change something at the target. It is published, and known to be accepted,
/// before anything is changed; when it is not accepted, nothing changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RotationIntended {
    /// `v1`.
    #[serde(default)]
    pub schema_version: SchemaVersion,
    /// A UUID version 5 of the secret, the version and the step: the same for every attempt.
    pub event_id: EventId,
    /// When the hook was about to act.
    pub occurred_at: Timestamp,
    /// The secret.
    pub secret: SecretRef,
    /// The version whose value is about to be set.
    pub version_id: ClientRequestToken,
    /// The step that acts, as a rule `setSecret`.
    pub step: Step,
    /// The kind of target (`postgres`).
    pub kind: Kind,
    /// How old and new share the time.
    pub strategy: Strategy,
    /// Of the value about to be set.
    pub fingerprint: Fingerprint,
    /// What ties it to the work around it.
    #[serde(flatten)]
    pub correlation: Correlation,
    /// What a newer producer added.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RotationIntended {
    /// The id of this event for one step of one version: a retry of the step says the same thing again.
    #[must_use]
    pub fn id(secret: &SecretRef, version_id: &ClientRequestToken, step: Step) -> EventId {
        // A version id is unique within its secret only.
        let secret = secret
            .arn
            .as_ref()
            .map_or(secret.name.as_str(), |arn| arn.as_str());
        let what = format!("{}/{version_id}/{step}", DetailType::RotationIntended);
        EventId::derive(secret, &what)
    }
}

impl Field for RotationIntended {
    fn read(value: Value) -> Result<Self, PayloadError> {
        let mut fields = Fields::of(value)?;
        Ok(Self {
            schema_version: fields.optional("schema_version")?.unwrap_or_default(),
            event_id: fields.required("event_id")?,
            occurred_at: fields.required("occurred_at")?,
            secret: fields.required("secret")?,
            version_id: fields.required("version_id")?,
            step: fields.required("step")?,
            kind: fields.required("kind")?,
            strategy: fields.required("strategy")?,
            fingerprint: fields.required("fingerprint")?,
            correlation: Correlation::take(&mut fields)?,
            extra: fields.rest(),
        })
    }
}

impl Detail for RotationIntended {
    const DETAIL_TYPE: DetailType = DetailType::RotationIntended;
}

payload!(RotationIntended);
