use rekey_rotation::TargetError;

use crate::object::invalid;

/// Which of the two is rotated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    User,
    Auth,
}

impl Kind {
    /// The field of the secret that holds the password.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::User => "password",
            Self::Auth => "auth_token",
        }
    }
}

/// What AWS's API is told to change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Target {
    /// A user, by its id; the ARN says of which account and Region.
    User { id: String, arn: String },
    /// A replication group, by its id.
    Group(String),
}

impl Target {
    /// From the ARN of a user: `arn:aws:elasticache:REGION:ACCOUNT:user:ID`.
    pub(super) fn user(arn: &str) -> Result<Self, TargetError> {
        let parts: Vec<&str> = arn.split(':').collect();
        match parts.as_slice() {
            ["arn", _, "elasticache", _, _, "user", id] if !id.is_empty() => Ok(Self::User {
                id: (*id).to_owned(),
                arn: arn.to_owned(),
            }),
            _ => Err(invalid(
                "`user_arn` of the secret must be the ARN of an ElastiCache user",
            )),
        }
    }

    pub(super) fn group(id: String) -> Result<Self, TargetError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if id.chars().all(fits) && id.len() <= 40 {
            return Ok(Self::Group(id));
        }
        Err(invalid(
            "`replication_group_id` of the secret must be the id of a replication group: letters, digits and hyphens",
        ))
    }

    /// The field of the secret that names it.
    pub(super) const fn field(&self) -> &'static str {
        match self {
            Self::User { .. } => "user_arn",
            Self::Group(_) => "replication_group_id",
        }
    }

    /// For error texts.
    pub(super) fn name(&self) -> String {
        match self {
            Self::User { id, .. } => format!("the ElastiCache user `{id}`"),
            Self::Group(id) => format!("the replication group `{id}`"),
        }
    }
}
