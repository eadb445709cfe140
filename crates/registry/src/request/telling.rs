//! What is announced of a request: each of its standings that somebody waits for, once.

use rekey_events::{
    Announcement, Check, CheckResult, ErrorClass, Identifier, PlannedStep, RequestAnswer,
    RequestAnswered, RequestRefused, SecretRef, StoredName, Word,
};

use crate::engine::Failed;
use crate::policy::Policy;
use crate::publisher::Publisher;
use crate::request::impact::Impact;
use crate::request::record::{Checked, Planned, Refusal, Request, Standing};
use crate::request::store::{Requests, Settlement};
use crate::tell::{self, Telling, Untellable};

/// Announces how a request stands, if that is not announced, and records that it is. So whoever is cut off
/// in between announces it again, under the same id.
pub(crate) async fn tell<S: Requests, P: Publisher>(
    store: &S,
    publisher: &P,
    mut request: Request,
    policy: &Policy,
    now: i64,
) -> Result<Request, Failed> {
    let Some(word) = word(&request.standing) else {
        return Ok(request);
    };
    if request.told.as_deref() == Some(word.as_str()) {
        return Ok(request);
    }
    if let Some(announcement) = announcement(&request, policy, now)? {
        publisher.publish(&[announcement]).await?;
    }
    let expected = Some(request.revision);
    request.told = Some(word);
    request.revision = request.revision.saturating_add(1);
    let settlement = Settlement {
        request,
        expected,
        other: None,
        secret: None,
        turn: None,
    };
    store.settle(&settlement).await?;
    Ok(settlement.request)
}

/// What was told, when it was. None when nobody waits for it: how a rotation ends is told by
/// `greentic.secrets.rotate.completed`.
fn word(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Accepted { .. } | Standing::Superseded { .. } | Standing::Planned { .. } => {
            Some(standing.as_str().to_owned())
        }
        Standing::AwaitingApproval { until } => Some(format!("awaiting_approval/{until}")),
        Standing::Refused(refusal) => Some(format!("refused/{}", refusal.class)),
        Standing::Approved { .. }
        | Standing::Retiring { .. }
        | Standing::Rotating { .. }
        | Standing::Rehearsing { .. }
        | Standing::Ended { .. } => None,
    }
}

fn announcement(request: &Request, policy: &Policy, now: i64) -> Telling<Option<Announcement>> {
    let announcement = match &request.standing {
        Standing::Refused(refusal) => refused(request, refusal, policy)?,
        Standing::Accepted { at } => answered(request, RequestAnswer::Accepted, *at, policy)?,
        Standing::AwaitingApproval { .. } => {
            answered(request, RequestAnswer::AwaitingApproval, now, policy)?
        }
        Standing::Superseded { at, .. } => {
            answered(request, RequestAnswer::Superseded, *at, policy)?
        }
        Standing::Planned { at, .. } => answered(request, RequestAnswer::Planned, *at, policy)?,
        _ => return Ok(None),
    };
    Ok(Some(tell::within(announcement, &request.correlation)))
}

fn requester(request: &Request) -> Telling<Identifier> {
    Identifier::new(request.source.as_str()).map_err(|error| Untellable {
        field: "source",
        why: error.to_string(),
    })
}

fn secret(request: &Request) -> Telling<Option<SecretRef>> {
    match (&request.secret, &request.arn) {
        (Some(name), Some(arn)) => tell::secret(name, arn).map(Some),
        _ => Ok(None),
    }
}

