use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use rekey_registry::{Bucket, Due, DuePage, Next, StoreError, Taken};

use super::error::{Unwritten, unread};
use super::item::{corrupt, put, read};
use super::key::{Key, PK, SK, bucket_partition};
use super::state::scanned;
use super::update::{Expressions, number, text};
use super::{ATTEMPTS, RegistryTable};

/// The most deadlines of a page: some 60 KB, and what a sweep can hand over before it dies.
const PAGE: i32 = 100;

const DEADLINES: &str = "deadlines";
const DUE_AT: &str = "due_at";

impl RegistryTable {
    /// One query with a range of keys: what is not due is not read.
    pub(super) async fn due_page(
        &self,
        bucket: Bucket,
        until: i64,
        after: Option<&str>,
    ) -> Result<DuePage, StoreError> {
        let end = Bucket::end_of(until);
        // The service refuses to begin behind the end.
        if after.is_some_and(|after| after >= end.as_str()) {
            return Ok(DuePage::default());
        }
        let after = after.map(|after| Key::place(bucket, after.to_owned()).attributes());
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk < :end")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", text(&bucket_partition(bucket)))
            .expression_attribute_values(":end", text(&end))
            .set_exclusive_start_key(after)
            .limit(PAGE)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| unread("Query", error))?;
        self.has_read(answer.consumed_capacity(), scanned(answer.scanned_count));
        let items = answer.items.unwrap_or_default().into_iter();
        let due = items.map(|item| {
            let key = Key::of(&item);
            let due: Due = read(item)?;
            // It is taken by what it says, so it must lie where that says.
            if Key::due(&due) == key {
                Ok(due)
            } else {
                Err(corrupt(&key))
            }
        });
        Ok(DuePage {
            due: due.collect::<Result<_, _>>()?,
            next: answer.last_evaluated_key.map(|key| Key::of(&key).sk),
        })
    }

    /// One transaction without a read. The condition is on the secret's item alone: it and the deadline
    /// where it lies are only ever written together.
    pub(super) async fn take_due(&self, due: &Due, next: Next) -> Result<Taken, StoreError> {
        let after = due.after(next);
        for _ in 0..ATTEMPTS {
            let mut actions = vec![self.update(&Key::secret(&due.name), moved(due, next))?];
            let old = Key::due(due);
            let new = after.as_ref().map(|due| (Key::due(due), due));
            // A transaction takes one action for an item: a put in the same place replaces.
            if new.as_ref().is_none_or(|(key, _)| *key != old) {
                actions.push(self.delete(&old)?);
            }
            if let Some((key, due)) = new {
                actions.push(self.put(put(&key, due)?)?);
            }
            match self.transact(actions).await {
                Ok(()) => return Ok(Taken::Ours(after)),
                Err(Unwritten::Condition) => return Ok(Taken::Gone),
                // Only after that write is it known whether there is still something to take.
                Err(Unwritten::Busy) => {}
                Err(Unwritten::Failed(error)) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }
}

/// What becomes of the entry in the secret's item.
fn moved(due: &Due, next: Next) -> Expressions {
    let key = due.key().to_string();
    let mut update = Expressions::default();
    match next {
        Next::At(due_at) => {
            let attempt = due.attempt.saturating_add(1);
            update.set(&[DEADLINES, &key, DUE_AT], number(due_at));
            update.set(&[DEADLINES, &key, "attempt"], number(attempt));
        }
        Next::Done(done_at) => {
            update.remove(&[DEADLINES, &key, DUE_AT]);
            update.set(&[DEADLINES, &key, "done_at"], number(done_at));
        }
    }
    update.increment(&["revision"]);
    update.only_if(&[DEADLINES, &key, DUE_AT], Some(number(due.due_at)));
    update
}
