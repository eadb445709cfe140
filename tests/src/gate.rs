//! A way to a server that can be closed and opened.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Passes connections on while it is open; while it is closed it ends them. It is closed at first.
pub struct Gate {
    /// Where it listens, on the same host as the server.
    pub port: u16,
    open: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Gate {
    /// A gate before a server.
    pub async fn before(host: &str, port: u16) -> Result<Self> {
        let listener = TcpListener::bind((host, 0)).await?;
        let server = (host.to_owned(), port);
        let open = Arc::new(AtomicBool::new(false));
        let is_open = Arc::clone(&open);
        Ok(Self {
            port: listener.local_addr()?.port(),
            open,
            task: tokio::spawn(async move {
                while let Ok((mut client, _)) = listener.accept().await {
                    if !is_open.load(Ordering::SeqCst) {
                        continue;
                    }
                    let server = server.clone();
                    tokio::spawn(async move {
                        if let Ok(mut server) = TcpStream::connect(server).await {
                            // Whichever side ends it, it is over.
                            let _ended = copy_bidirectional(&mut client, &mut server).await;
                        }
                    });
                }
            }),
        })
    }

    /// Opens it.
    pub fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    /// Closes it to whoever comes from now on.
    pub fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}
