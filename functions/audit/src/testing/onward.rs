use std::sync::{Arc, Mutex};

use rekey_audit::{Link, Onward, OnwardError};

/// A SIEM that remembers, and can be away.
#[derive(Clone, Debug, Default)]
pub struct Sent(Arc<Mutex<Siem>>);

#[derive(Debug, Default)]
struct Siem {
    links: Vec<(String, u64)>,
    away: bool,
    hangs_for: Option<String>,
}

impl Sent {
    /// What arrived: chain and place.
    pub fn links(&self) -> Vec<(String, u64)> {
        self.0.lock().unwrap().links.clone()
    }

    pub fn is_away(&self, away: bool) {
        self.0.lock().unwrap().away = away;
    }

    /// Takes what is of this chain and never answers.
    pub fn hangs_for(&self, chain: &str) {
        self.0.lock().unwrap().hangs_for = Some(chain.to_owned());
    }
}

impl Onward for Sent {
    async fn send(&self, links: &[Link]) -> Result<(), OnwardError> {
        let hangs = {
            let mut siem = self.0.lock().unwrap();
            if siem.away {
                return Err(OnwardError("no answer".to_owned()));
            }
            let arrived = links.iter().map(|it| (it.chain.to_string(), it.seq));
            siem.links.extend(arrived);
            let hangs_for = siem.hangs_for.as_deref();
            links.iter().any(|it| Some(it.chain.as_str()) == hangs_for)
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}
