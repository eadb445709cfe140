use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use rekey_audit::{Place, Stored, TrailError};
use rekey_events::EventId;

use super::AuditTable;
use super::error::{failed, unbuilt};
use super::item::{read_marker, read_stored};
use super::key::{Item, Key};

/// The most keys of one call:
/// [BatchGetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html).
const MOST_KEYS: usize = 100;
/// How often a call is made again that answered for none of its keys.
const FRUITLESS: usize = 3;

impl AuditTable {
    pub(super) async fn places_of(
        &self,
        ids: &[EventId],
    ) -> Result<Vec<Option<Place>>, TrailError> {
        let keys: Vec<Key> = ids.iter().map(Key::marker).collect();
        let items = self.items(&keys).await?;
        let found = keys.iter().map(|key| items.get(key).map(read_marker));
        Ok(found.collect())
    }

    pub(super) async fn stored_at(
        &self,
        places: &[Place],
    ) -> Result<Vec<Option<Stored>>, TrailError> {
        let keys: Vec<Key> = places.iter().map(Key::link).collect();
        let items = self.items(&keys).await?;
        let found = places.iter().zip(&keys);
        let stored = found.map(|(place, key)| {
            let item = items.get(key)?;
            Some(read_stored(place.seq, item))
        });
        Ok(stored.collect())
    }

