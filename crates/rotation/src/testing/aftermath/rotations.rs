use std::pin::pin;

use super::super::trace::{Cut, How};
use super::super::violation::{Promise, Violation};
use super::super::world::{RevocableTarget, World};
use super::bug::Bug;
use super::case::Case;
use super::process::{Ended, Task};
use super::stage::{Stage, token};
use crate::{
    ErrorClass, Objection, RetireOutcome, RollBackOutcome, StagingLabel, Step, VoidReason,
};

/// The task stands still before each call while `RotateSecret` and so many steps of a newer rotation go by,
/// up to the whole of it; then it goes on. Where the task has the target's lock, a whole rotation waits
/// until the target has lost patience.
pub(super) async fn newer<W>(
    world: &W,
    case: Case,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    let mut runs = 0;
    for call in 1..=length {
        for steps in 0..=Step::ALL.len() {
            for drops_pending in [false, true] {
                let name = format!(
                    "stopped at call {call} while a newer rotation did {steps} steps, AWSPENDING dropped: {drops_pending}"
                );
                let stage = Stage::prepare(world, case, bug, &name).await?;
                stage
                    .surroundings
                    .store
                    .drop_pending_when_promoted(drops_pending);
                overtake(&stage, call, steps).await?;
                runs += 1;
            }
        }
    }
    Ok(runs)
}

async fn overtake<T: RevocableTarget>(
    stage: &Stage<T>,
    call: usize,
    steps: usize,
) -> Result<(), Violation> {
    let how = How::StopBefore;
    let process = stage.process(Some(Cut { call, how }));
    let mut performing = pin!(process.perform(stage.case.task()));
    stage.stands_still(&process.trace, &mut performing).await?;
    let next = token(stage.case.rotations() + 1)?;
    stage.begin(&next).await?;
    if steps < Step::ALL.len() {
        let _as_far_as_it_goes = stage.steps(&next, steps).await;
    } else if stage.finish(&next).await?.is_some() {
        stage.scene.target.free_locks().await;
        if let Some((step, error)) = stage.finish(&next).await? {
            let detail = format!("the newer rotation: {step}: {error}");
            return Err(stage.broken(Promise::RotationsGoOn, detail));
        }
    }
    stage.check().await?;
    process.trace.release();
    let _whatever = performing.await;
    stage.watch();
    stage.check().await?;
    settle_rotation(stage).await?;
    settle(stage).await
}

/// Ends the newer rotation. One that was begun while a rollback was about to move the label may have made
/// its value from the version that was rolled back: it is refused, and cleared.
async fn settle_rotation<T: RevocableTarget>(stage: &Stage<T>) -> Result<(), Violation> {
    let next = token(stage.case.rotations() + 1)?;
    let over = stage
        .surroundings
        .store
        .is_current(&stage.order.secret, next.as_str());
    if over {
        return Ok(());
    }
    let Some(failure) = stage.finish(&next).await? else {
        return Ok(());
    };
    let was_moved = stage.holder(&StagingLabel::Current) != Some(stage.order.from.to_string());
    if !was_moved {
        let detail = format!("the newer rotation: {}: {}", failure.0, failure.1);
        return Err(stage.broken(Promise::RotationsGoOn, detail));
    }
    stage.clear_stuck(&next, failure).await?;
    stage.rotate(stage.case.rotations() + 2).await
}

/// Ends the task after a newer rotation.
async fn settle<T: RevocableTarget>(stage: &Stage<T>) -> Result<(), Violation> {
    match stage.retry(stage.case.task()).await? {
        Ok(Ended::Retire(RetireOutcome::Retired { .. })) => stage.check_retired().await,
        // The newer rotation has come after it, or instead of it.
        Ok(Ended::RollBack(RollBackOutcome::AlreadyDone)) => stage.check_current().await,
        Err(error) if error == Objection::NotCurrent.into() => stage.check_current().await,
        Ok(Ended::RollBack(RollBackOutcome::RolledBack { .. })) => stage.check_rolled_back().await,
        other => Err(stage.broken(Promise::Converges, format!("it ended with {other:?}"))),
    }
}

/// A newer rotation stands still before each of its calls while the whole task goes by; then it goes on. A
/// retirement and a rollback are refused for as long as the rotation is open.
pub(super) async fn open<W>(world: &W, case: Case, bug: Option<Bug>) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    let length = rotation_calls(world, case).await?;
    for call in 1..=length {
        let name = format!("while a newer rotation stands still at call {call}");
        let stage = Stage::prepare(world, case, bug, &name).await?;
        let next = token(case.rotations() + 1)?;
        stage.begin(&next).await?;
        let how = How::StopBefore;
        let rotating = stage.scene.process(Some(Cut { call, how }));
        let mut attempt = pin!(rotating.attempt(&stage.order.secret, &next));
        stage.stands_still(&rotating.trace, &mut attempt).await?;
        let refused = stage.retry(case.task()).await?;
        if !refused
            .as_ref()
            .is_err_and(|error| error.class() == ErrorClass::RotationOpen)
        {
            let detail = format!("while a rotation was open it ended with {refused:?}");
            return Err(stage.broken(Promise::OthersStay, detail));
        }
        rotating.trace.release();
        if let Err((step, error)) = attempt.await {
            let detail = format!("the newer rotation: {step}: {error}");
            return Err(stage.broken(Promise::RotationsGoOn, detail));
        }
        stage.watch();
        stage.check().await?;
        settle(&stage).await?;
    }
    Ok(length)
}

