use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use rekey_audit::{AppendError, Head, Link, MOST_AT_ONCE, Place, TrailError};

use super::AuditTable;
use super::error::{cancelled, unbuilt};
use super::item::{self, HASH, SEQ, corrupt};
use super::key::{Item, Key, PK, number, text};

impl AuditTable {
    /// One transaction. The SDK gives it a token, the same for each of its attempts, so that one whose answer
    /// was lost is not taken for somebody else's
    /// ([TransactWriteItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html),
    /// "ClientRequestToken").
    pub(super) async fn append_links(
        &self,
        expected: Option<&Head>,
        links: &[Link],
        head: &Head,
    ) -> Result<(), AppendError> {
        if links.len() > MOST_AT_ONCE {
            return Err(AppendError::Conflict);
        }
        let mut actions = vec![self.put_head(expected, head)?];
        for link in links {
            let place = Place {
                chain: link.chain.clone(),
                seq: link.seq,
            };
            let key = Key::link(&place);
            let record = link.record().map_err(|_| corrupt(&key))?;
            actions.push(self.put_new(item::link(&key, link, &record)?)?);
            let marker = Key::marker(&record.id);
            actions.push(self.put_new(item::marker(&marker, &place))?);
        }
        // Each time: a name that somebody takes away would hide the chain from whoever looks at them all.
        let name = Key::name(&head.chain).attributes();
        actions.push(done(self.put(name))?);
        let call = self.client.transact_write_items();
        let answer = call.set_transact_items(Some(actions)).send().await;
        answer.map(|_| ()).map_err(|error| cancelled(&error))
    }

    /// The end of the chain, while it is where it is expected.
    fn put_head(
        &self,
        expected: Option<&Head>,
        head: &Head,
    ) -> Result<TransactWriteItem, TrailError> {
        let item = item::head(&Key::head(&head.chain), head)?;
        let Some(expected) = expected else {
            return self.put_new(item);
        };
        let put = self
            .put(item)
            .condition_expression("#seq = :seq AND #hash = :hash")
            .expression_attribute_names("#seq", SEQ)
            .expression_attribute_names("#hash", HASH)
            .expression_attribute_values(":seq", number(expected.seq))
            .expression_attribute_values(":hash", text(&expected.hash));
        done(put)
    }

    /// An item that is not there yet.
    fn put_new(&self, item: Item) -> Result<TransactWriteItem, TrailError> {
        let put = self
            .put(item)
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK);
        done(put)
    }

    fn put(&self, item: Item) -> PutBuilder {
        Put::builder().table_name(&self.table).set_item(Some(item))
    }
}

fn done(put: PutBuilder) -> Result<TransactWriteItem, TrailError> {
    let put = put.build().map_err(unbuilt)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::testing::Canned;
    use rekey_audit::testing::{keyring, record};
    use rekey_audit::{Append as _, BEGINNING};
    use serde_json::{Value, json};

    #[tokio::test]
    async fn the_chain_is_named_with_every_append_and_the_most_records_fill_the_transaction() {
        let puts = Arc::new(Mutex::new(Vec::new()));
        let seen = puts.clone();
        let aws = Canned::new(move |_, request, _| {
            let actions = request["TransactItems"].as_array().unwrap().iter();
            let items = actions.map(|action| action["Put"]["Item"].clone());
            seen.lock().unwrap().push(items.collect::<Vec<Value>>());
            (200, json!({}))
        });
        let table = AuditTable::new(&aws.connection(), "audit".into());
        let keys = keyring(1).unwrap();
        let (mut head, mut prev) = (None, BEGINNING.to_owned());
        let most = u64::try_from(MOST_AT_ONCE).unwrap();
        for first in [1, 1 + most] {
            let mut links = Vec::new();
            for seq in first..first + most {
                let record = record("acme", seq, "db/app", 0).unwrap();
                let link = Link::seal(&record, seq, &prev, 0, &keys).unwrap();
                prev.clone_from(&link.hash);
                links.push(link);
            }
            let end = Head::at(links.last().unwrap(), 0, &keys).unwrap();
            let answer = table.append(head.as_ref(), &links, &end).await;
            assert_eq!(answer, Ok(()));
            head = Some(end);
        }
        let name = json!({ "pk": { "S": "CHAINS" }, "sk": { "S": "acme" } });
        for items in puts.lock().unwrap().iter() {
            assert_eq!(items.len(), 100);
            assert!(items.contains(&name));
        }
    }

    #[tokio::test]
    async fn an_answer_that_was_lost_is_asked_for_with_the_same_token_and_the_next_append_has_another()
     {
        let tokens = Arc::new(Mutex::new(Vec::new()));
        let seen = tokens.clone();
        let aws = Canned::new(move |_, request, before| {
            let token = &request["ClientRequestToken"];
            seen.lock()
                .unwrap()
                .push(token.as_str().unwrap().to_owned());
            let lost = (500, json!({ "__type": "InternalServerError" }));
            if before == 0 {
                lost
            } else {
                (200, Value::Object(serde_json::Map::new()))
            }
        });
        let table = AuditTable::new(&aws.connection(), "audit".into());
        let keys = keyring(1).unwrap();
        let record = record("acme", 1, "db/app", 0).unwrap();
        let link = Link::seal(&record, 1, BEGINNING, 0, &keys).unwrap();
        let head = Head::at(&link, 0, &keys).unwrap();
        for _ in 0..2 {
            let links = std::slice::from_ref(&link);
            assert_eq!(table.append(None, links, &head).await, Ok(()));
        }
        let tokens = tokens.lock().unwrap();
        let [first, again, next] = tokens.as_slice() else {
            panic!("three calls");
        };
        assert!(first == again && again != next);
    }
}
