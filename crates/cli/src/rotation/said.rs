//! Fields of a record, as far as it has them.

use rekey_audit::Entry;
use rekey_events::Timestamp;
use serde_json::Value;

use crate::moment::rfc3339;

/// What stands where the trail says nothing.
pub const NOT_RECORDED: &str = "not recorded";

/// Reads what a record says besides who did what.
pub trait Said {
    /// What was done.
    fn action(&self) -> &str;
    /// When, in seconds since 1970.
    fn at(&self) -> i64;
    /// When, RFC 3339 to the second.
    fn when(&self) -> String;
    /// `<chain>#<place>`.
    fn place(&self) -> String;
    /// A field of its metadata.
    fn field(&self, name: &str) -> Option<&Value>;
    /// A text in its metadata.
    fn text(&self, name: &str) -> Option<&str>;
    /// A list of texts in its metadata.
    fn texts(&self, name: &str) -> Option<Vec<&str>>;
    /// Whether a field of its metadata is true; none when it is not there.
    fn flag(&self, name: &str) -> Option<bool>;
    /// What was seen at the target: how, when, and how many sessions were ended.
    fn proof(&self) -> Option<Proof<'_>>;
}

/// What was seen at the target.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    pub method: &'a str,
    pub seen_at: Option<&'a str>,
    pub sessions_ended: Option<u64>,
}

impl Said for Entry {
    fn action(&self) -> &str {
        self.record.action.as_str()
    }

    fn at(&self) -> i64 {
        Timestamp::unix(self.record.created_at)
    }

    fn when(&self) -> String {
        rfc3339(self.at())
    }

    fn place(&self) -> String {
        format!("{}#{}", self.chain, self.seq)
    }

    fn field(&self, name: &str) -> Option<&Value> {
        self.record.metadata.as_ref()?.field(name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.field(name)?.as_str().filter(|text| !text.is_empty())
    }

    fn texts(&self, name: &str) -> Option<Vec<&str>> {
        let texts = self.field(name)?.as_array()?.iter();
        Some(texts.filter_map(Value::as_str).collect())
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.field(name)?.as_bool()
    }

    fn proof(&self) -> Option<Proof<'_>> {
        let proof = self.field("proof")?;
        Some(Proof {
            method: proof.get("method")?.as_str()?,
            seen_at: proof.get("seen_at").and_then(Value::as_str),
            sessions_ended: proof.get("sessions_ended").and_then(Value::as_u64),
        })
    }
}
