//! A stand-in for Lambda's runtime API: one process polls it, and gets the events it is handed.
//!
//! Source: [Lambda runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::http::Message;

/// How long a function may take for anything: as long as the deployed one may.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where one process finds its events.
pub struct RuntimeApi {
    pub address: SocketAddr,
    heard: Receiver<Heard>,
    /// Who waits for an event.
    waiting: Option<Sender<String>>,
}

enum Heard {
    Next(Instant, Sender<String>),
    Answer(Instant),
    Failed(String),
}

impl RuntimeApi {
    /// Listens on a free port.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (tell, heard) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tell = tell.clone();
                // A connection ends with the process that opened it; that is no error here.
                thread::spawn(move || serve(stream, &tell));
            }
        });
        Ok(Self {
            address,
            heard,
            waiting: None,
        })
    }

    /// Waits until the process asks for an event: the end of its init, or of the call before.
    pub fn ready(&mut self) -> Result<Instant> {
        match self.heard.recv_timeout(PATIENCE)? {
            Heard::Next(at, waiting) => {
                self.waiting = Some(waiting);
                Ok(at)
            }
            Heard::Answer(_) => bail!("an answer before a question"),
            Heard::Failed(why) => bail!("the function does not start: {why}"),
        }
    }

    /// Hands over an event; how long the answer took.
    pub fn invoke(&mut self, event: &Value) -> Result<Duration> {
        let waiting = self.waiting.take().context("the function is not ready")?;
        let asked = Instant::now();
        waiting.send(event.to_string())?;
        let answered = match self.heard.recv_timeout(PATIENCE)? {
            Heard::Answer(at) => at,
            Heard::Next(..) => bail!("the function asks on without an answer"),
            Heard::Failed(why) => bail!("the function failed: {why}"),
        };
        self.ready()?;
        Ok(answered - asked)
    }
}

fn serve(mut stream: TcpStream, tell: &Sender<Heard>) -> Result<()> {
    stream.set_nodelay(true)?;
    while let Some(request) = Message::read(&mut stream)? {
        let at = Instant::now();
        let path = request.first_line().split(' ').nth(1).unwrap_or_default();
        if path.ends_with("/invocation/next") {
            let (hand_over, event) = channel();
            tell.send(Heard::Next(at, hand_over))?;
            let event: String = event.recv()?;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                 Lambda-Runtime-Aws-Request-Id: {REQUEST_ID}\r\n\
                 Lambda-Runtime-Deadline-Ms: {DEADLINE}\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: {FUNCTION_ARN}\r\n\
                 Content-Length: {}\r\n\r\n{event}",
                event.len()
            );
            stream.write_all(answer.as_bytes())?;
            continue;
        }
        tell.send(if path.ends_with("/response") {
            Heard::Answer(at)
        } else {
            Heard::Failed(request.body()?.to_owned())
        })?;
        stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")?;
    }
    Ok(())
}

const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const FUNCTION_ARN: &str =
    "arn:aws:lambda:eu-west-1:123456789012:function:rekey-local-rotate-database";
/// In the year 2100: no step is measured against it.
const DEADLINE: u64 = 4_102_444_800_000;
