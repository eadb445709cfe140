//! An application's health endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Answers 200 when it is well and 503 when it is not. It is not well at first.
pub struct Health {
    /// Where it is asked.
    pub url: String,
    well: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Health {
    /// Starts one.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/health", listener.local_addr()?);
        let well = Arc::new(AtomicBool::new(false));
        let is_well = Arc::clone(&well);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0_u8; 2048];
                let status = match is_well.load(Ordering::SeqCst) {
                    true => "200 OK",
                    false => "503 Service Unavailable",
                };
                let answer =
                    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
                // Who went away before the answer asks again.
                if stream.read(&mut asked).await.is_ok() {
                    let _gone = stream.write_all(answer.as_bytes()).await;
                }
            }
        });
        Ok(Self { url, well, task })
    }

    /// From now on it is well, or not.
    pub fn set(&self, well: bool) {
        self.well.store(well, Ordering::SeqCst);
    }
}

impl Drop for Health {
    fn drop(&mut self) {
        self.task.abort();
    }
}
