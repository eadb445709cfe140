use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{
    Filter, FilterNameStringType, SecretListEntry, SecretVersionsListEntry, Tag,
};
use aws_smithy_types::DateTime;
use futures_util::future::try_join;
use rekey_registry::{
    Look, LookError, OWNER_TAG, Secrets, SeenVersion, Snapshot, TaggedPage, VersionId,
};
use rekey_rotation::StoreError;

use super::SecretsManager;
use super::error::store_error;

/// The most entries of a page, of ListSecrets and of ListSecretVersionIds.
const PAGE: i32 = 100;

/// How often the two calls of a look are made again when they do not agree.
const ATTEMPTS: usize = 3;

impl Secrets for SecretsManager {
    /// Two calls side by side, and a rotation may go on between them. So both say which version has which
    /// label, and when they differ they are asked again; what was listed last counts.
    async fn look(&self, name: &str) -> Result<Look, LookError> {
        let mut seen = self.seen(name).await?;
        for _ in 1..ATTEMPTS {
            match seen {
                Some((description, versions)) if !agree(&description, &versions) => {
                    seen = self.seen(name).await?;
                }
                agreed => {
                    seen = agreed;
                    break;
                }
            }
        }
        Ok(seen.map_or(Look::Missing, |(description, versions)| {
            Look::Found(Box::new(snapshot(description, versions)))
        }))
    }

    /// A page whose token the service does not take any more begins anew: the tokens are kept for as long
    /// as a job runs, over many of its calls.
    async fn registered(&self, page: Option<&str>) -> Result<TaggedPage, LookError> {
        match self.tagged(page).await {
            Err(Refusal::StalePage) if page.is_some() => match self.tagged(None).await {
                Ok(page) => Ok(page),
                Err(refusal) => Err(refusal.into()),
            },
            answer => answer.map_err(LookError::from),
        }
    }
}

type Seen = (DescribeSecretOutput, Vec<SecretVersionsListEntry>);

impl SecretsManager {
    /// What both calls say. None when either finds no secret.
    async fn seen(&self, name: &str) -> Result<Option<Seen>, LookError> {
        let describe = async {
            let call = self.client.describe_secret().secret_id(name);
            let answer = call.send().await;
            answer.map_err(|error| store_error("DescribeSecret", error))
        };
        match try_join(describe, self.versions(name)).await {
            Ok(seen) => Ok(Some(seen)),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(look_error(error)),
        }
    }

    /// Every version that is left, those without a label too.
    async fn versions(&self, name: &str) -> Result<Vec<SecretVersionsListEntry>, StoreError> {
        let mut versions = Vec::new();
        let mut next = None;
        loop {
            let answer = self
                .client
                .list_secret_version_ids()
                .secret_id(name)
                .include_deprecated(true)
                .max_results(PAGE)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| store_error("ListSecretVersionIds", error))?;
            versions.extend(answer.versions.unwrap_or_default());
            next = answer.next_token;
            if next.is_none() {
                return Ok(versions);
            }
        }
    }

    async fn tagged(&self, page: Option<&str>) -> Result<TaggedPage, Refusal> {
        let filter = Filter::builder()
            .key(FilterNameStringType::TagKey)
            .values(OWNER_TAG)
            .build();
        let answer = self
            .client
            .list_secrets()
            .filters(filter)
            .include_planned_deletion(true)
            .max_results(PAGE)
            .set_next_token(page.map(str::to_owned))
            .send()
            .await
            .map_err(|error| {
                let stale = error
                    .as_service_error()
                    .is_some_and(|error| error.is_invalid_next_token_exception());
                if stale {
                    Refusal::StalePage
                } else {
                    Refusal::Other(look_error(store_error("ListSecrets", error)))
                }
            })?;
        let secrets = answer.secret_list.unwrap_or_default();
        Ok(TaggedPage {
            names: secrets.into_iter().filter_map(registered_name).collect(),
            next: answer.next_token,
        })
    }
}

enum Refusal {
    StalePage,
    Other(LookError),
}

impl From<Refusal> for LookError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::StalePage => {
                Self::Unavailable("ListSecrets: InvalidNextTokenException".into())
            }
            Refusal::Other(error) => error,
        }
    }
}

/// The filter takes every tag key that begins like ours, and a tag without text registers nothing
/// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html>).
fn registered_name(secret: SecretListEntry) -> Option<String> {
    let tags = tags(secret.tags);
    let owner = tags.get(OWNER_TAG)?;
    (!owner.trim().is_empty()).then_some(secret.name).flatten()
}

