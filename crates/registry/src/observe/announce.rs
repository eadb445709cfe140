//! What is announced of what is known: each once, however often it is heard.

use std::collections::BTreeMap;

use rekey_events::{
    Announcement, EventId, MissingDetected, Outcome, RotateCompleted, RotateRequested,
    SecretDelete, SecretPut, SecretQuarantined, SecretRef,
};
use serde_json::{Map, Value, json};

use crate::observe::join::request_of;
use crate::observe::observation::{Happening, Observation};
use crate::policy::Policy;
use crate::record::{DeletionAsked, Quarantine, Secret};
use crate::request::{Requested, sites};
use crate::state::SecretState;
use crate::tell::{self, Telling};
use crate::version::{Deed, Version, VersionId};

/// How many announcements of the secret as a whole are remembered.
const REMEMBERED: usize = 32;

/// What ties a request to the work around it.
type Correlation = BTreeMap<String, Value>;

/// Announcements in the making.
pub(crate) struct Announcing<'a> {
    policy: &'a Policy,
    now: i64,
    pub(crate) made: Vec<Announcement>,
}

impl<'a> Announcing<'a> {
    pub(crate) fn new(policy: &'a Policy, now: i64) -> Self {
        Self {
            policy,
            now,
            made: Vec::new(),
        }
    }

    /// What follows from events alone, whatever is known of the versions.
    pub(super) fn of_observation(
        &mut self,
        state: &mut SecretState,
        observation: &Observation,
    ) -> Telling<()> {
        match &observation.what {
            Happening::RotateRequested { version, at, actor } => {
                let deed = Deed {
                    at: *at,
                    actor: actor.clone(),
                };
                self.requested(state, version.as_ref(), &deed)
            }
            Happening::Deleted { at, actor, until } => {
                let asked = DeletionAsked {
                    at: *at,
                    until: *until,
                    actor: actor.clone(),
                };
                self.deleted(&mut state.secret, &asked, &at.to_string())
            }
            _ => Ok(()),
        }
    }

    fn requested(
        &mut self,
        state: &mut SecretState,
        id: Option<&VersionId>,
        deed: &Deed,
    ) -> Telling<()> {
        let cause = id.map_or_else(|| format!("at {}", deed.at), |id| id.as_str().to_owned());
        let event_id = RotateRequested::id(&format!("{}/{cause}", state.secret.arn));
        let version = id.and_then(|id| state.versions.get_mut(id));
        let told = version.map(|version| std::mem::replace(&mut version.told.requested, true));
        if told == Some(true) || !remember(&mut state.secret, event_id) {
            return Ok(());
        }
        let (key, scope) = tell::key(&state.secret.name, self.policy)?;
        let secret = tell::secret(&state.secret.name, &state.secret.arn)?;
        let mut detail = RotateRequested::new(key, tell::time(deed.at)?);
        detail.event_id = Some(event_id);
        detail.scope = scope;
        let asked = id.and_then(|id| request_of(state, id));
        let by = asked.map(asked_by).or(deed.actor.as_deref());
        detail.requested_by = tell::actor(by);
        detail.reason = tell::message(asked.and_then(|asked| asked.reason.as_deref()));
        detail.version_id = id.map(tell::version).transpose()?;
        detail.version = number(state, id);
        detail.consumers = Some(tell::services(&state.consumers));
        detail.secret = Some(secret.clone());
        if let Some(asked) = asked {
            let mut more = Map::new();
            more.insert("request".to_owned(), json!(asked.token));
            // The caller of RotateSecret is then a function of ours.
            more.extend(
                deed.actor
                    .iter()
                    .map(|it| ("called_by".to_owned(), json!(it))),
            );
            detail.metadata = Some(more.into());
        }
        let correlation = asked.map(|asked| asked.correlation.clone());
        self.make_within(correlation.unwrap_or_default(), event_id, &secret, &detail)
    }

    pub(super) fn deleted(
        &mut self,
        record: &mut Secret,
        asked: &DeletionAsked,
        cause: &str,
    ) -> Telling<()> {
        let event_id = SecretDelete::id(&format!("{}/{cause}", record.arn));
        if !remember(record, event_id) {
            return Ok(());
        }
        let (key, scope) = tell::key(&record.name, self.policy)?;
        let secret = tell::secret(&record.name, &record.arn)?;
        let mut detail = SecretDelete::new(key, tell::time(asked.at)?);
        detail.event_id = Some(event_id);
        detail.scope = scope;
        detail.requested_by = tell::actor(asked.actor.as_deref());
        detail.secret = Some(secret.clone());
        if let Some(until) = asked.until {
            let mut more = Map::new();
            more.insert("recoverable_until".to_owned(), json!(tell::time(until)?));
            detail.metadata = Some(more.into());
        }
        self.make(event_id, &secret, &detail)
    }

