//! The local cloud's journal, read on from where it was read last: it grows by every call of everybody.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use anyhow::Result;
use rekey_tests::cloud::{Call, Cloud};

pub struct Journal {
    path: PathBuf,
    read: u64,
}

impl Journal {
    /// From its beginning.
    pub fn of(cloud: &Cloud) -> Self {
        Self {
            path: cloud.dir.join("journal.jsonl"),
            read: 0,
        }
    }

    /// The calls since the last time.
    pub fn news(&mut self) -> Result<Vec<Call>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // A line that is being written has no end yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        self.read += whole.len() as u64;
        let calls = whole.lines().map(serde_json::from_str);
        Ok(calls.collect::<Result<_, _>>()?)
    }
}
