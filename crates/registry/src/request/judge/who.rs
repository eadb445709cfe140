//! Whether whoever asks, or approves, may; and whether what they name is a name.

use rekey_events::{Environment, ErrorClass, NameError, Scope, SecretName};

use super::no;
use crate::policy::Policy;
use crate::request::actor::{ADMIN, Actor};
use crate::request::ask::Ask;
use crate::request::record::{Refusal, Request, Standing};

/// The name of the secret in the store.
pub(crate) fn name(ask: &Ask, policy: &Policy, now: i64) -> Result<String, Box<Refusal>> {
    let refuse = |error: NameError| {
        no(
            ErrorClass::InvalidRequest,
            error.to_string(),
            "correct the key and its scope in the request, and send it again under a new id",
            now,
        )
    };
    let name = SecretName::parse(&ask.key).map_err(refuse)?;
    let Some(environment) = &policy.environment else {
        return Ok(name.as_str().to_owned());
    };
    let environment = Environment::parse(environment).map_err(refuse)?;
    let scope = Scope {
        env: ask.env.as_deref(),
        tenant: ask.tenant.as_deref(),
    };
    name.check_scope(&environment, scope).map_err(refuse)?;
    Ok(name.store_name(&environment))
}

/// Why whoever speaks with a source may not ask for a key, if so. For people who ask before they ask.
pub fn not_allowed(source: &str, key: &str, actor: Option<&Actor>, now: i64) -> Option<Refusal> {
    let refusal = authority(source, key, actor, now).err();
    refusal.map(|refusal| *refusal)
}

/// Whether whoever asks may.
pub(crate) fn authority(
    source: &str,
    key: &str,
    actor: Option<&Actor>,
    now: i64,
) -> Result<(), Box<Refusal>> {
    let requester = source
        .strip_prefix(rekey_events::REQUESTER_SOURCE_PREFIX)
        .unwrap_or(source);
    let Some(actor) = actor else {
        return Err(no(
            ErrorClass::Forbidden,
            format!("nobody is recorded for the source {source}"),
            format!(
                "an administrator records who that is: rekey requesters allow {requester} --actor ... --role {ADMIN}"
            ),
            now,
        ));
    };
    if actor.role != ADMIN {
        return Err(no(
            ErrorClass::Forbidden,
            format!(
                "{} has the role {}, and only {ADMIN} may rotate; what the request says of a role counts for nothing",
                actor.name, actor.role
            ),
            format!("ask somebody with the role {ADMIN}, or an administrator for the role"),
            now,
        ));
    }
    if !actor.may_ask_for(key) {
        return Err(no(
            ErrorClass::Forbidden,
            format!("{} may not ask for this secret", actor.name),
            format!(
                "an administrator widens the scope: rekey requesters allow {requester} --scope ..."
            ),
            now,
        ));
    }
    Ok(())
}

/// An approval: whether this actor may approve that request now.
pub(crate) fn approval(
    request: &Request,
    actor: &Actor,
    other: Option<&Request>,
    now: i64,
) -> Result<(), Box<Refusal>> {
    let refuse = |class, message: String, advice: &str| Err(no(class, message, advice, now));
    if request.wishes.dry_run || request.wishes.force {
        return refuse(
            ErrorClass::InvalidRequest,
            "an approval says yes to what somebody else asked for, and nothing besides".to_owned(),
            "leave out metadata.dry_run and metadata.force",
        );
    }
    if !actor.may_approve {
        return refuse(
            ErrorClass::Forbidden,
            format!("{} may not approve", actor.name),
            "ask somebody who may: rekey requesters list",
        );
    }
    let Some(other) = other.filter(|other| other.secret == request.secret) else {
        return refuse(
            ErrorClass::InvalidRequest,
            "no request of this id waits for this secret".to_owned(),
            "look at the requests that wait: rekey requests list --standing awaiting_approval",
        );
    };
    let same_name = match (&other.actor, &request.actor) {
        (Some(one), Some(two)) => one.trim().eq_ignore_ascii_case(two.trim()),
        _ => true,
    };
    if other.source == request.source || same_name {
        return refuse(
            ErrorClass::Forbidden,
            format!(
                "{} asked for this rotation, and nobody approves their own",
                actor.name
            ),
            "ask somebody else who may approve: rekey requesters list",
        );
    }
    match other.standing {
        Standing::AwaitingApproval { until } if until > now => Ok(()),
        Standing::AwaitingApproval { .. } => refuse(
            ErrorClass::InvalidRequest,
            "the request waited too long for its approval".to_owned(),
            "have it made again: rekey rotate",
        ),
        ref standing => refuse(
            ErrorClass::InvalidRequest,
            format!("the request does not wait any more: {}", standing.as_str()),
            "nothing needs to be done; see: rekey requests show",
        ),
    }
}
