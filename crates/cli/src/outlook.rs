//! What a request for a rotation would come to. The function decides; this says it before anybody asks.

use rekey_registry::request::{Impact, Refusal, Requests, Turn, Wishes, outlook};
use rekey_registry::{Policy, SecretState, Snapshot};

use crate::clock::Clock;
use crate::error::Error;
use crate::live;
use crate::moment::{span, told};
use crate::view::affected;
use crate::world::{World, of_store};

/// How many things that stand in the way one after the other are looked behind.
const LOOKED_BEHIND: usize = 8;

/// What a request would come to.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// How the secret is at this moment, by Secrets Manager's own word; or why that is not known.
    look: Result<Snapshot, String>,
    /// Who is affected.
    pub impact: Impact,
    /// Whose turn it is, or was, among the secrets of its service.
    pub turn: Option<Turn>,
    /// Why it would be refused now.
    pub refusal: Option<Refusal>,
    /// When it would be accepted, if time alone is in the way.
    pub accepted_at: Option<i64>,
}

impl Outlook {
    /// Of a request with these wishes. That a force counts is not assumed. Without a look at the secret it is
    /// judged by the record.
    ///
    /// # Errors
    /// [`Error`] of the registry.
    pub async fn of<W: World>(
        world: &W,
        state: &SecretState,
        wishes: &Wishes,
    ) -> Result<Self, Error> {
        let (policy, now) = (&world.stack().policy, world.clock().now());
        let turn = match &state.secret.service {
            Some(service) => world.store().turn(service).await,
            None => Ok(None),
        };
        let turn = turn.map_err(|error| of_store(world, error))?;
        let look = live::look(world, state).await;
        let look = look.map_err(|error| error.to_string());
        let seen = look.as_ref().ok();
        let at = |at: i64| outlook(state, seen, turn.as_ref(), wishes, policy, at);
        Ok(Self {
            impact: Impact::of(state, policy, now),
            refusal: at(now),
            accepted_at: accepted_at(now, at),
            turn,
            look,
        })
    }

    /// By what it is judged: `look`, or `record`.
    pub const fn judged_by(&self) -> &'static str {
        match self.look {
            Ok(_) => "look",
            Err(_) => "record",
        }
    }

    /// That it is judged by the record alone, and why.
    pub fn caveat(&self) -> Option<String> {
        let why = self.look.as_ref().err()?;
        Some(format!(
            "by the record alone, which may be behind; the secret could not be looked at: {why}"
        ))
    }

    /// What a request for this secret must say beside a reason, as options of `rekey rotate`.
    pub fn needs(&self, state: &SecretState, policy: &Policy, now: i64) -> Vec<&'static str> {
        let look = self.look.as_ref().ok();
        let without = |note: bool, no_overlap: bool| {
            let wishes = Wishes {
                rollout_note: note.then(|| "a note".to_owned()),
                accept_no_overlap: no_overlap,
                ..Wishes::default()
            };
            outlook(state, look, None, &wishes, policy, now)
        };
        let all = without(true, true);
        let mut needs = Vec::new();
        if without(false, true) != all {
            needs.push("--note or --window");
        }
        if without(true, false) != all {
            needs.push("--accept-no-overlap");
        }
        needs
    }

    /// Who is affected and what speaks for and against a rotation, under a title each.
    pub fn lines<W: World>(&self, world: &W, state: &SecretState) -> Vec<(&'static str, String)> {
        let (policy, now) = (&world.stack().policy, world.clock().now());
        let mut lines = affected(&self.impact, now);
        if let Some(service) = &self.impact.service {
            lines.push((
                "Service",
                self.turns(service, &state.secret.name, policy, now),
            ));
        }
        if let Some(tag) = &state.secret.window_tag {
            lines.push(("Window", window(state, tag, now)));
        }
        if state.secret.approval_manual {
            let until = span(policy.approval);
            lines.push((
                "Approval",
                format!("somebody else must approve it, within {until}"),
            ));
        }
        lines
    }

    fn turns(&self, service: &str, name: &str, policy: &Policy, now: i64) -> String {
        let free = self.free_at(name, policy).filter(|free| *free > now);
        match (&self.turn, free) {
            (Some(turn), Some(free)) => format!(
                "{service}: {} was rotated {}; the next turn is {}",
                turn.secret,
                told(turn.at, now),
                told(free, now)
            ),
            _ => format!("{service}: no other secret of it was rotated a short time ago"),
        }
    }

    /// When the turn of another secret is over.
    pub fn free_at(&self, name: &str, policy: &Policy) -> Option<i64> {
        let other = self.turn.as_ref().filter(|turn| turn.secret != name);
        other.map(|turn| turn.at.saturating_add(policy.apart))
    }

    /// What a request now would come to, in a sentence.
    pub fn told(&self, state: &SecretState, now: i64) -> String {
        match (&self.refusal, self.accepted_at) {
            (None, _) if state.secret.approval_manual => {
                "a request would wait for its approval".to_owned()
            }
            (None, _) => "a request would be accepted".to_owned(),
            (Some(refusal), Some(at)) => format!(
                "a request would be refused ({}): {}; not so {}",
                refusal.class,
                refusal.message,
                told(at, now)
            ),
            (Some(refusal), None) => format!(
                "a request would be refused ({}): {}; {}",
                refusal.class, refusal.message, refusal.advice
            ),
        }
    }
}

