use rekey_aws::{EventBus, RegistryTable};
use rekey_events::Message;
use rekey_registry::report::{BroughtBack, Report, Retired as Dead, report};
use rekey_registry::{Failed, Policy, VersionId};
use rekey_rotation::{
    Cause, Held, Intended, Ledger, LedgerError, Operation, Retired, RolledBack, SecretId, Void,
};

use crate::answer::in_words;
use crate::order::name_of;

/// How many services in the way are named: a record and an event have their limits.
const MOST_SERVICES: usize = 100;

/// What must be remembered: the registry, and through its outbox the bus.
#[derive(Debug)]
pub struct Registry {
    /// The registry.
    pub store: RegistryTable,
    /// The inner bus.
    pub bus: EventBus,
    /// The numbers that decisions go by.
    pub policy: Policy,
}

impl Registry {
    /// Records a report, and announces what follows.
    pub async fn report(&self, secret: &SecretId, at: i64, what: &Report) -> Result<(), Failed> {
        let name = name_of(secret);
        report(&self.store, &self.bus, &self.policy, &name, at, what).await
    }

    async fn told(&self, secret: &SecretId, at: i64, what: Report) -> Result<(), LedgerError> {
        let told = self.report(secret, at, &what).await;
        told.map_err(|error| LedgerError(error.to_string()))
    }
}

impl Ledger for Registry {
    async fn intended(&self, intent: &Intended<'_>) -> Result<(), LedgerError> {
        let requested_by = intent.requested_by.map(str::to_owned);
        let reason = intent.reason.map(str::to_owned);
        let version = id(intent.version);
        let what = match (intent.operation, intent.from) {
            (Operation::RollBack, Some(from)) => Report::RollbackIntended {
                from: id(from),
                to: version,
                requested_by,
                reason,
            },
            (Operation::RollBack, None) | (Operation::Retire, _) => Report::RetireIntended {
                version,
                requested_by,
                reason,
            },
        };
        self.told(intent.secret, intent.at, what).await
    }

    async fn retired(&self, retired: &Retired<'_>) -> Result<(), LedgerError> {
        let waited_for = retired.waited_for.iter().map(Cause::as_str);
        let dead = Dead {
            version: id(retired.version),
            refused_at: retired.refused_at,
            strategy: Some(retired.strategy.to_owned()),
            sessions_ended: retired.sessions_ended,
            label_removed: retired.label_removed,
            forced: retired.forced,
            waited_for: waited_for.map(str::to_owned).collect(),
            requested_by: retired.requested_by.map(str::to_owned),
            reason: retired.reason.map(str::to_owned),
        };
        self.told(retired.secret, retired.at, Report::Retired(dead))
            .await
    }

    async fn held(&self, held: &Held<'_>) -> Result<(), LedgerError> {
        let services = held.causes.iter().flat_map(|cause| match cause {
            Cause::Consumers { services } => services.clone(),
            Cause::HealthCheck { .. } | Cause::Sessions { .. } | Cause::KeptUntil { .. } => {
                Vec::new()
            }
        });
        let what = Report::Held {
            version: id(held.version),
            cause: held.causes.first().map_or("", Cause::as_str).to_owned(),
            message: Message::clipped(&in_words(held.causes)).as_str().to_owned(),
            services: services.take(MOST_SERVICES).collect(),
        };
        self.told(held.secret, held.at, what).await
    }

    async fn rolled_back(&self, back: &RolledBack<'_>) -> Result<(), LedgerError> {
        let brought_back = BroughtBack {
            from: id(back.from),
            to: id(back.to),
            accepted_at: back.accepted_at,
            restored: back.restored,
            reason: back.reason.to_owned(),
            requested_by: back.requested_by.map(str::to_owned),
        };
        self.told(back.secret, back.at, Report::RolledBack(brought_back))
            .await
    }

    async fn void(&self, void: &Void<'_>) -> Result<(), LedgerError> {
        let what = Report::Void {
            version: id(void.version),
            why: void.why.as_str().to_owned(),
        };
        self.told(void.secret, void.at, what).await
    }
}

fn id(version: &rekey_rotation::VersionId) -> VersionId {
    VersionId::new(version.as_str())
}
