use aws_sdk_dynamodb::types::AttributeValue;
use rekey_registry::StoreError;

use super::RegistryTable;
use super::error::Unwritten;
use super::item::corrupt;
use super::key::Key;
use super::update::{Expressions, text};

/// How far the job has come.
const AT: &str = "at";

impl RegistryTable {
    pub(super) async fn place_of(&self, job: &str) -> Result<Option<String>, StoreError> {
        let key = Key::cursor(job);
        let Some(mut item) = self.item(&key, None).await? else {
            return Ok(None);
        };
        match item.remove(AT) {
            Some(AttributeValue::S(at)) => Ok(Some(at)),
            _ => Err(corrupt(&key)),
        }
    }

    pub(super) async fn move_on(
        &self,
        job: &str,
        expected: Option<&str>,
        new: &str,
    ) -> Result<bool, StoreError> {
        let mut update = Expressions::default();
        update.set(&[AT], text(new));
        update.only_if(&[AT], expected.map(text));
        match self.update_item(&Key::cursor(job), update).await {
            Ok(()) => Ok(true),
            Err(Unwritten::Condition | Unwritten::Busy) => Ok(false),
            Err(Unwritten::Failed(error)) => Err(error),
        }
    }
}
