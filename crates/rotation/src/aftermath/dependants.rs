use std::future::Future;

use crate::{SecretId, VersionId};

/// What is known of those who use the secret: health checks and consumers.
pub trait Dependants: Sync {
    /// What speaks against retiring `version` now: health checks that fail, and known consumers that have
    /// not read the secret since it was switched away from this version. Empty when nothing does.
    ///
    /// # Errors
    /// [`DependantsError`] when that cannot be told.
    fn holds(
        &self,
        secret: &SecretId,
        version: &VersionId,
    ) -> impl Future<Output = Result<Vec<Cause>, DependantsError>> + Send;
}

/// It is not known whether anything speaks against it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "it cannot be told who still depends on the old credential ({0}); nothing was changed: it is tried again, or is asked for with force"
)]
pub struct DependantsError(pub String);

/// What a retirement waits for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cause {
    /// A health check fails; `what` names it.
    HealthCheck {
        /// The check.
        what: String,
    },
    /// Services have not read the secret since the switch.
    Consumers {
        /// Which.
        services: Vec<String>,
    },
    /// Sessions of the old credential are open at the target.
    Sessions {
        /// How many.
        count: u32,
    },
    /// What the old credential has made is valid for some time: tokens that it signed, for example.
    KeptUntil {
        /// Until when, in seconds since 1970.
        until: i64,
    },
}

impl Cause {
    /// The name, as in events and logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::HealthCheck { .. } => "health_check_failing",
            Self::Consumers { .. } => "consumer_not_moved",
            Self::Sessions { .. } => "sessions_open",
            Self::KeptUntil { .. } => "kept_until",
        }
    }

    /// Whether a retirement with this much patience waits for it.
    pub const fn holds(&self, patience: Patience) -> bool {
        match (self, patience) {
            (_, Patience::Wait)
            | (Self::HealthCheck { .. } | Self::KeptUntil { .. }, Patience::BoundReached) => true,
            (Self::Consumers { .. } | Self::Sessions { .. }, Patience::BoundReached)
            | (_, Patience::Forced) => false,
        }
    }
}

/// How long a retirement waits for others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Patience {
    /// For everything that speaks against it.
    Wait,
    /// It has waited as long as it may for consumers and sessions; a failing health check, and what the old
    /// credential has made, still hold it.
    BoundReached,
    /// Somebody wants it now: nobody is asked.
    Forced,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn force_waits_for_nothing_and_the_bound_for_health_only() {
        let health = Cause::HealthCheck {
            what: "https://app.test/health".to_owned(),
        };
        let consumers = Cause::Consumers {
            services: vec!["billing".to_owned()],
        };
        let sessions = Cause::Sessions { count: 3 };
        let tokens = Cause::KeptUntil { until: 1 };
        for (cause, wait, bound_reached, forced) in [
            (health, true, true, false),
            (tokens, true, true, false),
            (consumers, true, false, false),
            (sessions, true, false, false),
        ] {
            assert_eq!(cause.holds(Patience::Wait), wait);
            assert_eq!(cause.holds(Patience::BoundReached), bound_reached);
            assert_eq!(cause.holds(Patience::Forced), forced);
        }
    }
}
