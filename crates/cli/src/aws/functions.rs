use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value;

use super::Parts;
use crate::clock::SystemClock;
use crate::functions::{Functions, InvokeError};

/// The end of a call: the functions end after a minute (infra/retire.yaml, infra/sweep.yaml).
const CALL: Duration = Duration::from_secs(90);

/// Lambda's Invoke as a plain signed request: the SDK of Lambda takes a minute to build for this one call.
///
/// Source: [Invoke](https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
pub struct Lambda {
    parts: Parts,
}

/// What came back, before it is known what it means.
#[derive(Debug)]
struct Answered {
    status: u16,
    /// `X-Amz-Function-Error`.
    failed: bool,
    /// `x-amzn-errortype`, without what follows a colon.
    error_type: Option<String>,
    body: Value,
}

/// Everything is an answer to the orchestrator, so that it has no error of ours to pass on.
#[derive(Debug, thiserror::Error)]
#[error("never")]
enum Never {}

/// What is sent. `Debug` shows none of it.
struct Request {
    uri: String,
    body: Vec<u8>,
    region: String,
    credentials: Credentials,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Request")
    }
}

impl Lambda {
    pub(super) fn new(parts: &Parts) -> Self {
        Self {
            parts: parts.clone(),
        }
    }

    async fn call(&self, request: Request) -> Result<Answered, SdkError<Never, HttpResponse>> {
        let times = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_timeout(CALL)
            .build();
        Operation::builder()
            .service_name("lambda")
            .operation_name("Invoke")
            .http_client(self.parts.http.clone())
            .endpoint_url(&self.parts.endpoint("lambda"))
            .timeout_config(times)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // The signature is made below, and an order is repeated by whoever gave it.
            .no_auth()
            .no_retry()
            .serializer(|request: Request| request.signed())
            .deserializer(|response: &HttpResponse| Ok::<_, _>(Answered::read(response)))
            .build()
            .invoke(request)
            .await
    }
}

impl Functions for Lambda {
    async fn invoke(&self, function: &str, payload: &Value) -> Result<Value, InvokeError> {
        let credentials = self.parts.credentials.provide_credentials().await;
        let request = Request {
            uri: format!(
                "{}/2015-03-31/functions/{function}/invocations",
                self.parts.endpoint("lambda")
            ),
            body: payload.to_string().into_bytes(),
            region: self.parts.region.clone(),
            credentials: credentials
                .map_err(|_| InvokeError::Denied("the credentials have run out".into()))?,
        };
        let answered = self.call(request).await;
        answered.map_err(|error| transport(&error))?.meaning()
    }
}

impl Request {
    fn signed(self) -> Result<HttpRequest, BoxError> {
        let identity = Identity::from(self.credentials);
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("lambda")
            .time(SystemClock.time())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let headers = [
            ("content-type", "application/json"),
            ("x-amz-invocation-type", "RequestResponse"),
        ];
        let signable = SignableRequest::new(
            "POST",
            self.uri.as_str(),
            headers.into_iter(),
            SignableBody::Bytes(&self.body),
        )?;
        let (signature, _) = sign(signable, &parameters)?.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(self.body.as_slice()));
        request.set_method("POST")?;
        request.set_uri(self.uri.as_str())?;
        for (name, value) in headers.into_iter().chain(signature.headers()) {
            request
                .headers_mut()
                .try_insert(name.to_owned(), value.to_owned())?;
        }
        Ok(request)
    }
}

impl Answered {
    fn read(response: &HttpResponse) -> Self {
        let header = |name| response.headers().get(name);
        let error_type = header("x-amzn-errortype").and_then(|text| text.split(':').next());
        let body = response.body().bytes().unwrap_or_default();
        Self {
            status: response.status().as_u16(),
            failed: header("x-amz-function-error").is_some(),
            error_type: error_type.map(str::to_owned),
            body: serde_json::from_slice(body).unwrap_or(Value::Null),
        }
    }

    fn meaning(self) -> Result<Value, InvokeError> {
        let said = |name: &str| {
            self.body
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let message = || said("Message").or_else(|| said("message"));
        match (self.status, self.error_type.as_deref()) {
            (200, _) if self.failed => Err(InvokeError::Failed {
                class: said("errorType").unwrap_or_else(|| "no class".into()),
                message: said("errorMessage").unwrap_or_else(|| "no explanation was given".into()),
            }),
            (200, _) => Ok(self.body),
            (403, _) => Err(InvokeError::Denied(
                message().unwrap_or_else(|| "lambda:InvokeFunction".into()),
            )),
            (404, _) => Err(InvokeError::NotFound),
            (429, _) => Err(InvokeError::Unavailable(
                "Lambda is throttling; try again in a minute".into(),
            )),
            (status, error) => {
                let error = error.unwrap_or("no name");
                Err(InvokeError::Unavailable(format!("{error} ({status})")))
            }
        }
    }
}

fn transport<E>(error: &SdkError<E, HttpResponse>) -> InvokeError {
    let why = match error {
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "no connection; check the network and --endpoint-url",
        SdkError::ResponseError(_) => "the answer could not be read",
        _ => "the request could not be made",
    };
    InvokeError::Unavailable(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answered(status: u16, failed: bool, body: Value) -> Result<Value, InvokeError> {
        let error_type = (status != 200).then(|| "SomeException".to_owned());
        let answered = Answered {
            status,
            failed,
            error_type,
            body,
        };
        answered.meaning()
    }

    #[test]
    fn an_answer_a_failure_of_the_function_and_a_refusal_of_lambda_are_told_apart() {
        let body = json!({ "outcome": "retired" });
        assert_eq!(answered(200, false, body.clone()), Ok(body));
        let failure = json!({ "errorType": "target_unreachable", "errorMessage": "no route" });
        assert_eq!(
            answered(200, true, failure),
            Err(InvokeError::Failed {
                class: "target_unreachable".into(),
                message: "no route".into(),
            })
        );
        let denied = answered(
            403,
            false,
            json!({ "Message": "User: x is not authorized" }),
        );
        assert_eq!(
            denied,
            Err(InvokeError::Denied("User: x is not authorized".into()))
        );
        assert_eq!(
            answered(404, false, Value::Null),
            Err(InvokeError::NotFound)
        );
        let broken = answered(500, false, Value::Null);
        assert_eq!(
            broken,
            Err(InvokeError::Unavailable("SomeException (500)".into()))
        );
    }

    #[test]
    fn a_request_is_signed_for_lambda_and_holds_no_key() {
        let request = Request {
            uri: "http://127.0.0.1:1/2015-03-31/functions/f/invocations".into(),
            body: b"{}".to_vec(),
            region: "eu-west-1".into(),
            credentials: Credentials::new("AKIDEXAMPLE", "do-not-show", None, None, "test"),
        };
        assert_eq!(format!("{request:?}"), "Request");
        let signed = request.signed().unwrap();
        let authorization = signed.headers().get("authorization").unwrap();
        assert!(authorization.contains("AKIDEXAMPLE/"));
        assert!(authorization.contains("/eu-west-1/lambda/aws4_request"));
        assert!(!format!("{signed:?}").contains("do-not-show"));
    }
}
