//! What ties an event to the work around it.

use serde::Serialize;
use serde_json::Value;

use crate::error::PayloadError;
use crate::extra::Extra;
use crate::fields::{Field, Fields};
use crate::text::Identifier;

/// Identity that a producer already has and passes on. All optional; none of it is authority.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Correlation {
    /// Joins events of one piece of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<Identifier>,
    /// The flow that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<Identifier>,
    /// The pack that asked, with its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack_id: Option<Identifier>,
    /// The session in which it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Identifier>,
    /// The tenant for whom it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_ctx: Option<TenantContext>,
}

impl Correlation {
    pub(crate) fn take(fields: &mut Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            correlation_id: fields.optional("correlation_id")?,
            flow_id: fields.optional("flow_id")?,
            pack_id: fields.optional("pack_id")?,
            session_id: fields.optional("session_id")?,
            tenant_ctx: fields.optional("tenant_ctx")?,
        })
    }
}

/// A tenant in its environment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TenantContext {
    /// The environment, as the producer calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Identifier>,
    /// The tenant's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Identifier>,
    /// What a newer producer added.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Field for TenantContext {
    fn read(value: Value) -> Result<Self, PayloadError> {
        let mut fields = Fields::of(value)?;
        Ok(Self {
            environment: fields.optional("environment")?,
            tenant: fields.optional("tenant")?,
            extra: fields.rest(),
        })
    }
}
