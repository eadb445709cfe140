//! The runs, one function after the other in each, and what they come to.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::front::Traffic;
use crate::function::Function;
use crate::report::{Row, median};
use crate::sample::{self, Init, Life, Rotation};
use crate::scene::Scene;
use crate::size;

/// Rotations of one process after its first.
const WARM: usize = 4;
/// How often init is measured for each whole life: it is short, and noise is not.
const INITS: usize = 5;

/// What is measured.
pub struct Functions {
    pub hook: Function,
    /// The same function for the other family of kinds.
    pub keys: Function,
    pub bare: Function,
    pub python: Option<Function>,
}

#[derive(Default)]
struct Samples {
    bare: Vec<Init>,
    bare_invoke: Vec<Duration>,
    hook_init: Vec<Init>,
    keys_init: Vec<Init>,
    hook: Vec<Life>,
    python: Vec<Life>,
}

/// Runs everything `runs` times, interleaved, so that what else the machine does falls on all alike.
pub async fn rows(functions: &Functions, runs: usize) -> Result<Vec<Row>> {
    let scene = Scene::set().await?;
    let mut samples = Samples::default();
    for run in 1..=runs {
        eprintln!("run {run} of {runs}");
        for _ in 0..INITS {
            let (mut process, init) = sample::init(&scene, &functions.bare)?;
            samples.bare.push(init);
            samples
                .bare_invoke
                .push(sample::invoke_twice(&mut process)?);
            drop(process);
            let (_, init) = sample::init(&scene, &functions.hook)?;
            samples.hook_init.push(init);
            let (_, init) = sample::init(&scene, &functions.keys)?;
            samples.keys_init.push(init);
        }
        // A secret keeps no more than a hundred versions, so each process has one of its own.
        let target = scene.target(&format!("rekey_{run}")).await?;
        let life = sample::life(&scene, &functions.hook, &target, WARM).await?;
        samples.hook.push(life);
        if let Some(python) = &functions.python {
            let target = scene.target(&format!("python_{run}")).await?;
            let life = sample::life(&scene, python, &target, WARM).await?;
            samples.python.push(life);
        }
    }
    summary(functions, &samples)
}

fn summary(functions: &Functions, samples: &Samples) -> Result<Vec<Row>> {
    let (hook, python) = (&samples.hook, &samples.python);
    let of = |lives: &[Life], what: fn(&Life) -> f64| median(lives.iter().map(what));
    let python_of = |what: fn(&Life) -> f64| (!python.is_empty()).then(|| of(python, what));
    let warm = |lives: &[Life], what: fn(&Rotation) -> f64| {
        median(lives.iter().flat_map(|life| &life.warm).map(what))
    };
    let python_warm = |what: fn(&Rotation) -> f64| (!python.is_empty()).then(|| warm(python, what));
    let bare = |what: fn(&Init) -> f64| median(samples.bare.iter().map(what));
    let hook_init = |what: fn(&Init) -> f64| median(samples.hook_init.iter().map(what));

    let mut rows = sizes(functions)?;
    let mut row = |key, what, rekey, limit, python| {
        rows.push(Row {
            key,
            what,
            rekey,
            limit,
            python,
        });
    };
    row(
        "bare_init_ms",
        "a bare function's init, ms",
        bare(|init| ms(init.wall)),
        None,
        None,
    );
    row(
        "bare_init_cpu_ms",
        "  its processor time, ms",
        bare(|init| ms(init.cpu)),
        None,
        None,
    );
    let bare_invoke = median(samples.bare_invoke.iter().copied().map(ms));
    row("bare_invoke_ms", "  one event, ms", bare_invoke, None, None);
    let bare_fastest = least(samples.bare.iter().map(own));
    row(
        "bare_init_fastest_ms",
        "  its fastest init, ms",
        bare_fastest,
        None,
        None,
    );
    row(
        "init_ms",
        "init, with one call to Secrets Manager, ms",
        hook_init(|init| ms(init.wall)),
        None,
        python_of(|life| ms(life.init.wall)),
    );
    // The fastest: a busy machine adds to a few milliseconds more than they are, and never takes away.
    row(
        "init_fastest_ms",
        "fastest init, the call's answer not counted",
        least(samples.hook_init.iter().map(own)),
        Some(2.5 * bare_fastest + 1.0),
        (!python.is_empty()).then(|| least(python.iter().map(|life| own(&life.init)))),
    );
    row(
        "keys_init_ms",
        "init of the family keys, ms",
        median(samples.keys_init.iter().map(|init| ms(init.wall))),
        None,
        None,
    );
    row(
        "keys_init_fastest_ms",
        "  its fastest, the call's answer not counted",
        least(samples.keys_init.iter().map(own)),
        Some(2.5 * bare_fastest + 1.0),
        None,
    );
    row(
        "init_cpu_ms",
        "init, processor time, ms",
        hook_init(|init| ms(init.cpu)),
        None,
        python_of(|life| ms(life.init.cpu)),
    );
    row(
        "cold_ms",
        "first rotation, ms",
        of(hook, |life| ms(life.cold.wall)),
        None,
        python_of(|life| ms(life.cold.wall)),
    );
    row(
        "warm_ms",
        "later rotation, ms",
        warm(hook, |rotation| ms(rotation.wall)),
        None,
        python_warm(|rotation| ms(rotation.wall)),
    );
    row(
        "cold_cpu_ms",
        "init and first rotation, processor time, ms",
        of(hook, |life| ms(life.init.cpu + life.cold.cpu)),
        None,
        python_of(|life| ms(life.init.cpu + life.cold.cpu)),
    );
    row(
        "warm_cpu_ms",
        "later rotation, processor time, ms",
        warm(hook, |rotation| ms(rotation.cpu)),
        None,
        python_warm(|rotation| ms(rotation.cpu)),
    );
    row(
        "peak_mib",
        "most memory, MiB",
        most(hook.iter().map(|life| life.peak_mib)),
        Some(MEMORY_MIB),
        python_of(|life| life.peak_mib),
    );
    // The middle one: on a busy machine two calls may miss each other that were sent at once.
    row(
        "hops",
        "round trips to AWS one after the other",
        warm(hook, hops),
        Some(7.0),
        python_warm(hops),
    );
    rows.extend(counts(hook, python));
    Ok(rows)
}

