//! `cargo xtask test`: the stages, in the order in which a mistake is cheapest to find.

mod plain;
mod served;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::beside::Beside;
use crate::services::{Need, Services};

struct Stage {
    name: &'static str,
    what: &'static str,
    run: fn(&mut Context) -> Result<()>,
}

/// A stage whose command waits more than it works runs beside an earlier one. Its own turn is then to wait
/// for the end and to show what was printed.
struct Pair {
    stage: &'static str,
    beside: &'static str,
    start: fn(&mut Context) -> Result<Beside>,
}

const PAIRS: [Pair; 2] = [
    Pair {
        stage: "local-cloud",
        beside: "sam",
        start: served::start_local_cloud,
    },
    Pair {
        stage: "demo",
        beside: "end-to-end",
        start: served::start_demo,
    },
];

const STAGES: [Stage; 19] = [
    Stage {
        name: "fmt",
        what: "cargo fmt --check",
        run: plain::fmt,
    },
    Stage {
        name: "clippy",
        what: "every target of every crate, warnings are errors",
        run: plain::clippy,
    },
    Stage {
        name: "deny",
        what: "licences, sources and banned crates",
        run: plain::deny,
    },
    Stage {
        name: "unit",
        what: "unit tests of every crate",
        run: plain::unit,
    },
    Stage {
        name: "contract",
        what: "schemas, samples and documents of the events; AsyncAPI's own parser",
        run: plain::contract,
    },
    Stage {
        name: "tidy",
        what: "the crate graph, the rooms, the templates' permissions",
        run: plain::tidy,
    },
    Stage {
        name: "infra",
        what: "cfn-lint on every template",
        run: plain::infra,
    },
    Stage {
        name: "protocol",
        what: "the label rules and the crash test in memory",
        run: plain::protocol,
    },
    Stage {
        name: "registry",
        what: "the registry in memory: every event twice, in any order, late; the store's promises",
        run: plain::registry,
    },
    Stage {
        name: "audit",
        what: "the audit trail in memory and its attackers; the command line without an account",
        run: plain::audit,
    },
    Stage {
        name: "postgres",
        what: "the rotator and the crash test on real servers",
        run: served::on_postgres,
    },
    Stage {
        name: "mariadb",
        what: "the rotator of MariaDB and MySQL and the crash test on real servers",
        run: served::on_mariadb,
    },
    Stage {
        name: "redis",
        what: "the rotator of Redis and Valkey and the crash test on real servers",
        run: served::on_redis,
    },
    Stage {
        name: "keys",
        what: "kinds without a server, and what libraries of Python and Node.js say of what they make",
        run: served::keys,
    },
    Stage {
        name: "adapters",
        what: "DynamoDB and Secrets Manager through the adapters, and what a sweep reads",
        run: served::adapters,
    },
    Stage {
        name: "sam",
        what: "sam build, deploy and local invoke: SAM CLI itself, on the local cloud and in Docker",
        run: served::sam,
    },
    Stage {
        name: "local-cloud",
        what: "the local cloud against the rules of Secrets Manager",
        run: served::local_cloud,
    },
    Stage {
        name: "end-to-end",
        what: "the deployed template, IAM enforced",
        run: served::end_to_end,
    },
    Stage {
        name: "demo",
        what: "the demo: one credential, the same broken twice, five kinds; the search for leaked values",
        run: served::demo_stories,
    },
];

/// What stages share: made when the first one asks for it.
#[derive(Default)]
struct Context {
    /// What runs beside the stage whose turn it is, by the name of its own.
    beside: Vec<(&'static str, Beside)>,
    services: Option<Services>,
    /// What could not be done here, and why.
    skipped: Vec<String>,
    /// That was all of the stage whose turn it is.
    left_out: bool,
}

impl Context {
    /// The services, with what is needed of them started.
    fn services(&mut self, needs: &[Need]) -> Result<&Services> {
        let services = match self.services.take() {
            Some(services) => services,
            None => Services::ready()?,
        };
        let services = self.services.insert(services);
        services.start(needs)?;
        Ok(services)
    }

    /// Starts servers of a kind that a machine may not be able to have; says aloud when it is not, which in CI is a
    /// failure. `what` is left out then.
    fn can_have(&mut self, need: Need, what: &str) -> Result<bool> {
        let Some(absent) = self.services(&[need])?.absent(need) else {
            return Ok(true);
        };
        let what = format!("{what}: {}", absent.why);
        if std::env::var_os("CI").is_some() {
            bail!(what);
        }
        self.skip(what);
        Ok(false)
    }

    fn skip(&mut self, what: String) {
        println!("SKIPPED: {what}");
        self.skipped.push(what);
    }

    /// What the stage of this name has left running, if it was started.
    fn started(&mut self, name: &str) -> Option<Beside> {
        let mut names = self.beside.iter();
        let place = names.position(|(stage, _)| *stage == name)?;
        Some(self.beside.swap_remove(place).1)
    }
}

/// Prints the stages.
pub fn list() -> Result<()> {
    for stage in &STAGES {
        println!("{:<12} {}", stage.name, stage.what);
    }
    Ok(())
}

/// Runs the stages that are asked for, or all; stops at the first that fails.
pub fn test(only: &[String]) -> Result<()> {
    if let Some(unknown) = only
        .iter()
        .find(|name| STAGES.iter().all(|stage| stage.name != **name))
    {
        bail!("there is no stage {unknown}; `cargo xtask test --list` names them");
    }
    if !only.is_empty() && std::env::var_os("CI").is_some() {
        bail!("in CI every stage runs: a check that is skipped there is a failure");
    }
    let chosen = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
    let started = Instant::now();
    let mut context = Context::default();
    let mut times = Vec::new();
    let mut passed = 0;
    for stage in STAGES.iter().filter(|stage| chosen(stage.name)) {
        println!("== {}: {}", stage.name, stage.what);
        let began = Instant::now();
        let result = start_beside(stage.name, &chosen, &mut context)
            .and_then(|()| (stage.run)(&mut context));
        let seconds = began.elapsed().as_secs_f64();
        times.push((stage.name, seconds));
        let left_out = std::mem::take(&mut context.left_out);
        passed += usize::from(result.is_ok() && !left_out);
        println!(
            "== {} {} in {seconds:.1} s",
            stage.name,
            match (&result, left_out) {
                (Err(_), _) => "FAILED",
                (Ok(()), true) => "SKIPPED",
                (Ok(()), false) => "passed",
            }
        );
        if let Err(error) = result {
            table(&times, started);
            return Err(error.context(format!("stage {}", stage.name)));
        }
    }
    table(&times, started);
    for what in &context.skipped {
        println!("SKIPPED: {what}");
    }
    println!("{passed} passed, 0 failed");
    Ok(())
}

/// Starts what may run beside the stage of this name.
fn start_beside(stage: &str, chosen: &impl Fn(&str) -> bool, context: &mut Context) -> Result<()> {
    for pair in PAIRS {
        if pair.beside == stage && chosen(pair.stage) {
            println!("   beside it, shown in its turn: {}", pair.stage);
            let running = (pair.start)(context)?;
            context.beside.push((pair.stage, running));
        }
    }
    Ok(())
}

fn table(times: &[(&str, f64)], started: Instant) {
    println!("\nseconds per stage");
    for (name, seconds) in times {
        println!("{seconds:>8.1}  {name}");
    }
    println!("{:>8.1}  in all", started.elapsed().as_secs_f64());
}
