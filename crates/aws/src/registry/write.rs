use aws_sdk_dynamodb::types::{Delete, Put, ReturnConsumedCapacity, TransactWriteItem};
use rekey_registry::StoreError;

use super::RegistryTable;
use super::error::{Unwritten, cancelled, unwritten};
use super::item::Item;
use super::key::{Key, PK};
use super::update::Expressions;

impl RegistryTable {
    /// One write of one item.
    pub(super) async fn update_item(
        &self,
        key: &Key,
        update: Expressions,
    ) -> Result<(), Unwritten> {
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = update.alone(call).send().await;
        let answer = answer.map_err(|error| unwritten("UpdateItem", error))?;
        self.has_written(answer.consumed_capacity());
        Ok(())
    }

    /// All or nothing.
    pub(super) async fn transact(&self, actions: Vec<TransactWriteItem>) -> Result<(), Unwritten> {
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(actions))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(cancelled)?;
        self.has_written(answer.consumed_capacity());
        Ok(())
    }

    pub(super) fn put(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .build();
        let put = put.map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    pub(super) fn delete(&self, key: &Key) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .build();
        let delete = delete.map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Deletes an item; the transaction fails when it is not there.
    pub(super) fn delete_only_if_there(&self, key: &Key) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", PK)
            .build();
        let delete = delete.map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    pub(super) fn update(
        &self,
        key: &Key,
        update: Expressions,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = update.in_transaction(&self.table, key).build();
        let update = update.map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The SDK's builders ask for fields that all of the above set.
fn unbuilt(_: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Unavailable("TransactWriteItems: the request could not be made".into())
}
