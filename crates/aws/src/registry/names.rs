use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use rekey_registry::StoreError;

use super::RegistryTable;
use super::error::unread;
use super::key::{Key, NAMES, PK};
use super::state::scanned;
use super::update::text;

impl RegistryTable {
    /// The names have a partition of their own, so that listing them reads nothing else.
    pub(super) async fn names_after(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        self.sort_keys(NAMES, after.map(Key::name), limit).await
    }

    /// The sort keys of a partition that is a list, in their order.
    pub(super) async fn sort_keys(
        &self,
        partition: &str,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        let mut next = after.map(|after| after.attributes());
        while names.len() < limit {
            let wanted = limit.saturating_sub(names.len());
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("#pk = :pk")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_values(":pk", text(partition))
                .set_exclusive_start_key(next)
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| unread("Query", error))?;
            self.has_read(answer.consumed_capacity(), scanned(answer.scanned_count));
            let items = answer.items.unwrap_or_default();
            names.extend(items.iter().map(|item| Key::of(item).sk));
            next = answer.last_evaluated_key;
            if next.is_none() {
                break;
            }
        }
        Ok(names)
    }
}
