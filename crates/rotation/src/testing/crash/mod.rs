//! The crash suite: a rotation is cut at every call, delivered twice, overtaken and disturbed, on any
//! [`World`]; what was promised must hold at every moment and at the end.
//!
//! A rotation's calls are recorded first, so a call that is added later is cut too.

mod clean;
mod cuts;
mod deliveries;
mod preemption;
mod reads;
mod second;
mod shuffled;

use std::fmt;
use std::ops::Range;

use super::planted::Bug;
use super::violation::{Promise, Violation};
use super::world::World;
use crate::ClientRequestToken;

/// What was tried on a world, all of it with every promise kept.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The set-up.
    pub world: String,
    /// The calls to ports of a clean rotation, in order.
    pub calls: Vec<String>,
    /// Cuts before each call, after each, and after each with the answer lost.
    pub cuts: usize,
    /// Lost answers after which the same process goes on.
    pub survived: usize,
    /// Runs that stood still at a call while another run of the same token did all four steps.
    pub interleavings: usize,
    /// Runs that stood still at a call until one or two newer rotations were over.
    pub late_runs: usize,
    /// Rotations whose steps were each delivered twice, or all again at the end.
    pub duplicates: usize,
    /// Orders in which the four steps were delivered, each by a new process.
    pub orders: usize,
    /// Second rotations begun while one was open.
    pub second_rotations: usize,
    /// Rotations whose pending value could not be read for a while.
    pub unreadable: usize,
    /// Rotations in which one kind of read failed at one step.
    pub read_errors: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "crash: {}: {} calls, {} cuts, {} lost answers survived, {} interleavings, {} late runs, {} duplicates, \
             {} orders of steps, {} second rotations, {} unreadable pendings, {} read errors: all invariants held",
            self.world,
            self.calls.len(),
            self.cuts,
            self.survived,
            self.interleavings,
            self.late_runs,
            self.duplicates,
            self.orders,
            self.second_rotations,
            self.unreadable,
            self.read_errors,
        )
    }
}

/// Runs the whole suite on a world.
///
/// # Errors
/// The first promise that was broken.
pub async fn run<W: World>(world: &W) -> Result<Report, Violation> {
    clean::tells_good_from_bad(world).await?;
    suite(world, None).await
}

/// Runs the suite on a world with a bug planted, and returns how it was caught.
///
/// # Errors
/// A text, when nothing was found, or only something that has nothing to do with the bug.
pub async fn must_catch<W: World>(bug: Bug, world: &W) -> Result<Violation, String> {
    match suite(world, Some(bug)).await {
        Err(violation) if bug.breaks().contains(&violation.promise) => Ok(violation),
        Err(violation) => Err(format!(
            "{bug:?} was caught for another reason: {violation}"
        )),
        Ok(_) => Err(format!("{}: {bug:?} was not caught", world.name())),
    }
}

/// Runs processes of three rotations in random order, one call at a time, killing some: one schedule for
/// each seed. Returns how many calls were made.
///
/// # Errors
/// The first promise that was broken; its scenario names the seed.
pub async fn shuffled<W: World>(world: &W, seeds: Range<u64>) -> Result<usize, Violation> {
    let mut calls = 0;
    for seed in seeds {
        calls += shuffled::schedule(world, seed).await?;
    }
    Ok(calls)
}

async fn suite<W: World>(world: &W, bug: Option<Bug>) -> Result<Report, Violation> {
    let calls = clean::calls(world, bug).await?;
    let length = calls.len();
    clean::another_user_is_refused(world, bug).await?;
    let read_errors = reads::failing(world, bug).await?;
    let unreadable = reads::unreadable(world, bug).await?;
    let duplicates = deliveries::duplicates(world, bug).await?;
    let orders = deliveries::orders(world, bug).await?;
    let second_rotations = second::rotations(world, bug, length).await?;
    let cuts = cuts::by_new_processes(world, bug, length).await?;
    let survived = cuts::survived(world, bug, length).await?;
    let interleavings = preemption::interleavings(world, bug, length).await?;
    let late_runs = preemption::late_runs(world, bug, length).await?;
    let report = Report {
        world: world.name(),
        calls,
        cuts,
        survived,
        interleavings,
        late_runs,
        duplicates,
        orders,
        second_rotations,
        unreadable,
        read_errors,
    };
    if report.cuts != 3 * length || report.survived != length || report.interleavings != 2 * length
    {
        return Err(Violation {
            world: world.name(),
            scenario: "the count of cuts".to_owned(),
            promise: Promise::CutsAreReal,
            detail: report.to_string(),
        });
    }
    Ok(report)
}

impl Bug {
    /// The promises that it may break first.
    const fn breaks(self) -> &'static [Promise] {
        match self {
            Self::SetBeforePut => &[
                Promise::SomeoneLogsIn,
                Promise::OldStillWorks,
                Promise::Converges,
            ],
            Self::PromoteUntested => &[Promise::TestedBeforePromoted],
            Self::AnyReadErrorIsAbsent => &[Promise::ReadErrorsFail],
            Self::NewPasswordOnEachRetry => &[
                Promise::OneNewCredential,
                Promise::Converges,
                Promise::StepsMayRepeat,
                Promise::SomeoneLogsIn,
            ],
            Self::UserNotCompared => &[Promise::UserStays],
            Self::FinishWithoutRemoving => &[Promise::Converges],
        }
    }
}

/// The token of the n-th rotation of a scenario.
fn token(n: usize) -> Result<ClientRequestToken, Violation> {
    ClientRequestToken::parse(&format!("rotation-{n:-<40}")).ok_or_else(|| Violation {
        world: String::new(),
        scenario: String::new(),
        promise: Promise::CutsAreReal,
        detail: "not a token".to_owned(),
    })
}