    /// Items by their keys, as they are after every write that was acknowledged.
    async fn items(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, TrailError> {
        // The service refuses a call that names a key twice.
        let mut once = keys.to_vec();
        once.sort_by(|one, other| (&one.pk, &one.sk).cmp(&(&other.pk, &other.sk)));
        once.dedup();
        let mut found = HashMap::new();
        for keys in once.chunks(MOST_KEYS) {
            self.add_items(keys, &mut found).await?;
        }
        Ok(found)
    }

    /// The service may leave out a part: what goes beyond 16 MB, or beyond the throughput.
    async fn add_items(
        &self,
        keys: &[Key],
        found: &mut HashMap<Key, Item>,
    ) -> Result<(), TrailError> {
        let keys = keys.iter().map(Key::attributes).collect();
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true);
        let mut wanted = Some(wanted.build().map_err(unbuilt)?);
        let mut fruitless = 0;
        while let Some(asked) = wanted {
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, asked)
                .send()
                .await
                .map_err(|error| failed("BatchGetItem", &error))?;
            let items = answer.responses.into_iter().flatten();
            let before = found.len();
            found.extend(
                items
                    .flat_map(|(_, items)| items)
                    .map(|item| (Key::of(&item), item)),
            );
            let left = answer.unprocessed_keys.into_iter().flatten().next();
            wanted = left
                .map(|(_, left)| left)
                .filter(|left| !left.keys.is_empty());
            fruitless = if found.len() == before {
                fruitless + 1
            } else {
                0
            };
            if wanted.is_some() && fruitless > FRUITLESS {
                return Err(TrailError::Throttled);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Canned;
    use rekey_audit::testing::{keyring, record};
    use rekey_audit::{BEGINNING, Chain, Link, Trail as _};
    use serde_json::{Value, json};

    fn places(count: u64) -> Vec<Place> {
        let chain = Chain::parse("acme").unwrap();
        let place = |seq| Place {
            chain: chain.clone(),
            seq,
        };
        (1..=count).map(place).collect()
    }

    /// Answers for the first `most` keys of a call and leaves the others out.
    fn answer(request: &Value, most: usize) -> Value {
        let asked = &request["RequestItems"]["audit"];
        assert_eq!(asked["ConsistentRead"], true);
        let keys = asked["Keys"].as_array().unwrap();
        let (now, later) = keys.split_at(most.min(keys.len()));
        let unprocessed = match later {
            [] => json!({}),
            later => json!({ "audit": { "Keys": later, "ConsistentRead": true } }),
        };
        json!({ "Responses": { "audit": now }, "UnprocessedKeys": unprocessed })
    }

    #[tokio::test]
    async fn what_the_service_leaves_out_is_asked_for_again_a_hundred_keys_at_most() {
        let aws = Canned::new(|_, request, _| {
            let keys = request["RequestItems"]["audit"]["Keys"].as_array().unwrap();
            assert!(keys.len() <= MOST_KEYS);
            (200, answer(request, 60))
        });
        let table = AuditTable::new(&aws.connection(), "audit".into());
        let stored = table.fetch(&places(150)).await.unwrap();
        assert!(stored.iter().all(Option::is_some) && stored.len() == 150);
        // 60 and 40 of the first hundred, then the fifty.
        assert_eq!(aws.calls(), ["BatchGetItem"; 3]);
    }

    #[tokio::test]
    async fn a_marker_that_is_none_says_nowhere_and_the_others_say_where() {
        let id = |what| record("acme", what, "db/app", 0).unwrap().id;
        let (right, absent) = (id(1), id(2));
        let wrong = [
            json!({ "S": "hunter2" }),
            json!({ "N": "-1" }),
            json!({ "N": "0.5" }),
        ];
        for seq in wrong {
            let marker = |id: EventId, seq: &Value| {
                json!({
                    "pk": { "S": format!("EVENT#{id}") }, "sk": { "S": "META" },
                    "chain": { "S": "acme" }, "seq": seq,
                })
            };
            let items = [marker(right, &json!({ "N": "7" })), marker(id(3), &seq)];
            let answer = json!({ "Responses": { "audit": items }, "UnprocessedKeys": {} });
            let aws = Canned::new(move |_, _, _| (200, answer.clone()));
            let table = AuditTable::new(&aws.connection(), "audit".into());
            let places = table.recorded(&[right, absent, id(3)]).await.unwrap();
            let seven = places[0].as_ref().unwrap();
            assert_eq!((seven.chain.as_str(), seven.seq), ("acme", 7));
            assert_eq!(places[1], None);
            // A place that no record has: whoever looks there finds nothing.
            assert_eq!(places[2].as_ref().unwrap().seq, 0);
        }
    }

    #[tokio::test]
    async fn a_link_in_another_spelling_than_its_own_is_none() {
        let keys = keyring(1).unwrap();
        let record = record("acme", 1, "db/app", 0).unwrap();
        let link = Link::seal(&record, 1, BEGINNING, 0, &keys).unwrap();
        let own = serde_json_canonicalizer::to_string(&link).unwrap();
        let twice = own.replacen("\"record\":{", "\"record\":{\"action\":\"x\",", 1);
        assert_eq!(Link::parse(&twice).unwrap(), link, "the last one counts");
        for (text, is_one) in [
            (own.clone(), true),
            (twice, false),
            (format!(" {own}"), false),
            (serde_json::to_string(&link).unwrap(), false),
        ] {
            let item = json!({
                "pk": { "S": "CHAIN#acme" }, "sk": { "S": "000000000001" }, "link": { "S": text },
            });
            let answer = json!({ "Responses": { "audit": [item] }, "UnprocessedKeys": {} });
            let aws = Canned::new(move |_, _, _| (200, answer.clone()));
            let table = AuditTable::new(&aws.connection(), "audit".into());
            let stored = table.fetch(&places(1)).await.unwrap();
            assert_eq!(stored[0].as_ref().unwrap().link.is_ok(), is_one, "{text}");
        }
    }

    #[tokio::test]
    async fn a_table_that_answers_for_nothing_is_throttled_and_not_empty() {
        let aws = Canned::new(|_, request, _| (200, answer(request, 0)));
        let table = AuditTable::new(&aws.connection(), "audit".into());
        let answer = table.fetch(&places(2)).await;
        assert_eq!(answer, Err(TrailError::Throttled));
        assert_eq!(aws.calls().len(), FRUITLESS + 1);
    }
}
