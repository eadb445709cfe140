//! MariaDB: orders over a connection that is kept for a while.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use rekey_tests::mariadb::Mariadb;
use rekey_tests::secrets::Version;

use super::pool::Pool;
use super::service::{Done, Service};

impl Service for Mariadb {
    type Kept = Pool<Conn>;

    const EVERY: Duration = Duration::from_millis(100);

    async fn operate(&self, pool: &mut Pool<Conn>, own: &Version, _: &Version) -> Result<Done> {
        let (mut connection, since) = match pool.take(own) {
            Some(kept) => kept,
            None => {
                let (user, password) = (own.field("username"), own.field("password"));
                let made = self.connect(user, password).await;
                let made = made.with_context(|| format!("login as {user}"))?;
                (made, Instant::now())
            }
        };
        let order = "INSERT INTO orders (note) VALUES ('order')";
        connection.query_drop(order).await?;
        pool.keep(connection, own, since);
        Ok(Done::AtOnce)
    }

    async fn takes(&self, version: &Version) -> Result<bool> {
        self.logs_in(version.field("username"), version.field("password"))
            .await
    }
}
