//! The calls of AWS's API, each of which begins a change that takes effect some time later.

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::types::{AuthTokenUpdateStrategyType, ReplicationGroup, Tag};
use rekey_rotation::{SecretValue, TargetError};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

use super::bounds::Bounds;
use super::errors;
use super::target::Target;

/// On a replication group: which token was made the newest last, by the beginning of its hash. ElastiCache
/// keeps the two newest ones, and does not tell which they are.
const NEWEST: &str = "rekey:newest-auth-token";

/// What is to be valid.
pub(super) enum Passwords<'a> {
    /// AWSCURRENT's alone.
    One(&'a SecretValue),
    /// AWSCURRENT's, if it has one, and another one.
    Two {
        current: Option<&'a SecretValue>,
        other: &'a SecretValue,
    },
}

/// What is changed, and by whom.
pub(super) struct Api<'a> {
    pub(super) client: &'a Client,
    pub(super) target: &'a Target,
    pub(super) bounds: &'a Bounds,
}

impl Api<'_> {
    /// Whether the target can be changed, and what was told to it before has taken effect. Asked before every
    /// change; a user that is another one than the secret's is refused.
    pub(super) async fn is_active(&self) -> Result<bool, TargetError> {
        match self.target {
            Target::User { id, arn } => {
                let name = self.target.name();
                let described = self.client.describe_users().user_id(id).send().await;
                let described =
                    described.map_err(|error| errors::call(&error, "DescribeUsers", &name))?;
                let user = described.users().first().ok_or_else(errors::unexpected)?;
                // It is asked for by its id, which users of other accounts and Regions may have too.
                if user.arn() != Some(arn) {
                    return Err(errors::another_account(&name));
                }
                Ok(user.status() == Some("active"))
            }
            Target::Group(id) => {
                let group = self.group(id).await?;
                let pending = group.pending_modified_values();
                let token = pending.and_then(|it| it.auth_token_status());
                Ok(group.status() == Some("available") && token.is_none())
            }
        }
    }

    /// Waits for that, as long as a step can.
    pub(super) async fn until_active(&self) -> Result<(), TargetError> {
        let deadline = Instant::now() + self.bounds.active;
        while !self.is_active().await? {
            if Instant::now() + self.bounds.look > deadline {
                return Err(errors::modifying(&self.target.name()));
            }
            sleep(self.bounds.look).await;
        }
        Ok(())
    }

    /// Begins to make these valid, and no others.
    pub(super) async fn change(&self, passwords: &Passwords<'_>) -> Result<(), TargetError> {
        match (self.target, passwords) {
            (Target::User { id, .. }, Passwords::One(current)) => {
                self.modify_user(id, &[current]).await
            }
            (Target::User { id, .. }, Passwords::Two { current, other }) => {
                let both: Vec<&SecretValue> = current.iter().copied().chain([*other]).collect();
                self.modify_user(id, &both).await
            }
            (Target::Group(id), Passwords::One(current)) => {
                self.bring_forward(id, current, None).await?;
                self.modify_group(id, current, AuthTokenUpdateStrategyType::Set)
                    .await
            }
            (Target::Group(id), Passwords::Two { current, other }) => {
                if let Some(current) = current {
                    self.bring_forward(id, current, Some(other)).await?;
                }
                self.rotate(id, other).await
            }
        }
    }

    async fn modify_user(&self, id: &str, passwords: &[&SecretValue]) -> Result<(), TargetError> {
        // Exposed to AWS, which hashes them; the call is made over TLS.
        let texts = passwords.iter().map(|it| it.expose().to_owned()).collect();
        let call = self.client.modify_user().user_id(id);
        let modified = call.set_passwords(Some(texts)).send().await;
        let name = self.target.name();
        modified.map_err(|error| errors::call(&error, "ModifyUser", &name))?;
        Ok(())
    }

    /// Makes AWSCURRENT's token the newest but for `other`, if a rollback has left a newer one: what goes with
    /// a change is the older one of two. That takes longer than a step, so it is noted when it is begun, with
    /// the time of the change before it: once that time is another one, it is done.
    async fn bring_forward(
        &self,
        id: &str,
        current: &SecretValue,
        other: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        let group = self.group(id).await?;
        let Some(newest) = self.newest(&group).await? else {
            return Ok(());
        };
        let wanted = beginning(current);
        if newest == wanted || other.is_some_and(|other| newest == beginning(other)) {
            return Ok(());
        }
        let changed_at = group
            .auth_token_last_modified_date
            .map_or(0, |at| at.secs());
        let begun = newest.strip_prefix(&format!("{wanted}@"));
        if begun.is_some_and(|before| before != changed_at.to_string()) {
            return self.tag(&group, &wanted).await;
        }
        self.tag(&group, &format!("{wanted}@{changed_at}")).await?;
        self.modify_group(id, current, AuthTokenUpdateStrategyType::Rotate)
            .await?;
        Err(errors::brought_forward(&self.target.name()))
    }

    /// Adds a token, which is then the newest.
    async fn rotate(&self, id: &str, token: &SecretValue) -> Result<(), TargetError> {
        self.modify_group(id, token, AuthTokenUpdateStrategyType::Rotate)
            .await?;
        self.note(id, token).await
    }

    /// Notes that a token is the newest.
    pub(super) async fn note(&self, id: &str, token: &SecretValue) -> Result<(), TargetError> {
        self.tag(&self.group(id).await?, &beginning(token)).await
    }

    async fn tag(&self, group: &ReplicationGroup, value: &str) -> Result<(), TargetError> {
        let arn = group.arn().ok_or_else(errors::unexpected)?;
        let tag = Tag::builder().key(NEWEST).value(value).build();
        let call = self.client.add_tags_to_resource().resource_name(arn);
        let name = self.target.name();
        let tagged = call.tags(tag).send().await;
        tagged.map_err(|error| errors::call(&error, "AddTagsToResource", &name))?;
        Ok(())
    }

    async fn newest(&self, group: &ReplicationGroup) -> Result<Option<String>, TargetError> {
        let arn = group.arn().ok_or_else(errors::unexpected)?;
        let name = self.target.name();
        let call = self.client.list_tags_for_resource().resource_name(arn);
        let listed = call.send().await;
        let listed = listed.map_err(|error| errors::call(&error, "ListTagsForResource", &name))?;
        let mut tags = listed.tag_list().iter();
        let tag = tags.find(|tag| tag.key() == Some(NEWEST));
        Ok(tag.and_then(|tag| tag.value()).map(str::to_owned))
    }

    async fn modify_group(
        &self,
        id: &str,
        token: &SecretValue,
        strategy: AuthTokenUpdateStrategyType,
    ) -> Result<(), TargetError> {
        let call = self.client.modify_replication_group();
        let call = call.replication_group_id(id).apply_immediately(true);
        // Exposed to AWS over TLS.
        let call = call.auth_token(token.expose());
        let modified = call.auth_token_update_strategy(strategy).send().await;
        let name = self.target.name();
        modified.map_err(|error| errors::call(&error, "ModifyReplicationGroup", &name))?;
        Ok(())
    }

    async fn group(&self, id: &str) -> Result<ReplicationGroup, TargetError> {
        let name = self.target.name();
        let call = self.client.describe_replication_groups();
        let described = call.replication_group_id(id).send().await;
        let described =
            described.map_err(|error| errors::call(&error, "DescribeReplicationGroups", &name))?;
        let mut groups = described.replication_groups.unwrap_or_default().into_iter();
        groups.next().ok_or_else(errors::unexpected)
    }
}

/// Enough of a hash to tell two tokens apart, and of no use to whoever reads it.
fn beginning(token: &SecretValue) -> String {
    // Exposed to be hashed; only the beginning of the hash goes on from here.
    let digest = Sha256::digest(token.expose().as_bytes());
    digest
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
