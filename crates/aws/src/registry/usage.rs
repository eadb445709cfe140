use std::ops::Sub;

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// What calls have used of a table, by `ReturnConsumedCapacity`: for a log line and for tests that say
/// what a sweep may cost. The difference of two is what was used between them. A call that fails says
/// nothing of what it used, and is not in here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// How many calls succeeded.
    pub requests: u64,
    /// How many items were looked at, found or not: `ScannedCount`.
    pub items_read: u64,
    /// Read capacity units; a strongly consistent read of 4 KB is 1.
    pub read_units: f64,
    /// Write capacity units; a write of 1 KB is 1, in a transaction 2.
    pub write_units: f64,
}

impl Usage {
    pub(super) fn add_read(&mut self, capacity: Option<&ConsumedCapacity>, scanned: usize) {
        self.requests = self.requests.saturating_add(1);
        let scanned = u64::try_from(scanned).unwrap_or(u64::MAX);
        self.items_read = self.items_read.saturating_add(scanned);
        self.read_units += units([capacity].into_iter().flatten());
    }

    pub(super) fn add_write<'a>(
        &mut self,
        capacity: impl IntoIterator<Item = &'a ConsumedCapacity>,
    ) {
        self.requests = self.requests.saturating_add(1);
        self.write_units += units(capacity);
    }
}

fn units<'a>(capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    let capacity = capacity.into_iter();
    capacity.filter_map(|one| one.capacity_units).sum()
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(before.requests),
            items_read: self.items_read.saturating_sub(before.items_read),
            read_units: self.read_units - before.read_units,
            write_units: self.write_units - before.write_units,
        }
    }
}