/// The stuck rotation's own run stands still before each of its calls while it is cleared; then it goes on.
pub(super) async fn reviving<W>(world: &W, bug: Option<Bug>) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    let case = Case::ClearEmpty;
    let length = rotation_calls(world, case).await?;
    for call in 1..=length {
        let name = format!("while the rotation goes on at call {call}");
        let stage = Stage::prepare(world, case, bug, &name).await?;
        let how = How::StopBefore;
        let rotating = stage.scene.process(Some(Cut { call, how }));
        let mut attempt = pin!(rotating.attempt(&stage.order.secret, &stage.order.subject));
        stage.stands_still(&rotating.trace, &mut attempt).await?;
        let _whatever = stage.retry(Task::Clear).await?;
        rotating.trace.release();
        let _whatever = attempt.await;
        stage.check().await?;
        end_of_revived(&stage).await?;
    }
    Ok(length)
}

/// A clearing stands still before each call while the rotation's own run goes by, as far as the lock lets
/// it; then it goes on.
pub(super) async fn revived<W>(
    world: &W,
    case: Case,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    for call in 1..=length {
        let name = format!("stopped at call {call} while the rotation went on");
        let stage = Stage::prepare(world, case, bug, &name).await?;
        let how = How::StopBefore;
        let process = stage.process(Some(Cut { call, how }));
        let mut performing = pin!(process.perform(Task::Clear));
        stage.stands_still(&process.trace, &mut performing).await?;
        let _as_far_as_it_goes = stage.finish(&stage.order.subject).await?;
        process.trace.release();
        let _whatever = performing.await;
        stage.check().await?;
        end_of_revived(&stage).await?;
    }
    Ok(length)
}

/// Either the rotation comes to its end, or it is cleared and the next one does.
async fn end_of_revived<T: RevocableTarget>(stage: &Stage<T>) -> Result<(), Violation> {
    let open = stage.holder(&StagingLabel::Pending) == Some(stage.order.subject.to_string());
    if open && let Some((step, error)) = stage.finish(&stage.order.subject).await? {
        let detail = format!("the rotation that was not cleared: {step}: {error}");
        return Err(stage.broken(Promise::RotationsGoOn, detail));
    }
    stage.rotate(stage.case.rotations() + 2).await?;
    stage.check_current().await
}

/// How many calls a rotation makes in this world.
async fn rotation_calls<W>(world: &W, case: Case) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    let stage = Stage::prepare(world, case, None, "a rotation is counted").await?;
    let next = match case.stuck_after() {
        Some(_) => stage.order.subject.clone(),
        None => token(case.rotations() + 1)?,
    };
    if case.stuck_after().is_none() {
        stage.begin(&next).await?;
    }
    let rotating = stage.scene.process(None);
    let done = rotating.attempt(&stage.order.secret, &next).await;
    done.map_err(|(step, error)| stage.broken(Promise::CutsAreReal, format!("{step}: {error}")))?;
    Ok(rotating.trace.calls().len())
}

/// One of a retirement and a rollback of the same version stands still before each call while the other
/// goes by; then it goes on. In the end the version is current, and there is nothing to retire.
pub(super) async fn rivals<W>(
    world: &W,
    case: Case,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    for call in 1..=length {
        let name = format!("its rival goes by at call {call}");
        let stage = Stage::prepare(world, case, bug, &name).await?;
        let how = How::StopBefore;
        let process = stage.process(Some(Cut { call, how }));
        let mut performing = pin!(process.perform(case.task()));
        stage.stands_still(&process.trace, &mut performing).await?;
        stage.surroundings.store.pass(1);
        match case.task() {
            // A rollback that stands still with the lock is waited for: what it has proved must stay true
            // until it has moved the label.
            Task::RollBack => {
                let _whatever = stage.retry(Task::Retire).await?;
            }
            Task::Retire | Task::Clear => {
                let _done = stage.converge_past_locks(Task::RollBack).await?;
            }
        }
        process.trace.release();
        let _whatever = performing.await;
        stage.watch();
        stage.check().await?;
        let _done = stage.converge(Task::RollBack).await?;
        stage.check_rolled_back().await?;
        let retired = stage.converge(Task::Retire).await?;
        if retired != Ended::Retire(RetireOutcome::Void(VoidReason::Current)) {
            let detail = format!("the retirement of a current version ended with {retired:?}");
            return Err(stage.broken(Promise::OthersStay, detail));
        }
        stage.check_rolled_back().await?;
    }
    Ok(length)
}
