//! `cargo xtask test`: the stages, in the order in which a mistake is cheapest to find.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::local_cloud::LocalCloud;
use crate::python::Venv;
use crate::services::Services;
use crate::{asyncapi, demo, place, postgres, run, tools};

struct Stage {
    name: &'static str,
    what: &'static str,
    run: fn(&mut Context) -> Result<()>,
}

const STAGES: [Stage; 14] = [
    Stage {
        name: "fmt",
        what: "cargo fmt --check",
        run: fmt,
    },
    Stage {
        name: "clippy",
        what: "every target of every crate, warnings are errors",
        run: clippy,
    },
    Stage {
        name: "deny",
        what: "licences, sources and banned crates",
        run: deny,
    },
    Stage {
        name: "unit",
        what: "unit tests and doc tests of every crate",
        run: unit,
    },
    Stage {
        name: "contract",
        what: "schemas, samples and documents of the events; AsyncAPI's own parser",
        run: contract,
    },
    Stage {
        name: "tidy",
        what: "the crate graph, the rooms, the templates' permissions",
        run: tidy,
    },
    Stage {
        name: "infra",
        what: "cfn-lint on every template",
        run: infra,
    },
    Stage {
        name: "protocol",
        what: "the label rules and the crash test in memory",
        run: protocol,
    },
    Stage {
        name: "registry",
        what: "the registry in memory: every event twice, in any order, late; the store's promises",
        run: registry,
    },
    Stage {
        name: "postgres",
        what: "the rotator and the crash test on real servers",
        run: on_postgres,
    },
    Stage {
        name: "local-cloud",
        what: "the local cloud against the rules of Secrets Manager",
        run: local_cloud,
    },
    Stage {
        name: "adapters",
        what: "DynamoDB and Secrets Manager through the adapters, and what a sweep reads",
        run: adapters,
    },
    Stage {
        name: "end-to-end",
        what: "the deployed template, IAM enforced",
        run: end_to_end,
    },
    Stage {
        name: "demo",
        what: "the demo, whole and broken twice, and the search for leaked values",
        run: demo_stage,
    },
];

/// The integration tests of the registry.
/// What stages share: made when the first one asks for it.
#[derive(Default)]
struct Context {
    services: Option<Services>,
}

impl Context {
    fn services(&mut self) -> Result<&Services> {
        if self.services.is_none() {
            self.services = Some(Services::start(&postgres::MAJORS)?.with_programs()?);
        }
        match &self.services {
            Some(services) => Ok(services),
            None => bail!("the services are not there"),
        }
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
    let mut context = Context::default();
    let mut times = Vec::new();
    for stage in &STAGES {
        if !only.is_empty() && !only.iter().any(|name| name == stage.name) {
            continue;
        }
        println!("== {}: {}", stage.name, stage.what);
        let started = Instant::now();
        let result = (stage.run)(&mut context);
        let seconds = started.elapsed().as_secs_f64();
        times.push((stage.name, seconds));
        println!(
            "== {} {} in {seconds:.1} s",
            stage.name,
            if result.is_ok() { "passed" } else { "FAILED" }
        );
        if let Err(error) = result {
            table(&times);
            return Err(error.context(format!("stage {}", stage.name)));
        }
    }
    table(&times);
    println!("{} passed, 0 failed", times.len());
    Ok(())
}

fn table(times: &[(&str, f64)]) {
    println!("\nseconds per stage");
    for (name, seconds) in times {
        println!("{seconds:>8.1}  {name}");
    }
    println!(
        "{:>8.1}  in all",
        times.iter().map(|(_, seconds)| seconds).sum::<f64>()
    );
}

fn fmt(_: &mut Context) -> Result<()> {
    run::shown(run::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(_: &mut Context) -> Result<()> {
    run::shown(run::cargo().args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}

/// The advisory database is a git repository, which a closed network does not reach: it is checked where
/// it can be had.
fn deny(_: &mut Context) -> Result<()> {
    let deny = tools::cargo_deny()?;
    run::shown(run::command(deny).args(["--workspace", "check", "bans", "licenses", "sources"]))
}

/// Tests of the whole workspace, never of one package: features are then the same in every stage, and
/// each dependency is built once.
fn cargo_test(arguments: &[&str]) -> std::process::Command {
    let mut tests = run::cargo();
    tests
        .args(["test", "--quiet", "--workspace"])
        .args(arguments);
    tests
}

fn unit(_: &mut Context) -> Result<()> {
    run::shown(&mut cargo_test(&["--lib", "--bins"]))
}

fn contract(_: &mut Context) -> Result<()> {
    run::shown(&mut cargo_test(&["--test", "contract"]))?;
    asyncapi::check()
}

fn tidy(_: &mut Context) -> Result<()> {
    run::shown(&mut cargo_test(&[
        "--test", "promises", "--", "tidy::", "infra::",
    ]))
}

fn infra(_: &mut Context) -> Result<()> {
    let venv = Venv::ready()?;
    let mut lint = run::command(venv.program("cfn-lint"));
    for entry in std::fs::read_dir(place::root().join("infra"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            lint.arg(path);
        }
    }
    run::shown(&mut lint)
}

fn protocol(_: &mut Context) -> Result<()> {
    let tests = [
        "--test",
        "aftermath",
        "--test",
        "after_the_switch",
        "--test",
        "crash",
        "--test",
        "label_rules",
        "--test",
        "steps",
    ];
    run::shown(cargo_test(&tests).args(["--", "--nocapture"]))
}

/// The names of a package's test targets, so that none is forgotten.
fn tests_of(package: &str) -> Result<Vec<String>> {
    let dir = place::root().join(package).join("tests");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let is_test =
            path.extension().is_some_and(|ending| ending == "rs") || path.join("main.rs").exists();
        let name = path.file_stem().and_then(|name| name.to_str());
        names.extend(name.filter(|_| is_test).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn registry(_: &mut Context) -> Result<()> {
    let mut tests = cargo_test(&[]);
    for name in tests_of("crates/registry")? {
        tests.args(["--test", &name]);
    }
    run::shown(tests.args(["--", "--nocapture"]))
}

fn on_postgres(context: &mut Context) -> Result<()> {
    let mut tests = cargo_test(&["--test", "postgres", "--", "--nocapture"]);
    context.services()?.tell(&mut tests);
    run::shown(&mut tests)
}

fn local_cloud(context: &mut Context) -> Result<()> {
    let services = context.services()?;
    let mut checks = run::command(services.venv.python());
    checks.args([
        "-m",
        "unittest",
        "discover",
        "-s",
        "tests/local_cloud/checks",
    ]);
    run::shown(&mut checks)
}

fn adapters(context: &mut Context) -> Result<()> {
    let cloud = LocalCloud::start(&context.services()?.venv)?;
    let mut tests = cargo_test(&["--test", "adapters", "--", "--nocapture"]);
    run::shown(tests.env("REKEY_TEST_CLOUD", &cloud.endpoint))
}

fn end_to_end(context: &mut Context) -> Result<()> {
    let mut tests = cargo_test(&["--test", "promises", "--", "end_to_end::", "--nocapture"]);
    tests.args(["--test-threads", "2"]);
    context.services()?.tell(&mut tests);
    run::shown(&mut tests)
}

fn demo_stage(context: &mut Context) -> Result<()> {
    let services = context.services()?;
    demo::with(services, None, false)?;
    demo::with(services, Some("single-user"), false)?;
    demo::with(services, Some("retire-early"), false)
}
