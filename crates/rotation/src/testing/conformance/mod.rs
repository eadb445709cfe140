//! The conformance suite: what every kind of target promises, proved on its real server, and one line of
//! `docs/conformance.md` for each set-up that was tried.
//!
//! It is the crash suite of the steps and the suites of what comes after the switch, with their planted bugs
//! and random schedules, and beside them: the dry run, what is confirmed before anything is changed, the
//! classes of failures, unknown fields, and the search for leaked values.

mod canary;
mod classes;
mod dry_run;
mod guards;
mod house;
mod page;
mod report;
mod tried;

use std::future::Future;
use std::ops::Range;

pub use page::{Page, Table};
pub use report::Report;
pub use tried::{Confirmed, Fields, Tried};

use super::aftermath::{self, Task};
use super::crash;
use super::planted::Bug;
use super::violation::Violation;
use super::world::{RevocableTarget, World};
use crate::{Overlap, SecretValue};

/// What the conformance suite asks of a target. A kind whose secret is its own target leaves what it does not
/// have at `None`.
pub trait ConformingTarget: RevocableTarget {
    /// The server's name and version without its patch level: `PostgreSQL 18`.
    fn version(&self) -> String;

    /// Everything that the target has of this scenario's credential, as text: roles and grants, ACL rules,
    /// published keys. Compared with itself before and after what must change nothing.
    fn snapshot(&self) -> impl Future<Output = String> + Send;

    /// Whether the target writes anything down. A secret that is its own target is read and no more.
    fn writes_down(&self) -> bool {
        true
    }

    /// Everything that the target writes down: the log of its statements, for example. No value that a
    /// rotation made may be in it.
    fn written_down(&self) -> impl Future<Output = String> + Send {
        async { String::new() }
    }

    /// Brings `text` to where the target writes things down, so that the search is known to find something.
    fn plant(&self, _text: &str) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// `value` with another target in it: refused before anything is changed.
    fn elsewhere(&self, _value: &SecretValue) -> Option<SecretValue> {
        None
    }

    /// [`Target::first`](super::Target::first) with a place at which nobody listens.
    fn unreachable(&self) -> Option<SecretValue> {
        None
    }

    /// [`Target::first`](super::Target::first), asking for TLS.
    fn over_tls(&self) -> Option<SecretValue> {
        None
    }

    /// A rotator that trusts other authorities than the target's.
    fn distrustful(&self) -> Option<Self::Rotator> {
        None
    }

    /// Takes from the login that makes the change its right to do so. Whether that can be.
    fn forbid(&self) -> impl Future<Output = bool> + Send {
        async { false }
    }
}

/// How much is tried. What is left out shows as left out in the page.
#[derive(Clone, Debug)]
pub struct Extent {
    /// Of what comes after the switch: every disturbance, or the cuts only.
    pub aftermath: Reach,
    /// The bugs to plant in the steps.
    pub bugs: &'static [Bug],
    /// The bugs to plant in what comes after.
    pub bugs_after: &'static [aftermath::Bug],
    /// Random schedules of the steps, one for each seed.
    pub schedules: Range<u64>,
    /// Random schedules of what comes after.
    pub schedules_after: Range<u64>,
}

/// How far the suites of what comes after the switch go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Cuts, lost answers, repetitions, rotations beside it, rivals, reads that fail.
    Everything,
    /// The cuts.
    Cuts,
}

impl Extent {
    /// Everything: for a target in memory.
    pub const EVERYTHING: Self = Self {
        aftermath: Reach::Everything,
        bugs: &Bug::ALL,
        bugs_after: &aftermath::Bug::ALL,
        schedules: 1..101,
        schedules_after: 1..101,
    };

    /// For a real server: every cut, the bugs of the steps, and those of what comes after that show early.
    pub const ON_A_SERVER: Self = Self {
        aftermath: Reach::Cuts,
        bugs: &Bug::ALL,
        bugs_after: &[
            aftermath::Bug::KinshipIgnored,
            aftermath::Bug::PreviousForgotten,
            aftermath::Bug::UnreachableIsDead,
            aftermath::Bug::DeadlineLeftArmed,
            aftermath::Bug::MovedUnproved,
            aftermath::Bug::PendingLeftOpen,
            aftermath::Bug::RollBackThenIntend,
            aftermath::Bug::ClearedUnproved,
        ],
        schedules: 1..6,
        schedules_after: 1..1,
    };
}