/// A tenth above what each program weighed, and what one took, with all kinds of its family: against growth that
/// nobody has noticed.
const DATABASE_MIB: f64 = 8.0;
const KEYS_MIB: f64 = 6.6;
const MEMORY_MIB: f64 = 10.3;

fn sizes(functions: &Functions) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    if let Function::Hook(program) = &functions.hook {
        rows.push(Row {
            key: "program_mib",
            what: "program of the family database, MiB",
            rekey: size::program(program)?,
            limit: Some(DATABASE_MIB),
            python: None,
        });
        rows.push(Row {
            key: "zip_mib",
            what: "zip, MiB",
            rekey: size::zip(program)?,
            limit: None,
            python: functions.python.as_ref().map(python_zip).transpose()?,
        });
    }
    if let Function::Hook(program) = &functions.keys {
        rows.push(Row {
            key: "keys_program_mib",
            what: "program of the family keys, MiB",
            rekey: size::program(program)?,
            limit: Some(KEYS_MIB),
            python: None,
        });
        rows.push(Row {
            key: "keys_zip_mib",
            what: "zip, MiB",
            rekey: size::zip(program)?,
            limit: None,
            python: None,
        });
    }
    Ok(rows)
}

fn python_zip(function: &Function) -> Result<f64> {
    match function {
        Function::Python { interpreter, code } => size::python_zip(interpreter, code),
        Function::Hook(program) | Function::Bare(program) => size::zip(Path::new(program)),
    }
}

type Count = fn(&Rotation) -> usize;

/// What is counted in each later rotation: the worst one is told, not the middle.
fn counts(hook: &[Life], python: &[Life]) -> Vec<Row> {
    let counted: [(_, _, Count, f64); 6] = [
        (
            "calls",
            "calls to Secrets Manager",
            |rotation| secrets_manager(&rotation.traffic),
            9.0,
        ),
        (
            "put_events",
            "calls of PutEvents",
            |rotation| rotation.traffic.count("PutEvents"),
            1.0,
        ),
        (
            "refused_calls",
            "calls that were refused",
            |rotation| refused(&rotation.traffic),
            0.0,
        ),
        (
            "new_connections",
            "new connections to AWS",
            |rotation| rotation.traffic.new_connections,
            0.0,
        ),
        (
            "logins",
            "logins at the database",
            |rotation| rotation.logins.made,
            2.0,
        ),
        (
            "failed_logins",
            "failed logins",
            |rotation| rotation.logins.failed,
            0.0,
        ),
    ];
    let worst = |lives: &[Life], what: fn(&Rotation) -> usize| {
        let warm = lives.iter().flat_map(|life| &life.warm);
        most(warm.map(|rotation| count(what(rotation))))
    };
    counted
        .into_iter()
        .map(|(key, what, counted, limit)| Row {
            key,
            what,
            rekey: worst(hook, counted),
            limit: Some(limit),
            python: (!python.is_empty()).then(|| worst(python, counted)),
        })
        .collect()
}

fn hops(rotation: &Rotation) -> f64 {
    count(rotation.traffic.hops())
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn secrets_manager(traffic: &Traffic) -> usize {
    traffic.calls.len() - traffic.count("PutEvents")
}

fn refused(traffic: &Traffic) -> usize {
    traffic
        .calls
        .iter()
        .filter(|call| call.status != 200)
        .count()
}

/// What an init took of its own: without the time in which it waited for the other side's work.
fn own(init: &Init) -> f64 {
    ms(init.wall.saturating_sub(init.waited))
}

fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, f64::min)
}

fn most(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, f64::max)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
