use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisConnectionInfo, RedisError, Value};
use rekey_rotation::{SecretValue, TargetError};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::bounds::Bounds;
use super::errors;
use super::secret::Node;
use crate::reach::reach;
use crate::trust::Trust;
use crate::whose::Whose;

/// Who logs in where.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) node: &'a Node,
    pub(super) username: &'a str,
    pub(super) password: &'a SecretValue,
    pub(super) tls: bool,
    pub(super) whose: Whose,
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

/// A connection that is logged in. Dropping it ends it, and what it had sent and was not answered is lost.
pub(super) struct Session {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    bounds: Bounds,
    place: String,
    username: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        // Left to itself the driver would wait for the answers that are under way.
        self.driver.abort();
    }
}

impl Session {
    /// Connects and logs in within the bound for connecting.
    pub(super) async fn open(
        login: &Login<'_>,
        trust: &Trust,
        bounds: &Bounds,
    ) -> Result<Self, Unopened> {
        let deadline = Instant::now() + bounds.connect;
        let node = login.node;
        let stream = reach(&node.host, node.port, deadline)
            .await
            .map_err(|unreached| errors::unreached(login, &unreached, bounds.connect))?;
        let opened = if login.tls {
            let stream = encrypt(stream, login, trust, bounds, deadline).await?;
            drive(stream).await
        } else {
            drive(stream).await
        };
        let (connection, driver) = opened.map_err(|error| errors::logging_in(error, login))?;
        let session = Self {
            connection,
            driver,
            bounds: *bounds,
            place: node.place(),
            username: login.username.to_owned(),
        };
        session.log_in(login, deadline).await?;
        Ok(session)
    }

    async fn log_in(&self, login: &Login<'_>, deadline: Instant) -> Result<(), Unopened> {
        let mut auth = redis::cmd("AUTH");
        // Exposed to the server, which knows no other way to log in.
        auth.arg(login.username).arg(login.password.expose());
        let mut connection = self.connection.clone();
        let answered = timeout_at(deadline, auth.query_async::<()>(&mut connection)).await;
        let answered = answered.map_err(|_| errors::login_too_slow(login, self.bounds.connect))?;
        answered.map_err(|error| errors::logging_in(error, login))
    }

    /// Runs one command.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, TargetError> {
        let mut connection = self.connection.clone();
        let asked = timeout(self.bounds.answer, command.query_async(&mut connection));
        match asked.await {
            Ok(answered) => answered.map_err(|error| self.said(error, &[name(command)])),
            Err(_) => Err(errors::answer_too_slow(&self.place, self.bounds.answer)),
        }
    }

    /// Runs these commands in one transaction, and gives their answers.
    pub(super) async fn transaction(&self, commands: &[Cmd]) -> Result<Vec<Value>, TargetError> {
        match self.queue(commands, "EXEC").await?.pop() {
            Some(Value::Array(answers)) => answers.into_iter().map(|it| self.sound(it)).collect(),
            _ => Err(errors::unexpected()),
        }
    }

    /// Has the server check these commands as those of a transaction, and discards it. What a user may not
    /// run is refused when it is queued.
    pub(super) async fn rehearse(&self, commands: &[Cmd]) -> Result<(), TargetError> {
        self.queue(commands, "DISCARD").await.map(drop)
    }

    /// The transaction is begun by itself: were that refused, what follows would be done at once.
    async fn queue(&self, commands: &[Cmd], ending: &str) -> Result<Vec<Value>, TargetError> {
        self.ask::<()>(&redis::cmd("MULTI")).await?;
        let mut all = redis::pipe();
        let mut names = Vec::with_capacity(commands.len() + 1);
        let ending = redis::cmd(ending);
        for command in commands.iter().chain([&ending]) {
            all.add_command(command.clone());
            names.push(name(command));
        }
        let mut connection = self.connection.clone();
        let asked = timeout(self.bounds.answer, all.query_async(&mut connection));
        match asked.await {
            Ok(answered) => answered.map_err(|error| self.said(error, &names)),
            Err(_) => Err(errors::answer_too_slow(&self.place, self.bounds.answer)),
        }
    }

    /// An answer within a transaction may be an error by itself.
    fn sound(&self, answer: Value) -> Result<Value, TargetError> {
        match answer {
            Value::ServerError(error) => Err(self.said(error.into(), &["a command"])),
            answer => Ok(answer),
        }
    }

    fn said(&self, error: RedisError, commands: &[impl AsRef<str>]) -> TargetError {
        errors::running(error, commands, &self.place, &self.username)
    }

    /// `host:port`, for error texts.
    pub(super) fn place(&self) -> &str {
        &self.place
    }
}

/// The name of a command with its subcommand, which is never a value.
fn name(command: &Cmd) -> String {
    let words = command.args_iter().filter_map(|arg| match arg {
        redis::Arg::Simple(word) => std::str::from_utf8(word).ok(),
        _ => None,
    });
    let has_subcommand = |first: &str| ["ACL", "CLIENT", "CLUSTER", "CONFIG"].contains(&first);
    let mut words = words.take(2);
    match (words.next(), words.next()) {
        (Some(first), Some(second)) if has_subcommand(first) => format!("{first} {second}"),
        (Some(first), _) => first.to_owned(),
        (None, _) => String::new(),
    }
}

async fn encrypt(
    stream: TcpStream,
    login: &Login<'_>,
    trust: &Trust,
    bounds: &Bounds,
    deadline: Instant,
) -> Result<TlsStream<TcpStream>, TargetError> {
    let trusted = trust.client_config().ok_or_else(errors::no_trust)?;
    let name =
        ServerName::try_from(login.node.host.clone()).map_err(|_| errors::no_server_name(login))?;
    let connector = TlsConnector::from(Arc::clone(&trusted));
    let handshake = timeout_at(deadline, connector.connect(name, stream)).await;
    // A server that speaks no TLS waits for the end of a line.
    let shaken = handshake.map_err(|_| errors::handshake_too_slow(login, bounds.connect))?;
    shaken.map_err(|error| errors::handshake(login, &error))
}

async fn drive<S>(stream: S) -> Result<(MultiplexedConnection, JoinHandle<()>), RedisError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    // Nothing is sent by itself, and what is waited for has our own bounds.
    let info = RedisConnectionInfo::default().set_skip_set_lib_name();
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let (connection, driver) =
        MultiplexedConnection::new_with_config(&info, stream, config).await?;
    Ok((connection, tokio::spawn(driver)))
}
