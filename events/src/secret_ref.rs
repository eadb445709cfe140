//! Which secret an event is about.

use crate::extra::Extra;
use crate::object::object;
use crate::text::{Arn, SecretId, StoredName};

object! {
    /// A secret in the store: its ARN and its name there.
    pub struct SecretRef {
        required {
            /// The friendly name (`prod/db/app-primary`).
            name: StoredName,
        }
        optional {
            /// Absent only when the step failed before the store was asked, and the event named the secret
            /// instead of giving its ARN.
            arn: Arn,
        }
        flattened {
            extra: Extra,
        }
    }
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
            ..Self::new(StoredName::of_part(name))
        }
    }

    /// What tells this secret from all others: its ARN, or its name where the ARN is not known. Ids of
    /// versions are unique within their secret only, so this stands in the id of every event of ours.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.arn
            .as_ref()
            .map_or(self.name.as_str(), |arn| arn.as_str())
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
