use rekey_audit::Entry;
use rekey_events::AuditRecord;
use serde::Serialize;

/// A record and where it stands.
#[derive(Serialize)]
pub struct EntryView<'a> {
    chain: &'a str,
    seq: u64,
    hash: &'a str,
    record: &'a AuditRecord,
}

impl<'a> EntryView<'a> {
    pub fn of(entry: &'a Entry) -> Self {
        Self {
            chain: entry.chain.as_str(),
            seq: entry.seq,
            hash: &entry.hash,
            record: &entry.record,
        }
    }
}