/// Whether both calls saw the same labels on the same versions.
fn agree(description: &DescribeSecretOutput, versions: &[SecretVersionsListEntry]) -> bool {
    let described = description.version_ids_to_stages.iter().flatten();
    let described: BTreeSet<(&str, &str)> = described
        .flat_map(|(id, labels)| labels.iter().map(|label| (id.as_str(), label.as_str())))
        .collect();
    let listed: BTreeSet<(&str, &str)> = versions
        .iter()
        .filter_map(|version| Some((version.version_id()?, version.version_stages())))
        .flat_map(|(id, labels)| labels.iter().map(move |label| (id, label.as_str())))
        .collect();
    described == listed
}

fn snapshot(description: DescribeSecretOutput, versions: Vec<SecretVersionsListEntry>) -> Snapshot {
    let seconds = |date: Option<DateTime>| date.map(|date| date.secs());
    let versions = versions.into_iter().filter_map(|version| {
        Some(SeenVersion {
            id: VersionId::new(version.version_id?),
            created_ms: version.created_date.and_then(milliseconds),
            labels: version.version_stages.unwrap_or_default(),
        })
    });
    Snapshot {
        name: description.name.unwrap_or_default(),
        arn: description.arn.unwrap_or_default(),
        tags: tags(description.tags),
        created_at: seconds(description.created_date),
        last_changed: seconds(description.last_changed_date),
        owning_service: description.owning_service,
        rotation_enabled: description.rotation_enabled.unwrap_or_default(),
        rotation_function: description.rotation_lambda_arn,
        next_rotation: seconds(description.next_rotation_date),
        last_rotated: seconds(description.last_rotated_date),
        deleted: seconds(description.deleted_date),
        versions: versions.collect(),
    }
}

/// To the nearest: the service writes seconds with a fraction, which a binary number holds as a little less
/// or more.
fn milliseconds(date: DateTime) -> Option<i64> {
    let nanoseconds = date.as_nanos().saturating_add(500_000);
    i64::try_from(nanoseconds.div_euclid(1_000_000)).ok()
}

pub(super) fn tags(tags: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    let tags = tags.unwrap_or_default().into_iter();
    tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
        .collect()
}

