use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rekey_rotation::{SecretValue, TargetError};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsConnect, TlsStream};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Connection, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::bounds::Bounds;
use super::errors;
use super::trust::Trust;

/// How long a server may take to answer `Terminate`.
const FAREWELL: Duration = Duration::from_secs(1);

/// On top of the server's own limit for a statement, for the way there and back.
const ROUND_TRIP: Duration = Duration::from_secs(2);

/// Who logs in where.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) dbname: &'a str,
    pub(super) username: &'a str,
    /// `None` to see whether the server asks for one.
    pub(super) password: Option<&'a SecretValue>,
    pub(super) tls: Tls,
    pub(super) whose: Whose,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tls {
    /// Certificate and name verified.
    Verified,
    /// Also bound to the login: a server that does not know the password's verifier learns nothing. For
    /// a password that is sent to a host which another secret names.
    Bound,
    /// Plaintext, because the secret says so.
    Off,
}

/// Whose credential it is, for error texts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Whose {
    Current,
    Pending,
    Previous,
    /// The version that is retired, or rolled back to.
    Old,
    /// Any version, of which nothing is known but its value.
    Version,
    Superuser,
}

impl Whose {
    pub(super) const fn secret(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT of the secret",
            Self::Pending => "AWSPENDING of the secret",
            Self::Previous => "AWSPREVIOUS of the secret",
            Self::Old => "the version that is retired or rolled back to",
            Self::Version => "this version of the secret",
            Self::Superuser => "AWSCURRENT of the superuser secret",
        }
    }
}

/// Why a login did not succeed.
#[derive(Debug)]
pub(super) struct Unopened {
    /// Whether the server has refused this very credential; anything else proves nothing of it.
    pub(super) refused: bool,
    pub(super) error: TargetError,
}

impl From<TargetError> for Unopened {
    fn from(error: TargetError) -> Self {
        Self {
            refused: false,
            error,
        }
    }
}

/// A connection that is logged in. Dropping it ends it, and rolls an open transaction back.
pub(super) struct Session {
    client: Client,
    connection: JoinHandle<()>,
    patience: Duration,
    place: String,
    username: String,
    /// The server's major version; 0 when it does not say.
    pub(super) major: u32,
    /// Whether the server is a read replica; versions under 14 do not say, and count as none.
    pub(super) replica: bool,
}

impl Session {
    /// Connects and logs in within the bound for connecting.
    pub(super) async fn open(
        login: &Login<'_>,
        trust: &Trust,
        bounds: &Bounds,
    ) -> Result<Self, Unopened> {
        let deadline = Instant::now() + bounds.connect;
        let stream = reach(login, bounds.connect, deadline).await?;
        let mut config = tokio_postgres::Config::new();
        config
            .user(login.username)
            .dbname(login.dbname)
            .application_name("rekey");
        if let Some(password) = login.password {
            // Exposed to the driver, which proves by SCRAM that it knows it.
            config.password(password.expose());
        }
        let opened = match login.tls {
            Tls::Off => {
                config.ssl_mode(SslMode::Disable);
                let opening = log_in(stream, NoTls, &config, bounds);
                timeout_at(deadline, opening).await
            }
            Tls::Verified | Tls::Bound => {
                config.ssl_mode(SslMode::Require);
                if login.tls == Tls::Bound {
                    config.channel_binding(ChannelBinding::Require);
                }
                let connector = trust.connector().ok_or_else(errors::no_trust)?;
                let connector = for_host(connector, login.host);
                let opening = log_in(stream, connector, &config, bounds);
                timeout_at(deadline, opening).await
            }
        };
        let opened = opened.map_err(|_| errors::login_too_slow(login, bounds.connect))?;
        opened
            .map(|session| Self {
                place: place(login),
                username: login.username.to_owned(),
                ..session
            })
            .map_err(|error| Unopened {
                refused: errors::refuses_credential(&error),
                error: errors::logging_in(&error, login),
            })
    }

    /// Runs statements, one after the other, in one round trip.
    pub(super) async fn run(&self, statements: &str) -> Result<(), TargetError> {
        self.answer(self.client.batch_execute(statements)).await
    }

    /// Runs a query in one round trip.
    pub(super) async fn rows(
        &self,
        query: &str,
        parameters: &[&str],
    ) -> Result<Vec<Row>, TargetError> {
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> = parameters
            .iter()
            .map(|text| (text as &(dyn ToSql + Sync), Type::TEXT))
            .collect();
        self.answer(self.client.query_typed(query, &parameters))
            .await
    }

