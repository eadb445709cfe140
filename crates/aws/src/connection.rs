use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::trust::amazon_roots;

/// Where AWS is and as whom we speak to it. A function reads these once, from the environment that
/// Lambda sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: Credential,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<Credential>,
    /// `AWS_ENDPOINT_URL`: another endpoint for every service, such as a local cloud's.
    pub endpoint_url: Option<String>,
    /// The PEM text of `AWS_CA_BUNDLE`: trusted in place of Amazon's roots.
    pub ca_bundle: Option<String>,
}

/// Text that `Debug` does not show.
#[derive(Clone)]
pub struct Credential(String);

impl From<String> for Credential {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Settings that no client can be made of.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no TLS client can be made: {0}; check the file that AWS_CA_BUNDLE names")]
pub struct SettingsError(String);

/// What the clients of one process share: one pool of connections, one set of retries and time-outs.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(crate) region: String,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) credentials: SharedCredentialsProvider,
    pub(crate) http: SharedHttpClient,
}

impl Connection {
    /// Makes the shared HTTP client. Opens no connection yet.
    ///
    /// # Errors
    /// [`SettingsError`] when the CA bundle cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let credentials = Credentials::new(
            settings.access_key_id,
            settings.secret_access_key.0,
            settings.session_token.map(|token| token.0),
            None,
            "environment",
        );
        Ok(Self::with(
            settings.region,
            settings.endpoint_url,
            SharedCredentialsProvider::new(credentials),
            http_client(settings.ca_bundle)?,
        ))
    }

    /// Of parts that somebody else has: a person's credentials may come from a profile or from SSO.
    pub fn with(
        region: String,
        endpoint_url: Option<String>,
        credentials: SharedCredentialsProvider,
        http: SharedHttpClient,
    ) -> Self {
        Self {
            region,
            endpoint_url,
            credentials,
            http,
        }
    }
}

/// The one TLS stack: rustls on ring. It trusts Amazon's roots, or in their place the PEM text of
/// `ca_bundle`. Opens no connection yet.
///
/// # Errors
/// [`SettingsError`] when the CA bundle cannot be used.
pub fn http_client(ca_bundle: Option<String>) -> Result<SharedHttpClient, SettingsError> {
    let roots = match ca_bundle {
        Some(pem) => {
            let mut store = tls::TrustStore::empty();
            store.add_pem_certificate(pem);
            store
        }
        None => amazon_roots(),
    };
    let context = tls::TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|error| SettingsError(error.to_string()))?;
    let provider = tls::Provider::rustls(tls::rustls_provider::CryptoMode::Ring);
    Ok(Builder::new()
        .tls_provider(provider)
        .tls_context(context)
        .build_https())
}

/// The configuration of one service's client over the shared connection, each of its calls bounded by a time.
/// The SDK has a configuration type of its own for each service, all with the same settings.
macro_rules! config {
    ($sdk:ident, $connection:expr, $call:expr) => {{
        let connection: &$crate::Connection = $connection;
        let mut config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(connection.region.clone()))
            .credentials_provider(connection.credentials.clone())
            .http_client(connection.http.clone())
            .retry_config($crate::connection::retries())
            .timeout_config($crate::connection::timeouts($call))
            .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(connection.endpoint_url.clone());
        config
    }};
}
pub(crate) use config;

/// The client of one service over the shared connection.
macro_rules! client {
    ($sdk:ident, $connection:expr, $call:expr) => {
        $sdk::Client::from_conf($crate::connection::config!($sdk, $connection, $call).build())
    };
}
pub(crate) use client;

/// The end of a call to S3.
const S3_CALL: Duration = Duration::from_secs(6);

/// The end of a call to ElastiCache.
const ELASTICACHE_CALL: Duration = Duration::from_secs(6);

impl Connection {
    /// The client of S3. A local cloud answers under one name for all buckets, so at an endpoint of its own the
    /// bucket stands in the path.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = config!(aws_sdk_s3, self, S3_CALL);
        let config = config.force_path_style(self.endpoint_url.is_some());
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// The client of ElastiCache.
    pub fn elasticache(&self) -> aws_sdk_elasticache::Client {
        client!(aws_sdk_elasticache, self, ELASTICACHE_CALL)
    }
}

/// At most three attempts, soon after each other.
pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(100))
        .with_max_backoff(Duration::from_secs(1))
}

/// An end to a call and all its attempts: a step has under 30 seconds for everything.
pub(crate) fn timeouts(call: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(call / 2)
        .operation_timeout(call)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_never_in_debug_text() {
        let settings = Settings {
            region: "eu-west-1".into(),
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Credential::from("do-not-show-1".to_owned()),
            session_token: Some(Credential::from("do-not-show-2".to_owned())),
            endpoint_url: None,
            ca_bundle: None,
        };
        let before = format!("{settings:?}");
        let after = format!("{:?}", Connection::new(settings).unwrap());
        assert!(!before.contains("do-not-show") && !after.contains("do-not-show"));
    }
}
