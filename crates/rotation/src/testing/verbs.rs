use std::collections::BTreeMap;
use std::future::Future;

/// The verbs of Secrets Manager that deal with versions and staging labels, in its own words: what the
/// suite of [`super::label_rules`] is run against, in memory or over the SDK.
///
/// An absent `token` means that the service, or its client, makes one.
pub trait Verbs: Sync {
    /// The ARN of a rotation function that fails at once, so that a rotation it is given stays open.
    fn rotation_function(&self) -> &str;

    /// Returns when the calls of the rotation function that the last `RotateSecret` of this secret led to
    /// are over.
    fn settled(&self, secret: &str) -> impl Future<Output = ()> + Send;

    /// `CreateSecret`; the id of the first version, when there is a value.
    fn create_secret(
        &self,
        name: &str,
        value: Option<&str>,
        token: Option<&str>,
    ) -> impl Future<Output = Result<Option<String>, ApiError>> + Send;

    /// `PutSecretValue`; the id of the version. No stages given is not the same as none: the service then
    /// takes `AWSCURRENT`.
    fn put_secret_value(
        &self,
        secret: &str,
        token: Option<&str>,
        value: &str,
        stages: &[&str],
    ) -> impl Future<Output = Result<String, ApiError>> + Send;

    /// `GetSecretValue`.
    fn get_secret_value(
        &self,
        secret: &str,
        version: Option<&str>,
        stage: Option<&str>,
    ) -> impl Future<Output = Result<ReadValue, ApiError>> + Send;

    /// `DescribeSecret`.
    fn describe_secret(
        &self,
        secret: &str,
    ) -> impl Future<Output = Result<Described, ApiError>> + Send;

    /// `UpdateSecretVersionStage`.
    fn update_secret_version_stage(
        &self,
        secret: &str,
        stage: &str,
        to: Option<&str>,
        from: Option<&str>,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// `RotateSecret`. No function given means the one that the secret has.
    fn rotate_secret(
        &self,
        secret: &str,
        token: Option<&str>,
        function: Option<&str>,
        immediately: bool,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// `CancelRotateSecret`.
    fn cancel_rotate_secret(
        &self,
        secret: &str,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// `DeleteSecret`, to be undone for so many days (7 to 30).
    fn delete_secret(
        &self,
        secret: &str,
        days: u8,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// `RestoreSecret`.
    fn restore_secret(&self, secret: &str) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// `ListSecretVersionIds`: version ids with their labels, all pages.
    fn list_secret_version_ids(
        &self,
        secret: &str,
        include_deprecated: bool,
    ) -> impl Future<Output = Result<BTreeMap<String, Vec<String>>, ApiError>> + Send;

    /// `TagResource`, with one tag.
    fn tag_resource(
        &self,
        secret: &str,
        key: &str,
        value: &str,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;
}

/// What `GetSecretValue` answers.
#[derive(Clone)]
pub struct ReadValue {
    /// `VersionId`.
    pub version: String,
    /// `VersionStages`.
    pub stages: Vec<String>,
    /// `SecretString`.
    pub value: String,
}

/// What `DescribeSecret` answers.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// `VersionIdsToStages`.
    pub versions: BTreeMap<String, Vec<String>>,
    /// `RotationEnabled`.
    pub rotation_enabled: Option<bool>,
    /// `LastRotatedDate`, in seconds since 1970.
    pub last_rotated: Option<i64>,
    /// Whether there is a `DeletedDate`.
    pub deleted: bool,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
}

/// An error of the service.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// Its name, such as `ResourceNotFoundException`.
    pub code: String,
    /// Its text.
    pub message: String,
}

impl ApiError {
    /// Makes one.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// `ResourceNotFoundException`.
pub const NOT_FOUND: &str = "ResourceNotFoundException";
/// `ResourceExistsException`.
pub const EXISTS: &str = "ResourceExistsException";
/// `InvalidRequestException`.
pub const INVALID_REQUEST: &str = "InvalidRequestException";
/// `InvalidParameterException`.
pub const INVALID_PARAMETER: &str = "InvalidParameterException";
/// `LimitExceededException`.
pub const LIMIT_EXCEEDED: &str = "LimitExceededException";