    /// That a secret is not where it should be.
    pub(super) fn missing(&mut self, record: &Secret, since: i64) -> Telling<()> {
        let (key, scope) = tell::key(&record.name, self.policy)?;
        let secret = tell::secret(&record.name, &record.arn)?;
        let event_id = MissingDetected::id(&key, &format!("{}/{since}", record.arn));
        let mut detail = MissingDetected::new(key, tell::time(self.now)?);
        detail.event_id = Some(event_id);
        detail.scope = scope;
        detail.result = Some(Outcome::Missing);
        detail.secret = Some(secret.clone());
        self.make(event_id, &secret, &detail)
    }

    /// What follows from what is known of the versions.
    pub(super) fn of_versions(&mut self, state: &mut SecretState) -> Telling<()> {
        let ids: Vec<_> = state.by_number().iter().map(|one| one.id.clone()).collect();
        for id in ids {
            self.put(state, &id)?;
            let Some(version) = state.versions.get(&id) else {
                continue;
            };
            let rotation = version.rotation.as_ref();
            let abandoned = rotation.and_then(|rotation| rotation.abandoned_at);
            if version.is_of_rotation()
                && let Some(at) = version.activated_at()
            {
                self.completed(state, &id, Outcome::Success, at)?;
            }
            if let Some(at) = abandoned {
                self.completed(state, &id, Outcome::Abandoned, at)?;
            }
        }
        self.rolled_back(state)
    }

    fn put(&mut self, state: &mut SecretState, id: &VersionId) -> Telling<()> {
        let arn = state.secret.arn.clone();
        let Some(version) = state.versions.get_mut(id) else {
            return Ok(());
        };
        let (Some(deed), false) = (version.put.clone(), version.told.put) else {
            return Ok(());
        };
        version.told.put = true;
        let event_id = SecretPut::id(&format!("{arn}/{id}"));
        let (key, scope) = tell::key(&state.secret.name, self.policy)?;
        let secret = tell::secret(&state.secret.name, &arn)?;
        let mut detail = SecretPut::new(key, tell::time(deed.at)?);
        detail.event_id = Some(event_id);
        detail.scope = scope;
        detail.requested_by = tell::actor(deed.actor.as_deref());
        detail.version_id = Some(tell::version(id)?);
        detail.version = number(state, Some(id));
        detail.consumers = Some(tell::services(&state.consumers));
        detail.secret = Some(secret.clone());
        self.make(event_id, &secret, &detail)
    }

    /// The end of a rotation. A success is always told. What else it came to is told when nothing was.
    pub(crate) fn completed(
        &mut self,
        state: &mut SecretState,
        id: &VersionId,
        result: Outcome,
        at: i64,
    ) -> Telling<()> {
        let from = predecessor(state, id);
        let Some(version) = state.versions.get_mut(id) else {
            return Ok(());
        };
        let ends = &mut version.told.ends;
        let told = match result {
            Outcome::Success => ends.iter().any(|end| end == result.as_str()),
            _ => !ends.is_empty(),
        };
        if told {
            return Ok(());
        }
        ends.push(result.as_str().to_owned());
        let failure = version.last_failure.clone();
        let requested = version
            .rotation
            .as_ref()
            .and_then(|one| one.requested.clone());
        let asked = request_of(state, id).cloned();
        let mut more = Map::new();
        if let Some(asked) = &asked {
            more.insert("request".to_owned(), json!(asked.token));
        }
        let mut detail = self.end(state, id, result.clone(), at, more)?;
        if result == Outcome::Success {
            detail.rotated_from = from.as_ref().map(tell::version).transpose()?;
        } else if let Some(failure) = failure {
            detail.error = tell::message(Some(&failure.message));
            detail.class = tell::class(Some(&failure.class));
        }
        let called_by = requested.and_then(|deed| deed.actor);
        let by = asked.as_ref().map(asked_by).or(called_by.as_deref());
        detail.requested_by = tell::actor(by);
        let reason = asked.as_ref().and_then(|asked| asked.reason.as_deref());
        detail.reason = tell::message(reason);
        let correlation = asked.map(|asked| asked.correlation);
        self.make_end(correlation.unwrap_or_default(), detail)
    }

    /// That a rollback moved AWSCURRENT is known from who did it, or from where it is now.
    fn rolled_back(&mut self, state: &mut SecretState) -> Telling<()> {
        let current = state.secret.current.clone();
        let mut done = Vec::new();
        for rollback in &mut state.secret.rollbacks {
            let is_done = rollback.done_at.is_some() || current.as_ref() == Some(&rollback.to);
            if is_done && !rollback.told {
                rollback.told = true;
                done.push(rollback.clone());
            }
        }
        for rollback in done {
            if let Some(version) = state.versions.get_mut(&rollback.from) {
                let end = Outcome::RolledBack.as_str().to_owned();
                version.told.ends.push(end);
            }
            let at = rollback.done_at.unwrap_or(self.now);
            let mut more = Map::new();
            more.insert("current_version".to_owned(), json!(rollback.to));
            let asked = request_of(state, &rollback.from);
            if let Some(asked) = asked {
                more.insert("request".to_owned(), json!(asked.token));
            }
            let correlation = asked.map(|asked| asked.correlation.clone());
            let mut detail = self.end(state, &rollback.from, Outcome::RolledBack, at, more)?;
            detail.requested_by = tell::actor(rollback.requested_by.as_deref());
            detail.reason = tell::message(rollback.reason.as_deref());
            self.make_end(correlation.unwrap_or_default(), detail)?;
        }
        Ok(())
    }

