use super::super::planted::Bug;
use super::super::scene::Scene;
use super::super::violation::{Promise, Violation};
use super::super::world::World;
use super::token;
use crate::{Outcome, Step};

/// Every step is delivered twice, to one process and to two; and all four again when the rotation is over,
/// whether or not `AWSPENDING` has stayed on the current version.
pub(super) async fn duplicates<W: World>(world: &W, bug: Option<Bug>) -> Result<usize, Violation> {
    let mut runs = 0;
    for (same_process, drops_pending) in
        [(true, false), (true, true), (false, false), (false, true)]
    {
        let name = format!(
            "every step twice, by one process: {same_process}, AWSPENDING dropped when promoted: {drops_pending}"
        );
        let scene = Scene::prepare(world, bug, name).await?;
        scene.store.drop_pending_when_promoted(drops_pending);
        let token = token(1)?;
        let old = scene.current()?;
        scene.rotate(&token).await?;
        let mut process = scene.process(None);
        for step in Step::ALL {
            for delivery in 1..=2 {
                if !same_process {
                    process = scene.process(None);
                }
                let done = process.step(step, &scene.secret, &token).await;
                scene.check().await?;
                if let Err(error) = done {
                    let detail = format!("{step}, delivery {delivery}: {error}");
                    return Err(scene.broken(Promise::StepsMayRepeat, detail));
                }
            }
        }
        scene.check_end(std::slice::from_ref(&token), &old).await?;
        for step in Step::ALL {
            let done = process.step(step, &scene.secret, &token).await;
            if done != Ok(Outcome::AlreadyDone) {
                let detail = format!("{step} after the end: {done:?}");
                return Err(scene.broken(Promise::StepsMayRepeat, detail));
            }
        }
        scene.check_end(&[token], &old).await?;
        runs += 1;
    }
    Ok(runs)
}

/// The four steps in every order, each by a new process, whatever each answers; then as it should be.
pub(super) async fn orders<W: World>(world: &W, bug: Option<Bug>) -> Result<usize, Violation> {
    let orders = permutations(&Step::ALL);
    for order in &orders {
        let scene = Scene::prepare(world, bug, format!("steps in the order {order:?}")).await?;
        let token = token(1)?;
        let old = scene.current()?;
        scene.rotate(&token).await?;
        for step in order {
            let process = scene.process(None);
            let _whatever = process.step(*step, &scene.secret, &token).await;
            scene.check().await?;
        }
        scene.converge(&token).await?;
        scene.check_end(&[token], &old).await?;
    }
    skipped_by_a_warm_process(world, bug).await?;
    Ok(orders.len() + 1)
}

/// A process that has tested an earlier rotation is asked to finish the next one untested.
async fn skipped_by_a_warm_process<W: World>(world: &W, bug: Option<Bug>) -> Result<(), Violation> {
    let scene = Scene::prepare(world, bug, "a warm process skips steps".to_owned()).await?;
    let (first, second) = (token(1)?, token(2)?);
    let warm = scene.process(None);
    scene.rotate(&first).await?;
    let _whatever = scene.attempt_by(&warm, &first).await?;
    scene.converge(&first).await?;
    let old = scene.current()?;
    scene.rotate(&second).await?;
    for step in [Step::Create, Step::Finish, Step::Set, Step::Finish] {
        let _whatever = warm.step(step, &scene.secret, &second).await;
        scene.check().await?;
    }
    scene.converge(&second).await?;
    scene.check_end(&[first, second], &old).await
}

fn permutations(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in steps {
        let rest: Vec<Step> = steps
            .iter()
            .filter(|step| *step != first)
            .copied()
            .collect();
        for mut order in permutations(&rest) {
            order.insert(0, *first);
            all.push(order);
        }
    }
    all
}
