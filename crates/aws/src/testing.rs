//! An AWS whose answers a test chooses: for what no local cloud does, such as a transaction that is met
//! half written.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::connection::Connection;

/// Answers a call by its operation, its request and how often that operation was called before.
type Answer = dyn Fn(&str, &Value, usize) -> (u16, Value) + Send + Sync;

#[derive(Clone)]
pub(crate) struct Canned {
    answer: Arc<Answer>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    pub(crate) fn new(
        answer: impl Fn(&str, &Value, usize) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        Self {
            answer: Arc::new(answer),
            calls: Arc::default(),
        }
    }

    pub(crate) fn connection(&self) -> Connection {
        let credentials = Credentials::new("test", "test", None, None, "test");
        Connection::with(
            "eu-west-1".into(),
            Some("http://canned".into()),
            SharedCredentialsProvider::new(credentials),
            SharedHttpClient::new(self.clone()),
        )
    }

    /// The operations that were called, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let target = request.headers().get("x-amz-target").unwrap();
        let (_, operation) = target.split_once('.').unwrap();
        let before = {
            let mut calls = self.calls.lock().unwrap();
            let before = calls.iter().filter(|call| *call == operation).count();
            calls.push(operation.to_owned());
            before
        };
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let (status, answer) = (self.answer)(operation, &body, before);
        let body = SdkBody::from(answer.to_string());
        HttpResponse::new(status.try_into().unwrap(), body)
    }
}

/// What a service says that refuses.
pub(crate) fn refusal(code: &str) -> (u16, Value) {
    (400, json!({ "__type": code, "message": "not now" }))
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canned")
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(self.answer(&request)))
    }
}

impl HttpClient for Canned {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
