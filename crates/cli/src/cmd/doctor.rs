mod dead_letters;

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use rekey_registry::{Finding, Look, Presence, SecretState, Secrets, Severity, Store, explain};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::console::Console;
use crate::counted::counted;
use crate::error::Error;
use crate::exit::Exit;
use crate::find;
use crate::functions::{Functions, InvokeError};
use crate::view::FindingView;
use crate::world::{World, of_invoke, of_look, of_store};
use dead_letters::{Waiting, dead_letters};

/// How many secrets are looked at at once.
const AT_ONCE: usize = 8;

/// The finding that registry and Secrets Manager do not agree.
const DRIFT: &str = "drift";

/// Explain whatever is not as it should be: what it is, since when, whose it is, what to do.
///
/// Looks at the registry, compares it with DescribeSecret, and counts what lies in the dead-letter queues.
/// It changes nothing; with --run the stack's own doctor goes first, which resumes stuck rotations and
/// records what an event has missed.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey doctor
  rekey doctor prod/db/app-primary
  rekey doctor --run --json | jq '.findings[] | select(.severity == \"problem\")'

Exit codes: 0 nothing, or notes only; 1 a problem or a warning; 4 registry and Secrets Manager do not
agree, whatever else was found.")]
pub struct Doctor {
    /// The name, ARN or key of one secret [default: all].
    name: Option<String>,
    /// Notes too: what is as it should be. With a name they are shown anyway.
    #[arg(long)]
    all: bool,
    /// Let the stack's own doctor run first.
    #[arg(long)]
    run: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    checked: usize,
    findings: &'a [FindingView],
    dead_letters: &'a [Waiting],
    run: Option<Value>,
}

impl Doctor {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let mut findings = Vec::new();
        let run = match self.run {
            true => self.go_first(world, console, &mut findings).await?,
            false => None,
        };
        let states = self.states(world).await?;
        let mut looks = stream::iter(&states)
            .map(|state| async move { (state, looked_at(world, state).await) })
            .buffered(AT_ONCE);
        let mut failed = Vec::new();
        while let Some((state, looked)) = looks.next().await {
            match looked {
                Ok(found) => findings.extend(found),
                Err(error) => failed.push((state, error)),
            }
        }
        drop(looks);
        let all_failed = !states.is_empty() && failed.len() == states.len();
        for (state, error) in failed {
            if all_failed {
                return Err(error);
            }
            findings.push(not_looked_at(state, &error));
        }
        let waiting = dead_letters(world, console).await?;
        findings.extend(waiting.iter().filter_map(Waiting::finding));
        findings.sort_by(|one, other| one.order().cmp(&other.order()));
        if console.is_json() {
            console.json(&Document {
                checked: states.len(),
                findings: &findings,
                dead_letters: &waiting,
                run,
            })?;
        } else {
            self.tell(world, console, states.len(), &findings)?;
        }
        Ok(verdict(&findings))
    }

    /// Lets the stack's own doctor do its round, or look at the one secret, and waits for its end. That it
    /// could not do all of it is a finding.
    async fn go_first<W: World>(
        &self,
        world: &W,
        console: &mut Console<'_>,
        findings: &mut Vec<FindingView>,
    ) -> Result<Option<Value>, Error> {
        let function = &world.stack().sweep;
        let mut order = json!({ "job": "doctor" });
        if let (Some(name), Some(order)) = (&self.name, order.as_object_mut()) {
            order.insert("secret".into(), find::name_of(name)?.into());
        }
        console.progress(&format!("{function} is at work"), "up to a minute")?;
        match world.functions().invoke(function, &order).await {
            Ok(answer) => {
                console.note(&format!("{function}: {}", in_words(&answer)))?;
                Ok(Some(answer))
            }
            Err(InvokeError::Failed { class, message }) => {
                findings.push(FindingView::apart(
                    format!("function {function}"),
                    Severity::Problem,
                    "doctor_failed",
                    format!("it could not do its work ({class}): {message}"),
                    format!("look into its log, /aws/lambda/{function}"),
                ));
                Ok(None)
            }
            Err(error) => Err(of_invoke(world, function, error)),
        }
    }

    async fn states<W: World>(&self, world: &W) -> Result<Vec<SecretState>, Error> {
        if let Some(name) = &self.name {
            return Ok(vec![find::registered(world, name).await?]);
        }
        let names = find::names(world, usize::MAX).await?;
        let records = stream::iter(names)
            .map(|name| async move { world.store().load(&name).await })
            .buffered(AT_ONCE)
            .try_filter_map(async |found| Ok(found));
        let states = records.try_collect().await;
        states.map_err(|error| of_store(world, error))
    }

    fn tell<W: World>(
        &self,
        world: &W,
        console: &mut Console<'_>,
        checked: usize,
        findings: &[FindingView],
    ) -> Result<(), Error> {
        let now = world.clock().now();
        let notes = self.all || self.name.is_some();
        let shown = |finding: &&FindingView| notes || !finding.is_note();
        let mut last = None;
        for finding in findings.iter().filter(shown) {
            if last != Some(finding.of_whom()) {
                console.line(finding.of_whom())?;
                last = Some(finding.of_whom());
            }
            for line in finding.told(now) {
                console.line(&format!("  {line}"))?;
            }
        }
        let count = |severity: Severity| findings.iter().filter(|one| one.is(severity)).count();
        let (problems, warnings) = (count(Severity::Problem), count(Severity::Warning));
        let looked_at = counted(checked.try_into().unwrap_or(u64::MAX), "secret");
        let (notes, more) = match (count(Severity::Note), notes) {
            (count @ 1.., false) => (count, " (--all shows them)"),
            (count, _) => (count, ""),
        };
        console.note(&format!(
            "looked at {looked_at}; problems: {problems}, warnings: {warnings}, notes: {notes}{more}"
        ))
    }
}

