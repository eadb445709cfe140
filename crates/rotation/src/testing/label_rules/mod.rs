//! The rules of versions and staging labels that a rotation leans on, as a suite: one function per rule,
//! against anything that has the [`Verbs`] of Secrets Manager.
//!
//! Source of the rules: [AWS, rotation by Lambda function][rotation], [secret versions][versions], and the
//! API reference of each verb.
//!
//! [rotation]: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
//! [versions]: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version

mod deleting;
mod labels;
mod rotating;
mod tokens;

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::verbs::{ApiError, Described, Verbs};

/// A rule that is not kept.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{rule}: {found}")]
pub struct Broken {
    /// The rule, as a sentence.
    pub rule: &'static str,
    /// What was found instead. Values in this suite are no secrets.
    pub found: String,
}

/// Checks all rules and returns how many there are. Secrets are named `<run>/...`: give each run a text of
/// its own.
///
/// # Errors
/// The first rule that is not kept.
pub async fn all<V: Verbs>(verbs: &V, run: &str) -> Result<usize, Broken> {
    let mut rules = 0;
    macro_rules! check {
        ($($rule:path: $text:literal),+ $(,)?) => {$(
            let secret = format!("{run}/{}", stringify!($rule).replace("::", "-"));
            let rule = Rule { verbs, secret, text: $text };
            $rule(&rule).await?;
            rules += 1;
        )+};
    }
    check! {
        rotating::makes_an_empty_pending_version: "RotateSecret makes an AWSPENDING version without a value",
        rotating::pending_value_is_kept_there: "the pending version takes its value with PutSecretValue and its token",
        rotating::same_token_goes_on: "RotateSecret with the token of the open rotation is the same request again",
        rotating::open_rotation_blocks: "AWSPENDING on a version that is not current blocks the next RotateSecret",
        rotating::promotion_ends_it: "a rotation whose version is current blocks nothing",
        rotating::trial_changes_nothing: "RotateSecret without rotating at once leaves no version behind",
        rotating::needs_a_function: "RotateSecret without a rotation function is refused",
        rotating::cancelling_keeps_the_label: "CancelRotateSecret turns rotation off and leaves AWSPENDING where it is",
        rotating::current_value_by_hand_abandons: "a current value put by hand takes AWSPENDING from an open rotation",
        tokens::same_value_is_no_change: "the same token with the same value changes nothing",
        tokens::other_value_is_refused: "the same token with another value is refused",
        tokens::length_is_checked: "a token has 32 to 64 characters",
        labels::put_without_stages_is_current: "PutSecretValue without stages moves AWSCURRENT",
        labels::first_value_is_current: "the first value of a secret is current, whatever its stages",
        labels::previous_follows: "moving AWSCURRENT moves AWSPREVIOUS to the version that had it",
        labels::one_version_only: "a label is on one version only",
        labels::holder_must_be_named: "a label is moved only from the version that has it",
        labels::current_stays_somewhere: "AWSCURRENT cannot be removed",
        labels::others_can_be_removed: "any other label can be removed",
        labels::removed_from_its_holder: "a label is removed only from the version that has it",
        labels::goes_back_without_a_label: "a version that has lost AWSPREVIOUS becomes current again",
        labels::goes_back_to_previous: "AWSCURRENT and AWSPREVIOUS change places when a rotation is taken back",
        labels::version_and_label_must_agree: "reading a version under a label that it does not have is refused",
        labels::unknown_version_is_absent: "what is not there is ResourceNotFoundException",
        labels::unlabelled_versions_are_deprecated: "a version without labels is listed only when asked for, and still read by its id",
        deleting::a_deleted_secret_keeps_its_values: "a deleted secret is neither read nor changed, and comes back with RestoreSecret",
        deleting::its_name_is_taken: "the name of a deleted secret is taken until it is gone",
        labels::read_by_id: "a version is read by its id alone, and one without a value is ResourceNotFoundException",
        rotating::left_behind_blocks: "AWSPENDING that a current version leaves behind blocks the next RotateSecret until it is removed",
        labels::tags_are_described: "DescribeSecret shows the tags",
    }
    Ok(rules)
}

