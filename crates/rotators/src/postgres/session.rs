use std::future::Future;
use std::sync::Arc;
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
use crate::reach::{Unreached, reach};
use crate::trust::Trust;
use crate::whose::Whose;

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
        let stream = reach_server(login, bounds.connect, deadline).await?;
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
                let trusted = trust.client_config().ok_or_else(errors::no_trust)?;
                let connector = MakeRustlsConnect::new(Arc::unwrap_or_clone(trusted));
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

/// Finds the server and opens a connection to it.
async fn reach_server(
    login: &Login<'_>,
    bound: Duration,
    deadline: Instant,
) -> Result<TcpStream, TargetError> {
    reach(login.host, login.port, deadline)
        .await
        .map_err(|unreached| match unreached {
            Unreached::UnknownHost => errors::unknown_host(login),
            Unreached::Refused(error) => errors::refused(login, &error),
            Unreached::TooSlow => errors::unreachable_in_time(login, bound),
        })
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
