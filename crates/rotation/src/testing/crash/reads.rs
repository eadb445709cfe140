use super::super::planted::Bug;
use super::super::scene::Scene;
use super::super::secrets_manager::Reading;
use super::super::violation::{Promise, Violation};
use super::super::world::World;
use super::token;
use crate::{StagingLabel, Step, StoreError};

/// Reads in one call that find nothing before the function gives up, twice over: the third attempt of
/// Secrets Manager must then succeed.
const MOST_HIDDEN: u32 = 12;

/// A pending value that cannot be read for a while after it was written, and from `testSecret` on.
pub(super) async fn unreadable<W: World>(world: &W, bug: Option<Bug>) -> Result<usize, Violation> {
    let mut runs = 0;
    for hidden_from in [Step::Create, Step::Test] {
        for reads in 1..=MOST_HIDDEN {
            let name = format!("AWSPENDING unreadable for {reads} reads from {hidden_from}");
            let scene = Scene::prepare(world, bug, name).await?;
            let token = token(1)?;
            let old = scene.current()?;
            scene.rotate(&token).await?;
            let process = scene.process(None);
            for step in Step::ALL {
                if step == hidden_from {
                    scene.store.hide_pending(&scene.secret, reads);
                }
                let done = process.step(step, &scene.secret, &token).await;
                scene.check().await?;
                if done.is_err() {
                    break;
                }
            }
            scene.converge(&token).await?;
            scene.check_end(&[token], &old).await?;
            runs += 1;
        }
    }
    Ok(runs)
}

/// One kind of read fails for one step, which must then fail for that reason; a step that does not read it
/// must not mind.
pub(super) async fn failing<W: World>(world: &W, bug: Option<Bug>) -> Result<usize, Violation> {
    let errors = [
        StoreError::Denied("secretsmanager:GetSecretValue".to_owned()),
        StoreError::Unavailable("time-out".to_owned()),
        StoreError::Refused("the KMS key is disabled".to_owned()),
    ];
    // The test first: a login that is left out there is the worst that a misread error does.
    let steps = [Step::Test, Step::Set, Step::Finish, Step::Create];
    let mut runs = 0;
    for (reading, call) in [
        (
            Reading::Value(StagingLabel::Pending),
            "GetSecretValue AWSPENDING",
        ),
        (
            Reading::Value(StagingLabel::Current),
            "GetSecretValue AWSCURRENT",
        ),
        (Reading::Description, "DescribeSecret"),
    ] {
        for (failing, error) in pairs(&steps, &errors) {
            let name = format!("{call} at {failing}: {}", error.class());
            let scene = Scene::prepare(world, bug, name).await?;
            let token = token(1)?;
            let old = scene.current()?;
            scene.rotate(&token).await?;
            for step in Step::ALL.into_iter().filter(|step| *step <= failing) {
                let fails = step == failing;
                let fault = fails.then(|| (reading.clone(), error.clone()));
                scene.store.fail_reads(fault);
                // A process of its own: one that has seen a login would not read at the end.
                let process = scene.process(None);
                let done = process.step(step, &scene.secret, &token).await;
                scene.store.fail_reads(None);
                scene.check().await?;
                let reads = process.trace.calls().iter().any(|made| made == call);
                let expected = match &done {
                    Ok(_) => !(fails && reads),
                    Err(found) => fails && reads && found.class() == error.class(),
                };
                if !expected {
                    let detail = format!("{step} ended with {done:?}");
                    return Err(scene.broken(Promise::ReadErrorsFail, detail));
                }
            }
            scene.converge(&token).await?;
            scene.check_end(&[token], &old).await?;
            runs += 1;
        }
    }
    Ok(runs)
}

fn pairs<'a, A: Copy, B>(all: &'a [A], with: &'a [B]) -> impl Iterator<Item = (A, &'a B)> {
    all.iter().flat_map(|a| with.iter().map(|b| (*a, b)))
}
