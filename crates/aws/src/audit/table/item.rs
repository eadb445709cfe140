use aws_sdk_dynamodb::types::AttributeValue;
use rekey_audit::{By, Chain, Head, Indexed, Link, NoLink, Place, Stored, TrailError};
use rekey_events::AuditRecord;
use serde::Serialize;

use super::key::{AT, Item, Key, number, partition_attribute, said, text};

/// The whole link, as text: what is hashed is kept as it was hashed, to the last digit.
const LINK: &str = "link";
/// The whole end of a chain, as text.
const HEAD: &str = "head";
/// The place of the last record, of an end; of a marker, the place of its record.
pub(super) const SEQ: &str = "seq";
/// The hash of the last record.
pub(super) const HASH: &str = "hash";
/// The chain of a marker's record.
const CHAIN: &str = "chain";

/// A link, and where it is filed.
pub(super) fn link(key: &Key, link: &Link, record: &AuditRecord) -> Result<Item, TrailError> {
    let mut item = key.attributes();
    item.insert(LINK.to_owned(), text(&canonical(key, link)?));
    let indexed = Indexed::of(record, &link.chain, link.seq);
    item.insert(AT.to_owned(), text(&indexed.at));
    for (by, partition) in &indexed.partitions {
        item.insert(partition_attribute(*by).to_owned(), text(partition));
    }
    Ok(item)
}

/// What says where a record stands.
pub(super) fn marker(key: &Key, place: &Place) -> Item {
    let mut item = key.attributes();
    item.insert(CHAIN.to_owned(), text(place.chain.as_str()));
    item.insert(SEQ.to_owned(), number(place.seq));
    item
}

/// The end of a chain. `seq` and `hash` stand beside it for the next condition.
pub(super) fn head(key: &Key, head: &Head) -> Result<Item, TrailError> {
    let mut item = key.attributes();
    item.insert(HEAD.to_owned(), text(&canonical(key, head)?));
    item.insert(SEQ.to_owned(), number(head.seq));
    item.insert(HASH.to_owned(), text(&head.hash));
    Ok(item)
}

/// What stands at a place. What somebody made of it by hand is told in its place, so that the places behind
/// it can still be looked at.
pub(super) fn read_stored(seq: u64, item: &Item) -> Stored {
    let filed = By::ALL.into_iter().filter_map(|by| {
        let attribute = partition_attribute(by);
        item.contains_key(attribute)
            .then(|| (by, said(item, attribute).to_owned()))
    });
    Stored {
        seq,
        link: match item.get(LINK) {
            Some(AttributeValue::S(text)) => Link::parse_stored(text),
            _ => Err(NoLink { column: 0 }),
        },
        indexed: Some(Indexed {
            at: said(item, AT).to_owned(),
            partitions: filed.collect(),
        }),
    }
}

/// # Errors
/// [`TrailError::Corrupt`] with the key, never with what is in the item.
pub(super) fn read_head(item: &Item) -> Result<Head, TrailError> {
    serde_json::from_str(said(item, HEAD)).map_err(|_| corrupt(&Key::of(item)))
}

/// The place that a marker says. What somebody made of one by hand says where nothing stands: then its record
/// is not found, and the others are.
pub(super) fn read_marker(item: &Item) -> Place {
    let place = || {
        let chain = Chain::parse(said(item, CHAIN)).ok()?;
        let seq = item.get(SEQ)?.as_n().ok()?.parse().ok()?;
        Some(Place { chain, seq })
    };
    place().unwrap_or_else(nowhere)
}

/// Where nothing stands: what somebody filed or marked by hand who wrote no record. Places begin with 1.
pub(super) fn nowhere() -> Place {
    Place {
        chain: Chain::platform(),
        seq: 0,
    }
}

pub(super) fn corrupt(key: &Key) -> TrailError {
    TrailError::Corrupt(key.to_string())
}

fn canonical<T: Serialize>(key: &Key, document: &T) -> Result<String, TrailError> {
    serde_json_canonicalizer::to_string(document).map_err(|_| corrupt(key))
}
