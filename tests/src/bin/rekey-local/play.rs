//! The stage of the story: the scene, an application that runs on it all the time, and what can be seen and
//! done from outside.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rekey_tests::application::{Application, Seen};
use rekey_tests::person::Person;
use rekey_tests::scene::{Plan, Scene};
use rekey_tests::secrets::{Secrets, Version};
use serde_json::Value;

use crate::events::Events;
use crate::journal::Journal;
use crate::report::Story;
use crate::search;

/// Four hours, the shortest native schedule, take this long here.
pub const SCHEDULE: Duration = Duration::from_secs(27);
const SHORTEST_NATIVE: Duration = Duration::from_secs(4 * 3600);
/// How long an old credential works.
pub const GRACE: Duration = Duration::from_secs(12);
/// How long before its end the warning comes.
const WARNING: Duration = Duration::from_secs(5);
/// How long the application uses a credential that it has got a newer one for.
const MOVES_WITHIN: Duration = Duration::from_secs(6);
/// From when on an open rotation counts as stuck, and how long a resumed one is given.
pub const STUCK: Duration = Duration::from_secs(5);
/// Five minutes, the time between two sweeps, take five seconds.
const SWEEPS: f64 = 60.0;
/// How often the story says that all is well.
const PULSE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);

/// The secret's name, as everybody types it.
pub const NAME: &str = "local/db/app-primary";

pub struct Play {
    pub story: Story,
    pub scene: Scene,
    pub application: Application,
    /// Reads the secret as the application: whoever else read it would be a consumer too.
    pub reader: Secrets,
    pub events: Events,
    /// Who is on duty: may do what the stack's policy for operators allows.
    operator: Person,
    commands: usize,
    journal: Journal,
    /// How the rotation function's calls are known.
    rotator: String,
    /// Whether the rotation that is waited for has begun.
    begun: bool,
    pulse: Instant,
}

impl Play {
    /// Sets the scene, proves the search for values, and starts the application.
    pub async fn open(mut story: Story, alternating: bool) -> Result<Self> {
        let name = format!("shop_{}", std::process::id());
        let seconds = |time: Duration| time.as_secs().to_string();
        let (grace, warning, stuck) = (seconds(GRACE), seconds(WARNING), seconds(STUCK));
        let scene = Scene::set(&Plan {
            name: &name,
            alternating,
            clock_scale: SHORTEST_NATIVE.as_secs_f64() / SCHEDULE.as_secs_f64(),
            schedule_scale: SWEEPS,
            schedule: Some("rate(4 hours)"),
            grace_seconds: alternating.then_some(GRACE.as_secs()),
            alarm_scale: None,
            parameters: &[
                ("GraceSeconds", &grace),
                ("WarningSeconds", &warning),
                ("StuckSeconds", &stuck),
                ("ResumeSeconds", &stuck),
                ("DoctorExpression", "rate(5 minutes)"),
                ("TrailArn", TRAIL),
                ("AuditReads", "true"),
            ],
        })
        .await?;
        search::prove(&mut story, &scene, &[]).await?;
        let reader = Person::reader(&scene.cloud, "shop-api", &scene.secret).await?;
        let reader = reader.secrets();
        let application = Application::start(
            reader.clone(),
            scene.secret.clone(),
            scene.database.clone(),
            MOVES_WITHIN,
        );
        let role = scene.stack.output("DatabaseFunctionRoleName");
        let policy = scene.stack.output("OperatorPolicyArn");
        Ok(Self {
            rotator: format!(":assumed-role/{role}/"),
            begun: false,
            events: Events::follow(&scene)?,
            operator: Person::with_policy(&scene.cloud, "jo", policy).await?,
            journal: Journal::of(&scene.cloud),
            story,
            scene,
            application,
            reader,
            commands: 0,
            pulse: Instant::now(),
        })
    }

    /// Ends it: the story so far, what is left of the scene, what the application saw, and for how long.
    pub fn close(self) -> (Story, Scene, Seen, Duration) {
        let (seen, time) = self.application.stop();
        (self.story, self.scene, seen, time)
    }

    pub fn tell(&mut self, text: &str) {
        self.story.tell(text);
    }

