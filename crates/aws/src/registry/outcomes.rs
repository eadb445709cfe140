use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures_util::future::try_join_all;
use rekey_registry::request::Standing;
use rekey_registry::{StoreError, VersionId};

use super::RegistryTable;
use super::commit::REVISION;
use super::error::Unwritten;
use super::item::write_value;
use super::key::{Key, PK};
use super::update::{Expressions, number};

const STANDING: &str = "standing";

impl RegistryTable {
    /// One transaction, which also says of requests what became of them.
    ///
    /// Nobody deletes the record of a request, so each of them is there. Where somebody did by hand, its
    /// outcome has nowhere to go: a half record would be made of it, or, because the condition never holds,
    /// nothing of that secret could be written any more. So what has no record is left out.
    pub(super) async fn transact_with(
        &self,
        actions: Vec<TransactWriteItem>,
        outcomes: &[(VersionId, Standing)],
    ) -> Result<(), StoreError> {
        // One action for an item: the last word counts.
        let mut outcomes: BTreeMap<&VersionId, &Standing> =
            outcomes.iter().map(|(token, is)| (token, is)).collect();
        let all = self.with_outcomes(&actions, &outcomes)?;
        match self.transact(all).await {
            Err(Unwritten::Condition) if !outcomes.is_empty() => {}
            answer => return answer.map_err(StoreError::from),
        }
        let before = outcomes.len();
        let recorded = outcomes.keys().map(|token| self.is_there(token));
        let mut recorded = try_join_all(recorded).await?.into_iter();
        outcomes.retain(|_, _| recorded.next().unwrap_or(true));
        if outcomes.len() == before {
            return Err(StoreError::Conflict);
        }
        let rest = self.with_outcomes(&actions, &outcomes)?;
        self.transact(rest).await.map_err(StoreError::from)
    }

    async fn is_there(&self, token: &VersionId) -> Result<bool, StoreError> {
        let item = self.item(&Key::request(token), Some(PK)).await?;
        Ok(item.is_some())
    }

    fn with_outcomes(
        &self,
        actions: &[TransactWriteItem],
        outcomes: &BTreeMap<&VersionId, &Standing>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut all = actions.to_vec();
        for (token, standing) in outcomes {
            let key = Key::request(token);
            let mut update = Expressions::default();
            update.set(&[STANDING], write_value(&key, standing)?);
            update.add(REVISION, number(1));
            update.only_if_there();
            all.push(self.update(&key, update)?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use rekey_registry::{Changes, Secret, Store};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::Canned;

    fn ended(outcome: &str) -> Standing {
        Standing::Ended {
            outcome: outcome.to_owned(),
            at: 1_700_000_000,
            class: None,
            message: None,
        }
    }

    fn changes(outcomes: &[(&str, &str)]) -> Changes {
        let secret = json!({
            "name": "db/app", "arn": "arn", "kind": "postgres", "registered_at": 1_700_000_000,
            "presence": { "is": "present" }, "revision": 8,
        });
        let secret: Secret = serde_json::from_value(secret).unwrap();
        let outcomes = outcomes.iter();
        Changes {
            expected: Some(7),
            secret,
            versions: Vec::new(),
            dropped: Vec::new(),
            armed: Vec::new(),
            disarmed: Vec::new(),
            unsent: Vec::new(),
            outcomes: outcomes
                .map(|(token, outcome)| (VersionId::new(*token), ended(outcome)))
                .collect(),
        }
    }

    /// The keys that a transaction writes.
    fn keys(request: &Value) -> Vec<String> {
        let actions = request["TransactItems"].as_array().unwrap().iter();
        let keys = actions.map(|action| action["Update"]["Key"]["pk"]["S"].as_str().unwrap());
        keys.map(str::to_owned).collect()
    }

    fn cancelled() -> (u16, Value) {
        let reasons = [json!({ "Code": "ConditionalCheckFailed" })];
        let exception = "TransactionCanceledException";
        (
            400,
            json!({ "__type": exception, "CancellationReasons": reasons }),
        )
    }

    /// A table in which these requests are recorded, and in which a transaction that names another fails.
    fn recorded(tokens: &'static [&'static str]) -> Canned {
        let is_there = move |key: &str| {
            let token = key.strip_prefix("REQUEST#");
            token.is_none_or(|token| tokens.contains(&token))
        };
        Canned::new(move |operation, request, _| match operation {
            "GetItem" if is_there(request["Key"]["pk"]["S"].as_str().unwrap()) => {
                (200, json!({ "Item": { "pk": request["Key"]["pk"] } }))
            }
            "TransactWriteItems" if !keys(request).iter().all(|key| is_there(key)) => cancelled(),
            _ => (200, json!({})),
        })
    }

    async fn committed(aws: &Canned, changes: &Changes) -> Result<(), StoreError> {
        let table = RegistryTable::new(&aws.connection(), "registry".into());
        table.commit(changes).await
    }

    #[tokio::test]
    async fn an_outcome_is_written_with_what_is_recorded_of_the_secret() {
        let aws = Canned::new(|_, request, _| {
            assert_eq!(keys(request), ["SECRET#db/app", "REQUEST#one"]);
            let update = &request["TransactItems"][1]["Update"];
            let clauses = update["UpdateExpression"].as_str().unwrap();
            assert!(clauses.contains("SET #0 = :0 ADD #1 :1"), "{clauses}");
            let names = &update["ExpressionAttributeNames"];
            assert_eq!(
                (&names["#0"], &names["#1"]),
                (&json!("standing"), &json!("revision"))
            );
            assert_eq!(update["ConditionExpression"], "attribute_exists(#2)");
            let standing = &update["ExpressionAttributeValues"][":0"]["M"];
            assert_eq!(standing["outcome"], json!({ "S": "success" }));
            assert!(standing.get("class").is_none(), "none is no attribute");
            (200, json!({}))
        });
        let twice = changes(&[("one", "failed"), ("one", "success")]);
        assert_eq!(committed(&aws, &twice).await, Ok(()));
        assert_eq!(aws.calls(), ["TransactWriteItems"]);
    }

    #[tokio::test]
    async fn a_request_without_a_record_holds_up_nothing() {
        let aws = recorded(&["one"]);
        let changes = changes(&[("one", "success"), ("gone", "success")]);
        assert_eq!(committed(&aws, &changes).await, Ok(()));
        let expected = [
            "TransactWriteItems",
            "GetItem",
            "GetItem",
            "TransactWriteItems",
        ];
        assert_eq!(aws.calls(), expected);
    }

    #[tokio::test]
    async fn a_conflict_over_the_secret_stays_one() {
        let aws = Canned::new(|operation, request, _| match operation {
            "GetItem" => (200, json!({ "Item": { "pk": request["Key"]["pk"] } })),
            _ => cancelled(),
        });
        let with = changes(&[("one", "success")]);
        assert_eq!(committed(&aws, &with).await, Err(StoreError::Conflict));
        assert_eq!(aws.calls(), ["TransactWriteItems", "GetItem"]);
        let without = Canned::new(|_, _, _| cancelled());
        let error = committed(&without, &changes(&[])).await;
        assert_eq!(error, Err(StoreError::Conflict));
        assert_eq!(without.calls(), ["TransactWriteItems"]);
    }
}
