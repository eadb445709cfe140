//! Ports for servers.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, bail};

/// Below the ports that Linux gives to outgoing connections (32768 and up), so that none of them takes a port
/// between its choice and the server's start; above the well-known ones.
const FIRST: u32 = 12_000;
const COUNT: u32 = 20_000;

/// Every server listens on both.
const ADDRESSES: [&str; 2] = ["127.0.0.1", "127.0.0.2"];

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A port that nobody listens on, and that is given out once by this process. Processes begin at different
/// places, so that two that start servers at once seldom want the same.
pub fn free() -> Result<u16> {
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let turn = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + turn % COUNT)?;
        if ADDRESSES
            .iter()
            .all(|address| TcpListener::bind((*address, port)).is_ok())
        {
            return Ok(port);
        }
    }
    bail!("no free port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_out_once_and_never_one_that_is_taken() {
        let first = free().unwrap();
        let next = u16::try_from(FIRST + (u32::from(first) - FIRST + 1) % COUNT).unwrap();
        // Whoever holds it, we or somebody else, it is taken.
        let _held = TcpListener::bind(("127.0.0.2", next));
        let second = free().unwrap();
        assert!(second != first && second != next);
        assert!((12_000..32_000).contains(&second));
    }
}
