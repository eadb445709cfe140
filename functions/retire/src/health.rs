use std::time::Duration;

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use futures_util::future::join_all;
use tokio::time::timeout;

/// How long a health check may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks health endpoints over HTTP, with the client that speaks to AWS.
#[derive(Debug)]
pub struct HealthChecks {
    connector: Connector,
}

/// The bundle of certificates cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no TLS client for health checks can be made; check the file that REKEY_CA_FILE names")]
pub struct HealthError;

impl HealthChecks {
    /// Trusts what this system trusts, and the authorities of `ca`, a PEM bundle.
    ///
    /// # Errors
    /// [`HealthError`].
    pub fn new(ca: Option<&[u8]>) -> Result<Self, HealthError> {
        let mut roots = tls::TrustStore::default();
        if let Some(pem) = ca {
            roots.add_pem_certificate(pem);
        }
        let context = tls::TlsContext::builder().with_trust_store(roots).build();
        let connector = Connector::builder()
            .tls_provider(tls::Provider::rustls(
                tls::rustls_provider::CryptoMode::Ring,
            ))
            .tls_context(context.map_err(|_| HealthError)?)
            .build();
        Ok(Self { connector })
    }

    /// Those of the endpoints that do not answer with a 2xx in time, all asked at once. A redirect is not
    /// followed and counts as failing: it may lead anywhere.
    pub async fn failing(&self, endpoints: &[String]) -> Vec<String> {
        let asked = endpoints.iter().map(|endpoint| self.passes(endpoint));
        let answers = join_all(asked).await;
        let failing = endpoints.iter().zip(answers).filter(|(_, passes)| !passes);
        failing.map(|(endpoint, _)| endpoint.clone()).collect()
    }

    async fn passes(&self, endpoint: &str) -> bool {
        let over_http = endpoint.starts_with("https://") || endpoint.starts_with("http://");
        let Some(request) = HttpRequest::get(endpoint).ok().filter(|_| over_http) else {
            return false;
        };
        match timeout(PATIENCE, self.connector.call(request)).await {
            Ok(Ok(answer)) => answer.status().is_success(),
            Ok(Err(_)) | Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// A server that answers everything in one way.
    async fn answering(status: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 1024];
                let _length = stream.read(&mut asked).await;
                let answer = format!(
                    "HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:{port}/other\r\ncontent-length: 0\r\n\r\n"
                );
                let _written = stream.write_all(answer.as_bytes()).await;
            }
        });
        format!("http://127.0.0.1:{port}/health")
    }

    #[tokio::test]
    async fn only_a_2xx_passes_and_every_other_answer_is_named() {
        let checks = HealthChecks::new(None).unwrap();
        let healthy = answering("204 No Content").await;
        let mut failing = vec![
            answering("302 Found").await,
            answering("503 Service Unavailable").await,
        ];
        failing.extend(
            ["http://127.0.0.1:9/closed", "file:///etc/passwd", "no url"].map(str::to_owned),
        );
        let all: Vec<String> = std::iter::once(healthy).chain(failing.clone()).collect();
        assert_eq!(checks.failing(&all).await, failing);
        assert!(checks.failing(&[]).await.is_empty());
    }
}
