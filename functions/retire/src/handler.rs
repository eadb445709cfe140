use std::sync::Arc;
use std::time::{Duration, Instant};

use getrandom::SysRng;
use lambda_runtime::{Diagnostic, LambdaEvent};
use rekey_aws::{Connection, EventBus, RegistryTable, SecretsManager, SettingsError};
use rekey_events::{OrderOutcome, RetireAnswer, RetireOrder, Source};
use rekey_families::Family;
use rekey_function::{batch, budget, now, seconds, within};
use rekey_registry::report::{Patience as Waited, Report, ReportError, patience, report};
use rekey_registry::{DeadlineKey, Failed, SecretState, Store as _, VersionId, What};
use rekey_rotation::{
    Aftermath, AftermathError, Patience, RehearseRequest, SecretStore as _, StoreError, Switch,
};
use serde_json::Value;

use crate::awaited::{Awaited, awaited};
use crate::config::Config;
use crate::dependants::KnownDependants;
use crate::health::{HealthChecks, HealthError};
use crate::ledger::Registry;
use crate::order::{Order, OrderError, Wish};
use crate::rehearsal;
use crate::told::Told;

/// The longest that one order may take. Under the time after which the target ends a session that says
/// nothing, so that no order goes on whose lock is gone.
const LONGEST: Duration = Duration::from_secs(26);

/// The function: everything that lives from one call to the next.
pub struct Retire<F: Family> {
    function: String,
    aftermath: Aftermath<SecretsManager, F::Kinds, Registry, KnownDependants>,
}

/// Why the function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// No client for AWS.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No client for health checks.
    #[error(transparent)]
    Health(#[from] HealthError),
}

/// A call that has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Not an order.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// An answer that is not JSON.
    #[error("the answer cannot be written")]
    Unwritable(#[from] serde_json::Error),
    /// What was done, or was not, could not be recorded.
    #[error("{0}")]
    Unrecorded(Failed),
}

impl From<CallError> for Diagnostic {
    fn from(error: CallError) -> Self {
        let class = match &error {
            CallError::Order(_) => "invalid_request",
            CallError::Unwritable(_) => "internal",
            CallError::Unrecorded(failed) => {
                return Self {
                    error_type: failed.class().as_str().to_owned(),
                    error_message: error.to_string(),
                };
            }
        };
        Self {
            error_type: class.to_owned(),
            error_message: error.to_string(),
        }
    }
}

impl<F: Family> Retire<F> {
    /// Makes the clients. No call is made yet.
    pub fn new(config: Config<F>) -> Result<Self, InitError> {
        let connection = Connection::new(config.aws)?;
        let store = RegistryTable::new(&connection, config.table);
        Ok(Self {
            function: config.function,
            aftermath: Aftermath {
                store: SecretsManager::new(&connection),
                kinds: F::kinds(config.family, &connection),
                ledger: Registry {
                    store: store.clone(),
                    bus: EventBus::new(&connection, config.bus, Source::Retire),
                    policy: config.policy.clone(),
                },
                dependants: KnownDependants {
                    store,
                    health: HealthChecks::new(config.ca.as_deref())?,
                    policy: config.policy,
                    now: || seconds(now()),
                },
            },
        })
    }

    /// Does the orders of a batch, or the one that somebody invoked the function with.
    pub async fn call(self: Arc<Self>, event: LambdaEvent<Value>) -> Result<Value, CallError> {
        let deadline = Duration::from_millis(event.context.deadline);
        if let Some(orders) = batch::of_queue(&event.payload) {
            let work = async |record: batch::Record<'_>| self.of_queue(record, deadline).await;
            let response = batch::each(&orders, deadline, work).await;
            return Ok(serde_json::to_value(response)?);
        }
        let wire = RetireOrder::try_from(event.payload).map_err(OrderError::from)?;
        let order = Order::parse(wire, &event.context.request_id)?;
        let answer = self.obey(&order, deadline).await;
        self.remember(&order, &answer).await?;
        Ok(serde_json::to_value(answer)?)
    }

    /// One record of the queue. It is done when it is done, or when why it was not is recorded.
    async fn of_queue(
        &self,
        record: batch::Record<'_>,
        deadline: Duration,
    ) -> Result<(), CallError> {
        let parsed = rekey_events::parse::<RetireOrder>(record.body.as_bytes())
            .map_err(OrderError::from)
            .and_then(|wire| Order::parse(wire, record.id));
        let order = parsed.inspect_err(|error| {
            let class = "invalid_request";
            tracing::error!(record = record.id, delivery = record.delivery, class, %error, "order refused");
        })?;
        let answer = self.obey(&order, deadline).await;
        self.remember(&order, &answer).await
    }

