//! An AWS on a port of this machine whose answers a test chooses: for what a function does with an answer. And
//! a store of the keys that seal the audit trail.

mod keys;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rekey_aws::{Credential, Settings};
use serde_json::Value;

pub use keys::HeldKeys;

/// One call of a service that speaks JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Such as `SendMessage`.
    pub operation: String,
    /// What was sent.
    pub request: Value,
}

type Answer = dyn Fn(&Call) -> (u16, Value) + Send + Sync;

/// An AWS. Clones share it; it answers until the process ends.
#[derive(Clone)]
pub struct StubAws {
    endpoint: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl StubAws {
    /// Starts one, which gives every call the status and the body that `answer` says.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(
        answer: impl Fn(&Call) -> (u16, Value) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let stub = Self {
            endpoint: format!("http://{}", listener.local_addr()?),
            calls: Arc::default(),
        };
        let (calls, answer): (_, Arc<Answer>) = (stub.calls.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (calls, answer) = (calls.clone(), answer.clone());
                // A client that goes away has its reason.
                thread::spawn(move || serve(stream, &calls, answer.as_ref()));
            }
        });
        Ok(stub)
    }

    /// Settings that lead there.
    pub fn settings(&self) -> Settings {
        Settings {
            region: "eu-west-1".to_owned(),
            access_key_id: "test".to_owned(),
            secret_access_key: Credential::from("test".to_owned()),
            session_token: None,
            endpoint_url: Some(self.endpoint.clone()),
            ca_bundle: None,
        }
    }

    /// The calls that came, in order.
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.calls).clone()
    }

    /// The operations that were called, in order.
    pub fn operations(&self) -> Vec<String> {
        let calls = self.calls().into_iter();
        calls.map(|call| call.operation).collect()
    }
}

/// Answers the calls of one connection, one after the other.
fn serve(stream: TcpStream, calls: &Mutex<Vec<Call>>, answer: &Answer) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let call = read(&mut reader)?;
        locked(calls).push(call.clone());
        let (status, body) = answer(&call);
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        writer.write_all(format!("{head}{body}").as_bytes()).ok()?;
    }
}

/// One request; none when there is no more.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Call> {
    let (mut operation, mut length) = (String::new(), 0);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, text)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => operation = text.rsplit('.').next()?.to_owned(),
            "content-length" => length = text.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let request = serde_json::from_slice(&body).unwrap_or_default();
    Some(Call { operation, request })
}

fn locked(calls: &Mutex<Vec<Call>>) -> MutexGuard<'_, Vec<Call>> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}
