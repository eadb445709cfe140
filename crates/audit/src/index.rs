use rekey_events::AuditRecord;

use crate::chain::Chain;

/// How many parts the entries of one value and one day are spread over, so that a busy one writes to
/// several partitions of the table.
pub const SHARDS: u8 = 4;
/// The seconds of a day.
const DAY: i64 = 86_400;
/// The longest value that stands in a key as it is, in bytes. DynamoDB takes 2,048 for a partition key.
const LONGEST: usize = 1000;

/// What entries are found by.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum By {
    /// The day alone.
    Day,
    /// The tenant.
    Tenant,
    /// `actor_id`.
    Actor,
    /// `action`.
    Action,
    /// `target_id`.
    Target,
    /// `request_id`.
    Request,
}

impl By {
    /// Every one of them.
    pub const ALL: [Self; 6] = [
        Self::Day,
        Self::Tenant,
        Self::Actor,
        Self::Action,
        Self::Target,
        Self::Request,
    ];
}

/// What stands in the indexes for one record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Indexed {
    /// The order within a partition: when it was done, then its place.
    pub at: String,
    /// The partitions, as far as the record has the attribute.
    pub partitions: Vec<(By, String)>,
}

impl Indexed {
    /// Where a record is filed.
    #[must_use]
    pub fn of(record: &AuditRecord, chain: &Chain, seq: u64) -> Self {
        let at = record.created_at.unix();
        let shard = shard(record);
        let day = day_of(at);
        let partitions = By::ALL.into_iter().filter_map(|by| {
            let partition = Partition {
                by,
                value: value(record, by)?,
                day,
                shard,
            };
            Some((by, partition.key()))
        });
        Self {
            at: place(at, chain, seq),
            partitions: partitions.collect(),
        }
    }
}

/// One partition of an index.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Partition<'a> {
    /// The index.
    pub by: By,
    /// The value; nothing for [`By::Day`].
    pub value: &'a str,
    /// The day, counted from 1970, UTC.
    pub day: i64,
    /// The part of it, below [`SHARDS`].
    pub shard: u8,
}

impl Partition<'_> {
    /// The key of the partition: `<value>#<yyyymmdd>#<shard>`, without the value for the day alone.
    #[must_use]
    pub fn key(&self) -> String {
        let (day, shard) = (written(self.day), self.shard);
        match self.by {
            By::Day => format!("{day}#{shard}"),
            _ => format!("{}#{day}#{shard}", clipped(self.value)),
        }
    }
}

/// The value that a record is filed by.
pub(crate) fn value(record: &AuditRecord, by: By) -> Option<&str> {
    match by {
        By::Day => Some(""),
        By::Tenant => Some(record.tenant.as_str()),
        By::Actor => Some(record.actor_id.as_str()),
        By::Action => Some(record.action.as_str()),
        By::Target => Some(record.target_id.as_str()),
        By::Request => record.request_id.as_ref().map(|id| id.as_str()),
    }
}

/// The day of a second, counted from 1970, UTC.
#[must_use]
pub fn day_of(seconds: i64) -> i64 {
    seconds.div_euclid(DAY)
}

/// What sorts by time and then by place: 12 digits of seconds, the chain, 12 digits of its place.
fn place(at: i64, chain: &Chain, seq: u64) -> String {
    let at = at.clamp(0, 999_999_999_999);
    format!("{at:012}#{chain}#{seq:012}")
}

/// Before everything of a second in the order of an index.
pub(crate) fn from(at: i64) -> String {
    format!("{:012}", at.clamp(0, 999_999_999_999))
}

fn shard(record: &AuditRecord) -> u8 {
    let last = record.id.to_string().bytes().last().unwrap_or(b'0');
    last % SHARDS
}

fn clipped(value: &str) -> &str {
    if value.len() <= LONGEST {
        return value;
    }
    let end = (0..=LONGEST)
        .rev()
        .find(|at| value.is_char_boundary(*at))
        .unwrap_or(0);
    value.get(..end).unwrap_or_default()
}

/// A day as `yyyymmdd`.
fn written(day: i64) -> String {
    let first = time::Date::from_calendar_date(1970, time::Month::January, 1);
    let date = first
        .ok()
        .and_then(|first| first.checked_add(time::Duration::days(day)));
    date.map_or_else(
        || "00000000".to_owned(),
        |date| {
            format!(
                "{:04}{:02}{:02}",
                date.year(),
                u8::from(date.month()),
                date.day()
            )
        },
    )
}
