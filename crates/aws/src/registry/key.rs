use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use rekey_events::EventId;
use rekey_registry::{Bucket, Due, VersionId};

use super::item::Item;

/// The attributes that are the key of every item.
pub(super) const PK: &str = "pk";
pub(super) const SK: &str = "sk";

/// The start of the sort keys in a secret's partition.
pub(super) const CONSUMER: &str = "CONSUMER#";
pub(super) const UNSENT: &str = "UNSENT#";
pub(super) const VERSION: &str = "VERSION#";

/// The sort key of an item that is one of a kind in its partition.
const META: &str = "META";
/// The partition of all registered names.
pub(super) const NAMES: &str = "NAMES";

/// Where an item lies. Written in errors, so that somebody can find it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    pub(super) fn secret(name: &str) -> Self {
        Self {
            pk: partition(name),
            sk: META.into(),
        }
    }

    pub(super) fn version(name: &str, id: &VersionId) -> Self {
        Self {
            pk: partition(name),
            sk: format!("{VERSION}{id}"),
        }
    }

    pub(super) fn consumer(name: &str, service: &str) -> Self {
        Self {
            pk: partition(name),
            sk: format!("{CONSUMER}{service}"),
        }
    }

    pub(super) fn unsent(name: &str, id: &EventId) -> Self {
        Self {
            pk: partition(name),
            sk: format!("{UNSENT}{id}"),
        }
    }

    pub(super) fn due(due: &Due) -> Self {
        Self::place(due.bucket(), due.place())
    }

    pub(super) fn place(bucket: Bucket, place: String) -> Self {
        Self {
            pk: bucket_partition(bucket),
            sk: place,
        }
    }

    pub(super) fn name(name: &str) -> Self {
        Self {
            pk: NAMES.into(),
            sk: name.into(),
        }
    }

    pub(super) fn read(id: &EventId) -> Self {
        Self {
            pk: format!("READ#{id}"),
            sk: META.into(),
        }
    }

    pub(super) fn cursor(job: &str) -> Self {
        Self {
            pk: format!("CURSOR#{job}"),
            sk: META.into(),
        }
    }

    /// The key of an item that was read. Both halves are there: they are the table's key.
    pub(super) fn of(item: &Item) -> Self {
        let text = |name| match item.get(name) {
            Some(AttributeValue::S(text)) => text.clone(),
            _ => String::new(),
        };
        Self {
            pk: text(PK),
            sk: text(SK),
        }
    }

    /// As the service takes it.
    pub(super) fn attributes(&self) -> Item {
        Item::from([
            (PK.into(), AttributeValue::S(self.pk.clone())),
            (SK.into(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.pk, self.sk)
    }
}

/// The partition of a secret.
pub(super) fn partition(name: &str) -> String {
    format!("SECRET#{name}")
}

/// The partition of a bucket of deadlines.
pub(super) fn bucket_partition(bucket: Bucket) -> String {
    format!("DUE#{bucket}")
}