/// One rule under check, with a secret of its own.
struct Rule<'a, V> {
    verbs: &'a V,
    secret: String,
    text: &'static str,
}

impl<V: Verbs> Rule<'_, V> {
    fn broken(&self, found: impl Into<String>) -> Broken {
        Broken {
            rule: self.text,
            found: found.into(),
        }
    }

    fn taken<T>(&self, answer: Result<T, ApiError>) -> Result<T, Broken> {
        answer.map_err(|error| self.broken(error.to_string()))
    }

    fn refused<T>(&self, answer: Result<T, ApiError>, codes: &[&str]) -> Result<(), Broken> {
        match answer {
            Err(error) if codes.contains(&error.code.as_str()) => Ok(()),
            Err(error) => Err(self.broken(format!("refused with {error}"))),
            Ok(_) => Err(self.broken(format!("taken, not refused with {codes:?}"))),
        }
    }

    fn equal<T: PartialEq + Debug>(&self, found: T, expected: T) -> Result<(), Broken> {
        if found == expected {
            Ok(())
        } else {
            Err(self.broken(format!("found {found:?}, expected {expected:?}")))
        }
    }

    /// The secret, with the value `one` under [`FIRST`].
    async fn with_a_value(&self) -> Result<(), Broken> {
        let made = self
            .verbs
            .create_secret(&self.secret, Some("one"), Some(FIRST))
            .await;
        self.taken(made).map(drop)
    }

    /// A further version.
    async fn put(&self, token: &str, value: &str, stages: &[&str]) -> Result<(), Broken> {
        let put = self
            .verbs
            .put_secret_value(&self.secret, Some(token), value, stages)
            .await;
        self.taken(put).map(drop)
    }

    async fn move_label(&self, label: &str, to: &str, from: Option<&str>) -> Result<(), Broken> {
        let moved = self
            .verbs
            .update_secret_version_stage(&self.secret, label, Some(to), from)
            .await;
        self.taken(moved)
    }

    async fn remove_label(&self, label: &str, from: &str) -> Result<(), Broken> {
        let removed = self
            .verbs
            .update_secret_version_stage(&self.secret, label, None, Some(from))
            .await;
        self.taken(removed)
    }

    /// Opens a rotation that stays open.
    async fn rotate(&self, token: &str) -> Result<(), Broken> {
        let function = Some(self.verbs.rotation_function());
        let begun = self
            .verbs
            .rotate_secret(&self.secret, Some(token), function, true)
            .await;
        self.taken(begun)?;
        self.verbs.settled(&self.secret).await;
        Ok(())
    }

    async fn value(&self, stage: &str) -> Result<String, Broken> {
        let read = self
            .verbs
            .get_secret_value(&self.secret, None, Some(stage))
            .await;
        self.taken(read).map(|read| read.value)
    }

    async fn described(&self) -> Result<Described, Broken> {
        self.taken(self.verbs.describe_secret(&self.secret).await)
    }

    /// The versions that have a label of ours or of a rotation, by label.
    async fn holders(&self) -> Result<BTreeMap<String, String>, Broken> {
        let mut holders = BTreeMap::new();
        for (version, labels) in self.described().await?.versions {
            for label in labels {
                if let Some(other) = holders.insert(label.clone(), version.clone()) {
                    return Err(self.broken(format!("{label} is on {version} and on {other}")));
                }
            }
        }
        Ok(holders)
    }

    async fn holder(&self, label: &str) -> Result<Option<String>, Broken> {
        Ok(self.holders().await?.remove(label))
    }
}

const FIRST: &str = "00000001-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const SECOND: &str = "00000002-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
const THIRD: &str = "00000003-cccc-4ccc-8ccc-cccccccccccc";

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}
