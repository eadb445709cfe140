use std::pin::pin;

use super::super::planted::Bug;
use super::super::process::Failure;
use super::super::scene::Scene;
use super::super::trace::{Cut, Driven, How};
use super::super::violation::{Promise, Violation};
use super::super::world::World;
use super::token;

/// Cuts a rotation before each call, after each, and after each with the answer lost; a new process then
/// brings it to its end. Returns how many cuts were made.
pub(super) async fn by_new_processes<W: World>(
    world: &W,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize, Violation> {
    let mut cuts = 0;
    for call in 1..=length {
        for how in [How::KillBefore, How::KillAfter, How::LoseAnswer] {
            let name = format!("{how:?} at call {call}");
            let scene = Scene::prepare(world, bug, name).await?;
            let token = token(1)?;
            let old = scene.current()?;
            scene.rotate(&token).await?;
            {
                let process = scene.process(Some(Cut { call, how }));
                let mut attempt = pin!(process.attempt(&scene.secret, &token));
                let driven = process.trace.drive(&mut attempt).await;
                if !process.trace.was_cut() || !ended_as_cut(how, &driven) {
                    return Err(scene.broken(Promise::CutsAreReal, format!("{driven:?}")));
                }
            }
            scene.check().await?;
            scene.converge(&token).await?;
            scene.check_end(&[token], &old).await?;
            cuts += 1;
        }
    }
    Ok(cuts)
}

/// A killed process never comes back; one that lost an answer fails its step.
fn ended_as_cut(how: How, driven: &Driven<Result<(), Failure>>) -> bool {
    match how {
        How::KillBefore | How::KillAfter | How::StopBefore => matches!(driven, Driven::AtCut),
        How::LoseAnswer | How::Fail => matches!(driven, Driven::Ended(Err(_))),
    }
}

/// Loses the answer of each call once; the same process is called again, as a warm function is.
pub(super) async fn survived<W: World>(
    world: &W,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize, Violation> {
    for call in 1..=length {
        let name = format!("the answer of call {call} lost, the process lives on");
        let scene = Scene::prepare(world, bug, name).await?;
        let token = token(1)?;
        let old = scene.current()?;
        scene.rotate(&token).await?;
        let how = How::LoseAnswer;
        let process = scene.process(Some(Cut { call, how }));
        if scene.attempt_by(&process, &token).await?.is_ok() {
            return Err(scene.broken(Promise::CutsAreReal, "nothing failed"));
        }
        if let Err((step, error)) = scene.attempt_by(&process, &token).await? {
            let detail = format!("the second attempt failed at {step}: {error}");
            return Err(scene.broken(Promise::Converges, detail));
        }
        scene.check_end(&[token], &old).await?;
    }
    Ok(length)
}