/// What a request would come to, for whoever asks for it.
pub fn refused(refusal: &Refusal) -> String {
    format!(
        "a request would be refused ({}): {}",
        refusal.class, refusal.message
    )
}

/// Looks behind what is in the way for some time only.
fn accepted_at(now: i64, outlook: impl Fn(i64) -> Option<Refusal>) -> Option<i64> {
    let mut at = now;
    for _ in 0..LOOKED_BEHIND {
        match outlook(at) {
            None => return Some(at),
            Some(refusal) => at = refusal.retry_at.filter(|later| *later > at)?,
        }
    }
    None
}

/// The wishes of a request that says whatever it must.
pub fn all_said() -> Wishes {
    Wishes {
        rollout_note: Some("a note".to_owned()),
        accept_no_overlap: true,
        ..Wishes::default()
    }
}

fn window(state: &SecretState, tag: &str, now: i64) -> String {
    let windows = state.secret.windows();
    let open = windows.as_ref().is_some_and(|it| it.is_open(now));
    let closes = windows.as_ref().and_then(|it| it.closes_at(now));
    let opens = windows.as_ref().and_then(|it| it.next_opening(now));
    match (open, closes, opens) {
        (true, Some(until), _) => format!("{tag} (UTC): open, until {}", told(until, now)),
        (true, None, _) => format!("{tag} (UTC): open"),
        (false, _, Some(at)) => format!("{tag} (UTC): closed, opens {}", told(at, now)),
        (false, _, None) => format!("{tag}: cannot be understood, so it never opens"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(retry_at: Option<i64>) -> Option<Refusal> {
        Some(Refusal {
            class: "throttled".into(),
            message: String::new(),
            advice: String::new(),
            retry_at,
            version: None,
            checks: Vec::new(),
            at: 0,
        })
    }

    #[test]
    fn what_is_in_the_way_behind_what_is_in_the_way_is_seen() {
        let outlook = |at| match at {
            ..100 => refused(Some(100)),
            100..250 => refused(Some(250)),
            _ => None,
        };
        assert_eq!(accepted_at(0, outlook), Some(250));
        assert_eq!(accepted_at(300, outlook), Some(300));
        assert_eq!(accepted_at(0, |_| refused(None)), None);
    }

    #[test]
    fn looking_ahead_ends_even_when_nothing_ever_does() {
        assert_eq!(accepted_at(0, |at| refused(Some(at))), None);
        assert_eq!(accepted_at(0, |at| refused(Some(at + 1))), None);
    }
}
