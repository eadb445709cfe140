use std::collections::BTreeMap;

use rekey_events::{Announcement, SCHEDULE_SOURCE, Source};
use serde::{Deserialize, Serialize};

use crate::consumer::Consumer;
use crate::deadline::{DeadlineKey, What};
use crate::due::Due;
use crate::policy::Policy;
use crate::record::Secret;
use crate::version::{Version, VersionId};

/// The word for a rotation that has ended well.
const SUCCESS: &str = "success";

/// Everything that is recorded of one secret: what one query of its partition brings.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretState {
    /// The secret itself.
    pub secret: Secret,
    /// Its versions.
    pub versions: BTreeMap<VersionId, Version>,
    /// Who reads it.
    pub consumers: Vec<Consumer>,
    /// What was decided to be announced and is not known to be published.
    pub unsent: Vec<Unsent>,
}

/// An announcement in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsent {
    /// Who publishes it.
    pub source: Source,
    /// When it was put there, in seconds since 1970.
    pub at: i64,
    /// What.
    pub announcement: Announcement,
}

impl Serialize for Unsent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'a> {
            source: &'a str,
            at: i64,
            announcement: &'a Announcement,
        }
        let written = Written {
            source: self.source.as_str(),
            at: self.at,
            announcement: &self.announcement,
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Unsent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            source: String,
            at: i64,
            announcement: Announcement,
        }
        let Written {
            source,
            at,
            announcement,
        } = Written::deserialize(deserializer)?;
        let source = source.parse().map_err(serde::de::Error::custom)?;
        Ok(Self {
            source,
            at,
            announcement,
        })
    }
}

impl SecretState {
    /// The version that is AWSCURRENT.
    pub fn current(&self) -> Option<&Version> {
        self.versions.get(self.secret.current.as_ref()?)
    }

    /// The version that is AWSPREVIOUS.
    pub fn previous(&self) -> Option<&Version> {
        self.versions.get(self.secret.previous.as_ref()?)
    }

    /// The version with a number.
    pub fn numbered(&self, number: u32) -> Option<&Version> {
        self.versions.values().find(|one| one.number == number)
    }

    /// Its versions, oldest first.
    pub fn by_number(&self) -> Vec<&Version> {
        let mut versions: Vec<_> = self.versions.values().collect();
        versions.sort_by_key(|version| version.number);
        versions
    }

    /// When AWSCURRENT came to where it is: by Secrets Manager's word, or since when it is seen there.
    pub fn switched_at(&self) -> Option<i64> {
        self.told_switch()
            .or(self.secret.current_seen_since)
            .or_else(|| self.current()?.seen_current)
    }

    /// When AWSCURRENT came to where it is, if Secrets Manager's word on that has come. Its last word on
    /// the version is an earlier switch's when another version was current since.
    pub(crate) fn told_switch(&self) -> Option<i64> {
        let last_of = |version: &Version| version.activations.last().copied();
        let told = last_of(self.current()?)?;
        let latest = self.versions.values().filter_map(last_of).max();
        let before = self
            .previous()
            .and_then(|version| last_of(version).or(version.seen_current.max(version.created_at)));
        (Some(told) == latest && Some(told) >= before).then_some(told)
    }

    /// The services that have read the secret lately, but not since AWSCURRENT came to where it is.
    pub fn consumers_not_moved(&self, policy: &Policy, now: i64) -> Vec<&Consumer> {
        self.switched_at().map_or_else(Vec::new, |switched_at| {
            not_moved(&self.consumers, switched_at, policy, now)
        })
    }

    /// What a sweep shall find of this secret.
    pub fn dues(&self) -> Vec<Due> {
        let switched_at = self.switched_at();
        let ends_at = |version: &VersionId| {
            let retire = DeadlineKey::new(What::Retire, version);
            Some(self.secret.deadlines.get(&retire)?.promised)
        };
        let is_old = |what| matches!(what, What::Retire | What::GraceEnding);
        let window = self.secret.window_tag.as_ref();
        let mut requests = self.secret.requests.iter().rev();
        let failed = requests.find(|one| {
            let outcome = one.outcome.as_deref();
            one.source == SCHEDULE_SOURCE && outcome.is_some_and(|it| it != SUCCESS)
        });
        let armed = self.secret.deadlines.iter();
        armed
            .filter_map(|(key, deadline)| {
                Some(Due {
                    what: key.what,
                    name: self.secret.name.clone(),
                    arn: self.secret.arn.clone(),
                    version: key.version.clone(),
                    kind: self.secret.kind.clone(),
                    owner: self.secret.owner.clone(),
                    promised: deadline.promised,
                    due_at: deadline.due_at?,
                    attempt: deadline.attempt,
                    switched_at: switched_at.filter(|_| is_old(key.what)),
                    ends_at: ends_at(&key.version).filter(|_| is_old(key.what)),
                    window: window.filter(|_| key.what == What::Rotate).cloned(),
                    after: failed
                        .filter(|_| key.what == What::Rotate)
                        .map(|one| one.token.clone()),
                })
            })
            .collect()
    }
}

/// The services among `consumers` that read the secret in the time that the policy remembers, and have not
/// read AWSCURRENT since `switched_at`.
pub fn not_moved<'a>(
    consumers: &'a [Consumer],
    switched_at: i64,
    policy: &Policy,
    now: i64,
) -> Vec<&'a Consumer> {
    let remembered = now.saturating_sub(policy.consumer_memory);
    consumers
        .iter()
        .filter(|one| one.last_used_at >= remembered)
        .filter(|one| one.last_current_read_at < Some(switched_at))
        .collect()
}
