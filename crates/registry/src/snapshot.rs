use std::collections::BTreeMap;
use std::future::Future;

use rekey_events::{Kind, Word};

use crate::version::VersionId;

/// The tag that registers a secret, and says who looks after it.
pub const OWNER_TAG: &str = "rekey:owner";
/// The tag that says what kind of target a secret opens.
pub const KIND_TAG: &str = "rekey:kind";
/// The tag that says how long an old credential works after a switch, in seconds.
pub const GRACE_TAG: &str = "rekey:grace";
/// The tag that says how old a credential may become, in whole days.
pub const MAX_AGE_TAG: &str = "rekey:max-age";
/// The tag that names the health checks which depend on a secret: URLs, separated by spaces.
pub const HEALTH_TAG: &str = "rekey:health";
/// The tag that says when a secret may be rotated: see [`Windows`](crate::Windows).
pub const WINDOW_TAG: &str = "rekey:window";
/// The tag that says that another must approve each rotation: `manual`.
pub const APPROVAL_TAG: &str = "rekey:approval";
/// The tag that says how often Rekey asks for a rotation by itself: `30d`, `12h`.
pub const EVERY_TAG: &str = "rekey:every";
/// The tag that names the service a secret belongs to. Its secrets are rotated one at a time.
pub const SERVICE_TAG: &str = "rekey:service";
/// The tag that names the sites a secret is used by, separated by spaces.
pub const SITES_TAG: &str = "rekey:sites";
/// The tag that says how old and new share the time: `single-user`, `alternating-users`,
/// `two-passwords`. Where the kind alone decides it, nobody needs the tag.
pub const STRATEGY_TAG: &str = "rekey:strategy";

/// What DescribeSecret and ListSecretVersionIds (with IncludeDeprecated) say of a secret. Times are seconds
/// since 1970.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// `Name`.
    pub name: String,
    /// `ARN`.
    pub arn: String,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
    /// `CreatedDate`.
    pub created_at: Option<i64>,
    /// `LastChangedDate`.
    pub last_changed: Option<i64>,
    /// `OwningService`.
    pub owning_service: Option<String>,
    /// `RotationEnabled`.
    pub rotation_enabled: bool,
    /// `RotationLambdaARN`.
    pub rotation_function: Option<String>,
    /// `NextRotationDate`.
    pub next_rotation: Option<i64>,
    /// `LastRotatedDate`.
    pub last_rotated: Option<i64>,
    /// `DeletedDate`: the secret is scheduled for deletion.
    pub deleted: Option<i64>,
    /// Every version that is left.
    pub versions: Vec<SeenVersion>,
}

/// A version as it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenVersion {
    /// `VersionId`.
    pub id: VersionId,
    /// `CreatedDate`, in **milliseconds** since 1970: two versions may be made in one second, and their
    /// order gives them their numbers.
    pub created_ms: Option<i64>,
    /// `VersionStages`.
    pub labels: Vec<String>,
}

impl Snapshot {
    /// Who looks after the secret: what registers it. A tag without text registers nothing.
    pub fn owner(&self) -> Option<&str> {
        self.tag(OWNER_TAG)
    }

    /// What kind of target the secret opens: the tag [`KIND_TAG`] where it holds a word, be it one of a newer
    /// version, else [`Kind::UNKNOWN`].
    pub(crate) fn kind(&self) -> &str {
        let word = self.tag(KIND_TAG).filter(|tag| Word::new(*tag).is_ok());
        word.unwrap_or(Kind::UNKNOWN)
    }

    pub(crate) fn tag(&self, name: &str) -> Option<&str> {
        let text = self.tags.get(name)?.trim();
        (!text.is_empty()).then_some(text)
    }

    pub(crate) fn with(&self, label: &str) -> Option<&VersionId> {
        let mut versions = self.versions.iter();
        let found = versions.find(|version| version.labels.iter().any(|one| one == label));
        found.map(|version| &version.id)
    }
}

/// What a look at Secrets Manager found.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// The secret.
    Found(Box<Snapshot>),
    /// `ResourceNotFoundException`, and nothing else.
    Missing,
}

/// Looking at Secrets Manager. Nothing here reads a value.
pub trait Secrets: Sync {
    /// DescribeSecret and ListSecretVersionIds.
    ///
    /// # Errors
    /// [`LookError`]; that the secret is absent is an answer, not an error.
    fn look(&self, name: &str) -> impl Future<Output = Result<Look, LookError>> + Send;

    /// ListSecrets: the names of the secrets with the tag [`OWNER_TAG`], a page at a time. `page` is
    /// what the page before answered as its next.
    ///
    /// # Errors
    /// [`LookError`].
    fn registered(
        &self,
        page: Option<&str>,
    ) -> impl Future<Output = Result<TaggedPage, LookError>> + Send;
}

/// A page of names, in Secrets Manager's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaggedPage {
    /// The names.
    pub names: Vec<String>,
    /// The next page, if there is one.
    pub next: Option<String>,
}

/// Why a look failed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LookError {
    /// Not allowed.
    #[error("the function's role may not look at this secret: {0}")]
    Denied(String),
    /// Throttled after all retries.
    #[error("Secrets Manager is throttling this account")]
    Throttled,
    /// No usable answer.
    #[error("Secrets Manager gave no usable answer: {0}")]
    Unavailable(String),
}
