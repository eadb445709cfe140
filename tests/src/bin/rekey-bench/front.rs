//! TLS in front of the local cloud, as AWS has it, and a note of every call that goes through.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::http::Message;

/// A call that was answered.
#[derive(Clone, Debug)]
pub struct Call {
    /// Such as `GetSecretValue`.
    pub action: String,
    /// When the whole request was there.
    pub began: Instant,
    /// When the whole answer was there.
    pub ended: Instant,
    pub status: u16,
}

/// What went through since it was last asked.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    pub calls: Vec<Call>,
    pub new_connections: usize,
    /// What our side of TLS handshakes took.
    pub handshakes: Duration,
}

impl Traffic {
    /// Round trips that had to wait for one another: the most calls of which no two overlap.
    pub fn hops(&self) -> usize {
        let mut calls: Vec<&Call> = self.calls.iter().collect();
        calls.sort_by_key(|call| call.ended);
        let mut last: Option<Instant> = None;
        let mut hops = 0;
        for call in calls {
            if last.is_none_or(|ended| call.began >= ended) {
                hops += 1;
                last = Some(call.ended);
            }
        }
        hops
    }

    /// How often an action was called.
    pub fn count(&self, action: &str) -> usize {
        self.calls
            .iter()
            .filter(|call| call.action == action)
            .count()
    }
}

/// The front. Lives as long as the process.
pub struct Front {
    /// `https://localhost:PORT`.
    pub endpoint: String,
    traffic: Arc<Mutex<Traffic>>,
}

impl Front {
    /// Listens with this certificate and passes everything on to `upstream`, a `host:port`.
    pub fn start(upstream: &str, certificate: &Path, key: &Path) -> Result<Self> {
        let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
        let config = Arc::new(config);
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let endpoint = format!("https://localhost:{}", listener.local_addr()?.port());
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let noted = Arc::clone(&traffic);
        let upstream = upstream.to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                noted.lock().unwrap().new_connections += 1;
                let (config, upstream) = (Arc::clone(&config), upstream.clone());
                let noted = Arc::clone(&noted);
                // A connection ends with the process that opened it; that is no error here.
                thread::spawn(move || pass(stream, config, &upstream, &noted));
            }
        });
        Ok(Self { endpoint, traffic })
    }

    /// What went through since the last call of this.
    pub fn take(&self) -> Traffic {
        std::mem::take(&mut *self.traffic.lock().unwrap())
    }
}

/// Passes calls on until the client hangs up.
fn pass(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    upstream: &str,
    traffic: &Mutex<Traffic>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    // Opened before the handshake, so that no call pays for our own way to the local cloud.
    let mut upstream = TcpStream::connect(upstream)?;
    upstream.set_nodelay(true)?;
    let mut tls = ServerConnection::new(config)?;
    let mut stream = Waited {
        stream,
        time: Duration::ZERO,
    };
    let started = Instant::now();
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)?;
    }
    let worked = started.elapsed().saturating_sub(stream.time);
    traffic.lock().unwrap().handshakes += worked;
    let mut client = StreamOwned::new(tls, stream);
    while let Some(request) = Message::read(&mut client)? {
        let began = Instant::now();
        upstream.write_all(&request.bytes)?;
        let answer = Message::read(&mut upstream)?.context("the local cloud hung up")?;
        let ended = Instant::now();
        let Some(target) = request.header("x-amz-target") else {
            bail!("a call without a target: {}", request.first_line());
        };
        let action = target.rsplit('.').next().unwrap_or(target).to_owned();
        traffic.lock().unwrap().calls.push(Call {
            action,
            began,
            ended,
            status: answer.status(),
        });
        client.write_all(&answer.bytes)?;
        client.flush()?;
    }
    Ok(())
}

/// A stream that knows how long it was waited for.
struct Waited {
    stream: TcpStream,
    time: Duration,
}

impl Read for Waited {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let started = Instant::now();
        let count = self.stream.read(bytes);
        self.time += started.elapsed();
        count
    }
}

impl Write for Waited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn calls_that_overlap_are_one_hop() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let call = |from, to| Call {
            action: "DescribeSecret".into(),
            began: at(from),
            ended: at(to),
            status: 200,
        };
        let hops = |calls: &[(u64, u64)]| {
            let calls = calls.iter().map(|(from, to)| call(*from, *to)).collect();
            Traffic {
                calls,
                ..Traffic::default()
            }
            .hops()
        };
        assert_eq!(hops(&[]), 0);
        assert_eq!(hops(&[(0, 5), (1, 3)]), 1);
        assert_eq!(hops(&[(0, 5), (1, 3), (5, 6)]), 2);
        assert_eq!(hops(&[(0, 1), (2, 3), (4, 5)]), 3);
    }
}
