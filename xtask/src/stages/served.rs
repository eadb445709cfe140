//! Stages on servers that are started here: PostgreSQL, the local cloud, Docker.

use anyhow::{Result, bail};

use super::Context;
use super::plain::cargo_test;
use crate::beside::Beside;
use crate::local_cloud::LocalCloud;
use crate::sam::Sam;
use crate::{demo, docker, functions, run};

pub fn on_postgres(context: &mut Context) -> Result<()> {
    let mut tests = cargo_test(&["--test", "postgres", "--", "--nocapture"]);
    context.services()?.tell(&mut tests);
    run::shown(&mut tests)
}

pub fn start_local_cloud(context: &mut Context) -> Result<Beside> {
    let services = context.services()?;
    let mut checks = run::command(services.venv.python());
    checks.args([
        "-m",
        "unittest",
        "discover",
        "-s",
        "tests/local_cloud/checks",
    ]);
    Beside::start("local-cloud-checks", &mut checks)
}

pub fn local_cloud(context: &mut Context) -> Result<()> {
    match context.started("local-cloud") {
        Some(checks) => checks.show(),
        None => start_local_cloud(context)?.show(),
    }
}

pub fn adapters(context: &mut Context) -> Result<()> {
    let cloud = LocalCloud::start(&context.services()?.venv)?;
    let mut tests = cargo_test(&["--test", "adapters", "--", "--nocapture"]);
    run::shown(tests.env("REKEY_TEST_CLOUD", &cloud.endpoint))
}

pub fn end_to_end(context: &mut Context) -> Result<()> {
    let mut tests = cargo_test(&["--test", "promises", "--", "end_to_end::", "--nocapture"]);
    tests.args(["--test-threads", "2"]);
    context.services()?.tell(&mut tests);
    run::shown(&mut tests)
}

pub fn sam(context: &mut Context) -> Result<()> {
    let mut tests = cargo_test(&["--test", "promises", "--", "sam::", "--nocapture"]);
    // Builds the functions, which `sam build` then finds built.
    context.services()?.tell(&mut tests);
    let sam = Sam::ready()?;
    sam.build()?;
    // What it has built it moves away, and the stages behind this one want it too.
    functions::programs()?;
    sam.tell(&mut tests);
    let engine = match docker::engine() {
        Ok(engine) => {
            engine.tell(&mut tests);
            Some(engine)
        }
        Err(absent) if absent.expected && std::env::var_os("CI").is_some() => {
            bail!("sam local invoke: {}", absent.why)
        }
        Err(absent) => {
            tests.args(["--skip", "sam::local_invoke"]);
            let what = format!("sam local invoke, for want of Docker: {}", absent.why);
            println!("SKIPPED: {what}");
            context.skipped.push(what);
            None
        }
    };
    let result = run::shown(&mut tests);
    drop(engine);
    result
}

/// The three are stories of their own, each with its own cloud, that wait more than they work.
pub fn demo_stories(context: &mut Context) -> Result<()> {
    let services = context.services()?;
    let program = demo::program()?;
    let broken = ["single-user", "retire-early"].map(|how| {
        let mut story = demo::story(&program, services, Some(how), false);
        Beside::start(&format!("demo-{how}"), &mut story)
    });
    run::shown(&mut demo::story(&program, services, None, false))?;
    for story in broken {
        story?.show()?;
    }
    Ok(())
}
