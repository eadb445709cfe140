//! Requests for rotations, as they are put on the bus.

use rekey_events::{
    Actor, Identifier, KeyScope, LimitError, Message, Metadata, RotateRequested, StoredName,
    Timestamp,
};
use rekey_registry::VersionId;
use serde_json::{Map, Value};

use crate::bus::Bus;
use crate::clock::Clock;
use crate::error::Error;
use crate::requester::Requester;
use crate::world::{World, of_bus};

/// What of a request somebody says on the command line.
#[derive(Clone, Debug, Default)]
pub struct Words<'a> {
    /// Why.
    pub reason: Option<&'a str>,
    /// What ties it to the work around it.
    pub correlation_id: Option<&'a str>,
    /// What else is asked for.
    pub metadata: Map<String, Value>,
}

/// A request for the secret `name` in the store, with an id of its own.
///
/// # Errors
/// [`Error::Usage`] for what an event cannot hold.
pub async fn about<W: World>(
    world: &W,
    name: &str,
    words: Words<'_>,
) -> Result<RotateRequested, Error> {
    let (key, scope) = key_of(name, &world.stack().stage);
    let key = fits("the name of the secret", StoredName::new(key))?;
    let now = Timestamp::of_unix(world.clock().now());
    let mut request = RotateRequested::new(key, fits("the clock", now)?);
    request.event_id = Some(world.fresh_id()?);
    request.scope = Some(scope);
    request.requested_by = world.caller().await.and_then(|who| Actor::new(who).ok());
    let reason = words.reason.map(|text| Message::new(text.trim()));
    request.reason = reason.map(|made| fits("--reason", made)).transpose()?;
    let correlation = words.correlation_id.map(Identifier::new);
    request.correlation.correlation_id = correlation
        .map(|made| fits("--correlation-id", made))
        .transpose()?;
    if !words.metadata.is_empty() {
        request.metadata = Some(Metadata::from(words.metadata));
    }
    // As the function will read it.
    let wishes = request.wishes();
    wishes.map_err(|error| Error::Usage(error.to_string()))?;
    Ok(request)
}

/// Puts a request on the bus; the id by which its record is found.
///
/// # Errors
/// [`Error`] of the bus.
pub async fn send<W: World>(
    world: &W,
    requester: &Requester,
    request: &RotateRequested,
    resource: &str,
) -> Result<VersionId, Error> {
    let taken = world.bus().ask(requester, request, resource).await;
    taken.map_err(|error| of_bus(world, requester, error))?;
    // The request has an id of its own, so that of the envelope counts for nothing.
    let token = request.token(&requester.source(), "");
    Ok(VersionId::new(token.to_string()))
}

/// The name that users of a secret know, and where it belongs: the stage is no part of a platform key, and
/// a reference names its tenant.
pub fn key_of<'a>(name: &'a str, stage: &str) -> (&'a str, KeyScope) {
    let mut scope = KeyScope::new();
    scope.env = Identifier::new(stage).ok();
    let parts: Vec<_> = name.split('.').collect();
    if let ["tenant", tenant, _, _] = parts.as_slice() {
        scope.tenant = Identifier::new(*tenant).ok();
    }
    let key = name
        .strip_prefix(stage)
        .and_then(|rest| rest.strip_prefix('/'))
        .filter(|rest| !rest.is_empty());
    (key.unwrap_or(name), scope)
}

fn fits<T>(what: &str, made: Result<T, LimitError>) -> Result<T, Error> {
    made.map_err(|error| Error::Usage(format!("{what} {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_leaves_the_stage_out_and_the_scope_names_it() {
        for (name, key, tenant) in [
            ("prod/db/app-primary", "db/app-primary", None),
            (
                "tenant.acme.stripe.api_key",
                "tenant.acme.stripe.api_key",
                Some("acme"),
            ),
            ("rds!db-5f2c", "rds!db-5f2c", None),
            ("production/db/app", "production/db/app", None),
        ] {
            let (found, scope) = key_of(name, "prod");
            assert_eq!(found, key);
            assert_eq!(scope.env.unwrap().as_str(), "prod");
            let found = scope.tenant.as_ref().map(Identifier::as_str);
            assert_eq!(found, tenant);
        }
    }
}
