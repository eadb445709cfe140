//! The calls of RotateSecret that are made in a second, counted for all processes in one item.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use futures_util::future::try_join;
use rekey_registry::StoreError;
use rekey_registry::request::share;

use super::error::unwritten;
use super::item::{Item, corrupt};
use super::key::Key;
use super::reads::EXPIRES_AT;
use super::update::{Expressions, number};
use super::{ATTEMPTS, RegistryTable};

/// How many slots of the second were taken.
const TAKEN: &str = "taken";
/// The start of an attribute: how many of them a tenant took. Attributes of their own, because `ADD` goes
/// to no others.
const TAKEN_BY: &str = "taken#";
/// The set of the tenants that asked for one, whether they got it or not.
const ASKED: &str = "asked";

/// For how long a second is remembered, in seconds.
const REMEMBERED: i64 = 60 * 60;

/// What this process knows of the latest seconds.
pub(super) type Seconds = BTreeMap<i64, Second>;

/// What is known of a second. The tables' counts and sets only grow, so what is known stays true, and a
/// tenant that has its share has it until the second is over.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Second {
    /// Who asked in the second before.
    before: BTreeSet<String>,
    asked: BTreeSet<String>,
    taken: u64,
    taken_by: BTreeMap<String, u64>,
}

impl RegistryTable {
    /// The first call in a second reads what is known of it and of the one before, side by side. After
    /// that a slot is one write, and a refusal mostly no call at all.
    ///
    /// Asked and taken are counted apart: a refusal uses nothing up. When an answer is lost, the SDK's own
    /// repetition may count a slot twice; then one is not used, and there are never more than `most`.
    pub(super) async fn slot(
        &self,
        second: i64,
        tenant: &str,
        most: u32,
    ) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS {
            let known = self.known_second(second).await?;
            let share = known.share(tenant, most);
            let taken_by = known.taken_by.get(tenant).copied().unwrap_or_default();
            if known.taken >= u64::from(most) || taken_by >= u64::from(share) {
                if !known.asked.contains(tenant) {
                    self.note_asking(second, tenant).await?;
                }
                return Ok(false);
            }
            if self.take_one(second, tenant, most, share, &known).await? {
                return Ok(true);
            }
        }
        // Others came first each time. There is a next second.
        self.note_asking(second, tenant).await?;
        Ok(false)
    }

    async fn known_second(&self, second: i64) -> Result<Second, StoreError> {
        if let Some(known) = self.seconds().get(&second) {
            return Ok(known.clone());
        }
        let (before, this) = (Key::rate(second.saturating_sub(1)), Key::rate(second));
        let items = try_join(self.item(&before, Some(ASKED)), self.item(&this, None)).await?;
        let mut known = Second::default();
        if let Some(item) = items.0 {
            let mut then = Second::default();
            then.learn(&before, &item)?;
            known.before = then.asked;
        }
        if let Some(item) = items.1 {
            known.learn(&this, &item)?;
        }
        let mut seconds = self.seconds();
        // Others of this process may be a second ahead, and none is further behind.
        let oldest = second.saturating_sub(1);
        seconds.retain(|one, _| *one >= oldest);
        let entry = seconds.entry(second).or_default();
        entry.merge(known);
        Ok(entry.clone())
    }

    /// Takes a slot, only if those who asked are still those that the share was reckoned for, and neither
    /// all slots nor this share are taken. Otherwise more is known after it.
    async fn take_one(
        &self,
        second: i64,
        tenant: &str,
        most: u32,
        share: u32,
        known: &Second,
    ) -> Result<bool, StoreError> {
        let key = Key::rate(second);
        let own = format!("{TAKEN_BY}{tenant}");
        let mut update = asking(second, tenant);
        update.add(TAKEN, number(1));
        update.add(&own, number(1));
        update.only_below(TAKEN, most);
        update.only_below(&own, share);
        update.only_of_size(ASKED, known.asked.len());
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match update.alone(call).send().await {
            Ok(answer) => {
                self.has_written(answer.consumed_capacity());
                self.learn(second, &key, answer.attributes())?;
                Ok(true)
            }
            Err(error) => match item_as_it_is(&error) {
                Some(item) => {
                    self.learn(second, &key, item)?;
                    Ok(false)
                }
                None => Err(unwritten("UpdateItem", error).into()),
            },
        }
    }

    /// Counts a tenant among those who asked. Said twice it is the same.
    async fn note_asking(&self, second: i64, tenant: &str) -> Result<(), StoreError> {
        let key = Key::rate(second);
        self.update_item(&key, asking(second, tenant)).await?;
        if let Some(known) = self.seconds().get_mut(&second) {
            known.asked.insert(tenant.to_owned());
        }
        Ok(())
    }

    fn learn(&self, second: i64, key: &Key, item: Option<&Item>) -> Result<(), StoreError> {
        // A second that was forgotten meanwhile is read anew, with the one before it.
        match (self.seconds().get_mut(&second), item) {
            (Some(known), Some(item)) => known.learn(key, item),
            _ => Ok(()),
        }
    }

    fn seconds(&self) -> MutexGuard<'_, Seconds> {
        self.seconds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Second {
    /// How many of the slots this tenant may have.
    fn share(&self, tenant: &str, most: u32) -> u32 {
        let own = std::iter::once(tenant);
        let others = self.before.iter().chain(&self.asked).map(String::as_str);
        let tenants: BTreeSet<&str> = own.chain(others).collect();
        share(most, tenants.len())
    }

    fn learn(&mut self, key: &Key, item: &Item) -> Result<(), StoreError> {
        let mut seen = Self::default();
        for (name, value) in item {
            let count = || {
                let number = value.as_n().ok().and_then(|number| number.parse().ok());
                number.ok_or_else(|| corrupt(key))
            };
            if name == ASKED {
                let asked = value.as_ss().map_err(|_| corrupt(key))?;
                seen.asked.extend(asked.iter().cloned());
            } else if name == TAKEN {
                seen.taken = count()?;
            } else if let Some(tenant) = name.strip_prefix(TAKEN_BY) {
                seen.taken_by.insert(tenant.to_owned(), count()?);
            }
        }
        self.merge(seen);
        Ok(())
    }

    /// Answers come in any order; nothing that was known is forgotten.
    fn merge(&mut self, seen: Self) {
        self.before.extend(seen.before);
        self.asked.extend(seen.asked);
        self.taken = self.taken.max(seen.taken);
        for (tenant, taken) in seen.taken_by {
            let known = self.taken_by.entry(tenant).or_default();
            *known = taken.max(*known);
        }
    }
}

