use std::time::Duration;

use rekey_registry::request::{Request, Standing};
use rekey_registry::{SecretState, Store, Version, VersionId};

use crate::answer::request;
use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::moment::{seconds, span};
use crate::view::VersionName;
use crate::world::{World, of_store};

/// How often the records are asked for.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// A request when the waiting for it ended.
pub struct Followed {
    /// As it is recorded.
    pub request: Request,
    /// Whether it has come to its end, or time was out before.
    pub in_time: bool,
}

/// Waits until a request has come to its end, and tells on standard error how far it is.
pub async fn to_the_end<W: World>(
    world: &W,
    console: &mut Console<'_>,
    first: Request,
    timeout: Duration,
) -> Result<Followed, Error> {
    let clock = world.clock();
    let begin = clock.now();
    let mut now = first;
    console.note("waiting for the end; Ctrl-C ends the waiting, and nothing else")?;
    loop {
        let state = match &now.secret {
            Some(name) => world.store().load(name).await,
            None => Ok(None),
        };
        let state = state.map_err(|error| of_store(world, error))?;
        if is_over(&now.standing, state.as_ref()) {
            return Ok(Followed {
                request: now,
                in_time: true,
            });
        }
        let waited = clock.now().saturating_sub(begin);
        if waited >= seconds(timeout) {
            return Ok(Followed {
                request: now,
                in_time: false,
            });
        }
        console.progress(&stage(&now, state.as_ref()), &span(waited))?;
        clock.pause(ASK_EVERY).await;
        if let Some(next) = request(world, &now.token).await? {
            now = next;
        }
    }
}

/// Whether nothing more is to be waited for. What was superseded ends with what superseded it, also when
/// that was at its end before.
fn is_over(standing: &Standing, state: Option<&SecretState>) -> bool {
    match standing {
        Standing::Ended { .. }
        | Standing::Refused(_)
        | Standing::Planned { .. }
        | Standing::Approved { .. } => true,
        Standing::Superseded { by, .. } => {
            let version = state.and_then(|state| state.versions.get(by));
            version.is_some_and(Version::is_active)
        }
        _ => false,
    }
}

/// How far it is, by the labels and the record of the version that it makes.
fn stage(request: &Request, state: Option<&SecretState>) -> String {
    let version = |id: &VersionId| {
        let state = state?;
        Some((VersionName::of(state, id).short(), state.versions.get(id)?))
    };
    match &request.standing {
        Standing::AwaitingApproval { .. } => "it waits for its approval".into(),
        Standing::Retiring { .. } => "the old credential is retired first".into(),
        Standing::Rehearsing { .. } => "the target is asked".into(),
        Standing::Accepted { .. } => "accepted; RotateSecret is called in its turn".into(),
        Standing::Superseded { by, .. } => match version(by) {
            Some((name, version)) => format!(
                "an older rotation goes on in place of it; {}",
                step(&name, version)
            ),
            None => "an older rotation goes on in place of it".into(),
        },
        Standing::Rotating { .. } => match version(&request.token) {
            Some((name, version)) => step(&name, version),
            None => "Secrets Manager has begun; createSecret comes first".into(),
        },
        standing => standing.as_str().into(),
    }
}

fn step(name: &str, version: &Version) -> String {
    let begun = version.rotation.as_ref().and_then(|it| it.begun_at);
    if version.is_active() {
        return format!("switched: {name} is AWSCURRENT");
    }
    if let Some(failure) = &version.last_failure {
        let step = failure.step.as_deref().unwrap_or("a step");
        return format!(
            "{step} failed for {name} ({}): {}; Secrets Manager tries again",
            failure.class, failure.message
        );
    }
    match (begun, version.seen_pending) {
        (Some(_), _) => format!("setSecret is at work: the intent for {name} was seen"),
        (None, true) => format!("createSecret is done: {name} is AWSPENDING"),
        (None, false) => "Secrets Manager has begun; createSecret comes first".into(),
    }
}

/// That the end did not come in time.
pub fn unfinished(request: &Request, timeout: Duration) -> Error {
    let id = &request.token;
    Error::Advised {
        what: format!(
            "the request {id} has not come to its end after {}: {}",
            span(seconds(timeout)),
            request.standing.as_str()
        ),
        advice: vec![
            "it goes on, and asking for it again would be a new request".into(),
            format!("how far it is: rekey requests show {id}"),
            "what keeps it: rekey doctor".into(),
        ],
    }
}
