//! Key sets in the S3 of the local cloud, and what S3 may answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    VersioningConfiguration,
};
use rekey_rotation::TargetError;
use rekey_rotators::jwt::{Bucket, Document, Jwks, Over, Place, Published, Written};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::conformance::ByHand;
use crate::issuer::{
    NOW, credentials, failure, login, next, patient, rotate, rotator, set, shared, unborn,
};
use crate::memory::NOBODY;
use rekey_rotation::{Login, Rotator as _};

const REGION: &str = "eu-west-1";

#[expect(
    clippy::disallowed_methods,
    reason = "the test runner says by a variable where the local cloud is"
)]
fn endpoint() -> String {
    std::env::var("REKEY_TEST_CLOUD").expect(
        "REKEY_TEST_CLOUD is not set: these tests need the local cloud; run `cargo xtask test`",
    )
}

fn client(endpoint: &str) -> Client {
    let attempt = Duration::from_secs(2);
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(attempt).build());
    Client::from_conf(config.build())
}

/// A bucket of its own, which keeps every version of an object.
#[derive(Clone)]
pub struct Cloud {
    client: Client,
    jwks: Bucket,
    /// A client that nobody answers.
    unanswered: Bucket,
    bucket: Arc<str>,
}

impl Cloud {
    pub async fn start() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let client = client(&endpoint());
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let bucket = format!("keys-{}-{since}-{number}", std::process::id());
        let place = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(REGION))
            .build();
        let call = client.create_bucket().bucket(&bucket);
        let made = call.create_bucket_configuration(place).send().await;
        made.unwrap();
        let keeps = VersioningConfiguration::builder()
            .status(BucketVersioningStatus::Enabled)
            .build();
        let call = client.put_bucket_versioning().bucket(&bucket);
        let kept = call.versioning_configuration(keeps).send().await;
        kept.unwrap();
        Self {
            jwks: Bucket::new(client.clone()),
            unanswered: Bucket::new(self::client("http://127.0.0.1:1")),
            client,
            bucket: bucket.into(),
        }
    }

    fn jwks(&self, place: &Place) -> &Bucket {
        if place.to_string() == NOBODY {
            &self.unanswered
        } else {
            &self.jwks
        }
    }

    fn key(place: &str) -> &str {
        place.rsplit('/').next().unwrap()
    }
}

impl Jwks for Cloud {
    async fn read(&self, place: &Place) -> Result<Option<Published>, TargetError> {
        self.jwks(place).read(place).await
    }

    async fn write(
        &self,
        place: &Place,
        document: Document,
        over: &Over,
    ) -> Result<Written, TargetError> {
        self.jwks(place).write(place, document, over).await
    }
}

impl ByHand for Cloud {
    const NAME: &str = "jwt EdDSA";
    const VERSION: &str = "S3 of the local cloud";
    const GIVEN_BACK: Duration = Duration::from_millis(250);

    async fn place(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        format!("s3://{}/{number}.json", self.bucket)
    }

    async fn text(&self, place: &str) -> Option<String> {
        let call = self.client.get_object().bucket(&*self.bucket);
        let object = call.key(Self::key(place)).send().await.ok()?;
        let body = object.body.collect().await.unwrap();
        Some(String::from_utf8(body.to_vec()).unwrap())
    }

    async fn put(&self, place: &str, text: String) {
        let call = self.client.put_object().bucket(&*self.bucket);
        let call = call
            .key(Self::key(place))
            .body(ByteStream::from(text.into_bytes()));
        call.send().await.unwrap();
    }

    async fn log(&self, place: &str) -> String {
        let call = self.client.list_object_versions().bucket(&*self.bucket);
        let listed = call.prefix(Self::key(place)).send().await.unwrap();
        let mut log = format!("{listed:?}");
        for version in listed.versions() {
            let call = self.client.get_object().bucket(&*self.bucket);
            let call = call
                .key(Self::key(place))
                .set_version_id(version.version_id.clone());
            let body = call.send().await.unwrap().body.collect().await.unwrap();
            log.push_str(std::str::from_utf8(&body.to_vec()).unwrap());
        }
        log
    }

    fn nobody(&self) -> Option<&'static str> {
        Some(NOBODY)
    }
}

#[tokio::test]
async fn a_key_set_is_published_with_the_headers_that_verifiers_and_caches_go_by() {
    let cloud = Cloud::start().await;
    let place = cloud.place().await;
    let unborn = crate::issuer::changed(&unborn("ES256", &place), "cache_seconds", 450.into());
    rotate(&cloud, &unborn, NOW).await;
    let call = cloud.client.head_object().bucket(&*cloud.bucket);
    let head = call.key(Cloud::key(&place)).send().await.unwrap();
    assert_eq!(head.content_type(), Some("application/jwk-set+json"));
    assert_eq!(head.cache_control(), Some("public, max-age=450"));
}

#[tokio::test]
async fn a_dry_run_tells_by_a_write_that_cannot_take_effect_whether_writing_is_allowed() {
    let cloud = Cloud::start().await;
    let place = cloud.place().await;
    let unborn = unborn("EdDSA", &place);
    rotator(&cloud).probe(&unborn, None).await.unwrap();
    assert_eq!(cloud.text(&place).await, None);
    let value = rotate(&cloud, &unborn, NOW).await;
    let before = cloud.text(&place).await;
    rotator(&cloud).probe(&value, None).await.unwrap();
    assert_eq!(cloud.text(&place).await, before);
}

