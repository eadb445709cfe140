use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::deadline::{DeadlineKey, What};
use crate::version::VersionId;

const HOUR: i64 = 60 * 60;

/// A deadline as it lies where a sweep looks. It holds all that keeping it needs, so that a sweep reads
/// what is due and nothing else.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Due {
    /// What falls due.
    pub what: What,
    /// The name of the secret.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The version that it is about.
    pub version: VersionId,
    /// What kind of target the secret opens.
    pub kind: String,
    /// Who looks after the secret.
    #[serde(default)]
    pub owner: Option<String>,
    /// When it should happen, in seconds since 1970.
    pub promised: i64,
    /// When a sweep shall look at it.
    pub due_at: i64,
    /// How often it was handed over before.
    #[serde(default)]
    pub attempt: u32,
    /// When the version lost AWSCURRENT, for what is about an old credential.
    #[serde(default)]
    pub switched_at: Option<i64>,
    /// When its grace ends.
    #[serde(default)]
    pub ends_at: Option<i64>,
    /// When the secret may be rotated, for what asks for a rotation: the tag `rekey:window`.
    #[serde(default)]
    pub window: Option<String>,
    /// The last rotation that the schedule asked for and that came to no good end: what is asked for after
    /// it is another request.
    #[serde(default)]
    pub after: Option<VersionId>,
}

/// FNV-1a.
pub(crate) fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Due {
    /// Its name among the deadlines of its secret.
    pub fn key(&self) -> DeadlineKey {
        DeadlineKey::new(self.what, &self.version)
    }

    /// The bucket that it lies in.
    pub fn bucket(&self) -> Bucket {
        Bucket {
            hour: self.due_at.div_euclid(HOUR),
            shard: Bucket::shard_of(&self.name),
        }
    }

    /// Its place in the bucket: `<time, 12 digits>#<name>#<what>#<version>`.
    pub fn place(&self) -> String {
        let Self {
            due_at,
            name,
            what,
            version,
            ..
        } = self;
        format!("{due_at:012}#{name}#{what}#{version}")
    }
}

/// One hour's deadlines of a quarter of the secrets.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Bucket {
    /// Hours since 1970.
    pub hour: i64,
    /// 0 to 3.
    pub shard: u8,
}

impl Bucket {
    /// How many buckets an hour has.
    pub const SHARDS: u8 = 4;

    /// The hour of a point in time.
    pub fn hour_of(at: i64) -> i64 {
        at.div_euclid(HOUR)
    }

    /// All buckets of an hour.
    pub fn of_hour(hour: i64) -> impl Iterator<Item = Self> {
        (0..Self::SHARDS).map(move |shard| Self { hour, shard })
    }

    /// The shard of a secret: FNV-1a of its name, so that it is the same in every build.
    pub fn shard_of(name: &str) -> u8 {
        // The high bits are the well mixed ones.
        (hash(name.bytes()) >> 62) as u8
    }

    /// The last place that is due at `until`: everything in front of this text is.
    pub fn end_of(until: i64) -> String {
        format!("{:012}#", until.saturating_add(1).max(0))
    }
}

/// `<yyyymmddhh>#<0-3>`, in UTC.
impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.hour.saturating_mul(HOUR);
        let at = OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day, hour) = (at.year(), u8::from(at.month()), at.day(), at.hour());
        write!(f, "{year:04}{month:02}{day:02}{hour:02}#{}", self.shard)
    }
}
