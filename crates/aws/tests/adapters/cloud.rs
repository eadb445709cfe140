//! The local cloud that was started for the tests, and tables in it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, PutRequest, ScalarAttributeType, WriteRequest,
};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use rekey_aws::{AuditTable, Connection, Credential, RegistryTable, Settings};

const REGION: &str = "eu-west-1";
/// The key and its secret: the local cloud's root.
const ROOT: &str = "test";

/// Where the local cloud answers.
#[expect(
    clippy::disallowed_methods,
    reason = "the test runner says by a variable where the local cloud is"
)]
pub fn endpoint() -> String {
    std::env::var("REKEY_TEST_CLOUD").expect(
        "REKEY_TEST_CLOUD is not set: these tests need the local cloud; run `cargo xtask test`",
    )
}

pub fn connection() -> Connection {
    let settings = Settings {
        region: REGION.into(),
        access_key_id: ROOT.into(),
        secret_access_key: Credential::from(ROOT.to_owned()),
        session_token: None,
        endpoint_url: Some(endpoint()),
        ca_bundle: None,
    };
    Connection::new(settings).unwrap()
}

/// A name that no other test of any run has.
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("{name}-{}-{since}-{number}", std::process::id())
}

/// How the SDK's own client of a service is set up, for what its adapter does not do.
macro_rules! config {
    ($sdk:ident) => {{
        use $sdk::config::{BehaviorVersion, Credentials, Region};
        $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new(ROOT, ROOT, None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(endpoint())
    }};
}

/// The SDK's own client of a service.
macro_rules! sdk {
    ($sdk:ident) => {
        $sdk::Client::from_conf(config!($sdk).build())
    };
}

pub fn secrets_manager() -> aws_sdk_secretsmanager::Client {
    sdk!(aws_sdk_secretsmanager)
}

pub fn sqs() -> aws_sdk_sqs::Client {
    sdk!(aws_sdk_sqs)
}

pub fn event_bridge() -> aws_sdk_eventbridge::Client {
    sdk!(aws_sdk_eventbridge)
}

pub fn kms() -> aws_sdk_kms::Client {
    sdk!(aws_sdk_kms)
}

pub fn firehose() -> aws_sdk_firehose::Client {
    sdk!(aws_sdk_firehose)
}

pub fn logs() -> aws_sdk_cloudwatchlogs::Client {
    sdk!(aws_sdk_cloudwatchlogs)
}

pub fn s3() -> aws_sdk_s3::Client {
    let config = config!(aws_sdk_s3).force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

/// An empty bucket.
pub async fn bucket(name: &str) -> String {
    let name = unique(name);
    let place = CreateBucketConfiguration::builder()
        .location_constraint(BucketLocationConstraint::from(REGION))
        .build();
    let call = s3().create_bucket().bucket(&name);
    let made = call.create_bucket_configuration(place).send().await;
    made.unwrap();
    name
}

pub type Item = HashMap<String, AttributeValue>;

/// An empty table, and the SDK's own client beside the adapter.
pub struct Table<S = RegistryTable> {
    pub client: Client,
    pub name: String,
    pub store: S,
}

/// One with the registry's keys.
pub async fn table() -> Table {
    made("registry", &[], RegistryTable::new).await
}

/// One with the keys and the indexes of the audit trail: the name and the partition attribute of each.
pub async fn audit_table() -> Table<AuditTable> {
    let indexes = [
        ("by-day", "by_day"),
        ("by-tenant", "by_tenant"),
        ("by-actor", "by_actor"),
        ("by-action", "by_action"),
        ("by-target", "by_target"),
        ("by-request", "by_request"),
    ];
    made("audit", &indexes, AuditTable::new).await
}

async fn made<S>(
    name: &str,
    indexes: &[(&str, &str)],
    store: impl Fn(&Connection, String) -> S,
) -> Table<S> {
    let client = sdk!(aws_sdk_dynamodb);
    let name = unique(name);
    let attribute = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let key = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let keys_only = Projection::builder()
        .projection_type(ProjectionType::KeysOnly)
        .build();
    let mut call = client
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk"))
        .attribute_definitions(attribute("sk"))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range));
    if !indexes.is_empty() {
        call = call.attribute_definitions(attribute("at"));
    }
    for (index, partition) in indexes {
        let index = GlobalSecondaryIndex::builder()
            .index_name(*index)
            .key_schema(key(partition, KeyType::Hash))
            .key_schema(key("at", KeyType::Range))
            .projection(keys_only.clone());
        call = call
            .attribute_definitions(attribute(partition))
            .global_secondary_indexes(index.build().unwrap());
    }
    call.send().await.unwrap();
    let store = store(&connection(), name.clone());
    Table {
        client,
        name,
        store,
    }
}

pub fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

impl<S> Table<S> {
    /// Writes one attribute of one item by hand.
    pub async fn set(&self, pk: &str, sk: &str, attribute: &str, value: AttributeValue) {
        self.client
            .update_item()
            .table_name(&self.name)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .update_expression("SET #a = :a")
            .expression_attribute_names("#a", attribute)
            .expression_attribute_values(":a", value)
            .send()
            .await
            .unwrap();
    }

    /// One attribute of one item, as it lies there.
    pub async fn get(&self, pk: &str, sk: &str, attribute: &str) -> Option<AttributeValue> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .consistent_read(true)
            .send()
            .await
            .unwrap();
        answer.item?.remove(attribute)
    }

    /// Takes one item away by hand.
    pub async fn delete(&self, pk: &str, sk: &str) {
        self.client
            .delete_item()
            .table_name(&self.name)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .send()
            .await
            .unwrap();
    }

    /// The items of a partition.
    pub async fn partition(&self, pk: &str) -> Vec<Item> {
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk))
            .send()
            .await
            .unwrap();
        answer.items.unwrap()
    }

    /// Writes whole items, 25 in a call.
    pub async fn put_all(&self, items: Vec<Item>) {
        for batch in items.chunks(25) {
            let puts = batch.iter().map(|item| {
                let put = PutRequest::builder().set_item(Some(item.clone())).build();
                WriteRequest::builder().put_request(put.unwrap()).build()
            });
            let call = self.client.batch_write_item();
            let answer = call.request_items(&self.name, puts.collect()).send().await;
            let unprocessed = answer.unwrap().unprocessed_items.unwrap_or_default();
            assert!(unprocessed.is_empty(), "the local cloud takes them all");
        }
    }

    /// The keys of all items.
    pub async fn keys(&self) -> Vec<(String, String)> {
        let scan = self.client.scan().table_name(&self.name).send().await;
        let scan = scan.unwrap();
        assert!(
            scan.last_evaluated_key().is_none(),
            "the table has one page"
        );
        let half = |item: &Item, half: &str| item[half].as_s().unwrap().clone();
        let keys = scan.items().iter();
        keys.map(|item| (half(item, "pk"), half(item, "sk")))
            .collect()
    }

    /// The keys of the items that have an attribute.
    pub async fn with(&self, attribute: &str) -> Vec<String> {
        let answer = self
            .client
            .scan()
            .table_name(&self.name)
            .filter_expression("attribute_exists(#a)")
            .expression_attribute_names("#a", attribute)
            .send()
            .await
            .unwrap();
        assert!(
            answer.last_evaluated_key().is_none(),
            "the table has one page"
        );
        let items = answer.items().iter();
        items
            .map(|item| item["pk"].as_s().unwrap().clone())
            .collect()
    }
}
