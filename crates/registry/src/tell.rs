//! Our announcements, made of what is recorded.

use std::collections::BTreeMap;

use rekey_events::{
    Actor, Announcement, Arn, ClientRequestToken, Detail, ErrorClass, EventId, Identifier,
    KeyScope, Kind, LimitError, Message, SecretRef, Step, StoredName, Timestamp, Word,
};
use serde::Serialize;
use serde_json::Value;

use crate::consumer::Consumer;
use crate::policy::Policy;
use crate::request::tenant;
use crate::version::VersionId;

/// What is recorded does not fit the contract of our events. Names the field, never what stands there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{field}` as it is recorded cannot be announced: {why}")]
pub struct Untellable {
    /// The field.
    pub field: &'static str,
    /// The limit that it breaks.
    pub why: String,
}

pub(crate) type Telling<T> = Result<T, Untellable>;

pub(crate) fn fits<T>(field: &'static str, made: Result<T, LimitError>) -> Telling<T> {
    made.map_err(|error| Untellable {
        field,
        why: error.to_string(),
    })
}

/// An announcement of a payload.
pub(crate) fn announcement<D: Detail + Serialize>(
    id: EventId,
    secret: &SecretRef,
    detail: &D,
) -> Telling<Announcement> {
    Announcement::of(id, secret.identity(), detail).map_err(|_| Untellable {
        field: "detail",
        why: "it cannot be written as JSON".to_owned(),
    })
}

/// An announcement that belongs to the work around it.
pub(crate) fn within(
    mut announcement: Announcement,
    correlation: &BTreeMap<String, Value>,
) -> Announcement {
    if let Some(detail) = announcement.detail.as_object_mut() {
        for (name, value) in correlation {
            detail.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    announcement
}

pub(crate) fn secret(name: &str, arn: &str) -> Telling<SecretRef> {
    let mut secret = SecretRef::new(fits("name", StoredName::new(name))?);
    secret.arn = Some(fits("arn", Arn::new(arn))?);
    Ok(secret)
}

/// The name that users of a secret know, and where it belongs: the environment of the stack is not part of
/// a platform key, and a reference names its tenant.
pub(crate) fn key(name: &str, policy: &Policy) -> Telling<(StoredName, Option<KeyScope>)> {
    let environment = policy.environment.as_deref();
    let mut scope = KeyScope::new();
    let in_environment = environment.and_then(|environment| {
        name.strip_prefix(environment)
            .and_then(|rest| rest.strip_prefix('/'))
            .filter(|rest| !rest.is_empty())
    });
    scope.tenant = tenant(name).and_then(|tenant| Identifier::new(tenant).ok());
    if in_environment.is_some() {
        scope.env = environment.and_then(|environment| Identifier::new(environment).ok());
    }
    let key = fits("name", StoredName::new(in_environment.unwrap_or(name)))?;
    let says_something = scope.env.is_some() || scope.tenant.is_some();
    Ok((key, says_something.then_some(scope)))
}

pub(crate) fn version(id: &VersionId) -> Telling<ClientRequestToken> {
    fits("version", ClientRequestToken::new(id.as_str()))
}

pub(crate) fn time(at: i64) -> Telling<Timestamp> {
    fits("time", Timestamp::of_unix(at))
}

pub(crate) fn kind(kind: &str) -> Telling<Kind> {
    fits("kind", Word::new(kind)).map(Kind::from)
}

/// Who looks after a secret, or who did something. What is too long for an identifier is left out: an
/// announcement is not lost for it.
pub(crate) fn identifier(text: Option<&str>) -> Option<Identifier> {
    Identifier::new(text?).ok()
}

pub(crate) fn actor(text: Option<&str>) -> Option<Actor> {
    Actor::new(text?).ok()
}

pub(crate) fn message(text: Option<&str>) -> Option<Message> {
    text.map(Message::clipped)
}

pub(crate) fn class(text: Option<&str>) -> Option<ErrorClass> {
    Word::new(text?).ok().map(ErrorClass::from)
}

pub(crate) fn step(text: Option<&str>) -> Option<Step> {
    let all = [
        Step::CreateSecret,
        Step::SetSecret,
        Step::TestSecret,
        Step::FinishSecret,
    ];
    all.into_iter().find(|step| Some(step.as_str()) == text)
}

/// The most names of services in one event: an entry of PutEvents has 256 KB (EventBridge User Guide,
/// "Calculating PutEvents event entry size").
const MOST_SERVICES: usize = 200;

pub(crate) fn services<'a>(consumers: impl IntoIterator<Item = &'a Consumer>) -> Vec<Identifier> {
    let names = consumers.into_iter().map(|one| one.service.as_str());
    names
        .filter_map(|name| Identifier::new(name).ok())
        .take(MOST_SERVICES)
        .collect()
}
