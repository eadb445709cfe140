use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use rekey_events::{EventId, Timestamp};
use rekey_registry::request::Request;
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
/// A day in seconds.
const DAY: i64 = 24 * 60 * 60;
/// The partition of all registered names.
pub(super) const NAMES: &str = "NAMES";
/// The partition of the sources that belong to somebody.
pub(super) const ACTORS: &str = "ACTORS";

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

    pub(super) fn request(token: &VersionId) -> Self {
        Self {
            pk: format!("REQUEST#{token}"),
            sk: META.into(),
        }
    }

    /// In the list of the day on which it came.
    pub(super) fn request_of_day(request: &Request) -> Self {
        let Request {
            received_at, token, ..
        } = request;
        Self {
            pk: day_partition(received_at.div_euclid(DAY)),
            sk: format!("{received_at:012}#{token}"),
        }
    }

    pub(super) fn actor(source: &str) -> Self {
        Self {
            pk: format!("ACTOR#{source}"),
            sk: META.into(),
        }
    }

    /// In the list of all actors.
    pub(super) fn listed_actor(source: &str) -> Self {
        Self {
            pk: ACTORS.into(),
            sk: source.into(),
        }
    }

    pub(super) fn turn(service: &str) -> Self {
        Self {
            pk: format!("TURN#{service}"),
            sk: META.into(),
        }
    }

    pub(super) fn rate(second: i64) -> Self {
        Self {
            pk: format!("RATE#{second}"),
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

/// The partition of the requests of a day since 1970: `REQUESTS#<yyyymmdd>`, in UTC. A day that no calendar
/// has shares one in which nothing lies.
pub(super) fn day_partition(day: i64) -> String {
    let Ok(at) = Timestamp::of_unix(day.saturating_mul(DAY)) else {
        return "REQUESTS#".to_owned();
    };
    let at = at.date_time();
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("REQUESTS#{year:04}{month:02}{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_people_write_it() {
        for (day, partition) in [
            (0, "REQUESTS#19700101"),
            (20_514, "REQUESTS#20260302"),
            (20_512, "REQUESTS#20260228"),
            (-1, "REQUESTS#19691231"),
            (i64::MAX, "REQUESTS#"),
        ] {
            assert_eq!(day_partition(day), partition);
        }
    }
}
