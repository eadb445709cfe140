use std::future::Future;
use std::pin::Pin;

use super::super::process::Failure;
use super::super::randomness::TestRandomness;
use super::super::scene::Scene;
use super::super::trace::{Driven, Trace};
use super::super::violation::Violation;
use super::super::world::{Target, World};
use super::token;
use crate::ClientRequestToken;

const ROTATIONS: usize = 3;
/// At most so many processes live at once, those of earlier rotations among them.
const PROCESSES: usize = 4;
/// Chances of one in so many, at each turn.
const TO_START: usize = 4;
const TO_DIE: usize = 25;

/// A process that stands still before every call.
struct Walker<'a> {
    trace: Trace,
    attempt: Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>,
}

/// One random schedule of three rotations, each finished in the end by retries. Processes of an earlier
/// rotation live on beside the newer ones.
pub(super) async fn schedule<W: World>(world: &W, seed: u64) -> Result<usize, Violation> {
    let mut dice = TestRandomness::seeded(seed);
    let scene = Scene::prepare(world, None, format!("shuffled with seed {seed}")).await?;
    scene.store.drop_pending_when_promoted(dice.below(2) == 0);
    let mut walkers: Vec<Walker<'_>> = Vec::new();
    let mut tokens = Vec::new();
    let mut old = scene.current()?;
    let mut calls = 0;
    for n in 1..=ROTATIONS {
        let token = token(n)?;
        scene.rotate(&token).await?;
        for _turn in 0..dice.below(60) {
            if walkers.is_empty() || walkers.len() < PROCESSES && dice.below(TO_START) == 0 {
                walkers.push(start(&scene, token.clone()));
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
                Some(walker.trace.drive(&mut walker.attempt).await)
            };
            if !matches!(driven, Some(Driven::AtCut)) {
                drop(walkers.swap_remove(chosen));
            }
            scene.check().await?;
        }
        // Some process may hold the target's lock: the target loses patience with it.
        if scene.retry(&token).await?.is_err() {
            scene.target.free_locks().await;
            scene.converge(&token).await?;
        }
        tokens.push(token);
        scene.check_end(&tokens, &old).await?;
        old = if n < ROTATIONS { scene.current()? } else { old };
    }
    for mut walker in walkers {
        loop {
            walker.trace.release();
            calls += 1;
            if let Driven::Ended(_) = walker.trace.drive(&mut walker.attempt).await {
                break;
            }
            scene.check().await?;
        }
    }
    scene.check_end(&tokens, &old).await?;
    Ok(calls)
}

fn start<T: Target>(scene: &Scene<T>, token: ClientRequestToken) -> Walker<'_> {
    let trace = Trace::stepping();
    let process = scene.process_with(trace.clone());
    let attempt = Box::pin(async move { process.attempt(&scene.secret, &token).await });
    Walker { trace, attempt }
}