/// Runs the whole suite on a world. Nothing of a ring is ever retired: there it ends with the steps.
///
/// # Errors
/// The first promise that was broken, or the first planted bug that was not caught.
pub async fn run<W>(world: &W, extent: &Extent) -> Result<Report, Failed>
where
    W: World<Target: ConformingTarget>,
{
    let mut report = Report::begun(world, house::version(world).await);
    report.tried = Some(beside(world).await?);
    of_the_steps(&mut report, world, extent).await?;
    if world.overlap() != Overlap::Keyring {
        of_what_comes_after(&mut report, world, extent).await?;
    }
    Ok(report)
}

/// Runs what there is to promise of the steps alone: for one more version of a server.
///
/// # Errors
/// The first promise that was broken, or the first planted bug that was not caught.
pub async fn steps<W: World>(world: &W, version: &str, extent: &Extent) -> Result<Report, Failed> {
    let mut report = Report::begun(world, version.to_owned());
    of_the_steps(&mut report, world, extent).await?;
    Ok(report)
}

async fn beside<W>(world: &W) -> Result<Tried, Violation>
where
    W: World<Target: ConformingTarget>,
{
    dry_run::changes_nothing(world).await?;
    let checks = dry_run::tells_what_is_wrong(world).await?;
    let fields = guards::unknown_fields_are_kept(world).await?;
    let confirmed = guards::nothing_is_changed_before_it_is_confirmed(world).await?;
    let classes = classes::of_failures(world).await?;
    canary::a_refusal_holds_no_value(world).await?;
    let searched = canary::no_value_is_written_down(world).await?;
    Ok(Tried {
        confirmed,
        fields,
        classes,
        checks,
        searched,
    })
}

async fn of_the_steps<W: World>(
    report: &mut Report,
    world: &W,
    extent: &Extent,
) -> Result<(), Failed> {
    report.steps = Some(crash::run(world).await?);
    let bugs = extent.bugs.iter();
    for &bug in bugs.filter(|bug| bug.matters(world.overlap())) {
        let caught = crash::must_catch(bug, world).await;
        report.caught(caught.map_err(Failed::Uncaught)?);
    }
    crash::shuffled(world, extent.schedules.clone()).await?;
    report.schedules = extent.schedules.end - extent.schedules.start;
    Ok(())
}

async fn of_what_comes_after<W>(
    report: &mut Report,
    world: &W,
    extent: &Extent,
) -> Result<(), Failed>
where
    W: World<Target: ConformingTarget>,
{
    for task in [Task::Retire, Task::RollBack, Task::Clear] {
        let found = after(world, task, extent.aftermath).await?;
        report.after.push(found);
    }
    let bugs = extent.bugs_after.iter();
    for &bug in bugs.filter(|bug| bug.matters(world.overlap())) {
        let caught = match bug.task() {
            Task::Retire => aftermath::retire::must_catch(bug, world).await,
            Task::RollBack => aftermath::roll_back::must_catch(bug, world).await,
            Task::Clear => aftermath::clear::must_catch(bug, world).await,
        };
        report.caught(caught.map_err(Failed::Uncaught)?);
    }
    aftermath::shuffled(world, extent.schedules_after.clone()).await?;
    report.schedules_after = extent.schedules_after.end - extent.schedules_after.start;
    Ok(())
}

async fn after<W>(world: &W, task: Task, reach: Reach) -> Result<aftermath::Report, Violation>
where
    W: World<Target: ConformingTarget>,
{
    use aftermath::{clear, retire, roll_back};
    match (task, reach) {
        (Task::Retire, Reach::Everything) => retire::run(world).await,
        (Task::Retire, Reach::Cuts) => retire::cuts(world).await,
        (Task::RollBack, Reach::Everything) => roll_back::run(world).await,
        (Task::RollBack, Reach::Cuts) => roll_back::cuts(world).await,
        (Task::Clear, Reach::Everything) => clear::run(world).await,
        (Task::Clear, Reach::Cuts) => clear::cuts(world).await,
    }
}

/// Why a kind does not conform.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failed {
    /// A promise was broken.
    #[error(transparent)]
    Broken(#[from] Violation),
    /// A bug was planted, and the suite did not see it.
    #[error("{0}")]
    Uncaught(String),
}