    /// Does one order, and writes one log line and one metric record about it.
    async fn obey(&self, order: &Order, deadline: Duration) -> RetireAnswer {
        let (started, begun) = (Instant::now(), now());
        let mut kind = None;
        let work = self.work(order, seconds(begun), &mut kind);
        let time = budget(deadline, begun).min(LONGEST);
        let answer = match within(time, work).await {
            Ok(answer) => answer,
            Err(unended) => order.unended(unended),
        };
        Told {
            function: &self.function,
            order,
            kind: kind.as_deref(),
            answer: &answer,
            begun,
            took: started.elapsed(),
        }
        .tell(&mut std::io::stdout());
        answer
    }

    async fn work(&self, order: &Order, at: i64, kind: &mut Option<String>) -> RetireAnswer {
        let ledger = &self.aftermath.ledger;
        let state = match ledger.store.load(&order.name).await {
            Ok(Some(state)) => state,
            Ok(None) => return order.unregistered(),
            Err(error) => return order.unrecorded(&Failed::from(error)),
        };
        *kind = Some(state.secret.kind.clone());
        match &order.wish {
            Wish::Retire(request) => {
                let mut request = request.clone();
                let version = VersionId::new(request.version.as_str());
                request.switch = last_switch(&state);
                if order.wire.promised_at.is_some() && !is_due(&state, &version, at) {
                    return order.not_due();
                }
                match awaited(ledger, order).await {
                    Ok(Awaited::Yes) => {}
                    Ok(Awaited::Answered | Awaited::No) => return order.not_waited_for(),
                    Err(error) => return order.unrecorded(&error.into()),
                }
                let waited = patience(&state, &version, &ledger.policy, at);
                if request.patience == Patience::Wait && waited == Waited::BoundReached {
                    request.patience = Patience::BoundReached;
                }
                match self.aftermath.retire(&request, at).await {
                    Ok(outcome) => order.retired(&outcome),
                    // Values that are gone have an outcome of their own: it is the secret that is not there.
                    Err(error @ AftermathError::Store(StoreError::NotFound(_))) => {
                        match self.aftermath.store.describe(&request.secret).await {
                            Err(StoreError::NotFound(_)) => {
                                self.secret_gone(order, &version, at).await
                            }
                            _ => order.failed(&error),
                        }
                    }
                    Err(error) => order.failed(&error),
                }
            }
            Wish::RollBack(request) => match self.aftermath.roll_back(request, at).await {
                Ok(outcome) => order.rolled_back(outcome),
                Err(error) => order.failed(&error),
            },
            Wish::Clear(request) => match self.aftermath.clear(request, at).await {
                Ok(outcome) => order.cleared(&outcome),
                Err(error) => order.failed(&error),
            },
            Wish::Rehearse(request) => self.rehearse(order, request, at).await,
        }
    }

    async fn rehearse(&self, order: &Order, request: &RehearseRequest, at: i64) -> RetireAnswer {
        match awaited(&self.aftermath.ledger, order).await {
            Ok(Awaited::Yes) => match self.aftermath.rehearse(request, at, &mut SysRng).await {
                Ok(rehearsed) => order.rehearsed(&rehearsed),
                Err(objection) => order.failed(&objection.into()),
            },
            Ok(Awaited::Answered) => order.answered(),
            Ok(Awaited::No) => order.not_asked(),
            Err(error) => order.unrecorded(&error.into()),
        }
    }

    /// With the secret, everything that could be retired is out of reach: the deadline is closed.
    async fn secret_gone(&self, order: &Order, version: &VersionId, at: i64) -> RetireAnswer {
        let ledger = &self.aftermath.ledger;
        let what = Report::Void {
            version: version.clone(),
            why: "secret_gone".to_owned(),
        };
        let told = report(
            &ledger.store,
            &ledger.bus,
            &ledger.policy,
            &order.name,
            at,
            &what,
        );
        match told.await {
            Ok(()) => order.secret_gone(),
            Err(error) => order.unrecorded(&error),
        }
    }

