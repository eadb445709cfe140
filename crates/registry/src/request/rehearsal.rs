use crate::engine::Failed;
use crate::policy::Policy;
use crate::publisher::Publisher;
use crate::request::record::{Checked, Planned, Refusal, Standing};
use crate::request::store::{Requests, Settlement};
use crate::request::telling::tell;
use crate::store::StoreError;
use crate::version::VersionId;

/// How often the record of a request is read anew when somebody else wrote meanwhile.
const CONFLICTS: usize = 5;

/// What a rehearsal at the target found. It changed nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rehearsal {
    /// What was looked at, in order.
    pub checks: Vec<Checked>,
    /// What each step would do.
    pub steps: Vec<Planned>,
    /// The error class and the text of what failed.
    pub failure: Option<(String, String)>,
}

/// Records what a rehearsal found, as the answer to the request that asked for it, and announces it. A
/// request that does not wait for one is left alone. Returns whether it was the answer.
///
/// # Errors
/// [`Failed`]; the same call does the rest.
pub async fn rehearsed<S: Requests, P: Publisher>(
    store: &S,
    publisher: &P,
    token: &VersionId,
    rehearsal: &Rehearsal,
    policy: &Policy,
    now: i64,
) -> Result<bool, Failed> {
    let mut conflicts = 0;
    loop {
        let Some(mut request) = store.request(token).await? else {
            return Ok(false);
        };
        if !matches!(request.standing, Standing::Rehearsing { .. }) {
            // It was recorded by an earlier call, which may have been cut off before it told.
            let told = tell(store, publisher, request, policy, now).await;
            return match told {
                Err(Failed::Store(StoreError::Conflict)) if conflicts < CONFLICTS => {
                    conflicts += 1;
                    continue;
                }
                Err(error) => Err(error),
                Ok(request) => Ok(request.wishes.dry_run && request.standing.is_final()),
            };
        }
        let expected = Some(request.revision);
        request.standing = standing(rehearsal, now);
        request.revision = request.revision.saturating_add(1);
        let settlement = Settlement {
            request,
            expected,
            other: None,
            secret: None,
            turn: None,
        };
        match store.settle(&settlement).await {
            Ok(()) => {}
            Err(StoreError::Conflict) if conflicts < CONFLICTS => conflicts += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

fn standing(rehearsal: &Rehearsal, now: i64) -> Standing {
    match &rehearsal.failure {
        None => Standing::Planned {
            at: now,
            checks: rehearsal.checks.clone(),
            steps: rehearsal.steps.clone(),
        },
        Some((class, message)) => Standing::Refused(Refusal {
            class: class.clone(),
            message: message.clone(),
            advice: "mend this, and rehearse again: rekey rotate --dry-run".to_owned(),
            retry_at: None,
            version: None,
            checks: rehearsal.checks.clone(),
            at: now,
        }),
    }
}