#[tokio::test]
async fn of_two_rotations_at_once_each_publishes_its_keys_and_neither_takes_the_others_out() {
    let cloud = Cloud::start().await;
    let place = cloud.place().await;
    cloud.put(&place, shared()).await;
    let unborn = unborn("EdDSA", &place);
    let (one, other) = (next(&cloud, &unborn, NOW), next(&cloud, &unborn, NOW));
    let publish = |value| {
        let (cloud, unborn) = (&cloud, &unborn);
        async move {
            let (rotator, both) = (
                patient(cloud, Duration::from_secs(5)),
                credentials(unborn, value),
            );
            let hold = rotator.lock(both).await.unwrap();
            rotator.set(hold, both).await.unwrap();
        }
    };
    tokio::join!(publish(&one), publish(&other));
    for value in [&one, &other] {
        assert_eq!(login(&cloud, value).await, Ok(Login::Accepted));
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named() {
    let cloud = Cloud::start().await;
    let value = unborn("EdDSA", "s3://no-such-bucket-anywhere/jwks.json");
    let (class, text) = failure(rotator(&cloud).probe(&value, None).await);
    assert_eq!(class, "role_missing");
    assert!(
        text.contains("s3://no-such-bucket-anywhere/jwks.json"),
        "{text}"
    );
}

/// Answers every request alike.
async fn answering(answer: String) -> Bucket {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 16_384];
                if stream.read(&mut request).await.is_ok_and(|read| read > 0) && !answer.is_empty()
                {
                    let _gone = stream.write_all(answer.as_bytes()).await;
                } else {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    Bucket::new(client(&endpoint))
}

fn refusing(status: &str, code: &str) -> String {
    let body = format!("<Error><Code>{code}</Code><Message>said by S3</Message></Error>");
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn what_s3_refuses_has_the_class_of_what_helps() {
    let place = Place::parse("s3://keys/jwks.json").unwrap();
    for (status, code, class) in [
        ("403 Forbidden", "AccessDenied", "permission"),
        ("403 Forbidden", "SignatureDoesNotMatch", "permission"),
        ("403 Forbidden", "InvalidAccessKeyId", "permission"),
        ("400 Bad Request", "ExpiredToken", "permission"),
        ("400 Bad Request", "KMS.DisabledException", "permission"),
        ("404 Not Found", "NoSuchBucket", "role_missing"),
        (
            "301 Moved Permanently",
            "PermanentRedirect",
            "invalid_request",
        ),
        (
            "400 Bad Request",
            "AuthorizationHeaderMalformed",
            "invalid_request",
        ),
        ("503 Slow Down", "SlowDown", "throttled"),
        (
            "500 Internal Server Error",
            "InternalError",
            "target_unreachable",
        ),
        (
            "503 Service Unavailable",
            "ServiceUnavailable",
            "target_unreachable",
        ),
        ("400 Bad Request", "SomethingNew", "internal"),
    ] {
        let bucket = answering(refusing(status, code)).await;
        let document = Document {
            text: "{}".to_owned(),
            max_age: 1,
        };
        let (read, text) = failure(bucket.read(&place).await);
        let (write, _) = failure(bucket.write(&place, document, &Over::Nothing).await);
        assert_eq!((read, write), (class, class), "{code}: {text}");
        for told in ["said by S3", "an earlier version of it back"] {
            assert_eq!(text.contains(told), code == "AccessDenied", "{text}");
        }
    }
}

#[tokio::test]
async fn a_write_that_was_overtaken_is_told_from_one_that_failed() {
    let place = Place::parse("s3://keys/jwks.json").unwrap();
    for (status, code) in [
        ("412 Precondition Failed", "PreconditionFailed"),
        ("409 Conflict", "ConditionalRequestConflict"),
        ("404 Not Found", "NoSuchKey"),
    ] {
        let bucket = answering(refusing(status, code)).await;
        let document = Document {
            text: "{}".to_owned(),
            max_age: 1,
        };
        let written = bucket.write(&place, document, &Over::Never).await;
        assert_eq!(written, Ok(Written::Overtaken), "{code}");
    }
}

#[tokio::test]
async fn where_nobody_answers_or_nothing_usable_is_said_s3_is_unreachable() {
    let place = Place::parse("s3://keys/jwks.json").unwrap();
    let closed = Bucket::new(client("http://127.0.0.1:1"));
    let silent = answering(String::new()).await;
    let garbled = answering("no HTTP at all\r\n\r\n".to_owned()).await;
    for (bucket, named) in [
        (closed, "no connection"),
        (silent, "no answer in time"),
        (garbled, ""),
    ] {
        let (class, text) = failure(bucket.read(&place).await);
        assert_eq!(class, "target_unreachable", "{text}");
        assert!(text.contains(named), "{text}");
    }
}

#[tokio::test]
async fn an_object_that_is_no_key_set_is_not_written_over() {
    let cloud = Cloud::start().await;
    for text in [
        "",
        "[]",
        "{}",
        r#"{"keys": {}}"#,
        r#"{"keys": [], "rekey": 1}"#,
        "binary \u{0}",
    ] {
        let place = cloud.place().await;
        cloud.put(&place, text.to_owned()).await;
        let unborn = unborn("EdDSA", &place);
        let pending = next(&cloud, &unborn, NOW);
        let (class, _) = failure(set(&cloud, &unborn, &pending).await);
        assert_eq!(class, "invalid_request", "{text}");
        assert_eq!(cloud.text(&place).await.as_deref(), Some(text));
    }
}
