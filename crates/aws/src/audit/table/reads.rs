use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use rekey_audit::{Chain, Head, Page, Partition, Stored, TrailError};

use super::AuditTable;
use super::error::failed;
use super::item::{nowhere, read_head, read_stored};
use super::key::{
    AT, CHAINS, Item, Key, PK, SK, digits, index, partition, partition_attribute, said, seq_of,
    text,
};

impl AuditTable {
    /// What names no chain is passed over: nothing can be recorded there.
    pub(super) async fn all_chains(&self) -> Result<Vec<Chain>, TrailError> {
        let call = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", text(CHAINS));
        let (items, _) = queried(call, usize::MAX, |_| true).await?;
        let names = items.iter().map(|item| said(item, SK));
        Ok(names.filter_map(|name| Chain::parse(name).ok()).collect())
    }

    pub(super) async fn head_of(&self, chain: &Chain) -> Result<Option<Head>, TrailError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(Key::head(chain).attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| failed("GetItem", &error))?;
        answer.item.as_ref().map(read_head).transpose()
    }

    /// What lies under a key that is no place is nobody's record, and is passed over.
    pub(super) async fn links_after(
        &self,
        chain: &Chain,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, TrailError> {
        let first = after.saturating_add(1);
        let call = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk >= :first")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", text(&partition(chain)))
            .expression_attribute_values(":first", text(&digits(first)));
        let is_place = |item: &Item| seq_of(said(item, SK)).is_some();
        let (items, _) = queried(call, limit, is_place).await?;
        let stored = items.iter().filter_map(|item| {
            let seq = seq_of(said(item, SK))?;
            Some(read_stored(seq, item))
        });
        Ok(stored.collect())
    }

    pub(super) async fn filed_before(
        &self,
        partition: Partition<'_>,
        before: &str,
        limit: usize,
    ) -> Result<Page, TrailError> {
        let call = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index(partition.by))
            .scan_index_forward(false)
            .key_condition_expression("#value = :value AND #at < :before")
            .expression_attribute_names("#value", partition_attribute(partition.by))
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":value", text(&partition.key()))
            .expression_attribute_values(":before", text(before));
        let (items, more) = queried(call, limit, |_| true).await?;
        let entries = items.iter().map(|item| {
            let place = Key::of(item).place().unwrap_or_else(nowhere);
            (said(item, AT).to_owned(), place)
        });
        Ok(Page {
            entries: entries.collect(),
            more,
        })
    }
}

/// The first `limit` items of a query that are `wanted`, and whether there may be more. A page of the service
/// ends after 1 MB ([Query](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html)), so
/// there may be several.
async fn queried(
    call: QueryFluentBuilder,
    limit: usize,
    wanted: impl Fn(&Item) -> bool,
) -> Result<(Vec<Item>, bool), TrailError> {
    let mut items: Vec<Item> = Vec::new();
    let mut next = None;
    while items.len() < limit {
        let left = i32::try_from(limit - items.len()).ok();
        let call = call.clone().set_limit(left).set_exclusive_start_key(next);
        let answer = call.send().await.map_err(|error| failed("Query", &error))?;
        items.extend(answer.items.into_iter().flatten().filter(&wanted));
        next = answer.last_evaluated_key;
        if next.is_none() {
            return Ok((items, false));
        }
    }
    Ok((items, true))
}
