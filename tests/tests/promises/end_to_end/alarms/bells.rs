//! What rings, and what is done to a stack so that it does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rekey_tests::alarms::{Told, Topic};
use rekey_tests::door::Door;
use rekey_tests::scene::{Plan, Scene};
use serde_json::json;

use super::table::{Place, names};
use crate::end_to_end::operating::{kill, told};
use crate::end_to_end::playground::UNSCHEDULED;
use crate::end_to_end::unique;

/// Half an hour is three seconds, five minutes the half second that is the shortest.
const SCALE: f64 = 600.0;

/// How long an alarm may take: one waits for six hours.
const PATIENCE: Duration = Duration::from_secs(75);

/// A scene whose alarms are heard. `minute` says how long a minute of the schedules is.
pub async fn heard(
    name: &str,
    alternating: bool,
    minute: Duration,
    parameters: &[(&str, &str)],
) -> Result<Scene> {
    Scene::set(&Plan {
        alarm_scale: Some(SCALE),
        schedule_scale: 60.0 / minute.as_secs_f64(),
        parameters: &[&UNSCHEDULED, parameters].concat(),
        ..Plan::quiet(&unique(name), alternating)
    })
    .await
}

/// Everything that the alarms of a scene have told.
pub struct Bells<'a> {
    scene: &'a Scene,
    topic: &'a Topic,
    told: Vec<Told>,
    /// How much had been told when an alarm was last seen quiet.
    quiet: BTreeMap<&'static str, usize>,
    rang: BTreeSet<&'static str>,
}

impl<'a> Bells<'a> {
    pub fn of(scene: &'a Scene) -> Result<Self> {
        Ok(Self {
            scene,
            topic: scene.topic.as_ref().context("nobody hears the alarms")?,
            told: Vec::new(),
            quiet: BTreeMap::new(),
            rang: BTreeSet::new(),
        })
    }

    /// Waits until alarms are told to be over. When they ring after that, it is for what is done after it.
    pub async fn quiet(&mut self, alarms: &[&'static str]) -> Result<()> {
        self.wait(alarms, "is quiet", |bells, alarm| {
            let last = bells.of_alarm(alarm).last();
            last.is_some_and(|(_, told)| told.state == "OK")
        })
        .await?;
        let so_far = self.told.len();
        self.quiet
            .extend(alarms.iter().map(|alarm| (*alarm, so_far)));
        Ok(())
    }

    /// Waits until alarms have rung since they were quiet.
    pub async fn ring(&mut self, alarms: &[&'static str]) -> Result<()> {
        self.wait(alarms, "rings", Self::has_rung).await?;
        self.rang.extend(alarms);
        Ok(())
    }

    /// Kills the processes of a function whenever there are any, until its alarm rings.
    pub async fn killed_until_it_rings(&mut self, alarm: &'static str, output: &str) -> Result<()> {
        let started = Instant::now();
        while !self.has_rung(alarm) {
            if started.elapsed() > PATIENCE {
                return self.ring(&[alarm]).await;
            }
            kill(self.scene, output)?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.hear().await?;
        }
        self.ring(&[alarm]).await
    }

    /// All that were to ring in this place have, and no other was waited for.
    pub fn end(self, place: Place) {
        assert_eq!(self.rang, names(place).collect());
    }

    fn has_rung(&self, alarm: &'static str) -> bool {
        let since = self.quiet.get(alarm).copied().unwrap_or(usize::MAX);
        let mut told = self.of_alarm(alarm).filter(|(place, _)| *place >= since);
        told.any(|(_, told)| told.state == "ALARM")
    }

    fn of_alarm(&self, alarm: &str) -> impl Iterator<Item = (usize, &Told)> {
        let name = format!("rekey-local-{alarm}");
        let told = self.told.iter().enumerate();
        told.filter(move |(_, told)| told.alarm == name)
    }

    /// What says what to do says it where it is read: in the message.
    async fn hear(&mut self) -> Result<()> {
        for told in self.topic.heard().await? {
            let name = told.alarm.strip_prefix("rekey-local-");
            let name = name.with_context(|| format!("not of this stack: {told:?}"))?;
            let page = format!("docs/runbooks/{name}.md.");
            ensure!(told.description.ends_with(&page), "{told:?}");
            self.told.push(told);
        }
        Ok(())
    }

    async fn wait(
        &mut self,
        alarms: &[&'static str],
        what: &str,
        so: impl Fn(&Self, &'static str) -> bool,
    ) -> Result<()> {
        let started = Instant::now();
        loop {
            self.hear().await?;
            let mut not_yet = alarms.iter().filter(|alarm| !so(self, alarm));
            let Some(first) = not_yet.next() else {
                return Ok(());
            };
            if started.elapsed() > PATIENCE {
                let logs = told(self.scene).await;
                bail!("{first} never {what}; told: {:#?}\n{logs}", self.told);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A permission that a role has lost.
pub struct Lost<'a> {
    scene: &'a Scene,
    role: String,
}

impl<'a> Lost<'a> {
    /// Takes actions from the one role whose name has this part.
    pub async fn permission(scene: &'a Scene, part: &str, action: &str) -> Result<Self> {
        let door = Door::of(&scene.cloud);
        let listed = door.iam("ListRoles", &[]).await?;
        let names = listed.split("<RoleName>").skip(1);
        let names = names.filter_map(|rest| rest.split_once('<'));
        let found: Vec<_> = names
            .map(|(name, _)| name)
            .filter(|name| name.contains(part))
            .collect();
        let [role] = found.as_slice() else {
            bail!("{part} is in the names of {found:?}");
        };
        let denied = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Deny", "Action": action, "Resource": "*" },
        ] });
        let denied = denied.to_string();
        let policy = [
            ("RoleName", *role),
            ("PolicyName", "lost"),
            ("PolicyDocument", &denied),
        ];
        door.iam("PutRolePolicy", &policy).await?;
        let role = (*role).to_owned();
        Ok(Self { scene, role })
    }

    /// Gives it back.
    pub async fn given_back(self) -> Result<()> {
        let policy = [("RoleName", self.role.as_str()), ("PolicyName", "lost")];
        let door = Door::of(&self.scene.cloud);
        door.iam("DeleteRolePolicy", &policy).await?;
        Ok(())
    }
}

/// A function that has no concurrency, as when everything else in the account uses it up.
pub struct Starved<'a> {
    door: Door,
    function: &'a str,
}

impl<'a> Starved<'a> {
    pub async fn function(scene: &'a Scene, output: &str) -> Result<Self> {
        let starved = Self {
            door: Door::of(&scene.cloud),
            function: scene.stack.output(output),
        };
        let none = json!({ "ReservedConcurrentExecutions": 0 }).to_string();
        let status = starved.change("PUT", &none).await?;
        ensure!(status == 200, "{}: {status}", starved.function);
        Ok(starved)
    }

    async fn change(&self, method: &str, body: &str) -> Result<u16> {
        let path = format!("/2017-10-31/functions/{}/concurrency", self.function);
        self.door.rest("lambda", method, &path, body).await
    }

    /// Invokes it, which is refused.
    pub async fn is_throttled(&self) -> Result<()> {
        let path = format!("/2015-03-31/functions/{}/invocations", self.function);
        let status = self.door.rest("lambda", "POST", &path, "{}").await?;
        ensure!(status == 429, "{}: {status}", self.function);
        Ok(())
    }

    /// Gives it some.
    pub async fn fed(self) -> Result<()> {
        let status = self.change("DELETE", "").await?;
        ensure!(status == 204, "{}: {status}", self.function);
        Ok(())
    }
}
