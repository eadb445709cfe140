//! `Secret Label Updated`: Secrets Manager's own word that a staging label moved.

use serde::Serialize;
use serde_json::Value;

use crate::envelope::{Detail, Envelope};
use crate::error::PayloadError;
use crate::extra::Extra;
use crate::fields::{Field, Fields, payload};
use crate::text::{Arn, ClientRequestToken, StagingLabel, StoredName};
use crate::topic::DetailType;

/// A staging label was attached to a version (Secrets Manager User Guide, "Secret Label Updated event").
/// It is sent for every label but AWSPENDING and AWSPREVIOUS, and says nothing about who or why.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LabelUpdated {
    /// The friendly name of the secret.
    pub name: StoredName,
    /// The label that moved.
    pub label_updated: StagingLabel,
    /// The version it is on now.
    pub version_id: ClientRequestToken,
    /// Not in the documented shape, where the ARN stands among the envelope's resources. Secrets Manager
    /// spells the key `aRN` in some of its other events, so both are taken; this one wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arn>,
    /// The other spelling of `arn`.
    #[serde(default, rename = "aRN", skip_serializing_if = "Option::is_none")]
    pub arn_as_in_cloudtrail: Option<Arn>,
    /// What a newer Secrets Manager added.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Field for LabelUpdated {
    fn read(value: Value) -> Result<Self, PayloadError> {
        let mut fields = Fields::of(value)?;
        Ok(Self {
            name: fields.required("name")?,
            label_updated: fields.required("labelUpdated")?,
            version_id: fields.required("versionId")?,
            arn: fields.optional("arn")?,
            arn_as_in_cloudtrail: fields.optional("aRN")?,
            extra: fields.rest(),
        })
    }
}

impl Detail for LabelUpdated {
    const DETAIL_TYPE: DetailType = DetailType::SecretLabelUpdated;
}

payload!(LabelUpdated);

impl Envelope<LabelUpdated> {
    /// The ARN of the secret, wherever the event says it.
    #[must_use]
    pub fn secret_arn(&self) -> Option<&Arn> {
        let in_detail = self
            .detail
            .arn
            .as_ref()
            .or(self.detail.arn_as_in_cloudtrail.as_ref());
        in_detail.or_else(|| self.resources.first())
    }
}
