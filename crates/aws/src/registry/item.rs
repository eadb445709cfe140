use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use rekey_events::Announcement;
use rekey_registry::{StoreError, Unsent};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::key::Key;

/// The attributes of an item.
pub(super) type Item = HashMap<String, AttributeValue>;

/// What a record is written as. A field that is none is no attribute, at any depth: it reads back as none,
/// and is not paid for. At the top it is kept as NULL, for an update to remove.
///
/// # Errors
/// [`StoreError::Corrupt`] when the record has no such form; ours have one.
pub(super) fn write<T: Serialize>(key: &Key, record: &T) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(record).map_err(|_| corrupt(key))?;
    item.values_mut().for_each(prune);
    Ok(item)
}

/// What a part of a record is written as.
///
/// # Errors
/// As for [`write`].
pub(super) fn write_value<T: Serialize>(key: &Key, part: &T) -> Result<AttributeValue, StoreError> {
    let mut value = serde_dynamo::to_attribute_value(part).map_err(|_| corrupt(key))?;
    prune(&mut value);
    Ok(value)
}

/// What a record is put as, with its key.
pub(super) fn put<T: Serialize>(key: &Key, record: &T) -> Result<Item, StoreError> {
    let mut item = write(key, record)?;
    item.retain(|_, value| !value.is_null());
    item.extend(key.attributes());
    Ok(item)
}

/// Reads a record. Attributes that are not known are those of a newer version, and are passed over.
///
/// # Errors
/// [`StoreError::Corrupt`], with the key and never with what is in the item.
pub(super) fn read<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    let key = Key::of(&item);
    serde_dynamo::from_item(item).map_err(|_| corrupt(&key))
}

pub(super) fn corrupt(key: &Key) -> StoreError {
    StoreError::Corrupt(key.to_string())
}

fn prune(value: &mut AttributeValue) {
    match value {
        AttributeValue::M(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(prune);
        }
        AttributeValue::L(list) => list.iter_mut().for_each(prune),
        _ => {}
    }
}

/// An announcement in the outbox. It is kept as text, so that what is published later is what was decided,
/// to the last digit and null.
#[derive(Deserialize, Serialize)]
struct UnsentItem {
    source: String,
    at: i64,
    announcement: String,
}

pub(super) fn put_unsent(key: &Key, unsent: &Unsent) -> Result<Item, StoreError> {
    let announcement = serde_json::to_string(&unsent.announcement).map_err(|_| corrupt(key))?;
    let item = UnsentItem {
        source: unsent.source.as_str().to_owned(),
        at: unsent.at,
        announcement,
    };
    put(key, &item)
}

pub(super) fn read_unsent(item: Item) -> Result<Unsent, StoreError> {
    let key = Key::of(&item);
    let item: UnsentItem = read(item)?;
    let announcement: Announcement =
        serde_json::from_str(&item.announcement).map_err(|_| corrupt(&key))?;
    let source = item.source.parse().map_err(|_| corrupt(&key))?;
    Ok(Unsent {
        source,
        at: item.at,
        announcement,
    })
}