/// What is written whether there is a slot or not.
fn asking(second: i64, tenant: &str) -> Expressions {
    let mut update = Expressions::default();
    let expires_at = second.saturating_add(REMEMBERED);
    update.set(&[EXPIRES_AT], number(expires_at));
    update.add(ASKED, AttributeValue::Ss(vec![tenant.to_owned()]));
    update
}

/// The item of which a condition does not hold; none inside when there is no item.
fn item_as_it_is<R>(error: &SdkError<UpdateItemError, R>) -> Option<Option<&Item>> {
    match error.as_service_error()? {
        UpdateItemError::ConditionalCheckFailedException(failed) => Some(failed.item()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use rekey_registry::request::Requests;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::Canned;

    const SECOND: i64 = 1_795_326_000;

    /// The item of a second.
    fn item(asked: &[&str], taken: u32, by: &[(&str, u32)]) -> Value {
        let number = |number: u32| json!({ "N": number.to_string() });
        let mut item = json!({ "asked": { "SS": asked }, "taken": number(taken) });
        for (tenant, taken) in by {
            item[format!("taken#{tenant}")] = number(*taken);
        }
        item
    }

    fn table(aws: &Canned) -> RegistryTable {
        RegistryTable::new(&aws.connection(), "registry".into())
    }

    /// The conditions of a write with their values, and whether it takes a slot.
    fn written(request: &Value) -> (String, bool) {
        let put_in = |key: &str, mut text: String| {
            let places = request[key].as_object().unwrap();
            for (place, value) in places {
                let value = value.as_str().or_else(|| value["N"].as_str());
                text = text.replace(place, value.unwrap_or("?"));
            }
            text
        };
        let condition = request["ConditionExpression"].as_str().unwrap_or_default();
        let condition = put_in("ExpressionAttributeNames", condition.to_owned());
        let update = request["UpdateExpression"].as_str().unwrap().to_owned();
        let update = put_in("ExpressionAttributeNames", update);
        let takes = update.contains("taken ");
        (put_in("ExpressionAttributeValues", condition), takes)
    }

    #[tokio::test]
    async fn after_the_first_look_at_a_second_a_slot_is_one_call_and_a_refusal_none() {
        let aws = Canned::new(|operation, _, before| match operation {
            "GetItem" => (200, json!({})),
            _ => {
                let taken = u32::try_from(before + 1).unwrap();
                let now = item(&["acme"], taken, &[("acme", taken)]);
                (200, json!({ "Attributes": now }))
            }
        });
        let table = table(&aws);
        for _ in 0..3 {
            assert_eq!(table.take_slot(SECOND, "acme", 3).await, Ok(true));
        }
        let expected = [
            "GetItem",
            "GetItem",
            "UpdateItem",
            "UpdateItem",
            "UpdateItem",
        ];
        assert_eq!(aws.calls(), expected);
        for _ in 0..9 {
            assert_eq!(table.take_slot(SECOND, "acme", 3).await, Ok(false));
        }
        assert_eq!(aws.calls().len(), 5);
        // A clone is of the same process.
        assert_eq!(table.clone().take_slot(SECOND, "acme", 3).await, Ok(false));
        assert_eq!(aws.calls().len(), 5);
        assert_eq!(table.take_slot(SECOND + 1, "acme", 9).await, Ok(true));
        assert_eq!(aws.calls().len(), 8);
    }

    #[tokio::test]
    async fn who_gets_no_slot_is_counted_as_asking_and_uses_nothing_up() {
        let aws = Canned::new(|operation, request, _| {
            if operation == "UpdateItem" {
                let update = written(request);
                assert_eq!(update, (String::new(), false));
                let asked = request["ExpressionAttributeValues"].as_object().unwrap();
                assert!(asked.values().any(|value| value["SS"] == json!(["globex"])));
                return (200, json!({}));
            }
            (200, json!({ "Item": item(&["acme"], 25, &[("acme", 25)]) }))
        });
        let table = table(&aws);
        for _ in 0..3 {
            assert_eq!(table.take_slot(SECOND, "globex", 25).await, Ok(false));
        }
        assert_eq!(aws.calls(), ["GetItem", "GetItem", "UpdateItem"]);
    }

    #[tokio::test]
    async fn a_share_is_of_those_who_asked_now_or_a_second_ago_and_the_write_holds_to_it() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let writes = seen.clone();
        let aws = Canned::new(move |operation, request, before| {
            let pk = &request["Key"]["pk"]["S"];
            match operation {
                "GetItem" if *pk == format!("RATE#{}", SECOND - 1) => {
                    (200, json!({ "Item": item(&["globex"], 9, &[]) }))
                }
                "GetItem" => (200, json!({})),
                _ => {
                    writes.lock().unwrap().push(written(request));
                    let now = item(&["initech"], 2, &[("initech", 2)]);
                    if before == 0 {
                        let failed = "ConditionalCheckFailedException";
                        return (400, json!({ "__type": failed, "message": "", "Item": now }));
                    }
                    let now = item(&["acme", "initech"], 3, &[("acme", 1), ("initech", 2)]);
                    (200, json!({ "Attributes": now }))
                }
            }
        });
        assert_eq!(table(&aws).take_slot(SECOND, "acme", 25).await, Ok(true));
        let below = |share: u32| {
            let open = "(attribute_not_exists(taken) OR taken < 25)";
            format!("{open} AND (attribute_not_exists(taken#acme) OR taken#acme < {share})")
        };
        // Half each of two; and when a third turns out to have asked, a third.
        let first = format!("{} AND attribute_not_exists(asked)", below(13));
        let second = format!("{} AND size(asked) = 1", below(9));
        assert_eq!(*seen.lock().unwrap(), [(first, true), (second, true)]);
    }

    #[tokio::test]
    async fn a_tenant_that_has_its_share_gets_no_more_of_the_second() {
        let aws = Canned::new(|_, _, _| {
            let now = item(&["acme", "globex"], 14, &[("acme", 13), ("globex", 1)]);
            (200, json!({ "Item": now, "Attributes": now }))
        });
        let table = table(&aws);
        assert_eq!(table.take_slot(SECOND, "acme", 25).await, Ok(false));
        assert_eq!(table.take_slot(SECOND, "globex", 25).await, Ok(true));
    }

    #[tokio::test]
    async fn whoever_is_always_second_gets_no_slot_and_no_error() {
        let aws = Canned::new(|operation, request, before| {
            if operation == "GetItem" || !written(request).1 {
                return (200, json!({}));
            }
            let names: Vec<String> = (0..=before).map(|number| format!("t{number}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let failed = "ConditionalCheckFailedException";
            let now = item(&names, 0, &[]);
            (400, json!({ "__type": failed, "message": "", "Item": now }))
        });
        assert_eq!(table(&aws).take_slot(SECOND, "acme", 25).await, Ok(false));
        assert_eq!(aws.calls().len(), 2 + ATTEMPTS + 1);
    }

    #[tokio::test]
    async fn a_second_that_cannot_be_counted_is_an_error() {
        let throttled = Canned::new(|_, _, _| crate::testing::refusal("ThrottlingException"));
        let error = table(&throttled).take_slot(SECOND, "acme", 25).await;
        assert_eq!(error, Err(StoreError::Throttled));
        let broken = json!({ "Item": { "taken": { "S": "hunter2" } } });
        let broken = Canned::new(move |_, _, _| (200, broken.clone()));
        let error = table(&broken)
            .take_slot(SECOND, "acme", 25)
            .await
            .unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt(item) if item.starts_with("RATE#")));
    }
}