    fn end(
        &self,
        state: &SecretState,
        id: &VersionId,
        result: Outcome,
        at: i64,
        mut more: Map<String, Value>,
    ) -> Telling<RotateCompleted> {
        let (key, scope) = tell::key(&state.secret.name, self.policy)?;
        let secret = tell::secret(&state.secret.name, &state.secret.arn)?;
        let version_id = tell::version(id)?;
        let mut detail = RotateCompleted::new(key, tell::time(at)?);
        detail.event_id = Some(RotateCompleted::id(&secret, &version_id, &result));
        detail.scope = scope;
        detail.result = Some(result);
        detail.version_id = Some(version_id);
        detail.version = number(state, Some(id));
        detail.consumers = Some(tell::services(&state.consumers));
        detail.secret = Some(secret);
        let sites = sites(&state.secret);
        if !sites.is_empty() {
            more.insert("sites".to_owned(), json!(sites));
        }
        detail.metadata = (!more.is_empty()).then(|| more.into());
        Ok(detail)
    }

    fn make_end(&mut self, correlation: Correlation, detail: RotateCompleted) -> Telling<()> {
        match (detail.event_id, detail.secret.clone()) {
            (Some(id), Some(secret)) => self.make_within(correlation, id, &secret, &detail),
            _ => Ok(()),
        }
    }

    /// The end of a quarantine.
    pub(super) fn released(&mut self, state: &SecretState, over: &Quarantine) -> Telling<()> {
        let detail = quarantined(&state.secret, over, 0, true, self.now)?;
        self.make(detail.event_id, &detail.secret.clone(), &detail)
    }

    pub(crate) fn make<D>(&mut self, id: EventId, secret: &SecretRef, detail: &D) -> Telling<()>
    where
        D: rekey_events::Detail + serde::Serialize,
    {
        self.make_within(Correlation::new(), id, secret, detail)
    }

    fn make_within<D>(
        &mut self,
        correlation: Correlation,
        id: EventId,
        secret: &SecretRef,
        detail: &D,
    ) -> Telling<()>
    where
        D: rekey_events::Detail + serde::Serialize,
    {
        let announcement = tell::announcement(id, secret, detail)?;
        self.made.push(tell::within(announcement, &correlation));
        Ok(())
    }
}

/// Who asked: the actor, or the source where none was recorded.
fn asked_by(asked: &Requested) -> &str {
    asked.actor.as_deref().unwrap_or(&asked.source)
}

/// The beginning or the end of a quarantine.
pub(crate) fn quarantined(
    record: &Secret,
    quarantine: &Quarantine,
    resumes: u32,
    cleared: bool,
    now: i64,
) -> Telling<SecretQuarantined> {
    let secret = tell::secret(&record.name, &record.arn)?;
    let version = tell::version(&quarantine.version)?;
    let since = tell::time(quarantine.since)?;
    let id = SecretQuarantined::id(&secret, &version, since, cleared);
    let now = tell::time(now)?;
    let mut detail = SecretQuarantined::new(id, now, secret, version, since, resumes, cleared);
    detail.step = tell::step(quarantine.step.as_deref());
    detail.class = tell::class(quarantine.class.as_deref());
    detail.owner = tell::identifier(record.owner.as_deref());
    Ok(detail)
}

/// Whether it was not announced yet; from now on it was.
pub(crate) fn remember(secret: &mut Secret, id: EventId) -> bool {
    let id = id.to_string();
    if secret.told.contains(&id) {
        return false;
    }
    secret.told.push(id);
    let surplus = secret.told.len().saturating_sub(REMEMBERED);
    secret.told.drain(..surplus);
    true
}

fn number(state: &SecretState, id: Option<&VersionId>) -> Option<u32> {
    state.versions.get(id?).map(|version| version.number)
}

/// The version before, when it is beyond doubt: while words may still be missing, only what is seen now,
/// or the number just before.
fn predecessor(state: &SecretState, id: &VersionId) -> Option<VersionId> {
    let version: &Version = state.versions.get(id)?;
    let is_current = state.secret.current.as_ref() == Some(id);
    let seen = state
        .previous()
        .filter(|before| is_current && before.number < version.number);
    let told = || {
        let before = state.versions.get(version.rotated_from.as_ref()?)?;
        (before.number.checked_add(1) == Some(version.number)).then_some(before)
    };
    seen.or_else(told).map(|before| before.id.clone())
}
