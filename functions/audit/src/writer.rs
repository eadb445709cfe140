use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lambda_runtime::LambdaEvent;
use rekey_audit::{Append, Keyring, Onward, WriteError, Written, write};
use rekey_events::{AuditRecord, ErrorClass};
use rekey_function::batch::{self, CallError, Record};
use rekey_function::{SealKeys, budget, milliseconds, now, seconds, within};
use rekey_rotation::SecretStore;
use rekey_telemetry::BatchMetric;
use serde_json::Value;

use crate::event::{Event, event};
use crate::wait::Backoff;

/// The function: everything that lives from one call to the next.
pub struct Writer<T, O, S> {
    /// Its name, the dimension of its metrics.
    pub function: String,
    /// The audit trail.
    pub trail: T,
    /// The SIEM.
    pub onward: O,
    /// The keys of the seals.
    pub keys: SealKeys<S>,
}

/// What a batch has for one chain: the messages, and the record of each.
#[derive(Default)]
struct OfChain<'a> {
    messages: Vec<&'a str>,
    records: Vec<AuditRecord>,
}

/// What became of it.
#[derive(Default)]
struct Done<'a> {
    /// How many records are new.
    recorded: usize,
    /// What is to come again.
    back: Vec<&'a str>,
    /// What could not be written because the end of its chain is sealed with a key that is not known here.
    newer_key: Vec<OfChain<'a>>,
}

impl<T: Append, O: Onward, S: SecretStore> Writer<T, O, S> {
    /// Writes a batch of events down. What failed goes back to the queue, and nothing else.
    pub async fn batch(self: Arc<Self>, call: LambdaEvent<Value>) -> Result<Value, CallError> {
        let deadline = Duration::from_millis(call.context.deadline);
        let records = batch::of_queue(&call.payload).ok_or(CallError::NoBatch)?;
        let begun = now();
        let mut back = BTreeSet::new();
        let mut chains: BTreeMap<String, OfChain<'_>> = BTreeMap::new();
        let mut oldest: Option<i64> = None;
        for message in batch::records(&records) {
            let Some(Event { record, published }) = read(message) else {
                back.insert(message.id);
                continue;
            };
            oldest = Some(oldest.map_or(published, |oldest| oldest.min(published)));
            let chain = record.tenant.as_str().to_owned();
            chains.entry(chain).or_default().add(message.id, record);
        }
        let chains = chains.into_values().collect();
        let keyring = self.keys.ring();
        let mut done = self.chains(chains, &keyring, deadline).await;
        let newer_key = std::mem::take(&mut done.newer_key);
        if !newer_key.is_empty() {
            let again = self.with_keys_as_they_are(newer_key, deadline).await;
            done.add(again);
        }
        back.extend(done.back);
        BatchMetric {
            function: &self.function,
            lag: oldest.map(|oldest| seconds(now()).saturating_sub(oldest).max(0)),
            recorded: done.recorded,
            unwritable: back.len(),
            at: milliseconds(begun),
        }
        .emit(&mut std::io::stdout());
        Ok(serde_json::to_value(batch::response(back))?)
    }

    /// Writes chains, all at once: one that is slow holds up no other.
    async fn chains<'a>(
        &self,
        chains: Vec<OfChain<'a>>,
        keyring: &Keyring,
        deadline: Duration,
    ) -> Done<'a> {
        let chains = chains.into_iter();
        let writing = chains.map(|of_chain| self.chain(of_chain, keyring, deadline));
        let mut all = Done::default();
        for done in join_all(writing).await {
            all.add(done);
        }
        all
    }

    async fn chain<'a>(
        &self,
        of_chain: OfChain<'a>,
        keyring: &Keyring,
        deadline: Duration,
    ) -> Done<'a> {
        let at = now();
        let records = &of_chain.records;
        let Self { trail, onward, .. } = self;
        let writing = write(trail, onward, &Backoff, keyring, records, seconds(at));
        let written = match within(budget(deadline, at), writing).await {
            Ok(written) => written,
            Err(error) => {
                let class = "audit_unavailable";
                tracing::error!(chain = of_chain.name(), records = records.len(), class, %error, "not recorded");
                return Done::back(of_chain.messages);
            }
        };
        let mut done = Done::default();
        for part in written {
            let messages = part.places.iter();
            let messages = messages.filter_map(|place| of_chain.messages.get(*place).copied());
            match &part.result {
                Ok(new) => {
                    done.recorded += new;
                    tell(&part, *new);
                }
                Err(WriteError::UnknownKey(_)) => {
                    let records = part.places.iter();
                    let records = records.filter_map(|place| of_chain.records.get(*place).cloned());
                    done.newer_key.push(OfChain {
                        messages: messages.collect(),
                        records: records.collect(),
                    });
                }
                Err(error) => {
                    tell_failed(&part, error);
                    done.back.extend(messages);
                }
            }
        }
        done
    }

    /// Once more for chains that somebody else has sealed with a key that was made meanwhile.
    async fn with_keys_as_they_are<'a>(
        &self,
        chains: Vec<OfChain<'a>>,
        deadline: Duration,
    ) -> Done<'a> {
        let read = match within(budget(deadline, now()), self.keys.again()).await {
            Ok(read) => read.map_err(|error| (error.class(), error.to_string())),
            Err(error) => Err((ErrorClass::AuditUnavailable, error.to_string())),
        };
        let mut done = match read {
            Ok(keyring) => self.chains(chains, &keyring, deadline).await,
            Err((class, error)) => {
                tracing::error!(%class, error, "keys not read");
                Done {
                    newer_key: chains,
                    ..Done::default()
                }
            }
        };
        for of_chain in std::mem::take(&mut done.newer_key) {
            let error = "the end of the chain is sealed with a key that is not in the secret";
            let (class, records) = (ErrorClass::AuditUnavailable, of_chain.records.len());
            tracing::error!(chain = of_chain.name(), records, %class, error, "not recorded");
            done.back.extend(of_chain.messages);
        }
        done
    }
}

impl<'a> Done<'a> {
    fn back(messages: Vec<&'a str>) -> Self {
        Self {
            back: messages,
            ..Self::default()
        }
    }

    fn add(&mut self, other: Self) {
        self.recorded += other.recorded;
        self.back.extend(other.back);
        self.newer_key.extend(other.newer_key);
    }
}

impl<'a> OfChain<'a> {
    fn add(&mut self, message: &'a str, record: AuditRecord) {
        self.messages.push(message);
        self.records.push(record);
    }

    fn name(&self) -> &str {
        let first = self.records.first();
        first.map_or("", |record| record.tenant.as_str())
    }
}

/// One that cannot be read comes again, and lies in the dead-letter queue in the end: a newer version of this
/// function may read it.
fn read(message: Record<'_>) -> Option<Event> {
    let read = event(message.body);
    let told = read.inspect_err(|error| {
        let (class, delivery) = ("invalid_request", message.delivery);
        tracing::error!(record = message.id, delivery, class, %error, "event refused");
    });
    told.ok()
}

fn tell(part: &Written, new: usize) {
    let known = part.places.len().saturating_sub(new);
    tracing::info!(chain = %part.chain, new, known, "recorded");
}

fn tell_failed(part: &Written, error: &WriteError) {
    let (class, records) = (error.class(), part.places.len());
    tracing::error!(chain = %part.chain, records, %class, %error, "not recorded");
}
