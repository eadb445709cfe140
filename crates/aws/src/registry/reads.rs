use futures_util::future::try_join;
use rekey_events::EventId;
use rekey_registry::{Consumer, Noted, Read, StoreError};

use super::error::Unwritten;
use super::item::{read, write};
use super::key::{Key, PK};
use super::update::{Expressions, number};
use super::{ATTEMPTS, RegistryTable};

/// The TTL attribute. The records of reads and of slots are the only ones that have it.
pub(super) const EXPIRES_AT: &str = "expires_at";

/// How long after a read its event is remembered, in seconds. EventBridge offers an event for a day and a
/// queue keeps it for 14 at most; what comes then is remembered for another two weeks.
const REMEMBERED: i64 = 30 * 24 * 60 * 60;

impl RegistryTable {
    /// The consumer first and the event's id after it: what dies in between is repeated, and the consumer
    /// is the same after the same read. A consumer that is there belongs to a registered secret: a secret's
    /// item is never taken away.
    pub(super) async fn record_read(&self, seen: &Read) -> Result<Noted, StoreError> {
        let Some(service) = &seen.service else {
            return self.record_own_read(seen).await;
        };
        let key = Key::consumer(&seen.name, service);
        for _ in 0..ATTEMPTS {
            let (known, consumer) =
                try_join(self.is_recorded(&seen.event_id), self.item(&key, None)).await?;
            if known {
                return Ok(Noted::Known);
            }
            let consumer: Option<Consumer> = consumer.map(read).transpose()?;
            if consumer.is_none() {
                let secret = self.item(&Key::secret(&seen.name), Some(PK)).await?;
                if secret.is_none() {
                    return Ok(Noted::Unregistered);
                }
            }
            let merged = seen.merge(consumer.as_ref());
            if let Some(merged) = merged.filter(|merged| consumer.as_ref() != Some(merged)) {
                let update = grown(&key, consumer.as_ref(), &merged)?;
                match self.update_item(&key, update).await {
                    Ok(()) => {}
                    // Somebody else recorded another read of the same service.
                    Err(Unwritten::Condition | Unwritten::Busy) => continue,
                    Err(Unwritten::Failed(error)) => return Err(error),
                }
            }
            return self.remember(seen).await;
        }
        Err(StoreError::Conflict)
    }

    /// One of our own functions is no consumer: its read is remembered, so that it is told once.
    async fn record_own_read(&self, seen: &Read) -> Result<Noted, StoreError> {
        let secret = self.item(&Key::secret(&seen.name), Some(PK)).await?;
        if secret.is_none() {
            return Ok(Noted::Unregistered);
        }
        self.remember(seen).await
    }

    pub(super) async fn is_recorded(&self, id: &EventId) -> Result<bool, StoreError> {
        let item = self.item(&Key::read(id), Some(PK)).await?;
        Ok(item.is_some())
    }

    async fn remember(&self, seen: &Read) -> Result<Noted, StoreError> {
        let mut update = Expressions::default();
        let expires_at = seen.at.saturating_add(REMEMBERED);
        update.set(&[EXPIRES_AT], number(expires_at));
        update.only_if(&[EXPIRES_AT], None);
        match self.update_item(&Key::read(&seen.event_id), update).await {
            Ok(()) => Ok(Noted::New),
            Err(Unwritten::Condition | Unwritten::Busy) => Ok(Noted::Known),
            Err(Unwritten::Failed(error)) => Err(error),
        }
    }
}

/// A write of `merged`, only if the consumer is still as it was read.
fn grown(
    key: &Key,
    known: Option<&Consumer>,
    merged: &Consumer,
) -> Result<Expressions, StoreError> {
    const LAST_CURRENT: &str = "last_current_read_at";
    const LAST: &str = "last_used_at";
    const FIRST: &str = "first_used_at";
    let mut update = Expressions::whole(write(key, merged)?);
    match known {
        None => update.only_if(&[FIRST], None),
        Some(known) => {
            update.only_if(&[FIRST], Some(number(known.first_used_at)));
            update.only_if(&[LAST], Some(number(known.last_used_at)));
            update.only_if(&[LAST_CURRENT], known.last_current_read_at.map(number));
        }
    }
    Ok(update)
}
