//! The suites of what comes after the switch: a retirement, a rollback and a clearing are cut at every
//! call, asked for twice, overtaken and disturbed, on any [`World`] whose target is [`RevocableTarget`];
//! what was promised must hold at every moment and at the end.
//!
//! The calls are recorded first, so a call that is added later is cut too.

mod book;
mod bug;
mod case;
mod check;
pub mod clear;
mod cuts;
mod deliveries;
mod planted;
mod ports;
mod process;
mod reads;
pub mod retire;
pub mod roll_back;
mod rotations;
mod shuffled;
mod stage;

use std::fmt;
use std::ops::Range;

pub use book::{Book, Entry};
pub use bug::Bug;
pub use case::Case;
pub use ports::Objectors;
pub use process::{Ended, Order, Process, Surroundings, Task};

use super::violation::Violation;
use super::world::{RevocableTarget, World};

/// What was tried on a world, all of it with every promise kept.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The operation: `retire`, `roll back`, `clear`.
    pub task: &'static str,
    /// The set-up.
    pub world: String,
    /// The situations.
    pub cases: usize,
    /// The calls to ports in each situation, one after the other.
    pub calls: Vec<String>,
    /// Cuts before each call, after each, and after each with the answer lost.
    pub cuts: usize,
    /// Calls that failed once, unmade.
    pub unanswered: usize,
    /// Lost answers after which the same process went on.
    pub survived: usize,
    /// Runs that were asked for three times, and runs beside another that stood still at a call.
    pub repeated: usize,
    /// Runs that stood still at a call while a newer rotation did some or all of its steps, and rotations
    /// that stood still at a call while the run went by.
    pub rotations: usize,
    /// Retirements that stood still at a call while a rollback went by, or the other way round.
    pub rivals: usize,
    /// Runs in which one kind of read failed.
    pub read_errors: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {} calls in {} situations, {} cuts, {} calls unanswered, {} lost answers survived, \
             {} repetitions, {} rotations beside it, {} rivals, {} read errors: all promises held",
            self.task,
            self.world,
            self.calls.len(),
            self.cases,
            self.cuts,
            self.unanswered,
            self.survived,
            self.repeated,
            self.rotations,
            self.rivals,
            self.read_errors,
        )
    }
}

/// Runs retirements, rollbacks, clearings and rotations of one secret in random order, one call at a time,
/// killing some: one schedule for each seed. Returns how many calls were made.
///
/// # Errors
/// The first promise that was broken; its scenario names the seed.
pub async fn shuffled<W>(world: &W, seeds: Range<u64>) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    let mut calls = 0;
    for seed in seeds {
        calls += shuffled::schedule(world, seed).await?;
    }
    Ok(calls)
}

/// How much is tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reach {
    /// Everything.
    All,
    /// The cuts only.
    Cuts,
}

async fn suite<W>(
    world: &W,
    task: Task,
    bug: Option<Bug>,
    reach: Reach,
) -> Result<Report, Violation>
where
    W: World<Target: RevocableTarget>,
{
    let mut report = Report {
        task: task.as_str(),
        world: world.name(),
        ..Report::default()
    };
    for case in Case::of(task, world.overlap()) {
        let calls = cuts::calls(world, case, bug).await?;
        let length = calls.len();
        report.cases += 1;
        report.calls.extend(calls);
        if reach == Reach::All {
            report.unanswered += cuts::unanswered(world, case, bug, length).await?;
            report.read_errors += reads::failing(world, case, bug).await?;
            report.survived += cuts::survived(world, case, bug, length).await?;
            report.repeated += deliveries::repeated(world, case, bug).await?;
            report.rotations += beside_rotations(world, case, bug, length).await?;
            report.repeated += deliveries::beside(world, case, bug, length).await?;
            if matches!(case, Case::RetirePrevious | Case::RollBackInGrace) {
                report.rivals += rotations::rivals(world, case, bug, length).await?;
            }
        }
        report.cuts += cuts::by_new_processes(world, case, bug, length).await?;
    }
    Ok(report)
}

async fn beside_rotations<W>(
    world: &W,
    case: Case,
    bug: Option<Bug>,
    length: usize,
) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    match case {
        // A rotation does not begin with a credential that is refused.
        Case::RollBackFromBroken => Ok(0),
        Case::ClearEmpty => Ok(rotations::revived(world, case, bug, length).await?
            + rotations::reviving(world, bug).await?),
        Case::ClearUnset | Case::KeepSet => rotations::revived(world, case, bug, length).await,
        _ => Ok(rotations::newer(world, case, bug, length).await?
            + rotations::open(world, case, bug).await?),
    }
}

async fn must_catch<W>(bug: Bug, task: Task, world: &W) -> Result<Violation, String>
where
    W: World<Target: RevocableTarget>,
{
    match suite(world, task, Some(bug), Reach::All).await {
        Err(violation) if bug.breaks().contains(&violation.promise) => Ok(violation),
        Err(violation) => Err(format!(
            "{bug:?} was caught for another reason: {violation}"
        )),
        Ok(_) => Err(format!("{}: {bug:?} was not caught", world.name())),
    }
}
