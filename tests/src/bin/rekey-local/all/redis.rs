//! Redis: values written and read over a connection that is kept for a while.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rekey_tests::redis::{Redis, Session};
use rekey_tests::secrets::Version;

use super::pool::Pool;
use super::service::{Done, Service};

impl Service for Redis {
    type Kept = Pool<Session>;

    const EVERY: Duration = Duration::from_millis(100);

    /// A retirement ends every connection of the user, for Redis does not tell which password one came with
    /// (docs/redis.md): as a pool does, this one then makes another, once.
    async fn operate(&self, pool: &mut Pool<Session>, own: &Version, _: &Version) -> Result<Done> {
        let mut done = Done::AtOnce;
        let mut found = pool.take(own);
        let mut answer = None;
        if let Some((session, _)) = &found {
            match self.use_it(session).await {
                Err(error) if error.is_io_error() => {
                    done = Done::Reconnected;
                    found = None;
                }
                other => answer = Some(other?),
            }
        }
        let (session, since) = match found {
            Some(kept) => kept,
            None => {
                let (user, password) = (own.field("username"), own.field("password"));
                let opened = self.open(user, password).await;
                let opened = opened.with_context(|| format!("login as {user}"))?;
                (opened, Instant::now())
            }
        };
        let answer = match answer {
            Some(answer) => answer,
            None => self.use_it(&session).await?,
        };
        ensure!(answer == "order", "another value was read back");
        pool.keep(session, own, since);
        Ok(done)
    }

    async fn takes(&self, version: &Version) -> Result<bool> {
        self.logs_in(version.field("username"), version.field("password"))
            .await
    }
}
