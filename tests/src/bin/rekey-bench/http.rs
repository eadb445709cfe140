//! HTTP/1.1 messages, as far as AWS's clients and the local cloud write them.

use std::io::Read;

use anyhow::{Context as _, Result, bail};

/// A whole message: first line, headers, body.
pub struct Message {
    pub bytes: Vec<u8>,
    head: String,
    body_at: usize,
}

impl Message {
    /// Reads one; `None` when the other side has ended the connection instead.
    pub fn read(stream: &mut impl Read) -> Result<Option<Self>> {
        let mut bytes = Vec::with_capacity(4096);
        let body_at = loop {
            if let Some(at) = find(&bytes, b"\r\n\r\n") {
                break at + 4;
            }
            if !more(stream, &mut bytes)? {
                if bytes.is_empty() {
                    return Ok(None);
                }
                bail!("the connection ended inside a message");
            }
        };
        let head = std::str::from_utf8(&bytes[..body_at])?.to_owned();
        let mut message = Self {
            bytes,
            head,
            body_at,
        };
        message.read_body(stream)?;
        Ok(Some(message))
    }

    fn read_body(&mut self, stream: &mut impl Read) -> Result<()> {
        let chunked = self
            .header("transfer-encoding")
            .is_some_and(|how| how.eq_ignore_ascii_case("chunked"));
        let length = match self.header("content-length") {
            Some(length) => length.parse()?,
            None => 0,
        };
        // Nothing is pipelined here, so an end that is there is the end of this message.
        while if chunked {
            !self.bytes[self.body_at..].ends_with(b"0\r\n\r\n")
        } else {
            self.bytes.len() < self.body_at + length
        } {
            if !more(stream, &mut self.bytes)? {
                bail!("the connection ended inside a body");
            }
        }
        Ok(())
    }

    /// The request line or status line.
    pub fn first_line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The status of an answer; 0 when it has none.
    pub fn status(&self) -> u16 {
        let mut words = self.first_line().split(' ');
        words.nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The body as text.
    pub fn body(&self) -> Result<&str> {
        std::str::from_utf8(&self.bytes[self.body_at..]).context("a body that is no text")
    }
}

fn more(stream: &mut impl Read, bytes: &mut Vec<u8>) -> Result<bool> {
    let mut part = [0; 16 * 1024];
    match stream.read(&mut part) {
        Ok(0) => Ok(false),
        Ok(count) => {
            bytes.extend_from_slice(&part[..count]);
            Ok(true)
        }
        // A client that is killed says no goodbye.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn find(bytes: &[u8], end: &[u8]) -> Option<usize> {
    bytes.windows(end.len()).position(|window| window == end)
}
