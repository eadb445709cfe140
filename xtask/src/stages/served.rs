//! Stages on servers that are started here: PostgreSQL, MariaDB, Redis, the local cloud, Docker.

use anyhow::{Result, bail};

use super::Context;
use super::plain::{cargo_test, tests_of};
use crate::beside::Beside;
use crate::demo::Story;
use crate::local_cloud::LocalCloud;
use crate::sam::Sam;
use crate::services::{Need, Services};
use crate::{demo, docker, functions, postgres, run};

/// Every PostgreSQL that the product is tested on.
const POSTGRES: Need = Need::Postgres(&postgres::MAJORS);

/// The kinds of targets have a server and a stage of their own, or belong to the stage `keys`.
const WITH_SERVERS: [&str; 3] = ["mysql", "postgres", "redis"];

pub fn on_postgres(context: &mut Context) -> Result<()> {
    let mut tests = cargo_test(&["--test", "postgres", "--", "--nocapture"]);
    context.services(&[POSTGRES])?.tell(&mut tests);
    run::shown(&mut tests)
}

pub fn on_mariadb(context: &mut Context) -> Result<()> {
    if !context.can_have(Need::Mariadb, "the rotator of MariaDB, for want of MariaDB")? {
        context.left_out = true;
        return Ok(());
    }
    let mut tests = cargo_test(&["--test", "mysql", "--", "--nocapture"]);
    context.services(&[Need::Mariadb])?.tell(&mut tests);
    run::shown(&mut tests)
}

pub fn on_redis(context: &mut Context) -> Result<()> {
    if !context.can_have(Need::Redis, "the rotator of Redis, for want of Redis")? {
        context.left_out = true;
        return Ok(());
    }
    let mut tests = cargo_test(&["--test", "redis", "--", "--nocapture"]);
    context.services(&[Need::Redis])?.tell(&mut tests);
    run::shown(&mut tests)
}

pub fn keys(context: &mut Context) -> Result<()> {
    let mut tests = cargo_test(&[]);
    for name in tests_of("crates/rotators")? {
        if !WITH_SERVERS.contains(&name.as_str()) {
            tests.args(["--test", &name]);
        }
    }
    let services = context.services(&[Need::Node])?;
    services.tell(&mut tests);
    // Keys are published in its S3.
    let cloud = LocalCloud::start(&services.venv)?;
    tests.env("REKEY_TEST_CLOUD", &cloud.endpoint);
    run::shown(tests.args(["--", "--nocapture"]))
}

pub fn start_local_cloud(context: &mut Context) -> Result<Beside> {
    let services = context.services(&[])?;
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
    let cloud = LocalCloud::start(&context.services(&[])?.venv)?;
    let mut tests = cargo_test(&["--test", "adapters", "--", "--nocapture"]);
    run::shown(tests.env("REKEY_TEST_CLOUD", &cloud.endpoint))
}

/// Tests that wait for a clock much more than they work: they run beside the others, one after the other.
const PATIENT: [&str; 2] = ["end_to_end::alarms::", "end_to_end::scheduled::"];

pub fn end_to_end(context: &mut Context) -> Result<()> {
    let mut left_out = Vec::new();
    for (need, module) in [
        (Need::Mariadb, "end_to_end::mariadb::"),
        (Need::Redis, "end_to_end::redis::"),
    ] {
        if !context.can_have(need, &format!("{module}, for want of its server"))? {
            left_out.extend(["--skip", module]);
        }
    }
    let services = context.services(&[POSTGRES, Need::Node, Need::Programs])?;
    let program = functions::tests("promises")?;
    let tests = |threads: &str| {
        let mut tests = run::command(&program);
        tests.args(["--nocapture", "--test-threads", threads]);
        services.tell(&mut tests);
        tests
    };
    let patient = Beside::start("end-to-end-patient", tests("1").args(PATIENT))?;
    let mut others = tests("2");
    others.arg("end_to_end::").args(left_out);
    others.args(PATIENT.iter().flat_map(|module| ["--skip", module]));
    run::shown(&mut others)?;
    patient.show()
}

pub fn sam(context: &mut Context) -> Result<()> {
    let mut tests = cargo_test(&["--test", "promises", "--", "sam::", "--nocapture"]);
    // Builds the functions, which `sam build` then finds built.
    context
        .services(&[POSTGRES, Need::Programs])?
        .tell(&mut tests);
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
            context.skip(what);
            None
        }
    };
    let result = run::shown(&mut tests);
    drop(engine);
    result
}

/// The longest story waits more than it works.
pub fn start_demo(context: &mut Context) -> Result<Beside> {
    let services = context.services(&[POSTGRES, Need::Programs])?;
    start_story(services, "demo", Story::One)
}

fn start_story(services: &Services, name: &str, which: Story<'_>) -> Result<Beside> {
    let mut story = demo::story(&demo::program()?, services, which, false);
    Beside::start(name, &mut story)
}

/// Stories of their own, each with its own cloud: the two that are broken are short, the one of five kinds works
/// most, and the longest is over by now unless this stage runs alone.
pub fn demo_stories(context: &mut Context) -> Result<()> {
    let what = "the demo of five kinds, for want of a server";
    let all = context.can_have(Need::Mariadb, what)? && context.can_have(Need::Redis, what)?;
    let began = context.started("demo");
    let alone = began.is_none();
    let one = began.map_or_else(|| start_demo(context), Ok)?;
    let services = context.services(&demo::NEEDS)?;
    let broken = ["single-user", "retire-early"];
    let broken =
        broken.map(|how| start_story(services, &format!("demo-{how}"), Story::Broken(how)));
    let mut broken: Vec<Beside> = broken.into_iter().collect::<Result<_>>()?;
    let first = if alone { broken.len() } else { 0 };
    for story in broken.drain(..first) {
        story.show()?;
    }
    if all {
        run::shown(&mut demo::story(
            &demo::program()?,
            services,
            Story::All,
            false,
        ))?;
    }
    for story in broken {
        story.show()?;
    }
    one.show()
}
