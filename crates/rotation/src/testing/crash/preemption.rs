use std::pin::pin;

use super::super::planted::Bug;
use super::super::scene::Scene;
use super::super::trace::{Cut, Driven, How};
use super::super::violation::{Promise, Violation};
use super::super::world::{Target, World};
use super::token;
use crate::ErrorClass;

/// One run stands still before each call; another run of the same token does all four steps; then the
/// first goes on. Where the first holds the target's lock, the second may fail for that reason only; where
/// the second came to its end, the first must find so. All of it with `AWSPENDING` staying on the promoted
/// version, and with it gone from there.
pub(super) async fn interleavings<W: World>(
    world: &W,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize, Violation> {
    let mut runs = 0;
    for call in 1..=length {
        for drops_pending in [false, true] {
            let name = format!("preempted at call {call}, AWSPENDING dropped: {drops_pending}");
            let scene = Scene::prepare(world, bug, name).await?;
            scene.store.drop_pending_when_promoted(drops_pending);
            let token = token(1)?;
            let old = scene.current()?;
            scene.rotate(&token).await?;
            let how = How::StopBefore;
            let first = scene.process(Some(Cut { call, how }));
            let mut attempt = pin!(first.attempt(&scene.secret, &token));
            let driven = first.trace.drive(&mut attempt).await;
            if !matches!(driven, Driven::AtCut) {
                return Err(scene.broken(Promise::CutsAreReal, format!("{driven:?}")));
            }
            scene.check().await?;
            let second = scene.attempt(&token).await?;
            first.trace.release();
            let first = attempt.await;
            scene.check().await?;
            match (second, first) {
                (Ok(()), Ok(())) => {}
                (Ok(()), Err((step, error))) => {
                    let detail = format!("the first run failed at {step}: {error}");
                    return Err(scene.broken(Promise::StepsMayRepeat, detail));
                }
                (Err((_, error)), _) if error.class() == ErrorClass::Throttled => {}
                (Err((step, error)), _) => {
                    let detail = format!("the second run failed at {step}: {error}");
                    return Err(scene.broken(Promise::Converges, detail));
                }
            }
            scene.converge(&token).await?;
            scene.check_end(std::slice::from_ref(&token), &old).await?;
            runs += 1;
        }
    }
    Ok(runs)
}

/// One run stands still before each call until its rotation was finished by another and one or two newer
/// rotations are over; then it goes on, and must change nothing.
pub(super) async fn late_runs<W: World>(
    world: &W,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize, Violation> {
    let mut runs = 0;
    for call in 1..=length {
        for newer in 1..=2 {
            let name = format!("stopped at call {call} until {newer} newer rotations were over");
            let scene = Scene::prepare(world, bug, name).await?;
            let mut tokens = vec![token(1)?];
            let mut old = scene.current()?;
            let first = token(1)?;
            scene.rotate(&first).await?;
            let how = How::StopBefore;
            let late = scene.process(Some(Cut { call, how }));
            let mut attempt = pin!(late.attempt(&scene.secret, &first));
            let driven = late.trace.drive(&mut attempt).await;
            if !matches!(driven, Driven::AtCut) {
                return Err(scene.broken(Promise::CutsAreReal, format!("{driven:?}")));
            }
            // It may hold the target's lock: the target loses patience before the next rotation is due.
            if scene.retry(&first).await?.is_err() {
                scene.target.free_locks().await;
                scene.converge(&first).await?;
            }
            for n in 2..=newer + 1 {
                let next = token(n)?;
                old = scene.current()?;
                scene.rotate(&next).await?;
                scene.converge(&next).await?;
                tokens.push(next);
            }
            late.trace.release();
            let _late = attempt.await;
            scene.check_end(&tokens, &old).await?;
            runs += 1;
        }
    }
    Ok(runs)
}
