//! What Secrets Manager sends to a rotation function.

use serde_json::Value;

use crate::error::PayloadError;
use crate::extra::Extra;
use crate::fields::{Field, Fields, payload};
use crate::text::{ClientRequestToken, RotationToken, SecretId, StepName};

// It is read, never written: there is no Serialize, so no log or event can hold the token by accident,
// and Debug shows neither the token nor any field this version does not know.
/// The event of one rotation step, as on the wire (Secrets Manager User Guide, "Lambda rotation
/// functions").
#[derive(Debug, Clone)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename_all = "PascalCase"))]
pub struct RotationStep {
    /// `createSecret`, `setSecret`, `testSecret` or `finishSecret`; the spelling `create_secret` is seen
    /// as well. Not judged here.
    pub step: StepName,
    /// The secret, as a rule by its full ARN.
    pub secret_id: SecretId,
    /// The token of this rotation and the id of its version.
    pub client_request_token: ClientRequestToken,
    /// Present when Secrets Manager wants it handed back with the new value.
    pub rotation_token: Option<RotationToken>,
    /// What a newer Secrets Manager added.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub extra: Extra,
}

impl Field for RotationStep {
    fn read(value: Value) -> Result<Self, PayloadError> {
        let mut fields = Fields::of(value)?;
        Ok(Self {
            step: fields.required("Step")?,
            secret_id: fields.required("SecretId")?,
            client_request_token: fields.required("ClientRequestToken")?,
            rotation_token: fields.optional("RotationToken")?,
            extra: fields.rest(),
        })
    }
}

payload!(RotationStep);
