//! PostgreSQL: a new connection for each order.

use std::time::Duration;

use anyhow::Result;
use rekey_tests::database::Database;
use rekey_tests::secrets::Version;

use super::service::{Done, Service};

impl Service for Database {
    type Kept = ();

    const EVERY: Duration = Duration::from_millis(200);

    async fn operate(&self, (): &mut (), own: &Version, _: &Version) -> Result<Done> {
        let client = self
            .connect(own.field("username"), own.field("password"))
            .await?;
        let order = "INSERT INTO orders (note) VALUES ('order') RETURNING id";
        client.query_one(order, &[]).await?;
        Ok(Done::AtOnce)
    }

    async fn takes(&self, version: &Version) -> Result<bool> {
        self.logs_in(version.field("username"), version.field("password"))
            .await
    }
}
