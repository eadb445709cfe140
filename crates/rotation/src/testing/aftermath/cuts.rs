use super::super::trace::{Driven, How};
use super::super::violation::{Promise, Violation};
use super::super::world::{RevocableTarget, World};
use super::bug::Bug;
use super::case::Case;
use super::process::Ended;
use super::stage::Stage;
use crate::{AftermathError, ClearOutcome, Kept};

type Result<T> = std::result::Result<T, Violation>;

/// The calls of the case when nothing disturbs it, in order.
pub(super) async fn calls<W>(world: &W, case: Case, bug: Option<Bug>) -> Result<Vec<String>>
where
    W: World<Target: RevocableTarget>,
{
    let stage = Stage::prepare(world, case, bug, "undisturbed").await?;
    let process = stage.process(None);
    let ended = process.perform(case.task()).await;
    stage.check().await?;
    stage.watch();
    match ended {
        Ok(ended) => stage.check_end(&ended).await?,
        Err(error) => return Err(stage.broken(Promise::Converges, error.to_string())),
    }
    Ok(process.trace.calls())
}

/// Cuts the task before each call, after each, and after each with the answer lost; new processes then
/// bring it to its end. Returns how many cuts were made.
pub(super) async fn by_new_processes<W>(
    world: &W,
    case: Case,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize>
where
    W: World<Target: RevocableTarget>,
{
    let mut cuts = 0;
    for call in 1..=length {
        for how in [How::KillBefore, How::KillAfter, How::LoseAnswer] {
            cut(world, case, bug, call, how).await?;
            cuts += 1;
        }
    }
    Ok(cuts)
}

/// Fails each call once, unmade.
pub(super) async fn unanswered<W>(
    world: &W,
    case: Case,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize>
where
    W: World<Target: RevocableTarget>,
{
    for call in 1..=length {
        cut(world, case, bug, call, How::Fail).await?;
    }
    Ok(length)
}

async fn cut<W>(world: &W, case: Case, bug: Option<Bug>, call: usize, how: How) -> Result<()>
where
    W: World<Target: RevocableTarget>,
{
    let name = format!("{how:?} at call {call}");
    let stage = Stage::prepare(world, case, bug, &name).await?;
    let (was_cut, driven) = stage.cut(call, how).await;
    stage.check().await?;
    if !was_cut || !ended_as_cut(how, &driven) {
        return Err(stage.broken(Promise::CutsAreReal, format!("{driven:?}")));
    }
    let ended = stage.converge(case.task()).await?;
    stage.check_end(&ended).await
}

/// A killed process never comes back; one that got no answer says so.
fn ended_as_cut(how: How, driven: &Driven<std::result::Result<Ended, AftermathError>>) -> bool {
    match how {
        How::KillBefore | How::KillAfter | How::StopBefore => matches!(driven, Driven::AtCut),
        How::LoseAnswer | How::Fail => matches!(
            driven,
            Driven::Ended(Err(_) | Ok(Ended::Clear(ClearOutcome::Kept(Kept::Unproved(_)))))
        ),
    }
}

/// Loses the answer of each call once; the same process is asked again, as a warm function is.
pub(super) async fn survived<W>(
    world: &W,
    case: Case,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize>
where
    W: World<Target: RevocableTarget>,
{
    for call in 1..=length {
        let name = format!("the answer of call {call} lost, the process lives on");
        let stage = Stage::prepare(world, case, bug, &name).await?;
        let how = How::LoseAnswer;
        let process = stage.process(Some(super::super::trace::Cut { call, how }));
        let first = process.perform(case.task()).await;
        stage.check().await?;
        if first.is_ok_and(|ended| ended.is_final()) {
            return Err(stage.broken(Promise::CutsAreReal, "nothing failed"));
        }
        let second = process.perform(case.task()).await;
        stage.watch();
        match second {
            Ok(ended) => stage.check_end(&ended).await?,
            Err(error) => {
                let detail = format!("the second attempt failed: {error}");
                return Err(stage.broken(Promise::Converges, detail));
            }
        }
    }
    Ok(length)
}
