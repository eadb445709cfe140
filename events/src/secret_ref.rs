//! Which secret an event is about.

use serde::Serialize;
use serde_json::Value;

use crate::error::PayloadError;
use crate::extra::Extra;
use crate::fields::{Field, Fields, payload};
use crate::text::{Arn, SecretId, StoredName};

/// A secret in the store: its ARN and its name there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SecretRef {
    /// Absent only when the step failed before the store was asked, and the event named the secret
    /// instead of giving its ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arn>,
    /// The friendly name (`prod/db/app-primary`).
    pub name: StoredName,
    /// What a newer producer added.
    #[serde(flatten)]
    pub extra: Extra,
}

impl SecretRef {
    /// What a `SecretId` says by itself, for a report that has nothing better. The name in an ARN is
    /// followed by a hyphen and six characters that Secrets Manager chose; without them (a partial ARN)
    /// the text is taken as it is.
    #[must_use]
    pub fn of_secret_id(id: &SecretId) -> Self {
        let (arn, name) = match resource_of_arn(id.as_str()) {
            Some(resource) => (Some(Arn::of_secret_id(id)), without_suffix(resource)),
            None => (None, id.as_str()),
        };
        Self {
            arn,
            name: StoredName::of_part(name),
            extra: Extra::default(),
        }
    }
}

/// `arn:<partition>:secretsmanager:<region>:<account>:secret:<resource>`
fn resource_of_arn(id: &str) -> Option<&str> {
    let parts: Vec<&str> = id.splitn(7, ':').collect();
    match parts.as_slice() {
        ["arn", _, "secretsmanager", _, _, "secret", resource] if !resource.is_empty() => {
            Some(resource)
        }
        _ => None,
    }
}

fn without_suffix(resource: &str) -> &str {
    match resource.rsplit_once('-') {
        Some((name, suffix))
            if suffix.len() == 6
                && suffix.chars().all(|c| c.is_ascii_alphanumeric())
                && !name.is_empty() =>
        {
            name
        }
        _ => resource,
    }
}

impl Field for SecretRef {
    fn read(value: Value) -> Result<Self, PayloadError> {
        let mut fields = Fields::of(value)?;
        Ok(Self {
            arn: fields.optional("arn")?,
            name: fields.required("name")?,
            extra: fields.rest(),
        })
    }
}

payload!(SecretRef);
