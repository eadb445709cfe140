use std::collections::BTreeMap;

use clap::ValueEnum;
use rekey_registry::request::{Checked, Planned, Request, Standing};
use serde::Serialize;
use serde_json::Value;

use crate::moment::rfc3339;
use crate::requester::name_of;
use crate::table::Tone;
use crate::view::ImpactView;

/// A request for a rotation. Times are RFC 3339.
#[derive(Clone, Debug, Serialize)]
pub struct RequestView {
    pub id: String,
    pub standing: &'static str,
    secret: Option<String>,
    key: Option<String>,
    requester: String,
    source: String,
    actor: Option<String>,
    role: Option<String>,
    claimed_by: Option<String>,
    reason: Option<String>,
    received_at: String,
    asked_at: String,
    wishes: WishesView,
    forced: bool,
    approved_by: Option<String>,
    correlation: BTreeMap<String, Value>,
    impact: Option<ImpactView>,
    since: Option<String>,
    until: Option<String>,
    approves: Option<String>,
    superseded_by: Option<String>,
    refusal: Option<RefusalView>,
    plan: Option<PlanView>,
    outcome: Option<OutcomeView>,
}

#[derive(Clone, Debug, Serialize)]
struct WishesView {
    force: bool,
    dry_run: bool,
    accept_no_overlap: bool,
    rollout_note: Option<String>,
    window: Option<WindowView>,
}

#[derive(Clone, Debug, Serialize)]
struct WindowView {
    from: String,
    until: String,
}

#[derive(Clone, Debug, Serialize)]
struct RefusalView {
    class: String,
    message: String,
    advice: String,
    retry_at: Option<String>,
    version_id: Option<String>,
    checks: Vec<Checked>,
}

#[derive(Clone, Debug, Serialize)]
struct PlanView {
    checks: Vec<Checked>,
    steps: Vec<Planned>,
}

#[derive(Clone, Debug, Serialize)]
struct OutcomeView {
    outcome: String,
    class: Option<String>,
    message: Option<String>,
}

impl RequestView {
    pub fn of(request: &Request) -> Self {
        let Request { wishes, .. } = request;
        let standing = &request.standing;
        Self {
            id: request.token.as_str().to_owned(),
            standing: standing.as_str(),
            secret: request.secret.clone(),
            key: request.key.clone(),
            requester: name_of(&request.source).to_owned(),
            source: request.source.clone(),
            actor: request.actor.clone(),
            role: request.role.clone(),
            claimed_by: request.claimed_by.clone(),
            reason: request.reason.clone(),
            received_at: rfc3339(request.received_at),
            asked_at: rfc3339(request.asked_at),
            wishes: WishesView {
                force: wishes.force,
                dry_run: wishes.dry_run,
                accept_no_overlap: wishes.accept_no_overlap,
                rollout_note: wishes.rollout_note.clone(),
                window: wishes.window.map(|(from, until)| WindowView {
                    from: rfc3339(from),
                    until: rfc3339(until),
                }),
            },
            forced: request.forced,
            approved_by: request.approved_by.clone(),
            correlation: request.correlation.clone(),
            impact: request.impact.as_ref().map(ImpactView::of),
            since: since(standing).map(rfc3339),
            until: match standing {
                Standing::AwaitingApproval { until } => Some(rfc3339(*until)),
                _ => None,
            },
            approves: wishes.approves.as_ref().map(|id| id.as_str().to_owned()),
            superseded_by: match standing {
                Standing::Superseded { by, .. } => Some(by.as_str().to_owned()),
                _ => None,
            },
            refusal: match standing {
                Standing::Refused(refusal) => Some(RefusalView {
                    class: refusal.class.clone(),
                    message: refusal.message.clone(),
                    advice: refusal.advice.clone(),
                    retry_at: refusal.retry_at.map(rfc3339),
                    version_id: refusal.version.as_ref().map(|id| id.as_str().to_owned()),
                    checks: refusal.checks.clone(),
                }),
                _ => None,
            },
            plan: match standing {
                Standing::Planned { checks, steps, .. } => Some(PlanView {
                    checks: checks.clone(),
                    steps: steps.clone(),
                }),
                _ => None,
            },
            outcome: match standing {
                Standing::Ended {
                    outcome,
                    class,
                    message,
                    ..
                } => Some(OutcomeView {
                    outcome: outcome.clone(),
                    class: class.clone(),
                    message: message.clone(),
                }),
                _ => None,
            },
        }
    }
}

/// Since when a request stands as it does, where that is recorded.
pub const fn since(standing: &Standing) -> Option<i64> {
    match standing {
        Standing::AwaitingApproval { .. } | Standing::Approved { .. } => None,
        Standing::Retiring { since } | Standing::Rehearsing { since } => Some(*since),
        Standing::Accepted { at }
        | Standing::Rotating { at }
        | Standing::Superseded { at, .. }
        | Standing::Planned { at, .. }
        | Standing::Ended { at, .. } => Some(*at),
        Standing::Refused(refusal) => Some(refusal.at),
    }
}

/// How a standing is meant.
pub fn tone_of_standing(standing: &Standing) -> Tone {
    match standing {
        Standing::AwaitingApproval { .. }
        | Standing::Retiring { .. }
        | Standing::Accepted { .. }
        | Standing::Rotating { .. }
        | Standing::Rehearsing { .. } => Tone::Notice,
        Standing::Approved { .. } | Standing::Planned { .. } => Tone::Good,
        Standing::Superseded { .. } => Tone::Plain,
        Standing::Refused(_) => Tone::Bad,
        Standing::Ended { outcome, .. } if outcome == "success" => Tone::Good,
        Standing::Ended { .. } => Tone::Bad,
    }
}

/// `ended (success)`, `refused (window_closed)`, `awaiting_approval`.
pub fn in_words(standing: &Standing) -> String {
    let word = standing.as_str();
    match standing {
        Standing::Ended { outcome, .. } => format!("{word} ({outcome})"),
        Standing::Refused(refusal) => format!("{word} ({})", refusal.class),
        _ => word.to_owned(),
    }
}

/// What became of a request, in a word.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum StandingWord {
    /// Another actor must approve it.
    AwaitingApproval,
    /// It was an approval of another request, and did that.
    Approved,
    /// The old credential is retired first.
    Retiring,
    /// It may be done; RotateSecret is called in its turn.
    Accepted,
    /// Secrets Manager has begun.
    Rotating,
    /// Secrets Manager took up an older rotation in place of it.
    Superseded,
    /// A dry run: the target is asked.
    Rehearsing,
    /// A dry run: what would happen.
    Planned,
    /// It is not done.
    Refused,
    /// The rotation came to an end.
    Ended,
}

impl StandingWord {
    pub const fn of(standing: &Standing) -> Self {
        match standing {
            Standing::AwaitingApproval { .. } => Self::AwaitingApproval,
            Standing::Approved { .. } => Self::Approved,
            Standing::Retiring { .. } => Self::Retiring,
            Standing::Accepted { .. } => Self::Accepted,
            Standing::Rotating { .. } => Self::Rotating,
            Standing::Superseded { .. } => Self::Superseded,
            Standing::Rehearsing { .. } => Self::Rehearsing,
            Standing::Planned { .. } => Self::Planned,
            Standing::Refused(_) => Self::Refused,
            Standing::Ended { .. } => Self::Ended,
        }
    }
}
