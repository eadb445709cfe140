use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use rekey_registry::{Consumer, Secret, SecretState, StoreError, Unsent, Version};

use super::correlation::read_secret;
use super::error::unread;
use super::item::{Item, corrupt, read, read_unsent};
use super::key::{CONSUMER, Key, PK, SK, UNSENT, VERSION, partition};
use super::update::text;
use super::{ATTEMPTS, RegistryTable};

/// In a secret's item: the revision at which each of its versions was written last.
pub(super) const WRITES: &str = "writes";
/// In a version's item: the revision at which it was written.
pub(super) const WRITTEN: &str = "written";

impl RegistryTable {
    /// One query of the partition. A query may see a part of a transaction that is being written
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>, "Isolation
    /// levels"), and a decision on such a mixture would undo what the transaction wrote. So the secret's
    /// item says at which revision each version was written, and what does not fit is read again.
    pub(super) async fn whole_state(&self, name: &str) -> Result<Option<SecretState>, StoreError> {
        for _ in 0..ATTEMPTS {
            let partition = Partition::sort(name, self.partition(name, None).await?)?;
            let Some(partition) = partition else {
                return Ok(None);
            };
            if partition.fits() {
                return Ok(Some(partition.state()));
            }
        }
        Err(StoreError::Unavailable(format!(
            "the items of {} do not belong together: it is being written, or an item was changed by hand",
            Key::secret(name)
        )))
    }

    pub(super) async fn secret_alone(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        let key = Key::secret(name);
        let item = self.item(&key, None).await?;
        item.map(|item| own_secret(name, item)).transpose()
    }

    pub(super) async fn consumers_alone(&self, name: &str) -> Result<Vec<Consumer>, StoreError> {
        let items = self.partition(name, Some(CONSUMER)).await?;
        items.into_iter().map(read).collect()
    }

    /// One item; `only`: no more of it than this attribute.
    pub(super) async fn item(
        &self,
        key: &Key,
        only: Option<&str>,
    ) -> Result<Option<Item>, StoreError> {
        let mut call = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if let Some(only) = only {
            call = call
                .projection_expression("#only")
                .expression_attribute_names("#only", only);
        }
        let answer = call
            .send()
            .await
            .map_err(|error| unread("GetItem", error))?;
        self.has_read(answer.consumed_capacity(), 1);
        Ok(answer.item)
    }

    /// The items of a secret's partition, in the order of their keys; `kind`: those that begin so.
    async fn partition(&self, name: &str, kind: Option<&str>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut next = None;
        loop {
            let mut call = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .expression_attribute_names("#pk", PK)
                .expression_attribute_values(":pk", text(&partition(name)))
                .set_exclusive_start_key(next)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            call = match kind {
                None => call.key_condition_expression("#pk = :pk"),
                Some(kind) => call
                    .key_condition_expression("#pk = :pk AND begins_with(#sk, :kind)")
                    .expression_attribute_names("#sk", SK)
                    .expression_attribute_values(":kind", text(kind)),
            };
            let answer = call.send().await.map_err(|error| unread("Query", error))?;
            self.has_read(answer.consumed_capacity(), scanned(answer.scanned_count));
            items.extend(answer.items.unwrap_or_default());
            next = answer.last_evaluated_key;
            if next.is_none() {
                return Ok(items);
            }
        }
    }
}

/// `ScannedCount`, which is never negative.
pub(super) fn scanned(count: i32) -> usize {
    usize::try_from(count).unwrap_or_default()
}

/// The items of one secret, by kind.
struct Partition {
    secret: Secret,
    writes: BTreeMap<String, AttributeValue>,
    versions: Vec<(Version, Option<AttributeValue>)>,
    consumers: Vec<Consumer>,
    unsent: Vec<Unsent>,
}

