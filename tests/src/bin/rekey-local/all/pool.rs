//! A connection that an instance keeps for a while.

use std::time::{Duration, Instant};

use rekey_tests::secrets::Version;

/// For how long: as a pool does, so that there are logins all the time.
const LIFETIME: Duration = Duration::from_secs(2);

pub struct Pool<C>(Option<Kept<C>>);

struct Kept<C> {
    connection: C,
    version: String,
    since: Instant,
}

impl<C> Default for Pool<C> {
    fn default() -> Self {
        Self(None)
    }
}

impl<C> Pool<C> {
    /// Takes the connection out, if it is not too old and has the credential of this version.
    pub fn take(&mut self, version: &Version) -> Option<(C, Instant)> {
        let fits = |kept: &Kept<C>| kept.version == version.id && kept.since.elapsed() < LIFETIME;
        let kept = self.0.take().filter(fits)?;
        Some((kept.connection, kept.since))
    }

    /// Keeps a connection that was opened then.
    pub fn keep(&mut self, connection: C, version: &Version, since: Instant) {
        self.0 = Some(Kept {
            connection,
            version: version.id.clone(),
            since,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_kept_for_its_version_and_its_lifetime_only() {
        let version = |id: &str| Version {
            id: id.to_owned(),
            value: serde_json::Value::Null,
        };
        let (old, new) = (version("old"), version("new"));
        let mut pool = Pool::default();
        assert!(pool.take(&old).is_none());
        pool.keep("connection", &old, Instant::now());
        assert!(pool.take(&old).is_some());
        pool.keep("connection", &old, Instant::now());
        assert!(pool.take(&new).is_none());
        pool.keep("connection", &old, Instant::now() - LIFETIME);
        assert!(pool.take(&old).is_none());
    }
}
