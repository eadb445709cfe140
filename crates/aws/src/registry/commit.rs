use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, TransactWriteItem};
use futures_util::future::try_join_all;
use rekey_events::EventId;
use rekey_registry::{Changes, StoreError};

use super::RegistryTable;
use super::correlation::write_secret;
use super::error::unwritten;
use super::item::{put, put_unsent, write};
use super::key::Key;
use super::state::{WRITES, WRITTEN};
use super::update::{Expressions, number};

/// In the item of a secret, and of a request: what every write of it hangs on.
pub(super) const REVISION: &str = "revision";

impl RegistryTable {
    /// One transaction, conditional on the revision of the secret's item. A transaction takes 100 actions
    /// ([`Changes::MOST`]), and what decides keeps below that: more than that would have to be written in
    /// parts, and a state in between would be seen.
    ///
    /// The SDK gives the call a token of its own, so a lost answer does not turn its own retry into a
    /// conflict. Nothing rests on that: after a conflict, whoever called loads and decides again.
    pub(super) async fn commit_changes(&self, changes: &Changes) -> Result<(), StoreError> {
        let actions = self.actions(changes)?;
        self.transact_with(actions, &changes.outcomes).await
    }

    /// Takes announcements out of the outbox. They are in no other write, and a repeat finds them gone.
    pub(super) async fn take_out(&self, name: &str, ids: &[EventId]) -> Result<(), StoreError> {
        let deletions = ids.iter().map(|id| {
            self.client
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(Key::unsent(name, id).attributes()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
        });
        let answers = try_join_all(deletions).await;
        for answer in answers.map_err(|error| unwritten("DeleteItem", error))? {
            self.has_written(answer.consumed_capacity());
        }
        Ok(())
    }

    /// All of it but the outcomes of requests.
    pub(super) fn actions(&self, changes: &Changes) -> Result<Vec<TransactWriteItem>, StoreError> {
        let name = &changes.secret.name;
        let mut actions = vec![self.secret_update(changes)?];
        if changes.expected.is_none() {
            actions.push(self.put(Key::name(name).attributes())?);
        }
        for version in &changes.versions {
            let key = Key::version(name, &version.id);
            let mut update = Expressions::whole(write(&key, version)?);
            update.set(&[WRITTEN], number(changes.secret.revision));
            actions.push(self.update(&key, update)?);
        }
        for id in &changes.dropped {
            actions.push(self.delete(&Key::version(name, id))?);
        }
        for due in &changes.armed {
            let key = Key::due(due);
            actions.push(self.put(put(&key, due)?)?);
        }
        for (bucket, place) in &changes.disarmed {
            actions.push(self.delete(&Key::place(*bucket, place.clone()))?);
        }
        for unsent in &changes.unsent {
            let key = Key::unsent(name, &unsent.announcement.event_id);
            actions.push(self.put(put_unsent(&key, unsent)?)?);
        }
        Ok(actions)
    }

    /// The secret's item, with the revision at which each version is written.
    fn secret_update(&self, changes: &Changes) -> Result<TransactWriteItem, StoreError> {
        let secret = &changes.secret;
        let key = Key::secret(&secret.name);
        let mut update = Expressions::whole(write_secret(&key, secret)?);
        let revision = number(secret.revision);
        match changes.expected {
            None => {
                let written = changes.versions.iter();
                let writes = written
                    .map(|version| (version.id.to_string(), revision.clone()))
                    .collect();
                update.set(&[WRITES], AttributeValue::M(writes));
                update.only_if(&[REVISION], None);
            }
            Some(expected) => {
                for version in &changes.versions {
                    update.set(&[WRITES, version.id.as_str()], revision.clone());
                }
                for id in &changes.dropped {
                    update.remove(&[WRITES, id.as_str()]);
                }
                update.only_if(&[REVISION], Some(number(expected)));
            }
        }
        self.update(&key, update)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Canned;
    use rekey_registry::{Secret, Store, Version, VersionId};
    use serde_json::{Value, json};
    use std::sync::{Arc, Mutex};

    fn secret() -> Secret {
        let secret = json!({
            "name": "db/app", "arn": "arn", "kind": "postgres", "registered_at": 1_700_000_000,
            "presence": { "is": "present" }, "revision": 2,
        });
        serde_json::from_value(secret).unwrap()
    }

    /// As long as the ids of Secrets Manager may be.
    fn id(number: u32) -> VersionId {
        VersionId::new(format!("{number:064}"))
    }

    /// The actions of the one transaction that the changes are.
    async fn actions(changes: &Changes) -> Vec<Value> {
        let seen = Arc::new(Mutex::new(Value::Null));
        let requests = seen.clone();
        let aws = Canned::new(move |_, request, _| {
            *requests.lock().unwrap() = request.clone();
            (200, json!({}))
        });
        let table = RegistryTable::new(&aws.connection(), "registry".into());
        table.commit(changes).await.unwrap();
        assert_eq!(aws.calls(), ["TransactWriteItems"]);
        let request = seen.lock().unwrap();
        request["TransactItems"].as_array().unwrap().clone()
    }

    #[tokio::test]
    async fn the_largest_commit_keeps_to_the_limits_of_its_transaction() {
        // "Service, account, and table quotas in Amazon DynamoDB": 100 actions, an expression of 4 KB.
        let half = u32::try_from(Changes::MOST / 2).unwrap();
        let of = |number| Version::new(id(number), number, None);
        let changes = Changes {
            expected: Some(1),
            secret: secret(),
            versions: (1..=half).map(of).collect(),
            dropped: (half + 1..2 * half).map(id).collect(),
            armed: Vec::new(),
            disarmed: Vec::new(),
            unsent: Vec::new(),
            outcomes: Vec::new(),
        };
        let actions = actions(&changes).await;
        assert_eq!((changes.parts(), actions.len()), (Changes::MOST, 100));
        let expression = actions[0]["Update"]["UpdateExpression"].as_str().unwrap();
        assert!(expression.len() <= 4096, "{}", expression.len());
    }

    #[tokio::test]
    async fn every_write_of_a_commit_hangs_on_the_revision_of_the_secret() {
        let mut changes = Changes {
            expected: Some(7),
            secret: secret(),
            versions: Vec::new(),
            dropped: Vec::new(),
            armed: Vec::new(),
            disarmed: Vec::new(),
            unsent: Vec::new(),
            outcomes: Vec::new(),
        };
        let update = actions(&changes).await[0]["Update"].clone();
        let condition = update["ConditionExpression"].as_str().unwrap();
        let (name, value) = condition.split_once(" = ").unwrap();
        assert_eq!(update["ExpressionAttributeNames"][name], "revision");
        assert_eq!(
            update["ExpressionAttributeValues"][value],
            json!({ "N": "7" })
        );

        changes.expected = None;
        let first = actions(&changes).await;
        let condition = first[0]["Update"]["ConditionExpression"].as_str().unwrap();
        assert!(
            condition.starts_with("attribute_not_exists(#"),
            "{condition}"
        );
        let name = json!({ "pk": { "S": "NAMES" }, "sk": { "S": "db/app" } });
        assert_eq!(first[1]["Put"]["Item"], name);
    }
}
