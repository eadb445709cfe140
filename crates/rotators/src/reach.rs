//! Finding a server and opening a connection to it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// Why there is no connection: of a name's addresses, what the last one did.
#[derive(Debug)]
pub(crate) enum Unreached {
    /// The name has no address.
    UnknownHost,
    Refused(io::Error),
    TooSlow,
}

/// Finds the server and opens a connection to it: the name's addresses in turn, as given.
pub(crate) async fn reach(
    host: &str,
    port: u16,
    deadline: Instant,
) -> Result<TcpStream, Unreached> {
    let found = timeout_at(deadline, tokio::net::lookup_host((host, port)))
        .await
        .map_err(|_| Unreached::TooSlow)?;
    let addresses: Vec<SocketAddr> = match found {
        Ok(addresses) => addresses.collect(),
        Err(_) => Vec::new(),
    };
    let stream = connect(&addresses, deadline).await?;
    // Small messages back and forth: waiting to fill a packet would only add to each.
    let _at_best_effort = stream.set_nodelay(true);
    Ok(stream)
}

/// Connects to the first address that answers. A dead one takes its share of the time, not all of it.
async fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Unreached> {
    let mut last = Unreached::UnknownHost;
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let now = Instant::now();
        let until = now + share(deadline.saturating_duration_since(now), left);
        match timeout_at(until, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = Unreached::Refused(error),
            Err(_) => last = Unreached::TooSlow,
        }
    }
    Err(last)
}

/// What one of `left` addresses may take of the time that is left.
fn share(time: Duration, left: usize) -> Duration {
    time / u32::try_from(left).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, TcpSocket};
    use tokio::time::timeout;

    #[test]
    fn each_address_has_a_share_of_what_the_ones_before_it_left() {
        let five = Duration::from_secs(5);
        assert_eq!(share(five, 1), five);
        assert_eq!(share(five, 2), Duration::from_millis(2500));
        assert_eq!(share(Duration::ZERO, 3), Duration::ZERO);
        assert_eq!(share(five, 0), five);
    }

    /// An address that does not answer: a listener that accepts nothing, filled up.
    async fn dead() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) =
            timeout(Duration::from_millis(200), TcpStream::connect(address)).await
        {
            waiting.push(stream.unwrap());
            assert!(waiting.len() < 100, "the listener is never full");
        }
        (address, listener, waiting)
    }

    #[tokio::test]
    async fn an_address_that_does_not_answer_leaves_time_for_the_next_one() {
        let (dead, _listener, _waiting) = dead().await;
        let alive = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = (alive.local_addr().unwrap(), alive);
        let bound = Duration::from_millis(900);
        let stream = connect(&[dead, dead, alive.0], Instant::now() + bound)
            .await
            .unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive.0);

        let start = Instant::now();
        let none = connect(&[dead, dead], start + bound).await;
        assert!(matches!(none, Err(Unreached::TooSlow)));
        assert!(start.elapsed() >= bound);
        let none = connect(&[], start).await;
        assert!(matches!(none, Err(Unreached::UnknownHost)));
    }
}
