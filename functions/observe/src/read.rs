use rekey_events::{
    Actor, ClientRequestToken, Identifier, LimitError, Reader, SecretAccessed, SecretRef,
    TrailRecord,
};
use rekey_registry::Read;

use crate::ours::Ours;

/// A caller that CloudTrail does not name.
const UNKNOWN: &str = "unknown";

/// A value was read.
#[derive(Clone, Debug)]
pub struct SeenRead {
    /// What is announced of it.
    pub accessed: SecretAccessed,
    /// What is recorded of it. One of our own functions depends on nothing and is no consumer.
    pub read: Read,
    /// Whether it is told though nobody registered the secret.
    pub always_told: bool,
}

impl SeenRead {
    /// Of a record of `GetSecretValue`. A reader that CloudTrail does not name is `unknown`: the read is told
    /// all the same.
    ///
    /// # Errors
    /// [`LimitError`] never happens with the texts that are here; the contract asks.
    pub fn of(record: &TrailRecord, secret: SecretRef, ours: &Ours) -> Result<Self, LimitError> {
        let own = ours.called(record);
        let always_told = ours.is_keys(&secret);
        let service = match record.service() {
            Some(service) => service,
            None => Identifier::new(UNKNOWN)?,
        };
        let actor = match record.actor() {
            Some(actor) => actor,
            None => Actor::new(UNKNOWN)?,
        };
        let name = service.as_str().to_owned();
        let reader = Reader::new(service, actor, own);
        let mut accessed = SecretAccessed::new(
            SecretAccessed::id(&record.event_id),
            record.event_time,
            secret,
            reader,
        );
        let asked = record.request.as_ref();
        let version = asked.and_then(|asked| asked.version_id.as_deref());
        accessed.version_id = version.and_then(|id| ClientRequestToken::new(id).ok());
        accessed.stage = record.stage();
        let text = |text: &Option<String>| Identifier::new(text.as_deref()?).ok();
        accessed.request_id = text(&record.request_id);
        accessed.source_ip = text(&record.source_ip);
        accessed.user_agent = record.user_agent();
        // By neither, Secrets Manager gives AWSCURRENT. A version that was asked for by its id is one that the
        // reader knew before, and says nothing about whether it has moved on.
        let of_current = version.is_none()
            && accessed
                .stage
                .as_ref()
                .is_none_or(|stage| stage.as_str() == "AWSCURRENT");
        let read = Read {
            event_id: accessed.event_id,
            name: accessed.secret.name.as_str().to_owned(),
            service: (!own).then_some(name),
            at: record.event_time.unix(),
            of_current,
        };
        Ok(Self {
            accessed,
            read,
            always_told,
        })
    }
}