    /// Runs a query that gives one row.
    pub(super) async fn row(&self, query: &str, parameters: &[&str]) -> Result<Row, TargetError> {
        let mut rows = self.rows(query, parameters).await?;
        match (rows.pop(), rows.is_empty()) {
            (Some(row), true) => Ok(row),
            _ => Err(errors::unexpected()),
        }
    }

    /// `host:port`, for error texts.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    async fn answer<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, TargetError> {
        match timeout(self.patience, answer).await {
            Ok(answered) => {
                answered.map_err(|error| errors::running(&error, &self.place, &self.username))
            }
            Err(_) => Err(errors::answer_too_slow(&self.place, self.patience)),
        }
    }

    /// Says goodbye, so that no connection is left half open when the function is frozen.
    pub(super) async fn close(self) {
        drop(self.client);
        let _gone = timeout(FAREWELL, self.connection).await;
    }
}

/// Finds the server and opens a connection to it: the name's addresses in turn, as given.
async fn reach(
    login: &Login<'_>,
    bound: Duration,
    deadline: Instant,
) -> Result<TcpStream, TargetError> {
    let slow = |_| errors::unreachable_in_time(login, bound);
    let found = timeout_at(deadline, tokio::net::lookup_host((login.host, login.port)))
        .await
        .map_err(slow)?;
    let addresses: Vec<SocketAddr> = match found {
        Ok(addresses) => addresses.collect(),
        Err(_) => Vec::new(),
    };
    let stream = connect(&addresses, deadline)
        .await
        .map_err(|failure| match failure {
            Unconnected::NoAddress => errors::unknown_host(login),
            Unconnected::Refused(error) => errors::refused(login, &error),
            Unconnected::TooSlow => errors::unreachable_in_time(login, bound),
        })?;
    // Small messages back and forth: waiting to fill a packet would only add to each.
    let _at_best_effort = stream.set_nodelay(true);
    Ok(stream)
}

/// Why none of a name's addresses took a connection: what the last one did.
#[derive(Debug)]
enum Unconnected {
    NoAddress,
    Refused(io::Error),
    TooSlow,
}

/// Connects to the first address that answers. A dead one takes its share of the time, not all of it.
async fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Unconnected> {
    let mut last = Unconnected::NoAddress;
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let now = Instant::now();
        let until = now + share(deadline.saturating_duration_since(now), left);
        match timeout_at(until, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = Unconnected::Refused(error),
            Err(_) => last = Unconnected::TooSlow,
        }
    }
    Err(last)
}

/// What one of `left` addresses may take of the time that is left.
fn share(time: Duration, left: usize) -> Duration {
    time / u32::try_from(left).unwrap_or(u32::MAX).max(1)
}

/// The connector's own type of connection, which the driver's crate does not name.
type Handshake = <MakeRustlsConnect as MakeTlsConnect<TcpStream>>::TlsConnect;

fn for_host(mut connector: MakeRustlsConnect, host: &str) -> Handshake {
    match MakeTlsConnect::<TcpStream>::make_tls_connect(&mut connector, host) {
        Ok(handshake) => handshake,
        Err(never) => match never {},
    }
}

async fn log_in<T>(
    stream: TcpStream,
    tls: T,
    config: &tokio_postgres::Config,
    bounds: &Bounds,
) -> Result<Session, tokio_postgres::Error>
where
    T: TlsConnect<TcpStream>,
    T::Stream: TlsStream + Send + Unpin + 'static,
{
    let (client, connection) = config.connect_raw(stream, tls).await?;
    let major = major(&connection);
    let replica = connection.parameter("in_hot_standby") == Some("on");
    let connection = tokio::spawn(async move {
        // How it ended is told to whoever waits for an answer.
        let _ended = connection.await;
    });
    Ok(Session {
        client,
        connection,
        patience: bounds.statement.max(bounds.lock) + ROUND_TRIP,
        place: String::new(),
        username: String::new(),
        major,
        replica,
    })
}

fn major<S, T>(connection: &Connection<S, T>) -> u32
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let version = connection.parameter("server_version").unwrap_or_default();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

pub(super) fn place(login: &Login<'_>) -> String {
    format!("{}:{}", login.host, login.port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, TcpSocket};

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
        assert!(matches!(none, Err(Unconnected::TooSlow)));
        assert!(start.elapsed() >= bound);
        let none = connect(&[], start).await;
        assert!(matches!(none, Err(Unconnected::NoAddress)));
    }
}