    /// Records why an order was not done, so that `rekey doctor` can say it. What is done has recorded itself
    /// on its way; what a person is told at once, and the deadline did not ask for, is not recorded.
    async fn remember(&self, order: &Order, answer: &RetireAnswer) -> Result<(), CallError> {
        let (secret, version) = match &order.wish {
            Wish::Retire(request) => (&request.secret, &request.version),
            Wish::Clear(request) => (&request.secret, &request.version),
            Wish::RollBack(_) => return Ok(()),
            Wish::Rehearse(_) => return self.tell_request(order, answer).await,
        };
        let version = VersionId::new(version.as_str());
        let message = answer.message.as_str().to_owned();
        let undone = matches!(answer.outcome, OrderOutcome::Refused | OrderOutcome::Failed);
        let missed = undone && self.is_missed(order).await?;
        let what = match &order.wish {
            // What could not be tried, or proved, is tried again.
            Wish::Clear(_) if undone || answer.retryable == Some(true) => return Ok(()),
            Wish::Clear(_) => Report::Cleared {
                version,
                cleared: answer.outcome == OrderOutcome::Cleared,
                why: message,
            },
            Wish::Retire(_) if missed => Report::Held {
                version,
                cause: answer
                    .class
                    .as_ref()
                    .map_or("internal", rekey_events::ErrorClass::as_str)
                    .to_owned(),
                message,
                services: Vec::new(),
            },
            Wish::Retire(_) | Wish::RollBack(_) | Wish::Rehearse(_) => return Ok(()),
        };
        let told = self
            .aftermath
            .ledger
            .report(secret, seconds(now()), &what)
            .await;
        match told {
            Ok(()) => Ok(()),
            // Of a secret or a version that is not recorded there is nothing to remember.
            Err(Failed::Report(ReportError::NotRegistered | ReportError::UnknownVersion)) => Ok(()),
            Err(error) => {
                tracing::error!(secret = order.name, class = %error.class(), %error, "not recorded");
                Err(CallError::Unrecorded(error))
            }
        }
    }

    /// Whether somebody who is not told of it waits for this retirement: a deadline that ordered it, or a request.
    async fn is_missed(&self, order: &Order) -> Result<bool, CallError> {
        if order.wire.promised_at.is_some() {
            return Ok(true);
        }
        if order.wire.request.is_none() {
            return Ok(false);
        }
        // Of a request that does not wait, nothing was tried, and nothing holds the credential.
        let awaited = awaited(&self.aftermath.ledger, order).await;
        awaited
            .map(|awaited| awaited == Awaited::Yes)
            .map_err(|error| CallError::Unrecorded(error.into()))
    }

    /// Answers the request that a rehearsal was made for.
    async fn tell_request(&self, order: &Order, answer: &RetireAnswer) -> Result<(), CallError> {
        let registry = &self.aftermath.ledger;
        let told = rehearsal::tell(registry, order, answer, seconds(now())).await;
        told.map_err(|error| {
            tracing::error!(secret = order.name, class = %error.class(), %error, "not recorded");
            CallError::Unrecorded(error)
        })
    }
}

/// Whether the deadline that ordered a retirement still stands. An order may lie in the queue while its version
/// becomes current again and gets another grace.
fn is_due(state: &SecretState, version: &VersionId, at: i64) -> bool {
    let key = DeadlineKey::new(What::Retire, version);
    let deadline = state.secret.deadlines.get(&key);
    deadline.is_some_and(|deadline| deadline.due_at.is_some() && deadline.promised <= at)
}

/// Since when which version is current, by the registry: a rollback and a value put by hand are switches too.
fn last_switch(state: &SecretState) -> Option<Switch> {
    let to = state.secret.current.as_ref()?;
    Some(Switch {
        to: rekey_rotation::VersionId::parse(to.as_str())?,
        at: state.switched_at()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_795_312_800;

    fn with_deadline(deadline: Value) -> SecretState {
        let secret = json!({
            "name": "prod/db/app", "arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db/app-aB3dE6",
            "kind": "postgres", "registered_at": 0, "seen_at": 0, "presence": { "is": "present" },
            "deadlines": { "retire#v1": deadline },
        });
        SecretState {
            secret: serde_json::from_value(secret).unwrap(),
            versions: std::collections::BTreeMap::new(),
            consumers: Vec::new(),
            unsent: Vec::new(),
        }
    }

    #[test]
    fn a_retirement_is_told_of_the_last_switch_that_is_recorded() {
        let current = "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10";
        let mut state = with_deadline(json!({ "promised": NOW }));
        assert_eq!(last_switch(&state), None);
        state.secret.current = Some(VersionId::new(current));
        assert_eq!(last_switch(&state), None);
        state.secret.current_seen_since = Some(NOW - 60);
        let switch = last_switch(&state).unwrap();
        assert_eq!((switch.to.as_str(), switch.at), (current, NOW - 60));
    }

    #[test]
    fn an_order_is_obeyed_only_while_its_deadline_stands() {
        for (deadline, stands) in [
            (json!({ "promised": NOW - 1, "due_at": NOW + 900 }), true),
            // Brought back and rotated away from again meanwhile: a new grace.
            (json!({ "promised": NOW + 60, "due_at": NOW + 60 }), false),
            // Closed by a proof.
            (json!({ "promised": NOW - 60, "done_at": NOW - 1 }), false),
        ] {
            let state = with_deadline(deadline.clone());
            assert_eq!(
                is_due(&state, &VersionId::new("v1"), NOW),
                stands,
                "{deadline}"
            );
            assert!(!is_due(&state, &VersionId::new("v2"), NOW));
        }
    }
}