fn refused(request: &Request, refusal: &Refusal, policy: &Policy) -> Telling<Announcement> {
    let token = tell::version(&request.token)?;
    let class = tell::class(Some(&refusal.class)).unwrap_or(ErrorClass::Internal);
    let id = RequestRefused::id(&token, &class);
    let message = rekey_events::Message::clipped(&refusal.message);
    let advice = rekey_events::Message::clipped(&refusal.advice);
    let at = tell::time(refusal.at)?;
    let mut detail =
        RequestRefused::new(id, at, token, requester(request)?, class, message, advice);
    detail.key = request
        .key
        .as_deref()
        .and_then(|key| StoredName::new(key).ok());
    if let Some(name) = &request.secret {
        detail.scope = tell::key(name, policy)?.1;
    }
    let secret = secret(request)?;
    let resource = secret.as_ref().map_or_else(
        || {
            let name = request.secret.clone().or_else(|| request.key.clone());
            name.unwrap_or_else(|| request.token.to_string())
        },
        |secret| secret.identity().to_owned(),
    );
    detail.secret = secret;
    detail.actor = tell::actor(request.actor.as_deref());
    detail.role = role(request);
    detail.requested_by = tell::actor(request.claimed_by.as_deref());
    detail.reason = tell::message(request.reason.as_deref());
    detail.retry_at = refusal.retry_at.map(tell::time).transpose()?;
    detail.dry_run = request.wishes.dry_run.then_some(true);
    detail.version_id = refusal.version.as_ref().map(tell::version).transpose()?;
    detail.checks = checks(&refusal.checks);
    if let Some(impact) = &request.impact {
        detail.owner = tell::identifier(impact.owner.as_deref());
        detail.consumers = Some(services(impact));
    }
    Announcement::of(id, resource, &detail).map_err(unwritable)
}

fn answered(
    request: &Request,
    answer: RequestAnswer,
    at: i64,
    policy: &Policy,
) -> Telling<Announcement> {
    let token = tell::version(&request.token)?;
    let id = RequestAnswered::id(&token, &answer);
    let missing = || Untellable {
        field: "secret",
        why: "a request that was answered names a registered secret".to_owned(),
    };
    let secret = secret(request)?.ok_or_else(missing)?;
    let (key, scope) = tell::key(request.secret.as_deref().unwrap_or_default(), policy)?;
    let at = tell::time(at)?;
    let resource = secret.identity().to_owned();
    let mut detail = RequestAnswered::new(id, at, token, requester(request)?, answer, key, secret);
    detail.scope = scope;
    detail.actor = tell::actor(request.actor.as_deref());
    detail.role = role(request);
    detail.requested_by = tell::actor(request.claimed_by.as_deref());
    detail.reason = tell::message(request.reason.as_deref());
    detail.rollout_note = tell::message(request.wishes.rollout_note.as_deref());
    detail.dry_run = request.wishes.dry_run.then_some(true);
    detail.approved_by = tell::actor(request.approved_by.as_deref());
    if let Some(impact) = &request.impact {
        detail.owner = tell::identifier(impact.owner.as_deref());
        detail.consumers = Some(services(impact));
        detail.sites = Some(identifiers(&impact.sites));
    }
    match &request.standing {
        Standing::AwaitingApproval { until } => detail.expires_at = Some(tell::time(*until)?),
        Standing::Superseded { by, .. } => detail.superseded_by = Some(tell::version(by)?),
        Standing::Planned {
            checks: made,
            steps,
            ..
        } => {
            detail.checks = checks(made);
            detail.steps = Some(steps.iter().filter_map(step).collect());
        }
        _ => {}
    }
    Announcement::of(id, resource, &detail).map_err(unwritable)
}

fn unwritable(_: serde_json::Error) -> Untellable {
    Untellable {
        field: "detail",
        why: "it cannot be written as JSON".to_owned(),
    }
}

fn role(request: &Request) -> Option<Word> {
    Word::new(request.role.as_deref()?).ok()
}

fn identifiers(texts: &[String]) -> Vec<Identifier> {
    let texts = texts.iter().map(String::as_str);
    texts.filter_map(|one| Identifier::new(one).ok()).collect()
}

fn services(impact: &Impact) -> Vec<Identifier> {
    let names = impact.consumers.iter().map(|one| one.service.as_str());
    names.filter_map(|one| Identifier::new(one).ok()).collect()
}

fn checks(made: &[Checked]) -> Option<Vec<Check>> {
    let made = made.iter().filter_map(|one| {
        let name = Identifier::new(one.name.as_str()).ok()?;
        let result = CheckResult::from(Word::new(one.result.as_str()).ok()?);
        let mut check = Check::new(name, result);
        check.class = tell::class(one.class.as_deref());
        check.message = tell::message(one.message.as_deref());
        Some(check)
    });
    let made: Vec<Check> = made.collect();
    (!made.is_empty()).then_some(made)
}

fn step(planned: &Planned) -> Option<PlannedStep> {
    let step = tell::step(Some(&planned.step))?;
    let message = rekey_events::Message::clipped(&planned.message);
    Some(PlannedStep::new(step, message))
}
