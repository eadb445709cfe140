use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::Mutex;

use crate::clock::SystemClock;

/// How long before their end credentials are found anew.
const MARGIN: Duration = Duration::from_secs(60);

/// Credentials that are found once for all clients of a run: a process or a role behind a profile may ask a
/// person for a code each time.
#[derive(Debug)]
pub struct FoundOnce {
    provider: SharedCredentialsProvider,
    found: Mutex<Option<Credentials>>,
}

impl FoundOnce {
    pub fn new(provider: SharedCredentialsProvider) -> Self {
        Self {
            provider,
            found: Mutex::new(None),
        }
    }
}

impl ProvideCredentials for FoundOnce {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(async move {
            let mut found = self.found.lock().await;
            match found.as_ref() {
                Some(credentials) if last(credentials, SystemClock.time()) => {
                    Ok(credentials.clone())
                }
                _ => Ok(found
                    .insert(self.provider.provide_credentials().await?)
                    .clone()),
            }
        })
    }
}

fn last(credentials: &Credentials, now: SystemTime) -> bool {
    let still = |end: SystemTime| end.duration_since(now).is_ok_and(|left| left > MARGIN);
    credentials.expiry().is_none_or(still)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::provider::error::CredentialsError;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Counts how often somebody is asked.
    #[derive(Debug)]
    struct Asked(Arc<AtomicU32>, Option<SystemTime>);

    impl ProvideCredentials for Asked {
        fn provide_credentials<'a>(&'a self) -> Provided<'a>
        where
            Self: 'a,
        {
            let asked = self.0.fetch_add(1, Ordering::SeqCst);
            Provided::ready(match asked {
                0 => Err(CredentialsError::not_loaded("not yet")),
                _ => Ok(Credentials::new(
                    "AKIDEXAMPLE",
                    "do-not-show",
                    None,
                    self.1,
                    "test",
                )),
            })
        }
    }

    async fn asked(expiry: Option<SystemTime>) -> u32 {
        let count = Arc::new(AtomicU32::new(0));
        let provider = SharedCredentialsProvider::new(Asked(count.clone(), expiry));
        let found = FoundOnce::new(provider);
        assert!(found.provide_credentials().await.is_err());
        for _ in 0..3 {
            assert!(found.provide_credentials().await.is_ok());
        }
        assert!(!format!("{found:?}").contains("do-not-show"));
        count.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn credentials_are_found_once_while_they_last() {
        assert_eq!(asked(None).await, 2);
        let hour = SystemClock.time() + Duration::from_secs(3_600);
        assert_eq!(asked(Some(hour)).await, 2);
        let soon = SystemClock.time() + Duration::from_secs(30);
        assert_eq!(asked(Some(soon)).await, 4);
    }
}
