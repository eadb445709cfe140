use std::future::Future;
use std::pin::Pin;

use super::super::randomness::TestRandomness;
use super::super::trace::{Driven, Trace};
use super::super::violation::{Promise, Violation};
use super::super::world::{RevocableTarget, World};
use super::case::Case;
use super::process::{Ended, Task};
use super::stage::{PAUSE, Stage, token};
use crate::{Objection, RetireOutcome, StagingLabel, VersionId};

/// At most so many processes live at once.
const PROCESSES: usize = 5;
/// Chances of one in so many, at each turn.
const TO_START: usize = 3;
const TO_DIE: usize = 25;

/// A process that stands still before every call.
struct Walker<'a> {
    trace: Trace,
    work: Pin<Box<dyn Future<Output = ()> + 'a>>,
}

/// One random schedule: the first version is retired and rolled back to, while a newer rotation is begun,
/// gets stuck, is cleared and goes on. No process outlives it; then everything is brought to an end.
pub(super) async fn schedule<W>(world: &W, seed: u64) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    let mut dice = TestRandomness::seeded(seed);
    let name = format!("shuffled with seed {seed}");
    let stage = Stage::prepare(world, Case::RetirePrevious, None, &name).await?;
    let drops_pending = dice.below(2) == 0;
    stage
        .surroundings
        .store
        .drop_pending_when_promoted(drops_pending);
    let next = token(2)?;
    let begun_at = dice.below(40);
    let mut walkers: Vec<Walker<'_>> = Vec::new();
    let mut calls = 0;
    for turn in 0..40 + dice.below(80) {
        if turn == begun_at {
            stage.begin(&next).await?;
        }
        if walkers.is_empty() || walkers.len() < PROCESSES && dice.below(TO_START) == 0 {
            stage.surroundings.store.pass(1);
            walkers.push(start(&stage, dice.below(4), &next));
        }
        let chosen = dice.below(walkers.len());
        let Some(walker) = walkers.get_mut(chosen) else {
            continue;
        };
        let driven = if dice.below(TO_DIE) == 0 {
            None
        } else {
            walker.trace.release();
            calls += 1;
            Some(walker.trace.drive(&mut walker.work).await)
        };
        if !matches!(driven, Some(Driven::AtCut)) {
            drop(walkers.swap_remove(chosen));
        }
        stage.watch();
        stage.check().await?;
    }
    drop(walkers);
    settle(&stage, &next).await?;
    Ok(calls)
}

fn start<'a, T: RevocableTarget>(
    stage: &'a Stage<T>,
    what: usize,
    next: &'a VersionId,
) -> Walker<'a> {
    let trace = Trace::stepping();
    let work: Pin<Box<dyn Future<Output = ()> + 'a>> = match what {
        0 => {
            let process = stage.scene.process_with(trace.clone());
            Box::pin(async move { drop(process.attempt(&stage.order.secret, next).await) })
        }
        1 => {
            let mut order = stage.order.clone();
            order.subject = next.clone();
            let process = stage.process_for(order, trace.clone());
            Box::pin(async move { drop(process.perform(Task::Clear).await) })
        }
        2 => {
            let process = stage.process_with(trace.clone());
            Box::pin(async move { drop(process.perform(Task::RollBack).await) })
        }
        _ => {
            let process = stage.process_with(trace.clone());
            Box::pin(async move { drop(process.perform(Task::Retire).await) })
        }
    };
    Walker { trace, work }
}

/// Brings to an end whatever a random schedule has left: the rotation that may be open, the rollback, a
/// rotation that comes after it, and the retirement.
async fn settle<T: RevocableTarget>(stage: &Stage<T>, next: &VersionId) -> Result<(), Violation> {
    let open = stage.holder(&StagingLabel::Pending) == Some(next.to_string())
        && stage.holder(&StagingLabel::Current) != Some(next.to_string());
    if open && let Some(failure) = stage.finish(next).await? {
        stage.clear_stuck(next, failure).await?;
    }
    match stage.retry(Task::RollBack).await? {
        Ok(_) => {}
        Err(error) if error == Objection::NotCurrent.into() => {}
        Err(error) => return Err(stage.broken(Promise::Converges, error.to_string())),
    }
    stage.check_current().await?;
    stage.rotate(3).await?;
    stage.surroundings.store.pass(PAUSE);
    stage.outlast()?;
    let retired = stage.converge(Task::Retire).await?;
    if !matches!(retired, Ended::Retire(RetireOutcome::Retired { .. })) {
        let detail = format!("the retirement ended with {retired:?}");
        return Err(stage.broken(Promise::Converges, detail));
    }
    if stage.scene.target.logs_in(&stage.subject_value).await {
        return Err(stage.broken(Promise::OldIsDead, "it logs in"));
    }
    stage.check_current().await
}
