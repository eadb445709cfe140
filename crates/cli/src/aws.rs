//! AWS, as a person reaches it.

mod bus;
mod credentials;
mod functions;
mod identity;
mod queues;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use rekey_aws::{
    AuditTable, CheckpointBucket, Connection, Kms, RegistryTable, SecretsManager, http_client,
};
use rekey_events::EventId;
use tokio::sync::OnceCell;
use uuid::Builder;

use crate::clock::SystemClock;
use crate::config::{Config, Stack};
use crate::error::Error;
use crate::world::World;
use bus::Requests;
use credentials::FoundOnce;
use functions::Lambda;
use identity::Identity;
use queues::Sqs;

/// A stack on AWS, or on a local cloud.
pub struct Aws {
    stack: Stack,
    region: String,
    store: RegistryTable,
    secrets: SecretsManager,
    functions: Lambda,
    queues: Sqs,
    bus: Requests,
    trail: AuditTable,
    /// Its name has the account in it, which is asked for when it is needed.
    vault: OnceCell<CheckpointBucket>,
    signer: Kms,
    connection: Connection,
    identity: Identity,
}

/// What every client is made of.
#[derive(Clone)]
struct Parts {
    region: String,
    endpoint_url: Option<String>,
    credentials: SharedCredentialsProvider,
    http: SharedHttpClient,
}

impl Aws {
    /// Finds the Region and credentials as the AWS CLI does: variables, profile, SSO, a process, the
    /// instance's role.
    ///
    /// # Errors
    /// [`Error::Connection`] says what is missing.
    pub async fn connect(config: Config) -> Result<Self, Error> {
        let parts = Parts::find(&config).await?;
        let connection = Connection::with(
            parts.region.clone(),
            parts.endpoint_url.clone(),
            parts.credentials.clone(),
            parts.http.clone(),
        );
        Ok(Self {
            store: RegistryTable::new(&connection, config.stack.table.clone()),
            secrets: SecretsManager::new(&connection),
            functions: Lambda::new(&parts),
            queues: Sqs::new(&parts),
            bus: Requests::new(&connection, config.stack.bus.clone()),
            trail: AuditTable::new(&connection, config.stack.audit.table.clone()),
            vault: OnceCell::new(),
            signer: Kms::new(&connection, config.stack.audit.key.clone()),
            identity: Identity::new(&parts),
            connection,
            region: parts.region,
            stack: config.stack,
        })
    }
}

impl Aws {
    async fn bucket_of_the_template(&self) -> Result<String, Error> {
        let (stage, region) = (&self.stack.stage, &self.region);
        let account = self.identity.account().await;
        let account = account.ok_or_else(|| Error::Advised {
            what: "AWS did not tell the account, which is part of the bucket's name".into(),
            advice: vec!["set REKEY_CHECKPOINT_BUCKET to the bucket of the checkpoints".into()],
        })?;
        Ok(format!("rekey-{stage}-checkpoints-{account}-{region}"))
    }
}

impl Parts {
    async fn find(config: &Config) -> Result<Self, Error> {
        let http = http_client(config.ca_bundle.clone()).map_err(|error| Error::Connection {
            what: error.to_string(),
            advice: "AWS_CA_BUNDLE names a PEM file with certificates".into(),
        })?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone());
        if let Some(profile) = &config.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &config.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let found = loader.load().await;
        let region = found.region().ok_or_else(|| Error::Connection {
            what: "no Region is set".into(),
            advice: "say --region, set AWS_REGION, or give the profile a region".into(),
        })?;
        // As the AWS CLI has it: a profile that is named goes before credentials in variables.
        let credentials = match &config.profile {
            Some(profile) => Some(of_profile(profile, region, &http)),
            None => found.credentials_provider(),
        };
        let none = || no_credentials(config.profile.as_deref());
        let credentials = FoundOnce::new(credentials.ok_or_else(none)?);
        let credentials = SharedCredentialsProvider::new(credentials);
        // Asked for now, so that a missing login is told as that and not as a failed call.
        let asked = credentials.provide_credentials().await;
        asked.map_err(|_| none())?;
        Ok(Self {
            region: region.as_ref().to_owned(),
            endpoint_url: config
                .endpoint_url
                .clone()
                .or_else(|| found.endpoint_url().map(str::to_owned)),
            credentials,
            http,
        })
    }

    /// The endpoint of a service, where the SDK does not find it by itself.
    fn endpoint(&self, service: &str) -> String {
        let region = &self.region;
        let china = region.starts_with("cn-");
        match &self.endpoint_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if china => format!("https://{service}.{region}.amazonaws.com.cn"),
            None => format!("https://{service}.{region}.amazonaws.com"),
        }
    }
}

fn of_profile(
    profile: &str,
    region: &Region,
    http: &SharedHttpClient,
) -> SharedCredentialsProvider {
    let config = ProviderConfig::default()
        .with_region(Some(region.clone()))
        .with_http_client(http.clone());
    let provider = ProfileFileCredentialsProvider::builder()
        .configure(&config)
        .profile_name(profile);
    SharedCredentialsProvider::new(provider.build())
}

fn no_credentials(profile: Option<&str>) -> Error {
    Error::Connection {
        what: match profile {
            Some(profile) => format!("the profile {profile} gives no usable AWS credentials"),
            None => "no usable AWS credentials were found".into(),
        },
        advice: "name a --profile, or run aws sso login; \
                 aws sts get-caller-identity shows why"
            .into(),
    }
}

impl World for Aws {
    type Store = RegistryTable;
    type Secrets = SecretsManager;
    type Functions = Lambda;
    type Queues = Sqs;
    type Bus = Requests;
    type Trail = AuditTable;
    type Vault = CheckpointBucket;
    type Signer = Kms;
    type Clock = SystemClock;

    fn stack(&self) -> &Stack {
        &self.stack
    }

    fn region(&self) -> &str {
        &self.region
    }

    fn store(&self) -> &RegistryTable {
        &self.store
    }

    fn secrets(&self) -> &SecretsManager {
        &self.secrets
    }

    fn functions(&self) -> &Lambda {
        &self.functions
    }

    fn queues(&self) -> &Sqs {
        &self.queues
    }

    fn bus(&self) -> &Requests {
        &self.bus
    }

    fn trail(&self) -> &AuditTable {
        &self.trail
    }

    async fn vault(&self) -> Result<&CheckpointBucket, Error> {
        let found = self.vault.get_or_try_init(async || {
            let bucket = match &self.stack.audit.bucket {
                Some(bucket) => bucket.clone(),
                None => self.bucket_of_the_template().await?,
            };
            Ok(CheckpointBucket::new(&self.connection, bucket))
        });
        found.await
    }

    fn signer(&self) -> &Kms {
        &self.signer
    }

    fn clock(&self) -> &SystemClock {
        &SystemClock
    }

    fn fresh_id(&self) -> Result<EventId, Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .ok()
            .and_then(|()| {
                let id = Builder::from_random_bytes(random).into_uuid();
                EventId::parse(&id.to_string()).ok()
            })
            .ok_or_else(|| Error::Unavailable("this machine gives no randomness".into()))
    }

    async fn caller(&self) -> Option<String> {
        self.identity.arn().await
    }
}
