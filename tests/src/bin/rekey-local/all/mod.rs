//! Five kinds of secrets rotate side by side, with an application at work on each: all at once, through the
//! grace, until the old credential of each is refused.

mod application;
mod cast;
mod jwt;
mod mariadb;
mod pool;
mod postgres;
mod progress;
mod redis;
mod service;
mod table;
mod verdict;
mod webhook;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures_util::future::try_join_all;
use rekey_tests::scene::{Plan, Scene};
use rekey_tests::sinks;

use self::cast::{Cast, Player, Servers};
use self::jwt::KeySet;
use self::progress::{Progress, State};
use self::table::Table;
use self::verdict::Verdict;
use crate::events::Events;
use crate::play::TRAIL;
use crate::report::Story;
use crate::search;

/// How long an old credential works.
const GRACE: Duration = Duration::from_secs(30);
/// How long before its end the warning comes.
const WARNING: &str = "10";
/// How late something may come.
const LATE: Duration = Duration::from_secs(40);
/// Five minutes, the time between two sweeps, take five seconds.
const SWEEPS: f64 = 60.0;
/// How often labels and events are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How often the story says how the applications fare, where there is no table.
const PULSE: Duration = Duration::from_secs(5);
/// The applications go on for a while when all is over.
const AFTERWARDS: Duration = Duration::from_secs(2);

pub async fn all(json: bool) -> Result<()> {
    let mut story = Story::begin(json);
    let servers = Servers::given()?;
    let scene = set(&servers).await?;
    let events = Events::follow(&scene)?;
    story.tell("deployed infra/template.yaml to the local cloud with IAM enforced");
    let planted = servers.plant(sinks::PLANTED).await?;
    search::prove(&mut story, &scene, &[planted]).await?;
    let cast = Cast::gather(&scene, &servers).await?;
    for player in &cast.players {
        let Player {
            kind, target, name, ..
        } = player;
        story.tell(&format!(
            "{kind:<8}  {target}, {name}: two instances are at work"
        ));
    }
    let mut play = Play {
        story,
        scene,
        events,
        heard: 0,
        table: Table::new(json),
        pulse: Instant::now(),
    };
    let mut progress = play.rotate(&cast.players).await?;
    let result = play.watch(&cast.players, &mut progress).await;
    let verdict = Verdict::of(&cast, &progress, play.events.count());
    verdict.tell(&mut play.story, play.table.is_live());
    let dir = play.scene.cloud.dir.display();
    if let Err(error) = result.and_then(|()| verdict.judge()) {
        bail!("{error:#}; look into {dir}");
    }
    let _dump = sinks::dump(&play.scene.cloud, None)?;
    let logs = servers.logs();
    let searched = search::nowhere(&mut play.story, &play.scene, &logs, &verdict.values)?;
    if json {
        println!("{}", verdict.json(searched.bytes));
    }
    Ok(())
}

async fn set(servers: &Servers) -> Result<Scene> {
    let name = format!("shop_{}", std::process::id());
    let grace = GRACE.as_secs().to_string();
    let (ca_file, key_set) = (servers.ca_file.display().to_string(), KeySet::arn());
    Scene::set(&Plan {
        schedule_scale: SWEEPS,
        grace_seconds: Some(GRACE.as_secs()),
        parameters: &[
            ("GraceSeconds", &grace),
            ("WarningSeconds", WARNING),
            ("RetrySeconds", "5"),
            ("DoctorExpression", "rate(5 minutes)"),
            ("TrailArn", TRAIL),
            ("AuditReads", "true"),
            ("CaFile", &ca_file),
            ("JwksObjectArns", &key_set),
        ],
        ..Plan::quiet(&name, true)
    })
    .await
}

struct Play {
    story: Story,
    scene: Scene,
    events: Events,
    /// How many events were heard.
    heard: usize,
    table: Table,
    pulse: Instant,
}

impl Play {
    /// Has Secrets Manager rotate all of them at once.
    async fn rotate(&mut self, players: &[Player]) -> Result<Vec<Progress>> {
        let old = players
            .iter()
            .map(|player| player.reader.current(&player.secret));
        let old = try_join_all(old).await?;
        let secrets = &self.scene.secrets;
        let rotations = players.iter().zip(old).map(|(player, old)| async move {
            let next = secrets.rotate(&player.secret, &player.function).await?;
            anyhow::Ok(Progress::begin(old, next))
        });
        let progress = try_join_all(rotations).await?;
        self.story.tell("RotateSecret, of all five at once");
        Ok(progress)
    }

    /// Until all of them are retired.
    async fn watch(&mut self, players: &[Player], progress: &mut [Progress]) -> Result<()> {
        while progress.iter().any(|one| one.state != State::Retired) {
            self.listen(players, progress);
            for (player, progress) in players.iter().zip(&mut *progress) {
                let seen = progress.look(&self.scene, player).await;
                if let Some(told) = seen.with_context(|| player.kind)? {
                    self.tell(player, &told);
                }
            }
            self.show(players, progress)?;
            tokio::time::sleep(LOOK).await;
        }
        let over = Instant::now();
        while over.elapsed() < AFTERWARDS {
            self.show(players, progress)?;
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Gives each what the bus has told of its secret since the last time.
    fn listen(&mut self, players: &[Player], progress: &mut [Progress]) {
        let news = self.events.since(self.heard);
        self.heard += news.len();
        for event in news {
            let (detail_type, detail) = (&event["detail-type"], &event["detail"]);
            let about = &detail["secret"]["name"];
            let mut all = players.iter().zip(&mut *progress);
            let Some((player, progress)) = all.find(|(player, _)| *about == *player.name) else {
                continue;
            };
            let told = progress.hear(detail_type.as_str().unwrap_or_default(), detail);
            if let Some(told) = told {
                self.tell(player, &told);
            }
        }
    }

    /// On a terminal the table tells it.
    fn tell(&mut self, player: &Player, text: &str) {
        let text = format!("{:<8}  {text}", player.kind);
        if self.table.is_live() {
            self.story.note(&text);
        } else {
            self.story.tell(&text);
        }
    }

    fn show(&mut self, players: &[Player], progress: &[Progress]) -> Result<()> {
        self.table.draw(&table::lines(players, progress))?;
        if !self.table.is_live() && self.pulse.elapsed() >= PULSE {
            self.pulse = Instant::now();
            let counts = players.iter().map(|player| player.application.counts());
            let (operations, errors) =
                counts.fold((0, 0), |(all, wrong), (one, bad)| (all + one, wrong + bad));
            let told = format!("... {operations} operations, {errors} errors");
            self.story.tell(&told);
        }
        Ok(())
    }
}
