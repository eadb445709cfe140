//! A target that fails halfway through `setSecret`: the function waits for a row lock inside its
//! transaction, and then loses its session.

use std::time::{Duration, Instant};

use crate::database::Database;
use anyhow::{Result, bail};
use tokio_postgres::Client;

/// A lock on a role, held until [`Obstacle::strike`] has ended a session that waits for it.
pub struct Obstacle {
    holder: Client,
    watcher: Client,
    admin: String,
}

impl Obstacle {
    /// Takes the lock: whoever changes the role `role` waits. Logins do not.
    pub async fn place(database: &Database, role: &str) -> Result<Self> {
        let holder = database.superuser("postgres").await?;
        holder
            .batch_execute(&format!("BEGIN; ALTER ROLE {role} CONNECTION LIMIT -1"))
            .await?;
        Ok(Self {
            holder,
            watcher: database.superuser("postgres").await?,
            admin: database.admin.clone(),
        })
    }

    /// Waits until the rotation stands at the lock, ends its session, and gives way.
    pub async fn strike(self, time: Duration) -> Result<()> {
        self.reached(time).await?;
        self.watcher
            .query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE usename = $1 AND wait_event_type = 'Lock'",
                &[&self.admin],
            )
            .await?;
        self.give_way().await
    }

    /// Gives way.
    pub async fn give_way(self) -> Result<()> {
        Ok(self.holder.batch_execute("ROLLBACK").await?)
    }

    /// Waits until the rotation stands at the lock.
    pub async fn reached(&self, time: Duration) -> Result<()> {
        const WAITING: &str = "SELECT 1 FROM pg_stat_activity \
             WHERE usename = $1 AND wait_event_type = 'Lock'";
        let started = Instant::now();
        while started.elapsed() < time {
            if !self
                .watcher
                .query(WAITING, &[&self.admin])
                .await?
                .is_empty()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("no rotation reached setSecret within {} s", time.as_secs())
    }
}
