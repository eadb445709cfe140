//! What ties an event to the work around it.

use serde::Serialize;

use crate::error::PayloadError;
use crate::extra::Extra;
use crate::fields::{Fields, Flattened};
use crate::object::object;
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

impl Flattened for Correlation {
    fn take(fields: &mut Fields) -> Result<Self, PayloadError> {
        Ok(Self {
            correlation_id: fields.optional("correlation_id")?,
            flow_id: fields.optional("flow_id")?,
            pack_id: fields.optional("pack_id")?,
            session_id: fields.optional("session_id")?,
            tenant_ctx: fields.optional("tenant_ctx")?,
        })
    }
}

object! {
    /// A tenant in its environment.
    #[derive(Default)]
    pub struct TenantContext {
        required {}
        optional {
            /// The environment, as the producer calls it.
            environment: Identifier,
            /// The tenant's slug.
            tenant: Identifier,
        }
        flattened {
            extra: Extra,
        }
    }
}