impl Partition {
    /// None when the secret's own item is not among them. Kinds of a newer version are passed over.
    fn sort(name: &str, items: Vec<Item>) -> Result<Option<Self>, StoreError> {
        let mut own = None;
        let mut versions = Vec::new();
        let mut consumers = Vec::new();
        let mut unsent = Vec::new();
        for mut item in items {
            let key = Key::of(&item);
            if key == Key::secret(name) {
                let writes = match item.remove(WRITES) {
                    Some(AttributeValue::M(writes)) => writes,
                    _ => return Err(corrupt(&key)),
                };
                own = Some((own_secret(name, item)?, writes.into_iter().collect()));
            } else if key.sk.starts_with(VERSION) {
                let written = item.remove(WRITTEN);
                let version: Version = read(item)?;
                if Key::version(name, &version.id) != key {
                    return Err(corrupt(&key));
                }
                versions.push((version, written));
            } else if key.sk.starts_with(CONSUMER) {
                consumers.push(read(item)?);
            } else if key.sk.starts_with(UNSENT) {
                unsent.push(read_unsent(item)?);
            }
        }
        Ok(own.map(|(secret, writes)| Self {
            secret,
            writes,
            versions,
            consumers,
            unsent,
        }))
    }

    /// Whether the versions are those that the secret's item was written with, as they were then.
    fn fits(&self) -> bool {
        self.versions.len() == self.writes.len()
            && self.versions.iter().all(|(version, written)| {
                written.is_some() && self.writes.get(version.id.as_str()) == written.as_ref()
            })
    }

    fn state(self) -> SecretState {
        let versions = self.versions.into_iter();
        SecretState {
            secret: self.secret,
            versions: versions
                .map(|(version, _)| (version.id.clone(), version))
                .collect(),
            consumers: self.consumers,
            unsent: self.unsent,
        }
    }
}

/// The secret's item, which must be about the secret in whose partition it lies: it is written back there.
fn own_secret(name: &str, item: Item) -> Result<Secret, StoreError> {
    let secret = read_secret(item)?;
    if secret.name == name {
        Ok(secret)
    } else {
        Err(corrupt(&Key::secret(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Canned;
    use rekey_registry::Store;
    use serde_json::{Value, json};

    /// The secret at one revision and its version at another, as two pages of a query.
    fn page(revision: u64, written: u64, request: &Value) -> Value {
        if request.get("ExclusiveStartKey").is_none() {
            let next = json!({ "pk": { "S": "SECRET#db/app" }, "sk": { "S": "META" } });
            return json!({
                "ScannedCount": 1,
                "Items": [{
                    "pk": { "S": "SECRET#db/app" }, "sk": { "S": "META" },
                    "name": { "S": "db/app" }, "arn": { "S": "arn" }, "kind": { "S": "postgres" },
                    "registered_at": { "N": "1700000000" }, "revision": { "N": revision.to_string() },
                    "presence": { "M": { "is": { "S": "present" } } },
                    "writes": { "M": { "v1": { "N": revision.to_string() } } },
                }],
                "LastEvaluatedKey": next,
            });
        }
        json!({
            "ScannedCount": 1,
            "Items": [{
                "pk": { "S": "SECRET#db/app" }, "sk": { "S": "VERSION#v1" },
                "id": { "S": "v1" }, "number": { "N": "1" }, "state": { "S": "made" },
                "written": { "N": written.to_string() },
            }],
        })
    }

    #[tokio::test]
    async fn a_transaction_that_is_met_half_written_is_read_again_until_it_is_whole() {
        // Two looks find the version as it was before the transaction, the third as it is after.
        let aws = Canned::new(|_, request, before| {
            (200, page(2, if before < 4 { 1 } else { 2 }, request))
        });
        let table = RegistryTable::new(&aws.connection(), "registry".into());
        let state = table.load("db/app").await.unwrap().unwrap();
        assert_eq!(state.secret.revision, 2);
        assert_eq!(state.versions.len(), 1);
        assert_eq!(aws.calls(), ["Query"; 6], "three times two pages");
        assert_eq!(table.usage().items_read, 6);
    }

    #[tokio::test]
    async fn what_never_becomes_whole_is_an_error_that_may_pass() {
        let aws = Canned::new(|_, request, _| (200, page(2, 1, request)));
        let table = RegistryTable::new(&aws.connection(), "registry".into());
        let error = table.load("db/app").await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)) && error.is_passing());
        assert_eq!(aws.calls().len(), 2 * ATTEMPTS);
    }
}