    /// Waits for the next version, and tells meanwhile what the rotation function does.
    pub async fn next_version(&mut self, than: &Version, time: Duration) -> Result<Version> {
        let _told = self.journal.news()?;
        self.begun = false;
        let started = Instant::now();
        while started.elapsed() < time {
            self.glance()?;
            let current = self.labelled("AWSCURRENT").await?;
            if current.iter().any(|id| *id != than.id) {
                self.glance()?;
                return self.reader.current(&self.scene.secret).await;
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("no rotation within {} s; {}", time.as_secs(), self.logs())
    }

    /// Waits for an event of a type that this is true of; returns its detail.
    pub async fn event(
        &mut self,
        detail_type: &str,
        is_meant: impl Fn(&Value) -> bool,
        time: Duration,
    ) -> Result<Value> {
        let started = Instant::now();
        while started.elapsed() < time {
            if let Some(detail) = self.events.of(detail_type).into_iter().find(&is_meant) {
                return Ok(detail);
            }
            self.breathe();
            tokio::time::sleep(LOOK).await;
        }
        bail!(
            "no {detail_type} within {} s; {}",
            time.as_secs(),
            self.logs()
        )
    }

    /// Lets time go by.
    pub async fn wait(&mut self, time: Duration) {
        let started = Instant::now();
        while started.elapsed() < time {
            self.breathe();
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Runs `rekey` as the operator, shows what it prints, and holds it to one of these exit codes.
    pub async fn rekey(&mut self, arguments: &[&str], codes: &[i32]) -> Result<()> {
        let operator = self.operator.clone();
        self.rekey_as(&operator, arguments, codes).await
    }

    /// Runs `rekey` as the operator without a word; what it printed.
    pub async fn silently(&self, arguments: &[&str]) -> Result<String> {
        let said = self.operator.rekey(&self.scene.settings, arguments).await?;
        Ok(said.out)
    }

    /// The same as somebody else.
    pub async fn rekey_as(
        &mut self,
        person: &Person,
        arguments: &[&str],
        codes: &[i32],
    ) -> Result<()> {
        let typed = arguments.iter().map(|word| match word.contains(' ') {
            true => format!("'{word}'"),
            false => (*word).to_owned(),
        });
        let typed = typed.collect::<Vec<_>>().join(" ");
        let said = person.rekey(&self.scene.settings, arguments).await?;
        let name = &person.name;
        self.tell(&format!("{name} $ rekey {typed}"));
        for line in said.err.lines().chain(said.out.lines()) {
            self.story.line(format!("            {line}").trim_end());
        }
        self.commands += 1;
        let kept = format!("rekey-{}.txt", self.commands);
        let all = format!("{}{}", said.out, said.err);
        std::fs::write(self.scene.cloud.dir.join(kept), all)?;
        ensure!(
            codes.contains(&said.code),
            "rekey {typed} ended with {}; {}",
            said.code,
            self.logs()
        );
        Ok(())
    }

    /// The ids of the versions with a label.
    pub async fn labelled(&self, label: &str) -> Result<Vec<String>> {
        self.scene.secrets.labelled(&self.scene.secret, label).await
    }

    /// Whether the credential of a version logs in.
    pub async fn works(&self, version: &Version) -> Result<bool> {
        let (user, password) = (version.field("username"), version.field("password"));
        self.scene.database.logs_in(user, password).await
    }

    /// Holds both credentials to a login.
    pub async fn both_work(&mut self, old: &Version, new: &Version) -> Result<()> {
        for version in [old, new] {
            ensure!(
                self.works(version).await?,
                "{} does not log in during the grace",
                version.field("username")
            );
        }
        self.tell(&format!(
            "both log in: {} (old) and {} (new)",
            old.field("username"),
            new.field("username")
        ));
        Ok(())
    }

    /// What the rotation function has done since the last time.
    fn glance(&mut self) -> Result<()> {
        for call in self.journal.news()? {
            if !call.caller.contains(&self.rotator) {
                continue;
            }
            self.begun |= call.action == "PutSecretValue";
            // What comes before is the failure of an attempt that was told of already.
            if let Some(what) = what_it_means(&call.action).filter(|_| self.begun) {
                self.story.tell(what);
            }
        }
        self.breathe();
        Ok(())
    }

    /// How the application fares.
    fn breathe(&mut self) {
        if self.pulse.elapsed() < PULSE {
            return;
        }
        self.pulse = Instant::now();
        let seen = self.application.seen();
        self.story.tell(&format!(
            "... {} logins, {} errors",
            seen.logins,
            seen.errors.len()
        ));
    }

    fn logs(&self) -> String {
        format!("look into {}", self.scene.cloud.dir.display())
    }
}

/// The local cloud's trail is always on; the templates want to be told of one.
pub const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/local";

fn what_it_means(action: &str) -> Option<&'static str> {
    match action {
        "PutSecretValue" => Some("  createSecret: the next value is kept under AWSPENDING"),
        "PutEvents" => {
            Some("  setSecret: the intent is on the bus; now one transaction at the database")
        }
        "UpdateSecretVersionStage" => {
            Some("  finishSecret: AWSCURRENT moves to what has logged in")
        }
        _ => None,
    }
}

/// What the rotation function asked of AWS in its first whole rotation.
pub fn calls_of_one_rotation(scene: &Scene) -> Result<String> {
    let role = scene.stack.output("DatabaseFunctionRoleName");
    let rotator = format!(":assumed-role/{role}/");
    let calls = scene.cloud.calls()?;
    let ours = || calls.iter().filter(|call| call.caller.contains(&rotator));
    // The check at the start puts nothing, so the rotation begins with the calls around the first put.
    let first_put = ours().find(|call| call.action == "PutSecretValue");
    let begins = first_put.context("nothing was put")?.at - 1.0;
    let promoted = ours().find(|call| call.action == "UpdateSecretVersionStage");
    let ends = promoted.context("nothing was promoted")?.at;
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for call in ours().filter(|call| (begins..=ends).contains(&call.at)) {
        *counts.entry(&call.action).or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let list = counts
        .iter()
        .map(|(action, count)| format!("{count} {action}"));
    let list = list.collect::<Vec<_>>().join(", ");
    Ok(format!("{total} in the first rotation: {list}"))
}

/// The beginning of a version's id, for people.
pub fn short(version: &Version) -> &str {
    version.id.get(..8).unwrap_or(&version.id)
}
