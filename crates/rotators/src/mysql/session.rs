use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Row, Value};
use rekey_rotation::{SecretValue, TargetError};
use tokio::time::{Instant, timeout, timeout_at};

use super::bounds::Bounds;
use super::errors;
use super::server::Server;
use crate::whose::Whose;

/// How long a server may take to answer a goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// On top of the server's own limit for a statement, for the way there and back.
const ROUND_TRIP: Duration = Duration::from_secs(2);

/// The longest answer and statement. Given, because the driver would ask the server for it.
const LONGEST_PACKET: usize = 16 << 20;

const IDENTITY: &str =
    "SELECT VERSION(), CURRENT_USER(), @@GLOBAL.read_only, @@GLOBAL.innodb_read_only";

/// Who logs in where.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) dbname: Option<&'a str>,
    pub(super) username: &'a str,
    pub(super) password: &'a SecretValue,
    pub(super) tls: Tls,
    pub(super) whose: Whose,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tls {
    /// Certificate and name verified.
    Verified,
    /// Plaintext, because the secret says so.
    Off,
}

/// Why a login did not succeed.
#[derive(Debug)]
pub(super) struct Unopened {
    /// Whether the server has refused this very credential; anything else proves nothing of it.
    pub(super) refused: bool,
    /// Whether there was no TLS to be had at the server, which was asked for.
    pub(super) no_tls: bool,
    pub(super) error: TargetError,
}

impl From<TargetError> for Unopened {
    fn from(error: TargetError) -> Self {
        Self {
            refused: false,
            no_tls: false,
            error,
        }
    }
}

/// Why a statement failed.
#[derive(Debug)]
pub(super) struct Failed {
    /// The server's own number of the error, if it was the server that refused.
    pub(super) code: Option<u16>,
    pub(super) error: TargetError,
}

/// A connection that is logged in. Dropping it ends it, and gives back what it has locked.
pub(super) struct Session {
    /// None after an answer that did not come: what comes next would be that one.
    connection: Option<Conn>,
    patience: Duration,
    place: String,
    username: String,
    /// The host part of the account that it is.
    pub(super) account_host: String,
    pub(super) server: Server,
    /// Whether the server takes no changes: a read replica.
    pub(super) read_only: bool,
}

impl Session {
    /// Connects and logs in within the bound for connecting. `tls` is what a verified connection is made
    /// with.
    pub(super) async fn open(
        login: &Login<'_>,
        tls: Option<&Opts>,
        bounds: &Bounds,
    ) -> Result<Self, Unopened> {
        let deadline = Instant::now() + bounds.connect;
        let connection = connect(login, tls, bounds.connect, deadline).await?;
        let mut session = Self {
            connection: Some(connection),
            patience: bounds.statement.max(bounds.lock) + ROUND_TRIP,
            place: place(login),
            username: login.username.to_owned(),
            account_host: String::new(),
            server: Server::parse(""),
            read_only: false,
        };
        session.identify().await?;
        Ok(session)
    }

    async fn identify(&mut self) -> Result<(), TargetError> {
        let row = self.row(IDENTITY).await?;
        let [Some(version), Some(account), read_only, innodb_read_only] = row.as_slice() else {
            return Err(errors::unexpected());
        };
        let on = |value: &Option<String>| !matches!(value.as_deref(), Some("0" | "OFF"));
        self.server = Server::parse(version);
        self.read_only = on(read_only) || on(innodb_read_only);
        let (user, host) = account.rsplit_once('@').ok_or_else(errors::unexpected)?;
        if user != self.username {
            return Err(errors::another_account(
                &self.place,
                &self.username,
                account,
            ));
        }
        host.clone_into(&mut self.account_host);
        Ok(())
    }

    /// Runs one statement.
    pub(super) async fn run(&mut self, statement: &str) -> Result<(), TargetError> {
        self.try_run(statement).await.map_err(|failed| failed.error)
    }

    /// Runs one statement; a refusal comes with the server's number.
    pub(super) async fn try_run(&mut self, statement: &str) -> Result<(), Failed> {
        self.try_rows(statement).await.map(|_| ())
    }

    /// Runs a query.
    pub(super) async fn rows(
        &mut self,
        query: &str,
    ) -> Result<Vec<Vec<Option<String>>>, TargetError> {
        self.try_rows(query).await.map_err(|failed| failed.error)
    }

    /// Runs a query; a refusal comes with the server's number.
    pub(super) async fn try_rows(
        &mut self,
        query: &str,
    ) -> Result<Vec<Vec<Option<String>>>, Failed> {
        let rows = self.answer(query).await?;
        Ok(rows.into_iter().map(texts).collect())
    }

    async fn answer(&mut self, query: &str) -> Result<Vec<Row>, Failed> {
        let Some(connection) = &mut self.connection else {
            return Err(errors::ended(&self.place));
        };
        let answer = timeout(self.patience, connection.query::<Row, _>(query)).await;
        match answer {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => {
                if error.is_fatal() {
                    self.connection = None;
                }
                Err(errors::running(&error, &self.place, &self.username))
            }
            Err(_) => {
                self.connection = None;
                Err(errors::answer_too_slow(&self.place, self.patience))
            }
        }
    }

