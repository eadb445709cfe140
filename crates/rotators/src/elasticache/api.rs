//! The calls of AWS's API, each of which begins a change that takes effect some time later.

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::types::{
    AuthTokenUpdateStrategyType, AuthenticationType, Endpoint, ReplicationGroup, Tag, User,
};
use rekey_rotation::{SecretValue, TargetError};
use tokio::time::{Instant, sleep};

use super::bounds::Bounds;
use super::errors;
use super::newest::{self, Newest};
use super::secret::Secret;
use super::target::Target;

/// On a user: the cache at which whoever changes it logs in first. Set by an administrator of ElastiCache, and
/// not by whoever may edit the secret.
const LOGS_IN_AT: &str = "rekey:host";

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
    /// The secret of what is changed.
    pub(super) secret: &'a Secret,
    pub(super) bounds: &'a Bounds,
}

impl Api<'_> {
    fn name(&self) -> String {
        self.secret.target.name()
    }

    /// Whether the target can be changed, and what was told to it before has taken effect. Asked before every
    /// change; a target that is another one than the secret's, or has no password, is refused.
    pub(super) async fn is_active(&self) -> Result<bool, TargetError> {
        match &self.secret.target {
            Target::User { id, arn } => {
                let user = self.user(id).await?;
                self.is_the_secrets(&user, arn)?;
                if user.status() != Some("active") {
                    return Ok(false);
                }
                self.has_a_password(&user)?;
            }
            Target::Group(id) => {
                let group = self.group(id).await?;
                let pending = group.pending_modified_values();
                let token = pending.and_then(|it| it.auth_token_status());
                if group.status() != Some("available") || token.is_some() {
                    return Ok(false);
                }
                self.has_the_host(&group)?;
                if group.auth_token_enabled() != Some(true) {
                    return Err(errors::no_token(&self.name()));
                }
            }
        }
        Ok(true)
    }

    fn is_the_secrets(&self, user: &User, arn: &str) -> Result<(), TargetError> {
        // It is asked for by its id, which users of other accounts and Regions may have too.
        if user.arn() != Some(arn) {
            return Err(errors::another_account(&self.name()));
        }
        // What is logged in to is what is changed.
        if user.user_name() != Some(&self.secret.username) {
            return Err(errors::another_user(&self.name()));
        }
        Ok(())
    }

    /// Only a user that never had a password is given its first.
    fn has_a_password(&self, user: &User) -> Result<(), TargetError> {
        let by = user.authentication().and_then(|it| it.r#type());
        match by.ok_or_else(errors::unexpected)? {
            AuthenticationType::Password => Ok(()),
            AuthenticationType::NoPassword if self.secret.password.is_none() => Ok(()),
            other => Err(errors::authenticated_by(&self.name(), other.as_str())),
        }
    }

    /// What proves the token is a cache of the group that is changed.
    fn has_the_host(&self, group: &ReplicationGroup) -> Result<(), TargetError> {
        let nodes = group.node_groups().iter().flat_map(|it| {
            let members = it.node_group_members().iter();
            let members = members.filter_map(|member| member.read_endpoint());
            let both = [it.primary_endpoint(), it.reader_endpoint()];
            both.into_iter().flatten().chain(members)
        });
        let endpoints = group.configuration_endpoint().into_iter().chain(nodes);
        let endpoints: Vec<&str> = endpoints.filter_map(Endpoint::address).collect();
        let place = self.secret.place.as_ref();
        let is_it = |it: &&str| place.is_some_and(|at| at.host.eq_ignore_ascii_case(it));
        if endpoints.iter().any(is_it) {
            return Ok(());
        }
        Err(errors::another_cache(&self.name(), &endpoints.join(", ")))
    }

    /// Until when a step waits for that.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.bounds.active
    }

    /// Waits for that.
    pub(super) async fn until_active(&self, deadline: Instant) -> Result<(), TargetError> {
        while !self.is_active().await? {
            if Instant::now() + self.bounds.look > deadline {
                return Err(errors::modifying(&self.name()));
            }
            sleep(self.bounds.look).await;
        }
        Ok(())
    }

    /// Whether the user's own tag asks for a login with AWSCURRENT before it is changed. Fails when it asks for
    /// one that this secret does not lead to.
    pub(super) async fn asks_for_a_login(&self) -> Result<bool, TargetError> {
        let Target::User { arn, .. } = &self.secret.target else {
            return Ok(false);
        };
        let Some(host) = self.tagged(arn, LOGS_IN_AT).await? else {
            return Ok(false);
        };
        let place = self.secret.place.as_ref();
        let is_it = place.is_some_and(|at| at.host.eq_ignore_ascii_case(&host));
        if is_it && self.secret.password.is_some() {
            return Ok(true);
        }
        Err(errors::asks_for_a_login(&self.name(), LOGS_IN_AT))
    }

    /// Begins to make these valid, and no others. What has to be done before is waited for until the deadline.
    pub(super) async fn change(
        &self,
        passwords: &Passwords<'_>,
        deadline: Instant,
    ) -> Result<(), TargetError> {
        match (&self.secret.target, passwords) {
            (Target::User { id, .. }, Passwords::One(current)) => {
                self.modify_user(id, &[current]).await
            }
            (Target::User { id, .. }, Passwords::Two { current, other }) => {
                let both: Vec<&SecretValue> = current.iter().copied().chain([*other]).collect();
                self.modify_user(id, &both).await
            }
            (Target::Group(id), Passwords::One(current)) => {
                let tokens = self.tokens(id).await?;
                self.bring_forward(&tokens, current, deadline).await?;
                self.keep_alone(&tokens, current, deadline).await
            }
            (Target::Group(id), Passwords::Two { current, other }) => {
                let tokens = self.tokens(id).await?;
                if let Some(current) = current {
                    self.bring_forward(&tokens, current, deadline).await?;
                }
                let before = current.map_or_else(|| tokens.mark(), newest::mark);
                let newest = Newest::adding(other, false, before, tokens.changed_at);
                self.rotate(&tokens, &newest, other, deadline).await
            }
        }
    }

    async fn modify_user(&self, id: &str, passwords: &[&SecretValue]) -> Result<(), TargetError> {
        // Exposed to AWS, which hashes them; the call is made over TLS.
        let texts = passwords.iter().map(|it| it.expose().to_owned()).collect();
        let call = self.client.modify_user().user_id(id);
        let modified = call.set_passwords(Some(texts)).send().await;
        modified.map_err(|error| errors::call(&error, "ModifyUser", &self.name()))?;
        Ok(())
    }

    /// Makes AWSCURRENT's token the newest, if a rollback has left a newer one: what goes with a change is the
    /// older one of two. That takes longer than a step, which is repeated when it is done.
    async fn bring_forward(
        &self,
        tokens: &Tokens<'_>,
        current: &SecretValue,
        deadline: Instant,
    ) -> Result<(), TargetError> {
        if tokens.is_newest(current) {
            return Ok(());
        }
        let newest = Newest::adding(current, true, tokens.mark(), tokens.changed_at);
        self.rotate(tokens, &newest, current, deadline).await?;
        Err(errors::brought_forward(&self.name()))
    }

    /// Adds a token, which is then the newest; so much is in the tag before.
    async fn rotate(
        &self,
        tokens: &Tokens<'_>,
        newest: &Newest,
        token: &SecretValue,
        deadline: Instant,
    ) -> Result<(), TargetError> {
        self.note(tokens, newest, deadline).await?;
        let strategy = AuthTokenUpdateStrategyType::Rotate;
        self.modify_group(tokens.id, token, strategy).await
    }

    /// Takes every other token away than this, which is the newest.
    async fn keep_alone(
        &self,
        tokens: &Tokens<'_>,
        token: &SecretValue,
        deadline: Instant,
    ) -> Result<(), TargetError> {
        // A note of what did not come to be would take this change for it.
        if tokens.newest.as_ref().is_some_and(|it| !it.stays(token)) {
            let before = newest::mark(token);
            let newest = Newest::adding(token, true, before, tokens.changed_at);
            self.note(tokens, &newest, deadline).await?;
        }
        let strategy = AuthTokenUpdateStrategyType::Set;
        self.modify_group(tokens.id, token, strategy).await
    }

    /// Tags the group, unless an earlier call has, and waits until it can be changed again.
    async fn note(
        &self,
        tokens: &Tokens<'_>,
        newest: &Newest,
        deadline: Instant,
    ) -> Result<(), TargetError> {
        if tokens.newest.as_ref() == Some(newest) {
            return Ok(());
        }
        let tag = Tag::builder().key(newest::TAG).value(newest.tag()).build();
        let call = self.client.add_tags_to_resource();
        let tagged = call.resource_name(&tokens.arn).tags(tag).send().await;
        tagged.map_err(|error| errors::call(&error, "AddTagsToResource", &self.name()))?;
        self.until_active(deadline).await
    }

    async fn tokens<'i>(&self, id: &'i str) -> Result<Tokens<'i>, TargetError> {
        let group = self.group(id).await?;
        let changed_at = group.auth_token_last_modified_date();
        let changed_at = changed_at.map_or(0, |at| at.secs());
        let arn = group.arn.ok_or_else(errors::unexpected)?;
        let tag = self.tagged(&arn, newest::TAG).await?;
        Ok(Tokens {
            id,
            newest: tag.as_deref().and_then(Newest::parse),
            arn,
            changed_at,
        })
    }

    /// What a tag says.
    async fn tagged(&self, arn: &str, key: &str) -> Result<Option<String>, TargetError> {
        let call = self.client.list_tags_for_resource().resource_name(arn);
        let listed = call.send().await;
        let listed =
            listed.map_err(|error| errors::call(&error, "ListTagsForResource", &self.name()))?;
        let mut tags = listed.tag_list().iter();
        let tag = tags.find(|tag| tag.key() == Some(key));
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
        modified.map_err(|error| errors::call(&error, "ModifyReplicationGroup", &self.name()))?;
        Ok(())
    }

    async fn user(&self, id: &str) -> Result<User, TargetError> {
        let described = self.client.describe_users().user_id(id).send().await;
        let described =
            described.map_err(|error| errors::call(&error, "DescribeUsers", &self.name()))?;
        let mut users = described.users.unwrap_or_default().into_iter();
        users.next().ok_or_else(errors::unexpected)
    }

    async fn group(&self, id: &str) -> Result<ReplicationGroup, TargetError> {
        let call = self.client.describe_replication_groups();
        let described = call.replication_group_id(id).send().await;
        let described = described
            .map_err(|error| errors::call(&error, "DescribeReplicationGroups", &self.name()))?;
        let mut groups = described.replication_groups.unwrap_or_default().into_iter();
        groups.next().ok_or_else(errors::unexpected)
    }
}

/// What is known of a group's tokens.
struct Tokens<'i> {
    id: &'i str,
    arn: String,
    newest: Option<Newest>,
    /// When they were changed last, in seconds since 1970.
    changed_at: i64,
}

impl Tokens<'_> {
    /// Whether this token, which the cache takes, is the newest. Without a tag there was no other.
    fn is_newest(&self, token: &SecretValue) -> bool {
        let newest = self.newest.as_ref();
        newest.is_none_or(|it| it.is(token, self.changed_at))
    }

    /// The mark of the newest.
    fn mark(&self) -> String {
        let newest = self.newest.as_ref();
        newest.map_or_else(String::new, |it| it.mark(self.changed_at).to_owned())
    }
}
