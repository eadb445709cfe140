use std::future::Future;

use crate::{
    ClientRequestToken, Description, ErrorClass, RotationToken, SecretId, SecretValue,
    StagingLabel, VersionId,
};

/// The calls of Secrets Manager that a rotation and its aftermath need.
///
/// Implementations retry what the service asks to be retried and bound every call in time.
pub trait SecretStore: Sync {
    /// `DescribeSecret`.
    fn describe(
        &self,
        secret: &SecretId,
    ) -> impl Future<Output = Result<Description, StoreError>> + Send;

    /// `GetSecretValue` of one version. [`StoreError::NotFound`] is the only answer that means that
    /// there is no value: the secret, the version or its value is absent.
    fn value(
        &self,
        secret: &SecretId,
        which: Selector<'_>,
    ) -> impl Future<Output = Result<VersionedValue, StoreError>> + Send;

    /// `PutSecretValue`. The same token with the same value changes nothing; with another value it is
    /// [`StoreError::AlreadyExists`].
    fn put(&self, put: PutValue<'_>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// `UpdateSecretVersionStage`: moves `label` to the version `to`, from the version `from`.
    fn move_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        to: &VersionId,
        from: Option<&VersionId>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// `UpdateSecretVersionStage`: takes `label` from the version `from` and gives it to none. The service
    /// refuses that when another version has the label.
    ///
    /// Source: [UpdateSecretVersionStage](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html).
    fn remove_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        from: &VersionId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Which version's value is read.
#[derive(Clone, Copy, Debug)]
pub enum Selector<'a> {
    /// The version that has the label.
    Label(&'a StagingLabel),
    /// The version with the id, if it has the label.
    Version(&'a VersionId, &'a StagingLabel),
    /// The version with the id, whatever its labels. One that has none is kept until it is pruned: when
    /// there are over 100 versions and it is older than 24 hours.
    Id(&'a VersionId),
}

/// A value and the version it belongs to.
#[derive(Clone, Debug)]
pub struct VersionedValue {
    /// The id of the version.
    pub version: VersionId,
    /// The labels of the version at the time of the read.
    pub labels: Vec<StagingLabel>,
    /// Its value.
    pub value: SecretValue,
}

/// A value to be kept as a new version under `AWSPENDING`.
#[derive(Clone, Copy, Debug)]
pub struct PutValue<'a> {
    /// The secret.
    pub secret: &'a SecretId,
    /// The token, which becomes the id of the version.
    pub token: &'a ClientRequestToken,
    /// The value.
    pub value: &'a SecretValue,
    /// Passed on when the function was given one.
    pub rotation_token: Option<&'a RotationToken>,
}

/// Why a call to Secrets Manager did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// `ResourceNotFoundException`.
    #[error(
        "Secrets Manager has no such secret, version or value ({0}); check that the secret exists in this account and Region"
    )]
    NotFound(String),
    /// `ResourceExistsException`: the token has another value already.
    #[error("this version already has another value, and a version never changes its value")]
    AlreadyExists,
    /// `AccessDeniedException`, or a KMS key that refuses.
    #[error(
        "the function's role may not do this: {0}; most often the secret's RotationLambdaARN is not this function, or the policy of the secret or of its KMS key refuses; the role's own policy is in infra/rotation.yaml"
    )]
    Denied(String),
    /// `InvalidRequestException`, `InvalidParameterException`, `MalformedPolicyDocumentException`.
    #[error("Secrets Manager refused the request: {0}")]
    Refused(String),
    /// `LimitExceededException`: most often 100 versions younger than a day.
    #[error(
        "a quota of Secrets Manager is used up: {0}; versions are pruned only over 100 and after 24 hours: rotate less often"
    )]
    LimitExceeded(String),
    /// Throttled after all retries.
    #[error("Secrets Manager is throttling this account; what was asked is repeated later")]
    Throttled,
    /// No usable answer: network, time-out, internal error, an answer that makes no sense.
    #[error("Secrets Manager gave no usable answer: {0}; what was asked is repeated later")]
    Unavailable(String),
    /// The value that was read is not one that a rotation can work on.
    #[error("the secret's value cannot be used: {0}")]
    Unusable(String),
}

impl StoreError {
    /// The stable name of what went wrong.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::NotFound(_)
            | Self::AlreadyExists
            | Self::Refused(_)
            | Self::LimitExceeded(_)
            | Self::Unusable(_) => ErrorClass::InvalidRequest,
            Self::Denied(_) => ErrorClass::Permission,
            Self::Throttled => ErrorClass::Throttled,
            Self::Unavailable(_) => ErrorClass::StoreUnavailable,
        }
    }
}
