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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Canned, refusal};
    use rekey_registry::Store;
    use serde_json::{Value, json};

    fn due() -> Due {
        let due = json!({
            "what": "retire", "name": "db/app", "arn": "arn", "version": "v1", "kind": "postgres",
            "promised": 1_700_000_000, "due_at": 1_700_000_000,
        });
        serde_json::from_value(due).unwrap()
    }

    fn cancelled(codes: [&str; 3]) -> (u16, Value) {
        let reasons = codes.map(|code| json!({ "Code": code }));
        let answer = json!({
            "__type": "TransactionCanceledException", "CancellationReasons": reasons,
        });
        (400, answer)
    }

    async fn taken(aws: &Canned) -> Result<Taken, StoreError> {
        let table = RegistryTable::new(&aws.connection(), "registry".into());
        table.take(&due(), Next::At(1_700_000_900)).await
    }

    #[tokio::test]
    async fn another_write_of_the_same_secret_does_not_decide_who_takes_a_deadline() {
        let busy = || cancelled(["TransactionConflict", "None", "None"]);
        let ours = Canned::new(
            move |_, _, before| {
                if before < 2 { busy() } else { (200, json!({})) }
            },
        );
        let expected = due().after(Next::At(1_700_000_900));
        assert_eq!(taken(&ours).await, Ok(Taken::Ours(expected)));
        assert_eq!(ours.calls(), ["TransactWriteItems"; 3]);

        let theirs = Canned::new(move |_, _, before| {
            if before == 0 {
                busy()
            } else {
                cancelled(["ConditionalCheckFailed", "None", "None"])
            }
        });
        assert_eq!(taken(&theirs).await, Ok(Taken::Gone));

        let nobody = Canned::new(move |_, _, _| busy());
        assert_eq!(taken(&nobody).await, Err(StoreError::Conflict));
        assert_eq!(nobody.calls().len(), ATTEMPTS);
    }

    #[tokio::test]
    async fn a_service_that_does_not_answer_is_not_taken_for_somebody_else() {
        let throttled = Canned::new(|_, _, _| cancelled(["None", "ThrottlingError", "None"]));
        assert_eq!(taken(&throttled).await, Err(StoreError::Throttled));
        let down = Canned::new(|_, _, _| (500, json!({ "__type": "InternalServerError" })));
        assert!(matches!(
            taken(&down).await,
            Err(StoreError::Unavailable(_))
        ));
        let denied = Canned::new(|_, _, _| refusal("AccessDeniedException"));
        assert!(matches!(taken(&denied).await, Err(StoreError::Denied(_))));
    }

    #[tokio::test]
    async fn a_lost_answer_is_asked_for_again_with_the_same_token() {
        let tokens = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = tokens.clone();
        let aws = Canned::new(move |_, request, before| {
            let token = request["ClientRequestToken"].as_str().unwrap().to_owned();
            seen.lock().unwrap().push(token);
            if before == 0 {
                (500, json!({ "__type": "InternalServerError" }))
            } else {
                (200, json!({}))
            }
        });
        assert!(matches!(taken(&aws).await, Ok(Taken::Ours(_))));
        let tokens = tokens.lock().unwrap();
        assert_eq!(tokens.len(), 2);
        assert_eq!(tokens[0], tokens[1]);
    }

    #[tokio::test]
    async fn a_page_that_would_begin_behind_what_is_due_is_empty_and_costs_nothing() {
        let aws = Canned::new(|_, _, _| (200, json!({})));
        let table = RegistryTable::new(&aws.connection(), "registry".into());
        let due = due();
        let page = table
            .due(due.bucket(), due.due_at - 1, Some(&due.place()))
            .await;
        assert_eq!(page, Ok(DuePage::default()));
        assert!(aws.calls().is_empty());
    }
}