/// What a look can make of it: absence is told apart before.
pub(super) fn look_error(error: StoreError) -> LookError {
    match error {
        StoreError::Denied(text) => LookError::Denied(text),
        StoreError::Throttled => LookError::Throttled,
        StoreError::NotFound(text)
        | StoreError::Refused(text)
        | StoreError::LimitExceeded(text)
        | StoreError::Unusable(text)
        | StoreError::Unavailable(text) => LookError::Unavailable(text),
        StoreError::AlreadyExists => LookError::Unavailable("ResourceExistsException".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Canned, refusal};
    use serde_json::{Value, json};

    /// A secret whose AWSPENDING is open, or has become AWSCURRENT.
    fn answer(operation: &str, done: bool) -> (u16, Value) {
        let (first, second) = if done {
            (["AWSPREVIOUS"], ["AWSCURRENT"])
        } else {
            (["AWSCURRENT"], ["AWSPENDING"])
        };
        let answer = match operation {
            "DescribeSecret" => json!({
                "Name": "db/app", "ARN": "arn", "VersionIdsToStages": { "v1": first, "v2": second },
            }),
            _ => json!({
                "Versions": [
                    { "VersionId": "v1", "VersionStages": first },
                    { "VersionId": "v2", "VersionStages": second },
                ],
            }),
        };
        (200, answer)
    }

    async fn labels(aws: &Canned) -> Vec<Vec<String>> {
        let look = SecretsManager::new(&aws.connection()).look("db/app").await;
        let Look::Found(snapshot) = look.unwrap() else {
            panic!("it is missing");
        };
        let versions = snapshot.versions.into_iter();
        versions.map(|version| version.labels).collect()
    }

    #[tokio::test]
    async fn a_rotation_that_ends_between_the_two_calls_is_not_seen_half() {
        let aws = Canned::new(|operation, _, before| {
            answer(operation, operation == "DescribeSecret" || before > 0)
        });
        assert_eq!(labels(&aws).await, [["AWSPREVIOUS"], ["AWSCURRENT"]]);
        assert_eq!(aws.calls().len(), 4);
    }

    #[tokio::test]
    async fn two_calls_that_never_agree_do_not_hold_up_everything_else() {
        let aws = Canned::new(|operation, _, _| answer(operation, operation == "DescribeSecret"));
        assert_eq!(labels(&aws).await, [["AWSCURRENT"], ["AWSPENDING"]]);
        assert_eq!(aws.calls().len(), 2 * ATTEMPTS);
    }

    #[tokio::test]
    async fn every_page_of_versions_is_read() {
        let aws = Canned::new(|operation, request, _| {
            if operation == "DescribeSecret" {
                return (200, json!({ "Name": "db/app", "ARN": "arn" }));
            }
            assert_eq!(request["IncludeDeprecated"], true);
            match request["NextToken"].as_str() {
                None => (
                    200,
                    json!({ "Versions": [{ "VersionId": "v1" }], "NextToken": "2" }),
                ),
                Some(_) => (200, json!({ "Versions": [{ "VersionId": "v2" }] })),
            }
        });
        assert_eq!(labels(&aws).await.len(), 2);
    }

    #[tokio::test]
    async fn only_an_absent_secret_is_missing() {
        for (code, expected) in [
            ("ResourceNotFoundException", Ok(Look::Missing)),
            (
                "AccessDeniedException",
                Err(LookError::Denied("DescribeSecret: not now".into())),
            ),
            ("ThrottlingException", Err(LookError::Throttled)),
            (
                "InternalServiceError",
                Err(LookError::Unavailable(
                    "DescribeSecret: InternalServiceError".into(),
                )),
            ),
        ] {
            let aws = Canned::new(move |operation, _, _| match operation {
                "DescribeSecret" => refusal(code),
                _ => answer(operation, true),
            });
            let look = SecretsManager::new(&aws.connection()).look("db/app").await;
            assert_eq!(look, expected, "{code}");
        }
    }

    fn described(labels: &[(&str, &[&str])]) -> DescribeSecretOutput {
        let mut description = DescribeSecretOutput::builder();
        for (id, labels) in labels {
            let labels = labels.iter().map(ToString::to_string).collect();
            description = description.version_ids_to_stages(*id, labels);
        }
        description.build()
    }

    fn listed(labels: &[(&str, &[&str])]) -> Vec<SecretVersionsListEntry> {
        let one = |(id, labels): &(&str, &[&str])| {
            let labels = labels.iter().map(ToString::to_string).collect();
            SecretVersionsListEntry::builder()
                .version_id(*id)
                .set_version_stages(Some(labels))
                .build()
        };
        labels.iter().map(one).collect()
    }

    #[test]
    fn two_answers_agree_when_every_label_is_on_the_same_version_in_both() {
        let before: &[(&str, &[&str])] = &[("v1", &["AWSCURRENT"])];
        let open: &[(&str, &[&str])] = &[("v1", &["AWSCURRENT"]), ("v2", &["AWSPENDING"])];
        let done: &[(&str, &[&str])] = &[
            ("v1", &["AWSPREVIOUS"]),
            ("v2", &["AWSPENDING", "AWSCURRENT"]),
        ];
        let bare: &[(&str, &[&str])] = &[("v0", &[]), ("v1", &["AWSCURRENT"])];
        assert!(agree(&described(open), &listed(open)));
        assert!(agree(&described(before), &listed(bare)));
        for (description, list) in [(before, open), (open, before), (open, done), (done, open)] {
            assert!(!agree(&described(description), &listed(list)));
        }
    }

    #[test]
    fn a_version_is_seen_to_the_millisecond_and_a_secret_with_its_tags() {
        let description = DescribeSecretOutput::builder()
            .name("db/app")
            .arn("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/app-AbCdEf")
            .tags(Tag::builder().key("rekey:owner").value("team-a").build())
            .tags(Tag::builder().key("bare").build())
            .created_date(DateTime::from_secs_f64(1_700_000_000.9))
            .build();
        let version = SecretVersionsListEntry::builder()
            .version_id("v1")
            .created_date(DateTime::from_secs_f64(1_700_000_000.123))
            .version_stages("AWSCURRENT")
            .build();
        let seen = snapshot(description, vec![version]);
        assert_eq!(seen.owner(), Some("team-a"));
        assert_eq!(seen.tags.get("bare").map(String::as_str), Some(""));
        assert_eq!(seen.created_at, Some(1_700_000_000));
        assert!(!seen.rotation_enabled);
        let [version] = seen.versions.as_slice() else {
            panic!("one version");
        };
        assert_eq!(version.created_ms, Some(1_700_000_000_123));
        assert_eq!(version.labels, ["AWSCURRENT"]);
    }

    #[test]
    fn only_the_owner_tag_itself_registers_and_not_one_that_begins_like_it() {
        let with = |key: &str, value: &str| {
            SecretListEntry::builder()
                .name("db/app")
                .tags(Tag::builder().key(key).value(value).build())
                .build()
        };
        assert_eq!(
            registered_name(with("rekey:owner", "team-a")).as_deref(),
            Some("db/app")
        );
        assert_eq!(registered_name(with("rekey:owner-old", "team-a")), None);
        assert_eq!(registered_name(with("rekey:owner", " ")), None);
    }
}
