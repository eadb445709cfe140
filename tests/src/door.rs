//! The local cloud but for Secrets Manager: a plain HTTP request for each call, as its owner. It looks at
//! whose key a request has, and not at the signature.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cloud::{Cloud, REGION};

/// Where calls go.
#[derive(Clone, Debug)]
pub struct Door {
    /// `127.0.0.1:PORT`.
    address: String,
}

/// What a function answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether it failed.
    pub failed: bool,
    /// What it said.
    pub value: Value,
}

/// How many messages a queue has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Depth {
    /// Those that wait.
    pub waiting: u64,
    /// Those that were handed out, and are neither deleted nor back.
    pub in_flight: u64,
    /// Those that nobody is given yet.
    pub delayed: u64,
}

impl Depth {
    /// Whether nothing waits and nothing is being worked on.
    pub fn is_empty(self) -> bool {
        self.waiting + self.in_flight + self.delayed == 0
    }
}

struct Response {
    status: u16,
    head: String,
    body: String,
}

impl Door {
    /// The door of a local cloud.
    pub fn of(cloud: &Cloud) -> Self {
        let address = cloud.endpoint.trim_start_matches("http://").to_owned();
        Self { address }
    }

    async fn post(
        &self,
        service: &str,
        path: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> Result<Response> {
        self.request(service, ("POST", path), more, body).await
    }

    async fn request(
        &self,
        service: &str,
        (method, path): (&str, &str),
        more: &[(&str, &str)],
        body: &str,
    ) -> Result<Response> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, \
             SignedHeaders=host, Signature=0\r\n",
            self.address,
            body.len(),
        );
        for (name, text) in more {
            request.push_str(&format!("{name}: {text}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        let text = String::from_utf8(bytes)?;
        let (head, body) = text.split_once("\r\n\r\n").context("no HTTP answer")?;
        let head = head.to_lowercase();
        ensure!(
            !head.contains("transfer-encoding: chunked"),
            "an answer in chunks"
        );
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        Ok(Response {
            status,
            head,
            body: body.to_owned(),
        })
    }

    /// A call of a service that speaks JSON: `target` is such as `AmazonSQS.SendMessage`.
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let headers = [
            ("X-Amz-Target", target),
            ("Content-Type", "application/x-amz-json-1.1"),
        ];
        let answer = self.post(service, "/", &headers, &body.to_string()).await?;
        ensure!(answer.status == 200, "{target}: {}", answer.body);
        match answer.body.as_str() {
            "" => Ok(Value::Null),
            text => serde_json::from_str(text).with_context(|| target.to_owned()),
        }
    }

    /// A call of IAM.
    pub async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        self.form("iam", "2010-05-08", action, parameters).await
    }

    /// A call of a service that speaks forms: the version is that of its API. The answer is XML.
    pub async fn form(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String> {
        let mut form = format!("Action={action}&Version={version}");
        for (name, text) in parameters {
            form.push_str(&format!("&{name}={}", percent(text)));
        }
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = self.post(service, "/", &kind, &form).await?;
        ensure!(answer.status == 200, "{action}: {}", answer.body);
        Ok(answer.body)
    }

    /// A call of a service whose actions are methods and paths: the status of its answer.
    pub async fn rest(&self, service: &str, method: &str, path: &str, body: &str) -> Result<u16> {
        let answer = self.request(service, (method, path), &[], body).await?;
        Ok(answer.status)
    }

    /// The text of an object in S3: `path` is `/bucket/key`.
    pub async fn object(&self, path: &str) -> Result<String> {
        let answer = self.request("s3", ("GET", path), &[], "").await?;
        ensure!(answer.status == 200, "{path}: {}", answer.status);
        Ok(answer.body)
    }

    /// Invokes a function and waits for its answer.
    pub async fn invoke(&self, function: &str, payload: &str) -> Result<Answer> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = self.post("lambda", &path, &[], payload).await?;
        ensure!(answer.status == 200, "{function}: {}", answer.body);
        Ok(Answer {
            failed: answer.head.contains("x-amz-function-error"),
            value: serde_json::from_str(&answer.body).with_context(|| answer.body.clone())?,
        })
    }

    /// The lines of a log group.
    pub async fn log(&self, group: &str) -> Result<Vec<String>> {
        self.log_since(group, 0).await
    }

    /// The lines of a log group that came at a time or later, in milliseconds since 1970.
    pub async fn log_since(&self, group: &str, time: i64) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        let mut next = Value::Null;
        loop {
            let mut asked = json!({ "logGroupName": group, "startTime": time });
            if !next.is_null() {
                asked["nextToken"] = next;
            }
            let mut page = self
                .json("logs", "Logs_20140328.FilterLogEvents", &asked)
                .await?;
            let events = page["events"].as_array().context("no events")?;
            let texts = events.iter().filter_map(|event| event["message"].as_str());
            lines.extend(texts.map(|text| text.trim_end().to_owned()));
            next = page["nextToken"].take();
            if next.is_null() {
                return Ok(lines);
            }
        }
    }

    /// Puts a message into a queue.
    pub async fn send(&self, queue: &str, body: &str) -> Result<()> {
        let message = json!({ "QueueUrl": queue, "MessageBody": body });
        self.json("sqs", "AmazonSQS.SendMessage", &message).await?;
        Ok(())
    }

    /// Takes what lies in a queue that nobody else reads: the bodies, and out of the queue they are.
    pub async fn take(&self, queue: &str) -> Result<Vec<String>> {
        let mut bodies = Vec::new();
        loop {
            let asked = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 });
            let mut answer = self.json("sqs", "AmazonSQS.ReceiveMessage", &asked).await?;
            let Value::Array(messages) = answer["Messages"].take() else {
                return Ok(bodies);
            };
            if messages.is_empty() {
                return Ok(bodies);
            }
            for message in &messages {
                let receipt = &message["ReceiptHandle"];
                let done = json!({ "QueueUrl": queue, "ReceiptHandle": receipt });
                self.json("sqs", "AmazonSQS.DeleteMessage", &done).await?;
                bodies.push(message["Body"].as_str().context("no body")?.to_owned());
            }
        }
    }

    /// How many messages a queue has.
    pub async fn depth(&self, queue: &str) -> Result<Depth> {
        let asked = json!({ "QueueUrl": queue, "AttributeNames": ["All"] });
        let answer = self
            .json("sqs", "AmazonSQS.GetQueueAttributes", &asked)
            .await?;
        let count = |name: &str| -> Result<u64> {
            let text = answer["Attributes"][name].as_str().context("no count")?;
            Ok(text.parse()?)
        };
        Ok(Depth {
            waiting: count("ApproximateNumberOfMessages")?,
            in_flight: count("ApproximateNumberOfMessagesNotVisible")?,
            delayed: count("ApproximateNumberOfMessagesDelayed")?,
        })
    }
}

/// The text of an element of an answer in XML that occurs once.
pub fn element<'a>(xml: &'a str, name: &str) -> Result<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let inside = xml
        .split_once(&open)
        .and_then(|(_, rest)| rest.split_once(&close));
    match inside {
        Some((text, _)) => Ok(text),
        None => bail!("no {name} in {xml}"),
    }
}

/// Percent-encoded, as forms are.
fn percent(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// The other way round.
pub fn unpercent(text: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let hex = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex)?, 16)?);
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    Ok(String::from_utf8(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_percent_encoded_reads_the_same_again() -> Result<()> {
        let text = "{\"Sid\": \"a+b&c=%\u{e9}\"}";
        assert_eq!(unpercent(&percent(text))?, text);
        assert!(!percent(text).contains([' ', '&', '+']));
        Ok(())
    }
}
