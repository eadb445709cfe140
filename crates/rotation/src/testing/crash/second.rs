use std::pin::pin;

use super::super::planted::Bug;
use super::super::scene::Scene;
use super::super::trace::{Cut, How};
use super::super::violation::{Promise, Violation};
use super::super::world::World;
use super::token;
use crate::{ErrorClass, Step};

/// A second rotation is asked for after each call of the first: it is refused, the first is tried again
/// with its own token, and steps with the second token change nothing.
pub(super) async fn rotations<W: World>(
    world: &W,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize, Violation> {
    for call in 1..=length {
        let name = format!("a second rotation asked for after call {call}");
        let scene = Scene::prepare(world, bug, name).await?;
        let (first, second) = (token(1)?, token(2)?);
        let mut old = scene.current()?;
        scene.rotate(&first).await?;
        {
            let how = How::KillAfter;
            let process = scene.process(Some(Cut { call, how }));
            let mut attempt = pin!(process.attempt(&scene.secret, &first));
            let _killed = process.trace.drive(&mut attempt).await;
        }
        let over = scene.store.is_current(&scene.secret, first.as_str());
        if !over {
            scene.rotate_in_vain(&second).await?;
            for step in Step::ALL {
                let stray = scene.process(None).step(step, &scene.secret, &second).await;
                if !stray.is_err_and(|error| error.class() == ErrorClass::InvalidRequest) {
                    let detail = format!("{step} with a token that is no version was not refused");
                    return Err(scene.broken(Promise::StepsMayRepeat, detail));
                }
                scene.check().await?;
            }
        }
        scene.converge(&first).await?;
        scene.check_end(std::slice::from_ref(&first), &old).await?;
        old = scene.current()?;
        scene.rotate(&second).await?;
        scene.converge(&second).await?;
        scene.check_end(&[first, second], &old).await?;
    }
    Ok(length)
}
