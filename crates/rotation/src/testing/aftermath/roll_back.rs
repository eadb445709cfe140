//! The suite of rollbacks.

use super::{Bug, Reach, Report, Task};
use crate::testing::{RevocableTarget, Violation, World};

/// Runs the whole suite on a world.
///
/// # Errors
/// The first promise that was broken.
pub async fn run<W>(world: &W) -> Result<Report, Violation>
where
    W: World<Target: RevocableTarget>,
{
    super::suite(world, Task::RollBack, None, Reach::All).await
}

/// Cuts before each call, after each, and after each with the answer lost, and nothing else: for a server
/// that takes its time.
///
/// # Errors
/// The first promise that was broken.
pub async fn cuts<W>(world: &W) -> Result<Report, Violation>
where
    W: World<Target: RevocableTarget>,
{
    super::suite(world, Task::RollBack, None, Reach::Cuts).await
}

/// Runs the suite on a world with a bug planted, and returns how it was caught.
///
/// # Errors
/// A text, when nothing was found, or only something that has nothing to do with the bug.
pub async fn must_catch<W>(bug: Bug, world: &W) -> Result<Violation, String>
where
    W: World<Target: RevocableTarget>,
{
    super::must_catch(bug, Task::RollBack, world).await
}