/// What is the matter with one secret, by its record and by a look at Secrets Manager.
async fn looked_at<W: World>(world: &W, state: &SecretState) -> Result<Vec<FindingView>, Error> {
    let looked = world.secrets().look(&state.secret.name).await;
    let (policy, now) = (&world.stack().policy, world.clock().now());
    let found = match looked.map_err(|error| of_look(world, error))? {
        Look::Found(snapshot) => explain(state, Some(&snapshot), policy, now),
        Look::Missing => {
            let mut found = explain(state, None, policy, now);
            found.extend(gone_unseen(state));
            found
        }
    };
    let views = found.iter().map(|finding| FindingView::of(state, finding));
    Ok(views.collect())
}

/// The record says that a secret is there, and Secrets Manager that it is not.
fn gone_unseen(state: &SecretState) -> Option<Finding> {
    let recorded = matches!(
        state.secret.presence,
        Presence::Present | Presence::Deleting { .. }
    );
    recorded.then(|| Finding {
        severity: Severity::Warning,
        code: DRIFT,
        version: None,
        since: None,
        until: None,
        text: "Secrets Manager has no such secret, recorded is that it is there".into(),
        advice: "an event was missed or is on its way; the next round records it, or run \
                 `rekey doctor --run`"
            .into(),
    })
}

fn not_looked_at(state: &SecretState, error: &Error) -> FindingView {
    let finding = Finding {
        severity: Severity::Warning,
        code: "not_looked_at",
        version: None,
        since: None,
        until: None,
        text: format!("it could not be compared with Secrets Manager: {error}"),
        advice: error.advice().join("; "),
    };
    FindingView::of(state, &finding)
}

/// `looked_at 5, resumed 1`.
fn in_words(answer: &Value) -> String {
    let facts = answer.as_object().into_iter().flatten();
    let facts = facts.map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name} {text}"),
        None => format!("{name} {value}"),
    });
    facts.collect::<Vec<_>>().join(", ")
}

fn verdict(findings: &[FindingView]) -> Exit {
    if findings.iter().any(|finding| finding.code == DRIFT) {
        Exit::Drift
    } else if findings.iter().any(|finding| !finding.is_note()) {
        Exit::Failed
    } else {
        Exit::Ok
    }
}
