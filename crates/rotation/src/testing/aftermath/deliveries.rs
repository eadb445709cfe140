use std::pin::pin;

use super::super::trace::{Cut, How};
use super::super::violation::{Promise, Violation};
use super::super::world::{RevocableTarget, World};
use super::bug::Bug;
use super::case::Case;
use super::stage::Stage;
use crate::ErrorClass;

/// The task is asked for three times, of one process and of three.
pub(super) async fn repeated<W>(world: &W, case: Case, bug: Option<Bug>) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    for same_process in [true, false] {
        let name = format!("three times, by one process: {same_process}");
        let stage = Stage::prepare(world, case, bug, &name).await?;
        let mut process = stage.process(None);
        for delivery in 1..=3 {
            if !same_process {
                process = stage.process(None);
            }
            let ended = process.perform(case.task()).await;
            stage.check().await?;
            stage.watch();
            match ended {
                Ok(ended) => stage.check_end(&ended).await?,
                Err(error) => {
                    let detail = format!("delivery {delivery}: {error}");
                    return Err(stage.broken(Promise::Converges, detail));
                }
            }
        }
    }
    Ok(2)
}

/// One run stands still before each call; another does the whole task; then the first goes on. Each may
/// fail only because the other has the lock, or has moved the labels.
pub(super) async fn beside<W>(
    world: &W,
    case: Case,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    for call in 1..=length {
        let name = format!("beside another run that stands still at call {call}");
        let stage = Stage::prepare(world, case, bug, &name).await?;
        let how = How::StopBefore;
        let first = stage.process(Some(Cut { call, how }));
        let mut performing = pin!(first.perform(case.task()));
        stage.stands_still(&first.trace, &mut performing).await?;
        let second = stage.process(None).perform(case.task()).await;
        stage.check().await?;
        first.trace.release();
        let first = performing.await;
        stage.check().await?;
        for (which, ended) in [("second", second), ("first", first)] {
            match ended {
                Ok(_) => {}
                Err(error) if error.class() == ErrorClass::Throttled => {}
                Err(error) if error.class() == ErrorClass::RotationOpen => {}
                Err(error) => {
                    let detail = format!("the {which} run failed: {error}");
                    return Err(stage.broken(Promise::Converges, detail));
                }
            }
        }
        let ended = stage.converge(case.task()).await?;
        stage.check_end(&ended).await?;
    }
    Ok(length)
}
