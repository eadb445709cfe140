//! What EventBridge puts around an event.

use serde_json::Value;

use crate::error::{LimitError, PayloadError};
use crate::extra::Extra;
use crate::fields::Fields;
use crate::text::{Arn, Identifier};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;

/// A payload that stands in the `detail` of an event.
pub trait Detail: TryFrom<Value, Error = PayloadError> {
    /// The `detail-type` that announces it.
    const DETAIL_TYPE: DetailType;

    /// Whether an event of that type holds this payload. Ours have one type each.
    #[must_use]
    fn is_in(detail_type: &str) -> bool {
        detail_type == Self::DETAIL_TYPE.as_str()
    }
}

/// An event as a rule delivers it (Amazon EventBridge Events Reference, "Event structure"). It is read,
/// never written: a producer hands `detail` to PutEvents and EventBridge makes the rest.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Envelope"))]
pub struct Envelope<D> {
    /// A new one for every entry, also for a repeat; tell repeats by the id in the payload.
    pub id: Identifier,
    /// Who published it; an IAM condition can pin it, nothing else in an event proves who spoke.
    pub source: Identifier,
    /// What `detail` is.
    #[cfg_attr(feature = "schema", schemars(rename = "detail-type"))]
    pub detail_type: Identifier,
    /// The account.
    pub account: Identifier,
    /// The Region.
    pub region: Identifier,
    /// When it was published.
    pub time: Timestamp,
    /// ARNs that the event is about.
    pub resources: Vec<Arn>,
    /// The payload.
    pub detail: D,
    /// `version` and what EventBridge may add.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub extra: Extra,
}

impl<D: Detail> TryFrom<Value> for Envelope<D> {
    type Error = PayloadError;

    fn try_from(value: Value) -> Result<Self, PayloadError> {
        let mut fields = Fields::of(value)?;
        let detail_type: Identifier = fields.required("detail-type")?;
        // Asked first: a rule that matches too much should be told so, not that a field is missing.
        if !D::is_in(detail_type.as_str()) {
            let limit = "the type of event that this reader is for";
            return Err(PayloadError::from(LimitError { limit }).within("detail-type"));
        }
        let detail: Value = fields.required("detail")?;
        Ok(Self {
            id: fields.required("id")?,
            source: fields.required("source")?,
            detail_type,
            account: fields.required("account")?,
            region: fields.required("region")?,
            time: fields.required("time")?,
            resources: fields.required("resources")?,
            detail: D::try_from(detail).map_err(|error| error.within("detail"))?,
            extra: fields.rest(),
        })
    }
}