    /// Runs a query that gives one row.
    pub(super) async fn row(&mut self, query: &str) -> Result<Vec<Option<String>>, TargetError> {
        let mut rows = self.rows(query).await?;
        match (rows.pop(), rows.is_empty()) {
            (Some(row), true) => Ok(row),
            _ => Err(errors::unexpected()),
        }
    }

    /// Runs a query that gives one text in each row.
    pub(super) async fn column(&mut self, query: &str) -> Result<Vec<String>, TargetError> {
        let rows = self.rows(query).await?;
        let first = |row: Vec<Option<String>>| row.into_iter().next().flatten();
        rows.into_iter()
            .map(|row| first(row).ok_or_else(errors::unexpected))
            .collect()
    }

    /// Runs a query that gives one row at most, with the names of its columns.
    pub(super) async fn record(
        &mut self,
        query: &str,
    ) -> Result<BTreeMap<String, String>, TargetError> {
        let answer = self.answer(query).await;
        let row = answer.map_err(|failed| failed.error)?.into_iter().next();
        let Some(row) = row else {
            return Ok(BTreeMap::new());
        };
        let names: Vec<String> = row
            .columns_ref()
            .iter()
            .map(|column| column.name_str().into_owned())
            .collect();
        let named = names.into_iter().zip(texts(row));
        Ok(named
            .filter_map(|(name, value)| Some((name, value?)))
            .collect())
    }

    /// `host:port`, for error texts.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Who is logged in.
    pub(super) fn username(&self) -> &str {
        &self.username
    }

    /// Says goodbye, so that no connection is left half open when the function is frozen.
    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            let _gone = timeout(FAREWELL, connection.disconnect()).await;
        }
    }
}

/// The values of a row as text. What is no UTF-8 is shown as far as it can be.
fn texts(row: Row) -> Vec<Option<String>> {
    let text = |value: Value| match value {
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        _ => None,
    };
    let values = row.unwrap_raw().into_iter();
    values.map(|value| value.and_then(text)).collect()
}

/// Finds the server and logs in: the name's addresses in turn, as given. A dead one takes its share of the
/// time, not all of it.
async fn connect(
    login: &Login<'_>,
    tls: Option<&Opts>,
    bound: Duration,
    deadline: Instant,
) -> Result<Conn, Unopened> {
    let options = options(login, tls)?;
    let slow = |_| errors::unreachable_in_time(login, bound);
    let found = timeout_at(deadline, tokio::net::lookup_host((login.host, login.port)))
        .await
        .map_err(slow)?;
    let addresses: Vec<IpAddr> = match found {
        Ok(addresses) => addresses.map(|address: SocketAddr| address.ip()).collect(),
        Err(_) => Vec::new(),
    };
    let mut last = errors::unknown_host(login).into();
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let now = Instant::now();
        let until = now + share(deadline.saturating_duration_since(now), left);
        let options = options.clone().resolved_ips(Some(vec![*address]));
        match timeout_at(until, Conn::new(options)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) if errors::unconnected(&error) => {
                last = errors::logging_in(&error, login);
            }
            Ok(Err(error)) => return Err(errors::logging_in(&error, login)),
            Err(_) => last = errors::unreachable_in_time(login, bound).into(),
        }
    }
    Err(last)
}

fn options(login: &Login<'_>, tls: Option<&Opts>) -> Result<OptsBuilder, TargetError> {
    let options = match login.tls {
        Tls::Off => OptsBuilder::default(),
        Tls::Verified => OptsBuilder::from_opts(tls.ok_or_else(errors::no_trust)?.clone()),
    };
    Ok(options
        .ip_or_hostname(login.host)
        .tcp_port(login.port)
        .user(Some(login.username))
        // Exposed to the driver, which proves to the server that it knows it.
        .pass(Some(login.password.expose()))
        .db_name(login.dbname)
        .tcp_nodelay(true)
        // A socket beside the server's port would be another way in, without the TLS that was asked for.
        .prefer_socket(false)
        .max_allowed_packet(Some(LONGEST_PACKET))
        .wait_timeout(Some(0))
        .stmt_cache_size(0))
}

/// What one of `left` addresses may take of the time that is left.
fn share(time: Duration, left: usize) -> Duration {
    time / u32::try_from(left).unwrap_or(u32::MAX).max(1)
}

pub(super) fn place(login: &Login<'_>) -> String {
    format!("{}:{}", login.host, login.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_a_share_of_what_the_ones_before_it_left() {
        let five = Duration::from_secs(5);
        assert_eq!(share(five, 1), five);
        assert_eq!(share(five, 2), Duration::from_millis(2500));
        assert_eq!(share(Duration::ZERO, 3), Duration::ZERO);
        assert_eq!(share(five, 0), five);
    }
}
