use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rekey_audit::{Vault, VaultError};

use crate::connection::Connection;
use crate::fault::{Fault, fault};

/// What the names of all checkpoints begin with.
const CHECKPOINTS: &str = "checkpoints/";

/// The bucket of the checkpoints. What is kept in it is written once; that nobody takes it away is the
/// bucket's own doing (Object Lock).
#[derive(Clone, Debug)]
pub struct CheckpointBucket {
    client: Client,
    bucket: String,
}

impl CheckpointBucket {
    /// Makes the client over the shared connection. `bucket` is the name of the bucket.
    pub fn new(connection: &Connection, bucket: String) -> Self {
        Self {
            client: connection.s3(),
            bucket,
        }
    }

    /// What lies directly under a prefix: the names of objects, and those of folders.
    async fn under(&self, prefix: &str) -> Result<(Vec<String>, Vec<String>), VaultError> {
        let call = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .delimiter("/");
        let (mut objects, mut folders) = (Vec::new(), Vec::new());
        let mut next = None;
        loop {
            let page = call.clone().set_continuation_token(next).send().await;
            let page = page.map_err(|error| failed("ListObjectsV2", &error))?;
            objects.extend(page.contents.into_iter().flatten().filter_map(|it| it.key));
            let prefixes = page.common_prefixes.into_iter().flatten();
            folders.extend(prefixes.filter_map(|it| it.prefix));
            next = page.next_continuation_token;
            if next.is_none() {
                objects.sort();
                folders.sort();
                return Ok((objects, folders));
            }
        }
    }
}

impl Vault for CheckpointBucket {
    async fn of_day(&self, day: &str) -> Result<Vec<String>, VaultError> {
        let (objects, _) = self.under(&format!("{CHECKPOINTS}{day}/")).await?;
        Ok(objects)
    }

    async fn days(&self) -> Result<Vec<String>, VaultError> {
        let (_, folders) = self.under(CHECKPOINTS).await?;
        let days = folders.iter().filter_map(|folder| {
            let day = folder.strip_prefix(CHECKPOINTS)?.strip_suffix('/')?;
            Some(day.to_owned())
        });
        Ok(days.collect())
    }

    async fn read(&self, name: &str) -> Result<String, VaultError> {
        const CALL: &str = "GetObject";
        let call = self.client.get_object().bucket(&self.bucket).key(name);
        let object = call.send().await.map_err(|error| failed(CALL, &error))?;
        let body = object.body.collect().await;
        let body = body.map_err(|_| unavailable(CALL, "the object broke off"))?;
        String::from_utf8(body.to_vec()).map_err(|_| unavailable(CALL, "the object is no text"))
    }

    /// Of two writers of one name S3 lets one through
    /// ([Conditional writes](https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)).
    async fn keep(&self, name: &str, text: &str) -> Result<(), VaultError> {
        let call = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(name)
            .if_none_match("*")
            .content_type("application/json")
            .body(ByteStream::from(text.as_bytes().to_vec()));
        let Err(error) = call.send().await else {
            return Ok(());
        };
        match error.as_service_error().and_then(|error| error.code()) {
            Some("PreconditionFailed" | "ConditionalRequestConflict") => Err(VaultError::Taken),
            _ => Err(failed("PutObject", &error)),
        }
    }
}

fn failed<E>(call: &str, error: &SdkError<E, HttpResponse>) -> VaultError
where
    E: ProvideErrorMetadata,
{
    match fault("S3", error) {
        Fault::Denied(text) => VaultError::Denied(format!("{call}: {text}")),
        Fault::Throttled => unavailable(call, "throttled"),
        Fault::Unavailable(text) => unavailable(call, &text),
        Fault::Refused(code) => match code.as_str() {
            "NoSuchBucket" => unavailable(call, "there is no such bucket"),
            "NoSuchKey" => unavailable(call, "there is no such checkpoint"),
            _ => unavailable(call, &code),
        },
    }
}

fn unavailable(call: &str, what: &str) -> VaultError {
    VaultError::Unavailable(format!("{call}: {what}"))
}
